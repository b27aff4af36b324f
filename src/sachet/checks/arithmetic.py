"""CON: do the sums of a document add up? Conversions in parentheses, products, totals for a weight, formulas.

Judged is only what can be nothing but the same said twice: "30 mL (3 g)" behind a strength, "38.0°C (100.4°F)",
"20 patients x 40 mg = 800 mg". Numbers are compared with the tolerance of `data/equivalents.toml`, for people round.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

from sachet.checks.subject import Subject
from sachet.checks.tables import table
from sachet.finding import Finding
from sachet.guideline.amount import Amount, amounts

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,7}(?:\.\d{1,4})?)"


def _range(low: str, high: str) -> str:
    """A number or a range, as a pattern with groups of these names."""
    return rf"(?P<{low}>{_NUMBER})(?:\s?(?:-|–|to)\s?(?P<{high}>{_NUMBER}))?"


# What may stand before and behind an amount in a parenthesis that says the same in another unit.
_SAME = re.compile(
    r"\s*(?:(?:IV|IO|IM|SC|PO|push|bolus)\s*){0,2}\(\s*"
    r"(?:=|~|≈|i\.e\.,?|that is,?|equal to|equivalent to|approximately|approx\.?|about)?\s*",
    re.IGNORECASE,
)
_ENDS = re.compile(r"\s*(?:of\s[\w\s.%/-]{0,30}|solution)?\s*(?:\)|,|;|=)", re.IGNORECASE)
_PERCENT = re.compile(r"(\d{1,2}(?:\.\d{1,2})?)\s?%")
_RATIO = re.compile(r"1:(\d{1,3}(?:,?\d{3})+)")
_PER_ML = re.compile(r"(\d+(?:\.\d+)?)\s?(mcg|mg|g)/mL", re.IGNORECASE)
_MILLIGRAMS = {"ng": 1e-6, "mcg": 1e-3, "mg": 1.0, "g": 1e3}
_MILLILITRES = {"mL": 1.0, "L": 1e3}
_FEVER = re.compile(rf"{_range('a', 'b')}\s?°?\s?C\b\s*[(/]\s*(?:[<>]=?|[≤≥~])?\s*{_range('c', 'd')}\s?°?\s?F\b")
_POUNDS = re.compile(rf"{_range('a', 'b')}\s?kg\b\s*[(/]\s*{_range('c', 'd')}\s?(?:lbs?|pounds)\b")
_INCHES = re.compile(rf"{_range('a', 'b')}\s?cm\b\s*[(/]\s*{_range('c', 'd')}\s?(?:in|inch|inches)\b")
_FEET = re.compile(rf"{_range('a', 'b')}\s?(?:m|meters|metres)\b\s*[(/]\s*{_range('c', 'd')}\s?(?:ft|feet)\b")
_METRES = re.compile(rf"{_range('a', 'b')}\s?(?:ft|feet)\b\s*[(/]\s*{_range('c', 'd')}\s?(?:m|meters|metres)\b")
_PRODUCT = re.compile(
    rf"(?<![\d.,/-])(?P<a>{_NUMBER})(?:\s?[A-Za-z%]+){{0,4}}\s?[×x]\s?(?P<b>{_NUMBER})(?:\s?[A-Za-z]+){{0,3}}\s?=\s?"
    rf"(?P<c>{_NUMBER})(?![\d%/-])"
)
_SUM = re.compile(
    rf"(?<![\w.,/-])(?P<terms>{_NUMBER}(?:\s?\+\s?(?:{_NUMBER})){{1,6}})\s?=\s?(?P<total>{_NUMBER})(?![\w.])"
)
# Behind a formula: the next sentence, a condition, or prose in a parenthesis.
_FORMULA_ENDS = re.compile(r"[.;](?:\s|$)|\bif\b|\s\((?=[A-Za-z][\w-]*\s[a-z])")


class Pair(NamedTuple):
    """What was said twice, in numbers of one unit: the first, the second; and where the second stands."""

    first: tuple[float, float]
    second: tuple[float, float]
    start: int
    end: int
    why: str


def conversions(subject: Subject) -> Iterator[Finding]:
    """CON201: an amount and the same in another unit, which are not the same."""
    for statement in subject.statements:
        if "(" not in statement.plain and "/" not in statement.plain:
            continue
        for pair in (*_in_parenthesis(statement.plain), *_measures(statement.plain), *_levels(statement.plain)):
            if not _agree(pair.first, pair.second):
                message = f"{statement.plain[pair.start : pair.end]!r} does not add up: {pair.why}"
                yield subject.error("CON201", statement.place(pair.start, pair.end), message)


def products(subject: Subject) -> Iterator[Finding]:
    """CON202: a product, a sum or a total for a weight that is wrong."""
    for statement in subject.statements:
        words = statement.plain
        if "=" in words:
            for start, end, right in _computed(words):
                message = f"{words[start:end]!r} does not add up: it makes {right}"
                yield subject.error("CON202", statement.place(start, end), message)


def formulas(subject: Subject) -> Iterator[Finding]:
    """CON203: a formula that is well known, with another factor."""
    for statement in subject.statements:
        if "=" not in statement.plain:
            continue
        for row, named in _formulas():
            if m := named.search(statement.plain):
                right = _FORMULA_ENDS.split(statement.plain[m.end() :], maxsplit=1)[0]
                if wrong := _wrong_part(row, right):
                    message = f"the formula has another factor for {wrong} than {row['right']} ({row['source']})"
                    yield subject.error("CON203", statement.place(m.start(), m.end() + len(right)), message)


def _wrong_part(row: Mapping[str, Any], right: str) -> str | None:
    """The variable of a formula that stands on the right side, without the form that it must have there."""
    for variable, form in row["parts"].items():
        found = re.search(rf"\b(?:{variable})\b", right, re.IGNORECASE)
        if found and not re.search(form, right, re.IGNORECASE):
            return found[0]
    return None


@cache
def _formulas() -> list[tuple[Mapping[str, Any], re.Pattern[str]]]:
    rows = table("formulas")["formula"]
    return [(row, re.compile(rf"\b(?:{row['named']})\s?(?:\([^)]*\)\s?)?=\s?", re.IGNORECASE)) for row in rows]


def _in_parenthesis(words: str) -> Iterator[Pair]:
    """Amounts with the same in another unit behind them: "30 mL (3 g)", "0.1 mmol/kg (3 mg/kg)"."""
    found = amounts(words) if "(" in words else ()
    for first, second in pairwise(found):
        if first.per != second.per or first.time != second.time or first.comparator or second.comparator:
            continue
        between = words[first.end : second.start]
        opened = _SAME.fullmatch(between)
        if opened is None or not _ENDS.match(words, second.end):
            continue
        for pair in (_masses(first, second), _volumes(first, second, words), _moles(first, second, words)):
            if pair is not None:
                yield pair


def _masses(first: Amount, second: Amount) -> Pair | None:
    """The same in grams and milligrams, or in litres and millilitres."""
    for units in (_MILLIGRAMS, _MILLILITRES):
        if first.unit in units and second.unit in units and first.unit != second.unit:
            a, b = units[first.unit], units[second.unit]
            return _pair(first, second, a, b, f"1 {first.unit} is {a / b:g} {second.unit}")
    return None


def _volumes(first: Amount, second: Amount, words: str) -> Pair | None:
    """A mass and the volume of a solution that holds it, where the words say its strength."""
    if {first.kind, second.kind} != {"mass", "volume"} or first.time:  # the speed of a mixture has another strength
        return None
    volume = first if first.kind == "volume" else second
    mass = second if volume is first else first
    strength = _strength(words, first, second)
    if strength is None or volume.unit not in _MILLILITRES or mass.unit not in _MILLIGRAMS:
        return None
    milligrams, named = strength
    a = _MILLILITRES[volume.unit] * milligrams if volume is first else _MILLIGRAMS[mass.unit]
    b = _MILLIGRAMS[mass.unit] if volume is first else _MILLILITRES[volume.unit] * milligrams
    return _pair(first, second, a, b, f"{named} has {milligrams:g} mg in a mL")


def _strength(words: str, first: Amount, second: Amount) -> tuple[float, str] | None:
    """How many milligrams a millilitre holds, and the words that say it; None where they say none, or two."""
    around = words[: first.start].rpartition(". ")[2][-60:]
    behind = re.split(r"[);,]", words[second.end :], maxsplit=1)[0][:40]
    found: dict[float, str] = {}
    for where in (behind, around):
        for row in table("equivalents")["solution"]:
            for m in re.finditer(rf"\b(?:{row['words']})(?!\w)", where, re.IGNORECASE):
                found[row["grams"] * 1e3] = m[0]
        if found:
            break
        for m in _PERCENT.finditer(where):
            found[float(m[1]) * 10] = m[0]
        for m in _RATIO.finditer(where):
            found[1e6 / _float(m[1])] = m[0]
        for m in _PER_ML.finditer(where):
            found[float(m[1]) * _MILLIGRAMS[m[2].replace("MG", "mg")]] = m[0]
        if found:
            break
    return next(iter(found.items())) if len(found) == 1 else None


def _moles(first: Amount, second: Amount, words: str) -> Pair | None:
    """An amount of substance and its mass, of a substance that the words name before it, and no other."""
    if first.kind != "substance" or second.kind != "mass" or second.unit not in _MILLIGRAMS:
        return None
    before = words[: first.start]
    rows = [r for r in table("equivalents")["substance"] if re.search(rf"\b(?:{r['words']})\b", before, re.IGNORECASE)]
    if len(rows) != 1:
        return None
    row = rows[0]
    if first.unit == "mEq" and "equivalents" not in row:
        return None
    milligrams = row["milligrams"] / (row["equivalents"] if first.unit == "mEq" else 1)
    why = f"1 {first.unit} is {milligrams:g} mg"
    return _pair(first, second, milligrams, _MILLIGRAMS[second.unit], why)


def _pair(first: Amount, second: Amount, a: float, b: float, why: str) -> Pair:
    """Both amounts in one unit; `a` and `b` are how many of it one of theirs is."""
    return Pair(
        (float(first.low) * a, float(first.high) * a),
        (float(second.low) * b, float(second.high) * b),
        first.start,
        second.end,
        why,
    )


def _measures(words: str) -> Iterator[Pair]:
    """Temperatures, weights and lengths in two units."""
    for mark, pattern, factor, offset, why in (
        ("F", _FEVER, 1.8, 32.0, "°F is °C x 1.8 + 32"),
        ("kg", _POUNDS, 2.2046, 0.0, "1 kg is 2.2 lb"),
        ("cm", _INCHES, 0.3937, 0.0, "1 in is 2.54 cm"),
        ("f", _FEET, 3.2808, 0.0, "1 m is 3.28 ft"),
        ("f", _METRES, 0.3048, 0.0, "1 m is 3.28 ft"),
    ):
        for m in pattern.finditer(words) if mark in words else ():
            low, high = (_float(m[g]) * factor + offset for g in ("a", "b" if m["b"] else "a"))
            if offset and low < 15 * factor + offset:
                continue  # a difference of temperatures ("by 1-2°C") is no temperature
            second = (_float(m["c"]), _float(m["d"] or m["c"]))
            if offset and abs(second[0] - low) <= 1 and abs(second[1] - high) <= 1:
                continue
            if offset:  # a degree of Fahrenheit is the most that rounding explains
                yield Pair((low, high), (-1.0, -1.0), m.start(), m.end(), f"{why}: {low:.1f}°F")
            else:
                yield Pair((low, high), second, m.start(), m.end(), why)


def _levels(words: str) -> Iterator[Pair]:
    """Levels in blood in two units, of a quantity that is named before them in the same clause."""
    for pattern, row, first, second in _level_patterns() if "mol/L" in words else ():
        for m in pattern.finditer(words):
            a = tuple(_float(m[g]) * row["factor"] for g in ("a", "b" if m["b"] else "a"))
            b = tuple(_float(m[g]) for g in ("c", "d" if m["d"] else "c"))
            why = f"1 {first} of {row['words'].split('|')[0]} is {row['factor']:g} {second}"
            yield Pair((a[0], a[1]), (b[0], b[1]), m.start("a"), m.end(), why)


@cache
def _level_patterns() -> list[tuple[re.Pattern[str], Mapping[str, Any], str, str]]:
    made = []
    for row in table("equivalents")["level"]:
        first, second = row["first"], row["second"]
        words = rf"\b(?:{row['words']})\b[^.;()]{{0,40}}?{_range('a', 'b')}\s?{re.escape(first)}\s*[(/]\s*[<>≤≥]?=?\s*"
        made.append((re.compile(words + rf"{_range('c', 'd')}\s?{re.escape(second)}"), row, first, second))
    return made


def _computed(words: str) -> Iterator[tuple[int, int, str]]:
    """Products and sums that are wrong: where they stand, and what they make."""
    for m in _PRODUCT.finditer(words):
        a, b, c = (_float(m[g]) for g in "abc")
        if not _close(a * b, c):
            yield m.start(), m.end(), f"{a * b:g}"
    for m in _SUM.finditer(words):
        total = sum(_float(term) for term in re.split(r"\s?\+\s?", m["terms"]))
        if not _close(total, _float(m["total"]), 0.001):
            yield m.start(), m.end(), f"{total:g}"


def _float(words: str) -> float:
    """A number with or without commas."""
    return float(words.replace(",", ""))


def _agree(first: tuple[float, float], second: tuple[float, float]) -> bool:
    return _close(first[0], second[0]) and _close(first[1], second[1])


def _close(a: float, b: float, tolerance: float | None = None) -> bool:
    allowed = table("equivalents")["tolerance"] if tolerance is None else tolerance
    return abs(a - b) <= allowed * max(abs(a), abs(b), 1e-12)
