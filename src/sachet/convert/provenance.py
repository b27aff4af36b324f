"""Where a document's resources come from: who wrote and reviewed it and its exact text; what its checks found."""

from __future__ import annotations

from sachet.convert.context import Context
from sachet.fhir.element import Element
from sachet.fhir.names import PARTICIPANT, extension_url
from sachet.guideline.model import Guideline
from sachet.guideline.title import fit
from sachet.guideline.understand import parse_date
from sachet.review.stamp import content_hash, read


def provenances(guideline: Guideline, context: Context) -> list[Element]:
    """The Provenance of a document's PlanDefinition, and that of its checks where a stamp of them holds."""
    return [one for one in (_origin(guideline, context), _checks(guideline, context)) if one is not None]


def _origin(guideline: Guideline, context: Context) -> Element | None:
    """Who wrote and reviewed the document; None where no day says when it was recorded.

    `recorded` is the document's day of last change, never the clock, so that the same text gives the same package.
    """
    updated = guideline.scalar("last_updated")
    author, reviewer = guideline.scalar("compiled_by"), guideline.scalar("reviewed_by")
    if updated is None or parse_date(updated.words) is None or author is None:
        return None
    return _provenance(
        guideline,
        context,
        id=guideline.id,
        recorded=f"{updated.words}T00:00:00Z",
        agent=[
            _agent(Element((), coding=[Element((), system=PARTICIPANT, code="author")]), author.words),
            *(
                [_agent(Element((), text="reviewed by"), reviewer.words)] if reviewer else []
            ),  # not that anybody vouches
        ],
        entity=[_source(guideline, guideline.source.sha256)],
    )


def _checks(guideline: Guideline, context: Context) -> Element | None:
    """What a run of the checks found, as the document's stamp says; None where there is none of this very content."""
    stamp = read(guideline.fields)
    if stamp is None or stamp.content != content_hash(guideline.source.text, guideline.fields):
        return None
    results = [_result(check, words) for check, words in stamp.results.items()]
    return _provenance(
        guideline,
        context,
        id=fit(f"{guideline.id}.checks", "checks"),
        extension=results,
        recorded=stamp.time,
        activity=Element((), text="checked by a program"),
        agent=[_agent(Element((), text="checked by"), stamp.tool)],
        entity=[_source(guideline, stamp.content.removeprefix("sha256:"))],
    )


def _provenance(guideline: Guideline, context: Context, **elements: object) -> Element:
    target = Element((), reference=f"PlanDefinition/{guideline.id}", display=context.plan(guideline.id))
    first = {key: elements.pop(key) for key in ("id", "extension") if key in elements}
    return Element((), resourceType="Provenance", **first, target=[target], **elements)


def _result(check: str, words: str) -> Element:
    parts = [Element((), url="check", valueString=check), Element((), url="result", valueString=words)]
    return Element((), url=extension_url("validation-check"), extension=parts)


def _source(guideline: Guideline, sha256: str) -> Element:
    identifier = Element((), system="urn:ietf:rfc:3986", value=f"urn:hash::sha256:{sha256}")
    return Element((), role="source", what=Element((), identifier=identifier, display=guideline.path))


def _agent(kind: Element, who: str) -> Element:
    return Element((), type=kind, who=Element((), display=who))
