"""A source as a Citation: the reference's own words and identifiers; year and journal only where they are certain.

Citation differs between releases and is still moving (HL7 is renaming it for R6), so all of it is here; what R4B has
otherwise is a row of `fhir.releases.EDITS`.
"""

from __future__ import annotations

from sachet import schema
from sachet.convert.context import Context
from sachet.convert.narrative import words_body
from sachet.convert.related_artifact import identifiers, link
from sachet.document.front_matter import Scalar
from sachet.fhir.element import Element, Words
from sachet.fhir.names import DATA_ABSENT, computable_name, system_url
from sachet.fhir.text import escape, narrative
from sachet.guideline.model import Reference
from sachet.guideline.title import clip

_MAX_TITLE = 200


def citation(identifier: str, reference: Reference, context: Context) -> Element:
    """The R5 Citation of a reference."""
    words, said = reference.words.words, [reference.words.span]
    named_by = [(reference.names if identifier == reference.key else reference.words).span]
    title = clip(words, _MAX_TITLE)
    where = link(reference.pmid, reference.doi, reference.url)
    return Element(
        (),
        resourceType="Citation",
        id=Words(identifier, named_by),
        meta=context.claims("sachet-citation"),
        text=narrative(words_body("Citation", [words]), said),
        url=Words(context.url("Citation", identifier), named_by),
        version=context.project.version,
        name=Words(computable_name(f"Citation {identifier}"), named_by),
        title=Words(title, [reference.words.place(0, len(title.removesuffix("…")))]),
        **context.status(),
        publisher=context.project.publisher,
        description=Words(escape(words), said),
        citedArtifact=Element(
            (),
            identifier=identifiers(reference.pmid, reference.doi) or [_no_identifier()],
            publicationForm=_publication(reference),
            classification=_classification(reference.fields.scalar("type")),
            webLocation=[Element((), url=where)] if where else None,
            note=[Element((), text=Words(escape(words), said))],
        ),
    )


def _no_identifier() -> Element:
    """Says that the document gives no identifier (the extension of FHIR's own for data that is absent)."""
    return Element((), _value=Element((), extension=[Element((), url=DATA_ABSENT, valueCode="unknown")]))


def _publication(reference: Reference) -> list[Element] | None:
    """Where and when it was published, as far as the reference states exactly one journal and one year."""
    journal, year = (_part(reference.words, words) for words in (reference.journal, reference.year))
    published = Element((), title=journal) if journal else None
    return [Element((), publishedIn=published, publicationDateText=year)] if journal or year else None


def _part(reference: Scalar, words: object) -> Words | None:
    """Words that stand in a reference, with their place."""
    if words is None:
        return None
    start = reference.words.index(str(words))
    return Words(str(words), [reference.place(start, start + len(str(words)))])


def _classification(kind: Scalar | None) -> list[Element] | None:
    if kind is None:
        return None
    words = Words(kind.words, [kind.span])
    known = kind.words in schema.source_types()
    concept = (
        Element((), coding=[Element((), system=system_url("source-type"), code=words)])
        if known
        else Element((), text=words)
    )
    return [Element((), type=Element((), text="Type of source"), classifier=[concept])]
