"""DOS: are the doses of a document right, as far as the document itself, or a formulary, can tell?

Two doses are compared only where drug, unit, route and everything that the words beside them say are the same
(`given.py`); what is said of one alone makes them two regimens.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from sachet.checks.formulary import outside
from sachet.checks.given import Given
from sachet.checks.pairs import pairs
from sachet.checks.statement import Statement
from sachet.checks.subject import Subject
from sachet.finding import Finding, Span
from sachet.terminology import drugs
from sachet.terminology.words import stems

# Tags that say nothing of how much is given, and those that say nothing of the speed of an infusion.
_ALIKE = frozenset({"option", "combined", "oral", "max", "bolus"})
_ALIKE_RATE = _ALIKE | {"infusion", "load", "refractory", "severe"}
_WIDE = 1.5  # so much the ends of two ranges differ before it is worth a word
_WEIGHT = re.compile(
    r"(?P<low>\d[\d,.]*)(?:\s?[-–]\s?(?P<high>\d[\d,.]*))?\s?(?P<unit>mcg|mg|g|mL|units)\s(?:total\s)?(?:for|in)\s(?:an?\s)?"
    r"(?P<kg>\d{1,3})[ -]?kg\b"
    r"|(?P<kg2>\d{1,3})[ -]?kg\s(?:patient|adult|child|person|man|woman)\s(?:needs|requires|receives|gets|would need)\s"
    r"(?:about\s|~)?(?P<low2>\d[\d,.]*)(?:\s?[-–]\s?(?P<high2>\d[\d,.]*))?\s?(?P<unit2>mcg|mg|g|mL|units)\b"
)
_IN_BASE = {"g": 1000.0, "mg": 1.0, "mcg": 0.001}


def contradictions(subject: Subject) -> Iterator[Finding]:
    """DOS101: two doses of one drug that cannot both be right. DOS102: one of which says less than the other."""
    condition = frozenset(stems(" ".join(n.words for n in (subject.guideline.title, *subject.guideline.aliases))))
    for doses in by_basis(subject.given).values():
        told: set[Span] = set()
        for one, other in pairs(doses):
            if not _comparable(one, other, doses, condition):
                continue
            later, earlier = (other, one) if one.span < other.span else (one, other)
            if later.span in told:
                continue
            told.add(later.span)
            if one.low > other.high or other.low > one.high or _ends_differ(one, other):
                message = f"{_said(later)} here, but {_said(earlier)} on line {earlier.span.line}; which one is right?"
                yield subject.warning("DOS101", later.span, message, [earlier.span])
            else:
                message = (
                    f"{_said(later)} here, {_said(earlier)} on line {earlier.span.line}; say why, or make them agree"
                )
                yield subject.note("DOS102", later.span, message, [earlier.span])


def ceilings(subject: Subject) -> Iterator[Finding]:
    """DOS103: a dose above the most that the document allows. DOS104: two maxima of one dose."""
    for doses in by_basis(subject.given).values():
        limited = [d for d in doses if d.maximum is not None and not d.time]
        for one, other in pairs(limited):
            if one.maximum != other.maximum and _alike(one, other) and one.same_amount(other):
                first, second = sorted((one, other), key=lambda d: d.span)
                message = (
                    f"at most {_amount(second.maximum, second.unit)} here, but at most "
                    f"{_amount(first.maximum, first.unit)} on line {first.span.line} for the same dose of {second.drug}"
                )
                yield subject.warning("DOS104", second.span, message, [first.span])
    for one in subject.given:
        if one.maximum is not None and one.per is None and one.time is None and one.low > one.maximum:
            message = f"{one.words} is more than the maximum in the same line ({_amount(one.maximum, one.unit)})"
            yield subject.error("DOS103", one.span, message)


def totals(subject: Subject) -> Iterator[Finding]:
    """DOS105: what a patient of a weight gets is not weight times dose. DOS103: or it is more than the maximum."""
    weighed = [d for d in subject.given if d.per == "kg" and d.time is None]
    for statement in subject.statements:
        for m in _WEIGHT.finditer(statement.plain) if "kg" in statement.plain else ():
            kg, unit, low = (m[g] or m[g + "2"] for g in ("kg", "unit", "low"))
            factor = _IN_BASE.get(unit, 1.0)
            total = [float(n.replace(",", "")) * factor for n in (low, m["high"] or m["high2"] or low)]
            meant = _meant(weighed, statement, m.start(), "mg" if unit in _IN_BASE else unit)
            if not meant:
                continue
            span, drug = statement.place(m.start(), m.end()), meant[-1].drug
            expected = [(d.low * float(kg), d.high * float(kg)) for d in meant]
            if not any(0.9 * low <= total[0] and total[1] <= 1.1 * high for low, high in expected):
                made = " or ".join(f"{low:g}" if low == high else f"{low:g}-{high:g}" for low, high in expected)
                message = f"{meant[-1].words} makes {made} {meant[-1].unit} for {kg} kg, not {low} {unit}"
                yield subject.error("DOS105", span, message, [meant[-1].span])
            limit = next((d for d in weighed if d.drug == drug and d.maximum and total[0] > 1.01 * d.maximum), None)
            if limit is not None:
                most = _amount(limit.maximum, limit.unit)
                message = f"{low} {unit} of {drug} is more than the maximum of a dose on line {limit.span.line}, {most}"
                yield subject.error("DOS103", span, message, [limit.span])


def _meant(weighed: Sequence[Given], statement: Statement, at: int, unit: str) -> list[Given]:
    """The doses by weight that a total is of: those of its item, else those of the drug that is named before it."""
    of_unit = [d for d in weighed if d.unit == unit]
    here = [d for d in of_unit if d.item == statement.item.key]
    named = [name.drug for name in drugs.find(statement.plain[:at])]
    return here or [d for d in of_unit if named and d.drug == named[-1]]


def tenfold(subject: Subject) -> Iterator[Finding]:
    """DOS106: two doses of one drug of which one is ten, a hundred or a thousand times the other."""
    for doses in by_basis(subject.given).values():
        for one, other in pairs(doses):
            if one.item != other.item and _alike(one, other) and (factor := _power(one, other)):
                first, second = sorted((one, other), key=lambda d: d.span)
                message = (
                    f"{_said(second)} here is {factor} times {_said(first)} on line {first.span.line}, or a {factor}th"
                )
                yield subject.warning("DOS106", second.span, message, [first.span])


def formulary(subject: Subject) -> Iterator[Finding]:
    """DOS111: more than the formulary of the institution allows. DOS112: less."""
    for dose, entry, how in outside(subject.given, subject.formulary):
        source = f" ({entry.source})" if entry.source else ""
        message = f"{_said(dose)} is {how}, {entry.words}{source}"
        if dose.high > entry.high:
            yield subject.error("DOS111", dose.span, message)
        else:
            yield subject.warning("DOS112", dose.span, message)


def by_basis(doses: Iterable[Given]) -> dict[tuple[str, str, str | None, str | None], list[Given]]:
    """Doses by drug, unit and what they are by."""
    found = defaultdict(list)
    for one in doses:
        found[one.basis].append(one)
    return found


def _comparable(one: Given, other: Given, doses: Sequence[Given], condition: frozenset[str]) -> bool:
    """Whether two doses say how much of one drug is given, in one way, for one thing, and differ."""
    if one.same_amount(other) or one.item == other.item or one.parent == other.parent or one.turn or other.turn:
        return False
    if not _alike(one, other) or _continues(one, other):
        return False
    beside = [d for d in doses if d.item in (one.item, other.item)]
    if any(d.same_amount(one) for d in beside if d.item == other.item):
        return False
    if any(d.same_amount(other) for d in beside if d.item == one.item):
        return False
    about, others = set(one.about) - condition, set(other.about) - condition
    return bool(about & others) or not (about or others)


def _alike(one: Given, other: Given) -> bool:
    """Whether two doses are given in one way, as far as their words say."""
    if one.route and other.route and one.route != other.route:
        return False
    ignored = _ALIKE_RATE if one.time in ("min", "hr") else _ALIKE
    return one.scheduled == other.scheduled and not (set(one.tags) ^ set(other.tags)) - ignored


def _continues(one: Given, other: Given) -> bool:
    """Whether one is where the other, a range, begins, and is to be raised up to its end."""
    for first, second in ((one, other), (other, one)):
        if first.low == first.high == second.low < second.high and ("max" in first.tags or "start" in first.tags):
            return True
    return False


def _ends_differ(one: Given, other: Given) -> bool:
    """Whether two ranges have ends that differ much; a single number within a range is the range, said shorter."""
    ranges = one.low < one.high and other.low < other.high
    loads = "load" in one.tags and "load" in other.tags
    apart = (
        max(one.high / other.high, other.high / one.high) >= _WIDE
        or max(one.low / max(other.low, 1e-9), other.low / max(one.low, 1e-9)) >= _WIDE
    )
    return (ranges or loads) and apart


def _power(one: Given, other: Given) -> int | None:
    """10, 100 or 1000 where one dose is so many times the other."""
    if not (one.low and other.low):
        return None
    low, high = one.low / other.low, one.high / other.high
    for factor in (10, 100, 1000):
        if any(abs(low - f) < 0.02 * f and abs(high - f) < 0.02 * f for f in (float(factor), 1 / factor)):
            return factor
    return None


def _said(one: Given) -> str:
    return f"{one.drug} {one.words}"


def _amount(value: float | None, unit: str) -> str:
    return f"{value:g} {unit}"
