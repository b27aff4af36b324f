"""CON: do the rungs of a ladder meet? The rows of a score, the grades of a list, each with a band of one quantity.

Rungs are siblings with one label, grade words aside ("Low-velocity (< 600 m/s)", "High-velocity (> 600 m/s)"), or rows
of a table with one label and bands alone in their cells. A ladder is judged only where every sibling of the label has a
band, and no two of them are open in one direction (a cumulative score).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from sachet.checks.subject import Subject
from sachet.document.markdown import Text
from sachet.finding import Finding, Span
from sachet.terminology.words import stems

_NUMBER = r"\d{1,3}(?:,\d{3})+|\d{1,6}(?:\.\d{1,3})?"
_BAND = re.compile(
    rf"(?:(?P<sign>[<>]=?|[≤≥])\s?(?P<bound>{_NUMBER})|(?P<low>{_NUMBER})\s?(?:-|–|to)\s?(?P<high>{_NUMBER}))"
    r"(?:\s?(?P<unit>%|°?[CF]\b|[a-zA-Zµ×][\w/³⁹⁰¹²·^×]*(?:\s?[\w⁰-⁹]*/[\w³]+)?))?"
)
_GRADES = frozenset(
    stems("mild moderate severe critical low intermediate medium high very minor major small large grade stage class")
) | {"i", "ii", "iii", "iv", "v", "vi"}
_IN_BRACKETS = re.compile(r"\(.*?\)")
_HEAD = 40  # characters of a line in which its band begins
_LONGEST = 20  # characters of a band


@dataclass(frozen=True, slots=True)
class Rung:
    """A band from `low` to `high`, None where it is open; `closed` says whether each end belongs to it."""

    low: Decimal | None
    high: Decimal | None
    closed: tuple[bool, bool]
    unit: str
    words: str
    span: Span

    @property
    def step(self) -> Decimal:
        """What the last digit of its numbers counts: 1 for 30, 0.1 for 1.5."""
        exponents = [Decimal(n).as_tuple().exponent for n in (self.low, self.high) if n is not None]
        return Decimal(1).scaleb(min(int(e) for e in exponents))


def ladders(subject: Subject) -> Iterator[Finding]:
    """CON234: two bands of a ladder between which some values are missing, or which share some."""
    for rungs in (*_tables(subject), *_lists(subject)):
        if not _is_ladder(rungs):
            continue
        ordered = sorted(rungs, key=lambda r: (r.low is not None, r.low or 0))
        for one, other in pairwise(ordered):
            if (message := _apart(one, other)) is not None:
                first, second = sorted((one, other), key=lambda r: r.span)
                yield subject.warning("CON234", second.span, message, [first.span])


def _is_ladder(rungs: Sequence[Rung]) -> bool:
    """Whether all are of one unit, of different bands, and open in a direction at most once."""
    units = {r.unit for r in rungs if r.unit}
    bands = {(r.low, r.high) for r in rungs}
    open_below, open_above = sum(r.low is None for r in rungs), sum(r.high is None for r in rungs)
    return len(rungs) > 1 and len(units) < 2 and len(bands) == len(rungs) and open_below < 2 and open_above < 2


def _apart(one: Rung, other: Rung) -> str | None:
    """What is wrong between two bands of which the second begins later; None where they meet."""
    if one.high is None or other.low is None:
        return None
    between, unit = other.low - one.high, f" {one.unit or other.unit}".rstrip()
    if between < 0:
        return (
            f"{other.low} to {min(one.high, other.high or one.high)}{unit} belongs to {one.words!r} and {other.words!r}"
        )
    touching = min(one.step, other.step) if one.closed[1] and other.closed[0] else Decimal(0)
    if between > touching:
        return f"nothing is said from {one.high} to {other.low}{unit}: {one.words!r} is followed by {other.words!r}"
    return None


def _tables(subject: Subject) -> Iterator[list[Rung]]:
    """The bands of the rows of a table with one label, or with none but grades; a row without one has that above it."""
    columns: dict[Text, dict[str, list[Rung | None]]] = {}
    labels: dict[int, tuple[Text, str]] = {}  # by the line of a table's header: its first column, the last label in it
    for statement in subject.statements:
        item = statement.item
        if not item.cells or statement.text is not item.words[0]:
            continue
        first = item.cells[0]
        line = first.header.place(0, 0).line
        header, label = labels.setdefault(line, (first.header, ""))
        if first.header == header:
            labels[line] = header, label = header, _label(first.text.plain)
        for cell in item.cells:
            name = "" if cell.header == header else label
            columns.setdefault(cell.header, {}).setdefault(name, []).append(_rung(cell.text, whole=True))
    yield from filter(None, (_all(rungs) for by_label in columns.values() for rungs in by_label.values()))


def _lists(subject: Subject) -> Iterator[list[Rung]]:
    """The bands of siblings of a list with one label, grades aside."""
    siblings: dict[tuple[str, str], list[Rung | None]] = {}
    for statement in subject.statements:
        item = statement.item
        if not item.words or statement.text is not item.words[0] or item.cells:
            continue
        lead = item.words[0].lead
        if not lead or not set(stems(lead)) & _GRADES:
            continue
        parent = statement.above[-1].key if statement.above else statement.section.key if statement.section else ""
        siblings.setdefault((parent, _label(_IN_BRACKETS.sub(" ", lead))), []).append(
            _rung(statement.text, whole=False)
        )
    yield from filter(None, map(_all, siblings.values()))


def _all(rungs: Sequence[Rung | None]) -> list[Rung]:
    """The rungs where all have a band but the last ones, which words may describe ("Grade III: complete tear")."""
    last = max((number for number, rung in enumerate(rungs) if rung), default=-1)
    found = [rung for rung in rungs[: last + 1] if rung]
    return found if len(found) == last + 1 else []


def _label(words: str) -> str:
    """The stems of a label without grades."""
    return " ".join(one for one in stems(words) if one not in _GRADES)


def _rung(text: Text, *, whole: bool) -> Rung | None:
    """The band of a cell, or the first one near the beginning of a line."""
    words = text.plain.strip()
    indent = len(text.plain) - len(text.plain.lstrip())
    m = _BAND.fullmatch(words) if whole else _BAND.search(words, 0, _HEAD + _LONGEST)
    if m is None or m.start() > _HEAD:
        return None
    sign = m["sign"] or ""
    low = m["low"] or (m["bound"] if sign[:1] in (">", "≥") else None)
    high = m["high"] or (m["bound"] if sign[:1] in ("<", "≤") else None)
    closed = sign not in (">", "<")
    start = indent + m.start()
    return Rung(
        low=_decimal(low),
        high=_decimal(high),
        closed=(closed, closed),
        unit=(m["unit"] or "").strip().lower(),
        words=m[0].strip(),
        span=text.place(start, start + len(m[0].rstrip())),
    )


def _decimal(words: str | None) -> Decimal | None:
    return Decimal(words.replace(",", "")) if words else None
