"""XFI: do the documents agree with each other? Doses, ceilings and levels of one drug for one indication.

What a document says for an indication counts once. Where at least three documents agree, one that differs is named with
one of them; where there are two, only values that cannot both be right are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Generic, TypeVar

from sachet.checks.doses import apart
from sachet.checks.facts import Corpus, Facts
from sachet.checks.given import Given
from sachet.checks.goals import Goal
from sachet.finding import Finding, Place, Severity, Span
from sachet.terminology.words import stems

T = TypeVar("T", Given, Goal)
_ENOUGH = 3  # documents that agree, so that another one stands out
_UNANIMOUS = 4  # documents that all say the same of a drug, whatever it is given for
_PATIENTS = frozenset({"child", "old", "renal", "hepatic", "small", "big", "pregnant"})
_IGNORED = frozenset({"option", "combined", "oral", "max", "start", "bolus", "severe"})
_IGNORED_OF_RATES = _IGNORED | {"infusion", "load", "later", "refractory"}
_COMPLAINTS = "presentations"  # the category of documents on a complaint, whatever it comes from
_APART = frozenset(stems("urine urinary TBI brain"))  # a word that makes two levels those of two things
_FLUIDS = ("normal saline", "crystalloid", "lactated ringer's")


@dataclass(frozen=True, slots=True)
class Said(Generic[T]):
    """What a document says, and which one it is."""

    document: Facts
    value: T

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.document.path, self.value.span)


@dataclass(frozen=True, slots=True)
class Disagreement(Generic[T]):
    """What a document says, what it is compared with, how many documents say that, and where else it says it."""

    one: Said[T]
    other: Said[T]
    agreeing: int
    again: tuple[Place, ...]

    def finding(self, code: str, message: str) -> Finding:
        """The warning, at the first place where the document says it."""
        related = (self.other.place, *self.again)
        return Finding(code, Severity.WARNING, self.one.document.path, self.one.value.span, message, related)


def doses(corpus: Corpus) -> Iterator[Finding]:
    """XFI101: a dose that other documents give differently for the same indication."""
    for owner, group in _grouped(_doses(corpus), lambda s: (s.value.basis, s.value.scheduled)):
        for found in _disagreeing(group, owner, _same_dose, _alike, _doses_apart):
            one, other = found.one.value, found.other.value
            who = f"{found.agreeing} documents say" if found.agreeing > 1 else f"{found.other.document.path} says"
            message = (
                f"{one.drug} {one.words} here, but {who} {other.words} for the same; make them agree, or say what "
                "makes the difference"
            )
            yield found.finding("XFI101", message)


def ages(corpus: Corpus) -> Iterator[Finding]:
    """XFI102: doses of one drug for one age that differ between documents."""
    by_drug: dict[Hashable, list[Said[Given]]] = defaultdict(list)
    for document in corpus.documents:
        for dose in document.doses:
            if dose.ages is not None and dose.per is None:
                by_drug[dose.basis, dose.route].append(Said(document, dose))
    told: set[tuple[str, Span]] = set()
    for group in by_drug.values():
        for one, other in combinations(group, 2):
            if one.document is other.document or not _overlap(one.value.ages, other.value.ages):
                continue
            place = (one.document.path, one.value.span)
            if _doses_apart(one.value, other.value) and place not in told:
                told.add(place)
                message = (
                    f"{one.value.drug} {one.value.words} for this age here, but {other.value.words} in "
                    f"{other.document.path}; make them agree"
                )
                yield Finding("XFI102", Severity.WARNING, *place, message, (other.place,))


def ceilings(corpus: Corpus) -> Iterator[Finding]:
    """XFI103: the most of a drug that may be given at a time, which differs between documents."""
    limited = (
        (None, Said(document, dose))
        for document in corpus.documents
        for dose in document.doses
        if dose.maximum is not None
    )
    for owner, group in _grouped(limited, lambda s: (s.value.basis, s.value.low, s.value.high)):
        for found in _disagreeing(group, owner, _same_maximum, _one_patient, lambda a, b, _: a.maximum != b.maximum):
            one, other = found.one.value, found.other.value
            by = f" by {one.time}" if one.time else ""
            message = (
                f"{one.drug} {one.words}: at most {one.maximum:g} {one.unit}{by} here, but at most {other.maximum:g} "
                f"{other.unit}{by} in {found.other.document.path}; make them agree"
            )
            yield found.finding("XFI103", message)


def durations(corpus: Corpus) -> Iterator[Finding]:
    """XFI104: a dose over another time than in all other documents. XFI105: a drug within another time."""
    by_dose: dict[Hashable, list[Said[Given]]] = defaultdict(list)
    by_drug: dict[Hashable, list[Said[Given]]] = defaultdict(list)
    for document in corpus.documents:
        for dose in document.doses:
            if dose.over and dose.time is None:
                by_dose[dose.basis, dose.low, dose.high].append(Said(document, dose))
            if dose.within and not dose.turn:
                by_drug[dose.drug].append(Said(document, dose))
    for said in by_dose.values():
        for one, others in _alone(said, _ENOUGH, lambda a, b: not apart(a.over, b.over)):
            message = f"{one.value.drug} {one.value.words} over another time than in {len(others)} other documents"
            yield _beside(one, others, "XFI104", message)
    for said in by_drug.values():
        for one, others in _alone(said, _UNANIMOUS, lambda a, b: a.within == b.within):
            most = (others[0].value.within or 0) / 60
            message = (
                f"{one.value.drug} within another time here; {len(others)} other documents say within {most:g} hours"
            )
            yield _beside(one, others, "XFI105", message)


def _alone(
    said: list[Said[Given]], enough: int, agree: Callable[[Given, Given], bool]
) -> Iterator[tuple[Said[Given], list[Said[Given]]]]:
    """What disagrees with all others, where enough documents say something else and all of them the same."""
    for one in said:
        first: dict[str, Said[Given]] = {}
        for other in said:
            if other.document is not one.document:
                first.setdefault(other.document.id, other)
        others = list(first.values())
        elsewhere = [s for s in said if s.document is not one.document]
        if len(others) < enough or any(agree(one.value, s.value) for s in elsewhere):
            continue
        if all(agree(a.value, elsewhere[0].value) for a in elsewhere):
            yield one, others


def _beside(one: Said[Given], others: list[Said[Given]], code: str, message: str) -> Finding:
    related = tuple(s.place for s in others[:3])
    ending = "; make them agree, or say what makes the difference"
    return Finding(code, Severity.WARNING, one.document.path, one.value.span, message + ending, related)


def levels(corpus: Corpus) -> Iterator[Finding]:
    """XFI111: a level below or above which a drug is given or not, which differs between related documents.

    XFI112: a target that differs between documents on one indication.
    """

    def comparable(one: Said[Goal], other: Said[Goal]) -> bool:
        related = one.value.kind != "condition" or _related(corpus, one.document, other.document)
        spoken = [corpus.indications.spoken_of(said.value.said) for said in (one, other)]
        one_patient = not all(spoken) or spoken[0] == spoken[1]
        return related and one_patient and _comparable_goals(one.value, other.value)

    for code, found in (("XFI111", _conditions(corpus)), ("XFI112", _targets(corpus))):
        for owner, group in _grouped(found, lambda s: _goal_key(s.value)):
            for disagreement in _disagreeing(group, owner, _same_goal, comparable, _goals_apart):
                one, other = disagreement.one.value, disagreement.other.value
                message = (
                    f"{one.words!r} here, but {other.words!r} in {disagreement.other.document.path} for the same; make "
                    "them agree, or say what makes the difference"
                )
                yield disagreement.finding(code, message)


def _doses(corpus: Corpus) -> Iterator[tuple[str, Said[Given]]]:
    """The first dose of each line, with each indication that it is given for."""
    for document in corpus.documents:
        own = corpus.indications.of(document.id)
        names = {stem for name in document.names_as_stems for stem in name}
        for dose in document.doses:
            if dose.turn:
                continue
            spoken = corpus.indications.spoken_of(dose.said)
            if not spoken and not set(dose.purpose) - names:
                spoken = frozenset({own})
            for indication in spoken:
                yield indication, Said(document, dose)


def _alike(said: Said[Given], another: Said[Given]) -> bool:
    """Whether two doses are given in one way, as far as their words say."""
    one, other = said.value, another.value
    if one.unit == "mL" and one.drug not in _FLUIDS and (one.strength is None or one.strength != other.strength):
        return False  # a volume says little without its strength
    ignored = _IGNORED_OF_RATES if one.time else _IGNORED
    return not (set(one.tags) ^ set(other.tags)) - ignored


def _one_patient(said: Said[Given], another: Said[Given]) -> bool:
    """Whether two doses are for patients of one kind."""
    return not (set(said.value.tags) ^ set(another.value.tags)) & _PATIENTS


def _same_dose(one: Given, other: Given) -> bool:
    return one.same_amount(other)


def _doses_apart(one: Given, other: Given, agreeing: int = 1) -> bool:
    """Whether two doses cannot both be right; ranges that only touch are apart.

    Where several documents agree on one number, a range that begins far below it is apart too.
    """
    if one.route and other.route and one.route != other.route:
        return False
    ranges = one.low < one.high and other.low < other.high
    if ranges:
        return one.low >= other.high or other.low >= one.high
    if agreeing >= _ENOUGH and other.low == other.high and one.low <= 0.4 * other.low:
        return True
    return one.low > 1.01 * other.high or other.low > 1.01 * one.high


def _same_maximum(one: Given, other: Given) -> bool:
    return one.maximum == other.maximum


def _conditions(corpus: Corpus) -> Iterator[tuple[str, Said[Goal]]]:
    for document in corpus.documents:
        for goal in document.goals:
            if goal.kind in ("condition", "contraindicated") and goal.drug and goal.comparator:
                yield "", Said(document, goal)


def _targets(corpus: Corpus) -> Iterator[tuple[str, Said[Goal]]]:
    for document in corpus.documents:
        for goal in document.goals:
            if goal.kind == "target":
                spoken = corpus.indications.spoken_of(goal.said) or {corpus.indications.of(document.id)}
                for indication in spoken:
                    yield indication, Said(document, goal)


def _goal_key(goal: Goal) -> Hashable:
    direction = goal.comparator[:1] if goal.kind != "target" else ""
    return goal.kind, goal.quantity, direction, goal.drug if goal.kind != "target" else None, goal.child


def _comparable_goals(one: Goal, other: Goal) -> bool:
    """Whether two are in one unit, of one fluid ("urine pH"), and for patients with or without a head injury."""
    same_unit = not one.unit or not other.unit or one.unit == other.unit
    return same_unit and not (set(one.about) ^ set(other.about)) & _APART


def _bounds(goal: Goal) -> tuple[float | None, float | None]:
    if goal.comparator[:1] == ">":
        return goal.low, None
    if goal.comparator[:1] == "<":
        return None, goal.high
    return goal.low, goal.high


def _same_goal(one: Goal, other: Goal) -> bool:
    return _bounds(one) == _bounds(other)


def _goals_apart(one: Goal, other: Goal, _: int) -> bool:
    """Whether two levels differ; targets do where a bound is another one by a tenth."""
    if one.kind != "target":
        return not _same_goal(one, other)
    for a, b in zip(_bounds(one), _bounds(other), strict=True):
        if a is not None and b is not None and abs(a - b) > 0.1 * max(a, b):
            return not (_inside(one, other) or _inside(other, one))
    return False


def _inside(one: Goal, other: Goal) -> bool:
    """Whether one is a single number within the range of the other."""
    return one.low == one.high and not one.comparator and other.low <= one.low <= other.high


def _related(corpus: Corpus, first: Facts, second: Facts) -> bool:
    """Whether one document points to the other, or they are on one indication."""
    if first.category != second.category and _COMPLAINTS not in (first.category, second.category):
        return False
    points = any(p.id == second.id for p in first.pointers) or any(p.id == first.id for p in second.pointers)
    return points or corpus.indications.of(first.id) == corpus.indications.of(second.id)


def _grouped(
    found: Iterable[tuple[str | None, Said[T]]], key: Callable[[Said[T]], Hashable]
) -> Iterator[tuple[str | None, list[Said[T]]]]:
    """What at least two documents say of one thing, with the indication."""
    groups: dict[tuple[str | None, Hashable], list[Said[T]]] = defaultdict(list)
    for indication, said in found:
        groups[indication, key(said)].append(said)
    return ((i, group) for (i, _), group in groups.items() if len({s.document.id for s in group}) > 1)


def _disagreeing(
    group: list[Said[T]],
    owner: str | None,
    same: Callable[[T, T], bool],
    comparable: Callable[[Said[T], Said[T]], bool],
    apart: Callable[[T, T, int], bool],
) -> Iterator[Disagreement[T]]:
    """What stands out of a group of what documents say of one thing.

    Compared is with what most say, where at least three documents agree or all others do; else with what the document
    on the indication (`owner`) says; else with the only other one. A document that says the same somewhere does not
    stand out.
    """
    said: dict[str, list[Said[T]]] = defaultdict(list)
    for one in group:
        said[one.document.id].append(one)
    for identifier, own in said.items():
        against, agreeing = _against([s for s in group if s.document.id != identifier], owner, same)
        if agreeing == 1 and (identifier == owner or (owner not in said and identifier == min(said))):
            continue  # of two that disagree one is named
        if not against or any(same(s.value, r.value) for s in own for r in against):
            continue
        odd = [(one, beside) for one in own if (beside := [r for r in against if comparable(one, r)])]
        odd = [(one, beside) for one, beside in odd if all(apart(one.value, r.value, agreeing) for r in beside)]
        if odd:
            one, beside = odd[0]
            yield Disagreement(one, beside[0], agreeing, tuple(other.place for other, _ in odd[1:]))


def _against(others: list[Said[T]], owner: str | None, same: Callable[[T, T], bool]) -> tuple[list[Said[T]], int]:
    """What a document is compared with, and how many documents say it."""
    documents = len({s.document.id for s in others})
    for one in others:
        agreeing = [s for s in others if same(s.value, one.value)]
        number = len({s.document.id for s in agreeing})
        if number >= _ENOUGH or (number == documents > 1):
            return agreeing, number
    owned = [s for s in others if s.document.id == owner]
    return (owned, 1) if owned else (others, 1) if documents == 1 else ([], 0)


def _overlap(one: tuple[float, float] | None, other: tuple[float, float] | None) -> bool:
    return one is not None and other is not None and one[0] < other[1] and other[0] < one[1]
