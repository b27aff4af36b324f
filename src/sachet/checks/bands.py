"""CON: do bands meet? Ages of a regimen, grades of severity, and the windows of time of the steps of a sequence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from sachet.checks.statement import Statement
from sachet.checks.subject import Subject
from sachet.finding import Finding, Span
from sachet.guideline.amount import amounts
from sachet.guideline.model import Item, Kind
from sachet.guideline.threshold import Threshold
from sachet.terminology.words import stems

_YEARS = r"(?:years?|yrs?|yr|y/?o)"
_AGE = re.compile(
    rf"(?P<months>\d{{1,2}})\s?(?:months?|mo)\s?(?:-|–|to)\s?(?P<to>\d{{1,2}})\s?{_YEARS}"
    rf"|(?P<low>\d{{1,2}})\s?(?:-|–|to)\s?(?P<high>\d{{1,2}})\s?{_YEARS}"
    rf"|\bages?\s(?P<low2>\d{{1,2}})\s?(?:-|–|to)\s?(?P<high2>\d{{1,2}})"
    rf"|(?P<sign>>=|≥|>)\s?(?P<above>\d{{1,2}})(?:\s?{_YEARS}|(?=\s?[:)]))"
    rf"|(?P<above2>\d{{1,2}})\s?{_YEARS}\s(?:and|or)\s(?:older|above|over)",
    re.IGNORECASE,
)
_AGED = re.compile(r"\d\D{0,3}(?:year|yr|y/?o)|\bages?\s\d", re.IGNORECASE)
_GRADE = re.compile(r"\b(mild|moderate|severe|critical|life-threatening|profound)\b", re.IGNORECASE)
_WINDOW = re.compile(
    r"(?P<low>\d{1,3})\s?(?:-|–|to)\s?(?P<high>\d{1,3})\s?(?P<unit>min(?:ute)?s?|h(?:ou)?rs?|h|days?)\b", re.IGNORECASE
)
_MINUTES = {"m": 1.0, "h": 60.0, "d": 1440.0}
_ORDER = frozenset(stems("first second third fourth line phase initial refractory definitive"))
_HEAD = 20  # characters of a line in which its band begins
_ENOUGH = 2  # stems that a row and a label share, for them to be about one step


@dataclass(frozen=True, slots=True)
class Band:
    """Ages from `low` to `high` in whole years; the last band has no end."""

    low: float
    high: float | None
    words: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Window:
    """Minutes from `low` to `high` that an item gives for a step."""

    low: float
    high: float
    item: Item
    span: Span
    words: str


def ages(subject: Subject) -> Iterator[Finding]:
    """CON231: ages of one regimen between which some are missing."""
    for statement in subject.statements:
        bands = _ages(statement)
        for band, following in pairwise(sorted(bands, key=lambda b: b.low)):
            if band.high is not None and following.low > band.high + 1:
                missing = f"{band.high + 1:g}" + (f" to {following.low - 1:g}" if following.low > band.high + 2 else "")
                message = f"nothing is said for the age of {missing}: {band.words!r} is followed by {following.words!r}"
                start, end = min(band.start, following.start), max(band.end, following.end)
                yield subject.warning("CON231", statement.place(start, end), message)


def _ages(statement: Statement) -> list[Band]:
    found: list[Band] = []
    if not _AGED.search(statement.plain) or not amounts(statement.plain):
        return found
    for m in _AGE.finditer(statement.plain):
        if m["months"]:
            low, high = 0.0, float(m["to"])
        elif m["low"] or m["low2"]:
            low, high = float(m["low"] or m["low2"]), float(m["high"] or m["high2"])
        else:
            low, high = float(m["above"] or m["above2"]) + (1 if m["sign"] == ">" else 0), None
        found.append(Band(low, high, m[0], m.start(), m.end()))
    is_regimen = len(found) > 1 and len({b.low for b in found}) == len(found)
    return found if is_regimen and sum(b.high is None for b in found) <= 1 and any(b.high for b in found) else []


def grades(subject: Subject) -> Iterator[Finding]:
    """CON232: one grade of severity that begins at two levels."""
    told: dict[tuple[str, str, str], tuple[float, Statement, Span]] = {}
    for statement, found in subject.thresholds:
        for number, one in enumerate(found):
            floor = found[number - 1].end if number else 0
            grade = _grade(statement.plain[max(floor, one.start - 45) : one.start])
            if grade is None or one.comparator is None:
                continue
            key, value = (one.quantity, grade, one.comparator[0]), float(one.low)
            span = statement.place(one.start, one.end)
            first = told.setdefault(key, (value, statement, span))
            if first[0] != value and first[1].item is not statement.item:
                message = (
                    f"{grade} begins at {one.quantity} {one.comparator} {one.low} here, but at {first[0]:g} on line "
                    f"{first[2].line}; make them agree"
                )
                yield subject.warning("CON232", span, message, [first[2]])


def _grade(before: str) -> str | None:
    """The grade that words right before a threshold name, where they name one."""
    named = _GRADE.findall(re.split(r"[.;]", before)[-1])
    return named[0].lower() if len(named) == 1 else None


def levels(subject: Subject) -> Iterator[Finding]:
    """CON233: a level that belongs to two bands of a list whose other bands end before the next one begins."""
    lists: dict[tuple[str, str], list[tuple[Threshold, Statement]]] = {}
    for statement, found in subject.thresholds:
        if statement.section and statement.item.words and statement.text is statement.item.words[0]:
            parent = statement.above[-1].key if statement.above else statement.section.key
            first = found[0]
            if first.start < _HEAD:
                lists.setdefault((parent, first.quantity), []).append((first, statement))
    for members in lists.values():
        bands = sorted(members, key=lambda m: (m[0].low, m[0].high))
        steps = [after.low - before.high for (before, _), (after, _) in pairwise(bands)]
        if not any(0 < step <= 1 for step in steps):
            continue
        for (before, _), (after, where), step in zip(bands, bands[1:], steps, strict=False):
            if step == 0 and before.comparator is None and after.comparator is None:
                message = f"{after.quantity} {after.low} belongs to this band and to {before}; say which one applies"
                yield subject.warning("CON233", where.place(after.start, after.end), message)


def windows(subject: Subject) -> Iterator[Finding]:
    """CON221: a target time that is another one than the label of the same step says."""
    section = subject.guideline.section("Critical Actions")
    if section is None:
        return
    items = list(section.walk())
    rows = [w for i in items if i.kind is Kind.TARGET and (w := _window(i, i.cells[-1].text.plain if i.cells else ""))]
    labels = [w for i in items if i.kind in (Kind.LABEL, Kind.HEADING, Kind.STEP) and (w := _window(i, i.plain))]
    for row in rows:
        for label in labels:
            apart = row.low >= label.high or label.low >= row.high
            if apart and _one_step(row.item, label.item):
                message = f"{label.words} here, but {row.words} on line {row.span.line} for the same step"
                yield subject.warning("CON221", label.span, message, [row.span])


def _window(item: Item, words: str) -> Window | None:
    found = list(_WINDOW.finditer(words))
    if len(found) != 1:
        return None
    m = found[0]
    factor = _MINUTES[m["unit"][0].lower()]
    return Window(float(m["low"]) * factor, float(m["high"]) * factor, item, item.span, m[0])


def _one_step(row: Item, label: Item) -> bool:
    """Whether a row and a label are about one step: the same place in the order ("second-line")."""
    one = set(stems(row.cells[0].text.plain if row.cells else row.plain)) & _ORDER
    other = set(stems(label.plain)) & _ORDER
    return len(one & other) >= _ENOUGH or (bool(one) and one == other)
