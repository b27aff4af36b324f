"""A source as a Citation: the reference's own words and identifiers, nothing parsed out of them.

Citation differs between releases and is still moving (HL7 is renaming it for R6), so all of it is here.
"""

from __future__ import annotations

from sachet.convert.context import Context
from sachet.convert.narrative import words_body
from sachet.convert.related_artifact import identifiers, link
from sachet.fhir.element import Element
from sachet.fhir.names import computable_name, system_url
from sachet.fhir.text import escape, narrative
from sachet.guideline.model import Reference
from sachet.guideline.tables import table
from sachet.guideline.title import clip


def citation(identifier: str, reference: Reference, context: Context) -> Element:
    """The R5 Citation of a reference."""
    words = reference.words.words
    where = link(reference.pmid, reference.doi, reference.url)
    return Element(
        [reference.span],
        resourceType="Citation",
        id=identifier,
        text=Element((), **narrative(words_body("Citation", [words]))),
        url=context.url("Citation", identifier),
        version=context.project.version,
        name=computable_name(f"Citation {identifier}"),
        title=clip(words, 200),
        **context.status(),
        publisher=context.project.publisher,
        description=escape(words),
        citedArtifact=Element(
            (),
            identifier=identifiers(reference.pmid, reference.doi),
            classification=_classification(reference.type),
            webLocation=[Element((), url=where)] if where else None,
            note=[Element((), text=escape(words))],
        ),
    )


def _classification(kind: str | None) -> list[Element] | None:
    if kind is None:
        return None
    known = kind in table("source_types")["values"]
    concept = (
        Element((), coding=[Element((), system=system_url("source-type"), code=kind)])
        if known
        else Element((), text=kind)
    )
    return [Element((), type=Element((), text="Type of source"), classifier=[concept])]
