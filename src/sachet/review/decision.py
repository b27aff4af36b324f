"""From a suggestion and a person's answers to what is accepted; and whether what was accepted still fits.

There is no default for who, when a step applies and what it is an alternative of: those are asked of a person.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sachet.finding import Finding, Findings, Span
from sachet.guideline.amount import Amount, amounts
from sachet.guideline.model import Guideline
from sachet.review.acceptance import (
    FOLDER,
    NONE,
    UNCONDITIONAL,
    Acceptance,
    Coding,
    Concept,
    Condition,
    Dosage,
    RequestKind,
    Size,
    load,
    malformed,
    save,
)
from sachet.review.suggestion import Reading, Suggestion
from sachet.review.surroundings import Surroundings, all_surroundings
from sachet.review.timing import read_timing
from sachet.terminology.ucum import is_unit

_RATES = {"min", "hr"}  # an amount for such a time says how fast; one for a day does not say how much at a time


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person answers of a step. None where nothing was answered; an empty text is no answer.

    `condition` is "unconditional" or words, which need their FHIRPath in `expression`. `alternatives` are keys of steps
    beside it, or "none". `reading` is the number of the reading that is right, from 1; `kind` says what it is to become
    where no reading does. `what` (the drug, service or task), `dose`, `route`, `frequency` and `over` correct the
    reading, in words; `maximum` says how much may be given at a time, or "none": it has to be answered where the words
    say a maximum, for that may be meant in all. Codes are written SYSTEM|CODE or SYSTEM|CODE|DISPLAY. `unit` is the
    code in UCUM of the dose's unit, where the one that was read says too little ("units").
    """

    reviewer: str | None = None
    condition: str | None = None
    expression: str | None = None
    alternatives: Sequence[str] = ()
    reading: int | None = None
    kind: RequestKind | None = None
    what: str | None = None
    dose: str | None = None
    unit: str | None = None
    route: str | None = None
    frequency: str | None = None
    over: str | None = None
    maximum: str | None = None
    codes: Sequence[str] = ()
    route_codes: Sequence[str] = ()


class NotAcceptableError(ValueError):
    """A step cannot be accepted so; `problems` say why, each with what to answer."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def decide(suggestion: Suggestion, answers: Answers, today: datetime.date) -> Acceptance:
    """What is accepted of a step by these answers. Raises NotAcceptableError with all that is wrong or not answered."""
    problems: list[str] = []
    reading = _chosen(suggestion, answers, problems)
    reviewer = (answers.reviewer or "").strip()
    if not reviewer or not any(c.isalpha() for c in reviewer):
        problems.append("reviewer: say who accepts it, by name")
    condition = _condition(answers, problems)
    alternatives = _alternatives(answers, problems)
    what = Concept(
        text=(answers.what or "").strip() or _text(suggestion, reading), codes=_codes(answers.codes, problems)
    )
    dosage = _dosage(reading, answers, problems) if reading and reading.kind is RequestKind.MEDICATION else None
    if reading and dosage is None and reading.kind is not RequestKind.MEDICATION:
        given = ("dose", "unit", "route", "frequency", "over", "maximum", "route_codes")
        if named := [name for name in given if getattr(answers, name)]:
            problems.append(f"{', '.join(named)}: a {reading.kind} has none")
    if problems or reading is None or condition is None or alternatives is None:
        raise NotAcceptableError(problems)
    made = Acceptance(
        step=suggestion.step.key,
        sha256=suggestion.around.sha256,
        reviewer=reviewer,
        date=today,
        kind=reading.kind,
        condition=condition,
        alternatives=alternatives,
        what=what,
        dosage=dosage,
    )
    mistake = malformed(made)
    if wrong := [*([mistake] if mistake else []), *faults(made, suggestion.around)]:
        raise NotAcceptableError(wrong)
    return made


def _chosen(suggestion: Suggestion, answers: Answers, problems: list[str]) -> Reading | None:
    """The reading that was chosen; one without a dose where only a kind was."""
    readings = suggestion.readings
    kind = answers.kind
    if answers.reading is not None:
        if not 1 <= answers.reading <= len(readings):
            problems.append(f"reading: there is no reading {answers.reading}; there are {len(readings)}")
            return None
        reading = readings[answers.reading - 1]
        if kind is not None and kind is not reading.kind:
            problems.append(f"kind: reading {answers.reading} is a {reading.kind}; leave out the reading or the kind")
            return None
        return reading
    if kind is None:
        problems.append("reading: say which reading is right, by its number, or what it is to become (kind)")
        return None
    return Reading(kind)


def _condition(answers: Answers, problems: list[str]) -> Condition | Literal["unconditional"] | None:
    words, expression = (answers.condition or "").strip(), (answers.expression or "").strip()
    if not words:
        problems.append(f"condition: write the condition under which it applies, or {UNCONDITIONAL!r}")
    elif words == UNCONDITIONAL:
        if not expression:
            return UNCONDITIONAL
        problems.append(f"expression: what is {UNCONDITIONAL} has none")
    elif not expression:
        problems.append("expression: write the condition as FHIRPath too, so that a server can evaluate it")
    else:
        return Condition(words=words, expression=expression)
    return None


def _alternatives(answers: Answers, problems: list[str]) -> tuple[str, ...] | Literal["none"] | None:
    named = tuple(name.strip() for name in answers.alternatives if name.strip())
    if not named:
        problems.append(f"alternatives: name the steps beside it of which only one is to be done, or write {NONE!r}")
        return None
    if NONE in named:
        if named == (NONE,):
            return NONE
        problems.append(f"alternatives: {NONE!r} stands beside others")
        return None
    return tuple(dict.fromkeys(named))


def _text(suggestion: Suggestion, reading: Reading | None) -> str:
    """What it is: the drug that was read, else the words of the step."""
    return str(reading.dose.drug) if reading and reading.dose else suggestion.step.plain


def _codes(written: Iterable[str], problems: list[str], name: str = "codes") -> tuple[Coding, ...]:
    found: list[Coding] = []
    for words in written:
        system, code, display = (*words.split("|", 2), "", "")[:3]
        if not re.fullmatch(r"(?:https?://|urn:)\S+", system.strip()) or not code.strip():
            problems.append(
                f"{name}: {words!r} is none; write SYSTEM|CODE or SYSTEM|CODE|DISPLAY, the system's address first"
            )
            continue
        found.append(Coding(system=system.strip(), code=code.strip(), display=display.strip() or None))
    return tuple(found)


def _dosage(reading: Reading, answers: Answers, problems: list[str]) -> Dosage | None:
    read = reading.dose
    amount = _amount(answers.dose, "dose", problems) if answers.dose else read.amount if read else None
    if amount is None:
        if not answers.dose:
            problems.append("dose: nothing was read; write it, like '10-20 mg' or '0.1 mcg/kg/min'")
        return None
    if not (answers.what or read):
        problems.append("what: no drug was read; write which it is")
    if amount.comparator:
        problems.append(f"dose: {amount.comparator} is no exact dose; write the dose that is meant")
    if amount.time not in (*_RATES, "dose", None):
        problems.append(
            f"dose: one per {amount.time} does not say how much is given at a time; write that, and frequency"
        )
    size = _size(amount, answers.unit)
    most = _maximum(read.maximum if read and not answers.dose else None, answers, problems)
    try:
        timing = read_timing(
            answers.frequency or (read.frequency if read else None), answers.over or (read.over if read else None)
        )
    except ValueError as e:
        problems.append(f"over: {e}")
        return None
    route = answers.route or (read.route if read else None)
    codes = _codes(answers.route_codes, problems, "route_codes")
    if codes and not route:
        problems.append("route: its codes were given, but not its words")
    rate = amount.time in _RATES
    return Dosage(
        dose=None if rate else size,
        rate=size if rate else None,
        route=Concept(text=route, codes=codes) if route else None,
        timing=timing,
        maximum=most,
    )


def _amount(words: str, what: str, problems: list[str]) -> Amount | None:
    """The one amount that words are, and nothing else."""
    found = list(amounts(words.strip()))
    whole = len(found) == 1 and (found[0].start, found[0].end) == (0, len(words.strip()))
    if whole and found[0].kind not in ("concentration", "unknown"):
        return found[0]
    problems.append(f"{what}: {words!r} is no amount; write one like '10-20 mg' or '0.1 mcg/kg/min'")
    return None


def _size(amount: Amount, unit: str | None = None) -> Size:
    code = amount.ucum if amount.time != "dose" else amount.ucum.rpartition("/")[0]
    return Size(low=amount.low.normalize() + 0, high=amount.high.normalize() + 0, unit=unit or code)


def _maximum(read: str | None, answers: Answers, problems: list[str]) -> Size | None:
    if answers.maximum == NONE:
        return None
    if answers.maximum:
        amount = _amount(answers.maximum, "maximum", problems)
        if amount and (amount.low != amount.high or amount.time or amount.comparator):
            problems.append("maximum: write one amount for one time, like '4 mg'")
        return _size(amount) if amount else None
    if read:
        problems.append(f"maximum: the words say {read!r}; write how much may be given at a time, or {NONE!r}")
    return None


def faults(accepted: Acceptance, around: Surroundings) -> Iterator[str]:
    """What is wrong with what was accepted of a step, its hash aside."""
    from sachet.fhir import fhirpath

    if not around.step.instruction:
        yield "the step is no instruction"
    yield from _unlike_its_kind(accepted)
    if isinstance(accepted.condition, Condition):
        try:
            fhirpath.compile(accepted.condition.expression)
        except fhirpath.FHIRPathError as e:
            yield f"expression: {accepted.condition.expression!r} is no FHIRPath: {e}"
    if accepted.alternatives != NONE:
        yield from _no_alternatives(accepted, around)
    dosage = accepted.dosage or Dosage()
    for name, size in (("dose", dosage.dose), ("rate", dosage.rate), ("maximum", dosage.maximum)):
        if size and not is_unit(size.unit):
            yield f"{name}: {size.unit!r} is no unit of UCUM"
        if size and not size.is_amount:
            yield f"{name}: {size} is no amount"


def _unlike_its_kind(accepted: Acceptance) -> Iterator[str]:
    medication = accepted.kind is RequestKind.MEDICATION
    if medication and (accepted.dosage is None or (accepted.dosage.dose is None) == (accepted.dosage.rate is None)):
        yield "dosage: a MedicationRequest has a dose or a rate, and not both"
    if not medication and accepted.dosage is not None:
        yield f"dosage: a {accepted.kind} has none"


def _no_alternatives(accepted: Acceptance, around: Surroundings) -> Iterator[str]:
    """Alternatives stand beside the step in one list, with nothing else between them."""
    places = {item.key: place for place, item in enumerate(around.listed)}
    for key in accepted.alternatives:
        if key not in places or key == accepted.step:
            yield f"alternatives: no step beside it has the key {key!r}"
            return
    chosen = sorted(places[key] for key in (accepted.step, *accepted.alternatives))
    if chosen != list(range(chosen[0], chosen[-1] + 1)):
        yield "alternatives: other steps stand between them; put the alternatives beside each other in the document"


def fitting(guideline: Guideline, root: Path) -> tuple[Mapping[str, Acceptance], tuple[Finding, ...]]:
    """What was accepted of a document and still fits, by the key of its step; of all else a finding says why not."""
    loaded, findings = load(root, guideline.id)
    if not loaded:
        return {}, tuple(findings.found)
    steps = {around.step.key: around for around in all_surroundings(guideline)}
    held = Findings(guideline.path)
    found: dict[str, Acceptance] = {}
    for accepted, place in loaded:
        around = steps.get(accepted.step)
        if around is None:
            findings.error(
                "REV102", place, f"there is no step {accepted.step} any more{_who(accepted)}; accept it anew"
            )
        elif accepted.step in found:
            findings.error("REV103", place, f"{accepted.step} is here a second time; only the first counts")
        elif around.sha256 != accepted.sha256:
            held.error("REV101", around.step.span, _CHANGED.format(who=_who(accepted)))
        elif wrong := list(faults(accepted, around)):
            findings.error("REV103", place, f"{accepted.step}: {'; '.join(wrong)}; accept the step again")
        else:
            found[accepted.step] = accepted
    for key in _disagreeing(found):
        held.error("REV105", steps[key].step.span, _DISAGREE.format(who=_who(found[key])))
        del found[key]
    return found, (*findings.found, *held.found)


_CHANGED = (
    "words of this step, or of what stands above, below or beside it, changed since it was accepted{who}; it is text "
    "again until it is accepted again"
)
_DISAGREE = (
    "this step was accepted{who}, but what was accepted of a step beside it says otherwise of which are alternatives; "
    "it is text until they agree"
)


def _who(accepted: Acceptance) -> str:
    return f" by {accepted.reviewer} on {accepted.date}"


def _disagreeing(found: Mapping[str, Acceptance]) -> list[str]:
    """The steps whose alternatives are not those that another acceptance names."""
    named = {key: _group(accepted) for key, accepted in found.items()}
    return [key for key, group in named.items() if any(group & other and group != other for other in named.values())]


def _group(accepted: Acceptance) -> frozenset[str]:
    """A step with its alternatives."""
    return frozenset((accepted.step, *(() if accepted.alternatives == NONE else accepted.alternatives)))


def keep(guideline: Guideline, root: Path, accepted: Iterable[Acceptance], made: Acceptance | None = None) -> Path:
    """Write what was accepted of a document, in the order of its steps; `made` takes the place of what its step had."""
    held = [one for one in accepted if made is None or one.step != made.step] + ([made] if made else [])
    order = {item.key: place for place, item in enumerate(guideline.walk())}
    held.sort(key=lambda one: order.get(one.step, len(order)))
    return save(root, guideline.id, held)


def without_document(root: Path, documents: Iterable[str]) -> Iterator[Finding]:
    """A finding for each file of acceptances whose document is not there."""
    known = {f"{document}.yaml" for document in documents}
    folder = root / FOLDER
    for file in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
        if file.name not in known:
            findings = Findings(f"{FOLDER}/{file.name}")
            message = "there is no document of this id; what was accepted of it counts for nothing. Rename or delete it"
            findings.error("REV104", Span(1, 1, 1, 1), message)
            yield from findings.found
