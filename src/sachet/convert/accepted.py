"""What a named person accepted of a step: what makes its action and its ActivityDefinition computable.

A server makes requests active and tasks ready, so a `dynamicValue` makes each a draft; the intent is a proposal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sachet.convert.context import Context
from sachet.fhir.element import Element, Words
from sachet.fhir.names import UCUM, extension_url
from sachet.guideline.model import Guideline, Item
from sachet.guideline.title import fit
from sachet.review.acceptance import NONE, Acceptance, Concept, Condition, Dosage, RequestKind, Size, Timing
from sachet.terminology.units import unit_name

_FHIRPATH = "text/fhirpath"


def activity(item: Item, accepted: Acceptance) -> dict[str, Any]:
    """The elements of an ActivityDefinition that an engine can make a request of, in R5's shape."""
    medication = accepted.kind is RequestKind.MEDICATION
    return {
        "extension": [acceptance(accepted)],
        "kind": str(accepted.kind),
        "intent": "proposal",
        "doNotPerform": False,
        "productCodeableConcept" if medication else "code": _concept(accepted.what),
        "dosage": [_dosage(item, accepted.dosage)] if accepted.dosage else None,
        "dynamicValue": [Element((), path="status", expression=_expression("'draft'"))],
    }


def action(accepted: Acceptance, guideline: Guideline, context: Context) -> dict[str, Any]:
    """The elements of an action that a server applies, in R5's shape."""
    conditions = None
    if isinstance(accepted.condition, Condition):
        expression = _expression(accepted.condition.expression, accepted.condition.words)
        conditions = [Element((), kind="applicability", expression=expression)]
    return {
        "extension": [acceptance(accepted)],
        "condition": conditions,
        "definitionCanonical": f"{context.url('ActivityDefinition', accepted.step)}|{guideline.version}",
    }


def acceptance(accepted: Acceptance) -> Element:
    """The extension that says who accepted it, and when."""
    by = Element((), url="reviewer", valueString=accepted.reviewer)
    on = Element((), url="date", valueDate=accepted.date.isoformat())
    return Element((), url=extension_url("acceptance"), extension=[by, on])


def grouped(above: str, actions: Sequence[Element], accepted: Mapping[str, Acceptance]) -> list[Element]:
    """The actions of a list, with an action around those of which only one is to be done."""
    groups = {
        key: frozenset((one.step, *one.alternatives))
        for one in accepted.values()
        if one.alternatives != NONE
        for key in (one.step, *one.alternatives)
    }
    made: list[Element] = []
    held: dict[frozenset[str], Element] = {}
    for one in actions:
        group = groups.get(one["id"])
        if group is None:
            made.append(one)
        elif group in held:
            held[group]["action"].append(one)
        else:
            held[group] = _choice(above, one)
            made.append(held[group])
    return made


_CHOICE = {"groupingBehavior": "logical-group", "selectionBehavior": "at-most-one"}


def choice(action: Element) -> dict[str, str]:
    """What makes an action a choice of those below it, if it is one."""
    return _CHOICE if action.items() >= _CHOICE.items() else {}


def _choice(above: str, first: Element) -> Element:
    lead = first["id"].removeprefix(f"{above}.")
    key = fit(f"{above}.one-of--{lead}", lead)  # no step has a key with two hyphens
    return Element(first.spans, id=key, linkId=key, title="One of these", **_CHOICE, action=[first])


def _expression(expression: str, words: str | None = None) -> Element:
    return Element((), description=words, language=_FHIRPATH, expression=expression)


def _concept(concept: Concept) -> Element:
    codings = [Element((), system=c.system, code=c.code, display=c.display) for c in concept.codes]
    return Element((), coding=codings, text=concept.text)


def _dosage(item: Item, dosage: Dosage) -> Element:
    timing = dosage.timing
    return Element(
        (),
        text=Words(item.plain, [t.span for t in item.words]),
        timing=_timing(timing) if timing else None,
        asNeeded=timing.as_needed or None if timing else None,
        route=_concept(dosage.route) if dosage.route else None,
        doseAndRate=[Element((), **_sized("dose", dosage.dose), **_sized("rate", dosage.rate))],
        maxDosePerAdministration=_quantity(dosage.maximum.high, dosage.maximum) if dosage.maximum else None,
    )


def _timing(timing: Timing) -> Element | None:
    repeat = Element(
        (),
        count=timing.count,
        duration=timing.duration,
        durationMax=timing.duration_max,
        durationUnit=timing.duration_unit,
        frequency=timing.frequency,
        period=timing.period,
        periodMax=timing.period_max,
        periodUnit=timing.period_unit,
    )
    return Element((), repeat=repeat, code=Element((), text=timing.words))


def _sized(what: str, size: Size | None) -> dict[str, Element]:
    if size is None:
        return {}
    if size.low == size.high:
        return {f"{what}Quantity": _quantity(size.low, size)}
    return {f"{what}Range": Element((), low=_quantity(size.low, size), high=_quantity(size.high, size))}


def _quantity(value: Any, size: Size) -> Element:
    return Element((), value=value, unit=unit_name(size.unit), system=UCUM, code=size.unit)
