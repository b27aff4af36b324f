"""An instruction as an ActivityDefinition that only describes: without a kind no engine can make a request of it.

One that a named person accepted has a kind.
"""

from __future__ import annotations

from collections.abc import Iterator

from sachet.convert.accepted import activity
from sachet.convert.context import Context
from sachet.convert.narrative import words_body
from sachet.convert.plan_definition import describe, version_spans
from sachet.document.markdown import Text
from sachet.fhir.element import Element, Words
from sachet.fhir.names import ACTIVITY_TYPE, computable_name
from sachet.fhir.text import escape, narrative
from sachet.guideline.instruction import doses_given, opens_with_verb, orders_a_drug
from sachet.guideline.model import Guideline, Item, Kind, Section
from sachet.guideline.understand import parse_date


def activity_definitions(guideline: Guideline, context: Context) -> Iterator[Element]:
    """The ActivityDefinitions of a document, in R5's shape, in document order."""
    for section in guideline.sections:
        for item in section.items:
            yield from _below(item, section, (section.title,), guideline, context)


def _below(
    item: Item, section: Section, path: tuple[Text, ...], guideline: Guideline, context: Context
) -> Iterator[Element]:
    if item.instruction:
        yield _definition(item, section, path, guideline, context)
    for child in item.children:
        yield from _below(child, section, (*path, *item.words), guideline, context)


def _definition(
    item: Item, section: Section, path: tuple[Text, ...], guideline: Guideline, context: Context
) -> Element:
    where = " > ".join((guideline.title.words, *(t.plain.rstrip(" :") for t in path)))
    caution = f"From {where}. What stands above and beside it there may set conditions or offer alternatives."
    updated = guideline.scalar("last_updated")
    plan = context.plan(guideline.id)
    spans = [t.span for t in item.words]
    executed = context.accepted.get(item.key)
    lines = [item.plain, *(f.plain for f in item.facts), caution]
    headings = (guideline.title.span, *(t.span for t in path))
    made_of = (*spans, *(f.span for f in item.facts), *headings, *version_spans(guideline))
    return Element(
        (guideline.identifier.span, *made_of),
        resourceType="ActivityDefinition",
        id=item.key,
        meta=context.claims("sachet-activity-definition"),
        text=narrative(words_body(item.title, lines)),
        url=context.url("ActivityDefinition", item.key),
        version=guideline.version,
        name=computable_name(item.key.replace(".", " ")),
        title=Words(item.title, item.title_spans),
        **context.status(),
        date=updated.words if updated and parse_date(updated.words) else None,
        publisher=context.project.publisher,
        description=describe(item) or Words(escape(item.plain), spans),
        usage=Words(escape(caution), headings),
        copyright=escape(context.project.licence) if context.project.licence else None,
        relatedArtifact=[Element((), type="documentation", display=guideline.title.words, resource=plan)]
        if plan
        else None,
        **(activity(item, executed) if executed else {"code": _activity(item, section), "dosage": _dosage(item)}),
    )


def _activity(item: Item, section: Section) -> Element | None:
    """CPG-on-FHIR's type of an activity, where what it asks for is certain: a drug with its dose, a test of Workup."""
    if orders_a_drug(item.plain):
        code = "order-medication"
    elif section.name == "Workup" and item.kind is Kind.ITEM and not opens_with_verb(item.plain):
        code = "order-service"
    else:
        return None
    return Element((), coding=[Element((), system=ACTIVITY_TYPE, code=code)])


def _dosage(item: Item) -> list[Element] | None:
    """The words of a line that orders doses, verbatim."""
    if not doses_given(item.plain):
        return None
    return [Element((), text=Words(item.plain, [t.span for t in item.words]))]
