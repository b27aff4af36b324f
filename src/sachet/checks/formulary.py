"""The formulary of an institution: how much of a drug is given, from a CSV or YAML file; and the doses beside it.

Columns: drug, route (empty: any), basis (dose, kg, m2, day, kg/day, min, hr, kg/min, kg/hr), low, high, unit (mcg, mg,
g, mL, units, mEq, mmol), population (adult, child, any), source. Each row says what one administration, or one unit of
time, may be.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sachet.checks.given import BASE_UNITS, Given
from sachet.document.front_matter import Fields, parse, plain
from sachet.finding import START, Findings, Result, Span
from sachet.terminology import drugs

COLUMNS = ("drug", "route", "basis", "low", "high", "unit", "population", "source")
_REQUIRED = ("drug", "low", "high", "unit")
_BASES = {
    "dose": (None, None),
    "kg": ("kg", None),
    "m2": ("m2", None),
    "day": (None, "day"),
    "kg/day": ("kg", "day"),
    "min": (None, "min"),
    "hr": (None, "hr"),
    "kg/min": ("kg", "min"),
    "kg/hr": ("kg", "hr"),
}
_POPULATIONS = ("adult", "child", "any")
_UNITS = ("mcg", "mg", "g", "ng", "mL", "L", "units", "IU", "mEq", "mmol")
_POWERS = (10, 100, 1000)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row: how much of a drug may be given, in `unit` (mg, mL, units, mEq, mmol)."""

    drug: str
    route: str | None
    per: str | None
    time: str | None
    low: float
    high: float
    unit: str
    population: str
    source: str
    words: str


def load(path: Path) -> Result[tuple[Entry, ...]]:
    """The rows of a formulary. A mistake is a finding with its line; no value where the file cannot be read."""
    findings = Findings(path.as_posix())
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, ValueError) as e:
        findings.error("DOS110", START, f"the formulary cannot be read: {getattr(e, 'strerror', None) or e}")
        return Result(None, tuple(findings.found))
    rows = _yaml(text, findings) if path.suffix.lower() in (".yaml", ".yml") else _csv(text, findings)
    entries = [made for row, line in rows if (made := _entry(row, line, findings))]
    return Result(tuple(entries), tuple(findings.found))


def outside(doses: Iterable[Given], formulary: Sequence[Entry]) -> Iterator[tuple[Given, Entry, str]]:
    """The doses that no row of the formulary allows: the dose, the nearest row, and what is wrong, in words."""
    by_drug: dict[str, list[Entry]] = {}
    for entry in formulary:
        by_drug.setdefault(entry.drug, []).append(entry)
    for dose in doses:
        rows = [entry for entry in by_drug.get(dose.drug, ()) if _applies(entry, dose)]
        if rows and not any(e.low * 0.999 <= dose.low and dose.high <= e.high * 1.001 for e in rows):
            nearest = min(rows, key=lambda e: min(abs(e.high - dose.high), abs(e.low - dose.low)))
            yield dose, nearest, _how_far(dose, nearest)


def _applies(entry: Entry, dose: Given) -> bool:
    population = "child" if "child" in dose.tags else "adult"
    return (
        (entry.unit, entry.per, entry.time) == (dose.unit, dose.per, dose.time)
        and (entry.route is None or entry.route == dose.route)  # a dose without a route is judged by rows without
        and entry.population in (population, "any")
    )


def _how_far(dose: Given, entry: Entry) -> str:
    ratio = dose.high / entry.high if dose.high > entry.high else entry.low / max(dose.low, 1e-12)
    power = next((p for p in _POWERS if abs(ratio - p) < 0.05 * p), None)
    where = "above" if dose.high > entry.high else "below"
    return f"{where} the formulary" + (f", by a factor of {power}" if power else "")


def _csv(text: str, findings: Findings) -> Iterator[tuple[Mapping[str, Any], int]]:
    reader = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    names = tuple((name or "").strip().lower() for name in reader.fieldnames or ())
    reader.fieldnames = names
    if missing := [name for name in _REQUIRED if name not in names]:
        message = f"the formulary lacks the columns {', '.join(missing)}; its first line has to be {','.join(COLUMNS)}"
        findings.error("DOS110", START, message)
        return
    for row in reader:
        if any((value or "").strip() for value in row.values() if isinstance(value, str)):
            yield row, reader.line_num


def _yaml(text: str, findings: Findings) -> Iterator[tuple[Mapping[str, Any], int]]:
    fields = parse(f"formulary:\n{_indented(text)}", 0, findings, "the formulary")
    entry = fields.get("formulary") if fields else None
    for item in getattr(entry.value, "items", ()) if entry else ():
        if isinstance(item, Fields):
            yield plain(item), item.span.line
        else:
            findings.error("DOS110", item.span, f"a row of the formulary is a mapping of {', '.join(COLUMNS)}")


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _entry(row: Mapping[str, Any], line: int, findings: Findings) -> Entry | None:
    said = {name: str(row.get(name) if row.get(name) is not None else "").strip() for name in COLUMNS}
    basis, population = said["basis"] or "dose", said["population"].lower() or "any"
    problems = [f"{name} is missing" for name in _REQUIRED if not said[name]]
    numbers = {}
    for name in ("low", "high"):
        try:
            numbers[name] = float(said[name].replace(",", "") or 0)
        except ValueError:
            problems.append(f"{name} has to be a number, not {said[name]!r}")
    if said["unit"] not in _UNITS and said["unit"]:
        problems.append(f"{said['unit']!r} is no unit; use one of {', '.join(_UNITS)}")
    if basis not in _BASES:
        problems.append(f"{basis!r} is no basis; use one of {', '.join(_BASES)}")
    if population not in _POPULATIONS:
        problems.append(f"{population!r} is no population; use one of {', '.join(_POPULATIONS)}")
    if not problems and numbers["high"] < numbers["low"]:
        problems.append("high is less than low")
    if problems:
        findings.error("DOS110", Span(line, 1, line, 2), f"a row of the formulary: {'; '.join(problems)}")
        return None
    unit, factor = BASE_UNITS.get(said["unit"], (said["unit"], 1.0))
    per, time = _BASES[basis]
    low, high = numbers["low"] * factor, numbers["high"] * factor
    slash = "" if basis == "dose" else f"/{basis}"
    words = f"{said['low']}-{said['high']} {said['unit']}{slash}"
    named = drugs.find(said["drug"])
    drug = named[0].drug if named else said["drug"].lower()
    return Entry(drug, said["route"].upper() or None, per, time, low, high, unit, population, said["source"], words)
