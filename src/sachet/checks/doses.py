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
_ALIKE_SPEED = _ALIKE_RATE | {"later"}  # the same for a slip of the decimal point
# The same where two sections say how a drug is given, and for maxima.
_ALIKE_ELSEWHERE = _ALIKE | {"start", "later", "infusion"}
_ALIKE_LIMITS = _ALIKE_ELSEWHERE | {"severe", "refractory", "load"}
_WIDE = 1.5  # so much the ends of two ranges differ before it is worth a word
_WEIGHT = re.compile(
    r"(?P<low>\d[\d,.]*)(?:\s?[-–]\s?(?P<high>\d[\d,.]*))?\s?(?P<unit>mcg|mg|g|mL|units)\s(?:total\s)?(?:for|in)\s(?:an?\s)?"
    r"(?P<kg>\d{1,3})[ -]?kg\b"
    r"|(?P<kg2>\d{1,3})[ -]?kg\s(?:patient|adult|child|person|man|woman)\s(?:needs|requires|receives|gets|would need)\s"
    r"(?:about\s|~)?(?P<low2>\d[\d,.]*)(?:\s?[-–]\s?(?P<high2>\d[\d,.]*))?\s?(?P<unit2>mcg|mg|g|mL|units)\b"
)
_SLIP = 8.0  # so many times another dose one may be; beyond that it is given for something else, or DOS106 tells it
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


def restated(subject: Subject) -> Iterator[Finding]:
    """DOS107: a dose with which none of those that other sections give of the drug, in the same way, agrees."""
    condition = frozenset(stems(" ".join(n.words for n in (subject.guideline.title, *subject.guideline.aliases))))
    told = {f.span for f in contradictions(subject)}
    for doses in by_basis(subject.given).values():
        in_item: dict[str, list[Given]] = defaultdict(list)
        for one in doses:
            in_item[one.item].append(one)
        for one in doses:
            elsewhere = [d for d in doses if d.section != one.section]
            if any(_meet(d, one) for d in elsewhere):
                continue
            others = [
                d
                for d in elsewhere
                if _in_one_way(d, one, condition) and not any(_meet(same, d) for same in in_item[one.item])
            ]
            if not others or one.span in told or others[0].span in told:
                continue
            told.update((one.span, others[0].span))
            first, second = sorted((one, others[0]), key=lambda d: d.span)
            message = (
                f"{_said(second)} here, but {_said(first)} on line {first.span.line}, and no other section agrees; "
                "which one is right, or what makes the difference?"
            )
            yield subject.warning("DOS107", second.span, message, [first.span])


def durations(subject: Subject) -> Iterator[Finding]:
    """DOS109: one dose that is given over two times, where neither line has the other's."""
    doses = [d for d in subject.given if d.over and not d.time]
    told: set[Span] = set()
    for one, other in pairs(doses):
        if one.basis != other.basis or not one.same_amount(other) or one.item == other.item or other.span in told:
            continue
        here, there = ([d for d in doses if d.item == i and d.basis == one.basis] for i in (one.item, other.item))
        if not apart(one.over, other.over) or any(not apart(a.over, b.over) for a in here for b in there):
            continue
        if (set(one.tags) ^ set(other.tags)) - _ALIKE_LIMITS:
            continue
        told.add(other.span)
        first, second = sorted((one, other), key=lambda d: d.span)
        message = (
            f"{_said(second)} over {_times(second.over)} here, but over {_times(first.over)} on line "
            f"{first.span.line}; which one is right, or what makes the difference?"
        )
        yield subject.warning("DOS109", second.span, message, [first.span])


def apart(one: tuple[float, float] | None, other: tuple[float, float] | None) -> bool:
    """Whether two times, in minutes, have nothing in common; False where one is not said."""
    return bool(one and other) and (one[0] > other[1] * 1.01 or other[0] > one[1] * 1.01)  # type: ignore[index]


def _times(minutes: tuple[float, float] | None) -> str:
    low, high = minutes or (0.0, 0.0)
    return f"{low:g} minutes" if low == high else f"{low:g}-{high:g} minutes"


def _meet(one: Given, other: Given) -> bool:
    """Whether two doses have an amount in common; ranges that only touch have none."""
    if one.low < one.high and other.low < other.high:
        return one.low < other.high and other.low < one.high
    return one.low <= other.high * 1.01 and other.low <= one.high * 1.01


def _in_one_way(one: Given, other: Given, condition: frozenset[str]) -> bool:
    """Whether nothing that is said beside two doses tells them apart."""
    routes = [set(d.route.split("/")) if d.route else None for d in (one, other)]
    if routes[0] and routes[1] and not routes[0] & routes[1]:
        return False
    if one.unit == "mL" and one.strength != other.strength:
        return False
    if max(one.high, other.high) > _SLIP * min(one.high, other.high):
        return False
    tags, others = set(one.tags), set(other.tags)
    after = {"maintenance"} if "later" in tags & others else set()
    if (tags ^ others) - _ALIKE_ELSEWHERE - after or one.scheduled != other.scheduled or one.ages != other.ages:
        return False
    if not one.time and ("later" in tags ^ others or {"bolus", "infusion"} <= tags ^ others):
        return False
    purposes = [set(d.purpose) - condition for d in (one, other)]
    return not (purposes[0] and purposes[1]) or bool(purposes[0] & purposes[1])


def ceilings(subject: Subject) -> Iterator[Finding]:
    """DOS103: a dose above the most that the document allows. DOS104: two maxima of one dose."""
    for doses in by_basis(subject.given).values():
        limited = [d for d in doses if d.maximum is not None]
        for one, other in pairs(limited):
            apart = (set(one.tags) ^ set(other.tags)) - _ALIKE_LIMITS
            if one.maximum != other.maximum and one.item != other.item and not apart and one.same_amount(other):
                first, second = sorted((one, other), key=lambda d: d.span)
                message = (
                    f"at most {_amount(second.maximum, second.unit)} here, but at most "
                    f"{_amount(first.maximum, first.unit)} on line {first.span.line} for the same dose of {second.drug}"
                )
                yield subject.warning("DOS104", second.span, message, [first.span])
        yield from _above_limits(subject, doses, limited)
    for one in subject.given:
        if one.maximum is not None and one.per is None and one.time is None and one.low > one.maximum:
            message = f"{one.words} is more than the maximum in the same line ({_amount(one.maximum, one.unit)})"
            yield subject.error("DOS103", one.span, message)


def _above_limits(subject: Subject, doses: Sequence[Given], limited: Sequence[Given]) -> Iterator[Finding]:
    """DOS108: a speed that goes beyond the most that another line allows for the same drug."""
    for one in doses:
        limits = [d for d in limited if d.item != one.item and d.time and d.per == one.per]
        apart = [d for d in limits if d.maximum and not (set(one.tags) ^ set(d.tags)) - _ALIKE_LIMITS]
        if apart and one.time and all(one.high > 1.01 * (d.maximum or 0) for d in apart):
            most = _amount(apart[0].maximum, apart[0].unit)
            message = f"{_said(one)} goes beyond the most that line {apart[0].span.line} allows ({most}/{one.time})"
            yield subject.warning("DOS108", one.span, message, [apart[0].span])


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
            if one.item != other.item and _alike(one, other, _ALIKE_SPEED) and (factor := _power(one, other)):
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


def _alike(one: Given, other: Given, of_rates: frozenset[str] = _ALIKE_RATE) -> bool:
    """Whether two doses are given in one way, as far as their words say; `of_rates` tell no two speeds apart."""
    if one.route and other.route and one.route != other.route:
        return False
    ignored = of_rates if one.time in ("min", "hr") else _ALIKE
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
