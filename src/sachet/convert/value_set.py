"""The ICD-10-CM codes of a document as a ValueSet that names the release they were checked against."""

from __future__ import annotations

from sachet.convert.context import Context
from sachet.convert.narrative import words_body
from sachet.convert.plan_definition import version_spans
from sachet.fhir.element import Element
from sachet.fhir.names import computable_name
from sachet.fhir.text import escape, narrative
from sachet.guideline.model import Guideline
from sachet.guideline.title import fit
from sachet.terminology import icd10cm


def value_set(guideline: Guideline, context: Context) -> Element | None:
    """The ValueSet of a document's codes that exist; None where it has none."""
    codes = [c for c in guideline.codes if c.title]
    if not codes:
        return None
    identifier = fit(f"{guideline.id}.icd-10-cm", "icd-10-cm")
    title = f"ICD-10-CM codes of {guideline.title.words}"
    concepts = [Element([c.words.span], code=c.words.words, display=c.title) for c in codes]
    return Element(
        [guideline.identifier.span, guideline.title.span, *version_spans(guideline), *(c.words.span for c in codes)],
        resourceType="ValueSet",
        id=identifier,
        meta=context.claims("sachet-icd-10-cm-codes"),
        text=narrative(words_body(title, [f"{c.words.words} {c.title}" for c in codes])),
        url=context.url("ValueSet", identifier),
        version=guideline.version,
        name=computable_name(title),
        title=title,
        **context.status(),
        publisher=context.project.publisher,
        description=escape(
            f"The ICD-10-CM codes that the document on {guideline.title.words} lists, checked against the release of "
            f"{icd10cm.release()}."
        ),
        # The release by its day: HL7's engine calls a sole code of a versioned system wrong that it cannot look up.
        compose=Element(
            (), lockedDate=icd10cm.release(), include=[Element((), system=icd10cm.SYSTEM, concept=concepts)]
        ),
    )
