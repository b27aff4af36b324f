"""Where a document's resources come from: who wrote the document, who reviewed it, and its exact text."""

from __future__ import annotations

from sachet.convert.context import Context
from sachet.document.front_matter import Scalar
from sachet.fhir.element import Element
from sachet.fhir.names import PARTICIPANT
from sachet.guideline.model import Guideline
from sachet.guideline.understand import parse_date


def provenance(guideline: Guideline, context: Context) -> Element | None:
    """The Provenance of a document's PlanDefinition; None where no day says when it was recorded.

    `recorded` is the document's day of last change, never the clock, so that the same text gives the same package.
    """
    updated = guideline.scalar("last_updated")
    author, reviewer = guideline.scalar("compiled_by"), guideline.scalar("reviewed_by")
    if updated is None or parse_date(updated.words) is None or author is None:
        return None
    return Element(
        (),
        resourceType="Provenance",
        id=guideline.id,
        target=[Element((), reference=f"PlanDefinition/{guideline.id}", display=context.plan(guideline.id))],
        recorded=f"{updated.words}T00:00:00Z",
        agent=[
            _agent(Element((), coding=[Element((), system=PARTICIPANT, code="author")]), author),
            *([_agent(Element((), text="reviewed by"), reviewer)] if reviewer else []),  # not that anybody vouches
        ],
        entity=[
            Element(
                (),
                role="source",
                what=Element(
                    (),
                    identifier=Element(
                        (), system="urn:ietf:rfc:3986", value=f"urn:hash::sha256:{guideline.source.sha256}"
                    ),
                    display=guideline.path,
                ),
            )
        ],
    )


def _agent(kind: Element, who: Scalar) -> Element:
    return Element((), type=kind, who=Element((), display=who.words))
