"""What a document is for: its ICD-10-CM codes, category, ESI level, risk tier and track as usage contexts."""

from __future__ import annotations

from collections.abc import Iterator

from sachet import schema
from sachet.document.front_matter import Scalar
from sachet.fhir.element import Element
from sachet.fhir.names import USAGE_CONTEXT, system_url
from sachet.guideline.model import ROLES, Code, Guideline
from sachet.terminology import icd10cm

_FOCUS = {"system": USAGE_CONTEXT, "code": "focus"}
# Front-matter key → the context type and code system of sachet that hold its values.
_CODED = {"category": "category", "esi": "esi", "risk_tier": "risk-tier", "track": "track"}


def use_contexts(guideline: Guideline) -> Iterator[Element]:
    """The usage contexts of a PlanDefinition."""
    category = guideline.scalar("category")
    procedural = category is not None and category.words == "procedural"
    for code in guideline.codes:
        yield _icd(code, procedural)
    for key, name in _CODED.items():
        if (value := guideline.scalar(key)) is not None:
            yield _coded(key, name, value)


def _icd(code: Code, procedural: bool) -> Element:
    role = code.role.words if code.role else "associated" if procedural else "focus"
    if role == "focus":
        kind = Element((), **_FOCUS)
    elif role in ROLES:
        kind = Element((), system=system_url("context-type"), code=role)
    else:
        kind = Element((), system=system_url("context-type"), code="associated")
    words = code.words.words
    coding = [Element((), system=icd10cm.SYSTEM, code=words, display=code.title)] if code.title else None
    other = f"{words} ({code.role.words})" if code.role and role not in (*ROLES, "focus") else words
    concept = Element((), coding=coding, text=None if coding and other == words else other)
    spans = [code.words.span, *([code.role.span] if code.role else [])]
    return Element(spans, code=kind, valueCodeableConcept=concept)


def _coded(key: str, name: str, value: Scalar) -> Element:
    known = value.words in schema.keys()[key].get("values", ())
    coding = [Element((), system=system_url(name), code=value.words)] if known else None
    concept = Element((), coding=coding, text=None if known else value.words)
    kind = Element((), system=system_url("context-type"), code=name)
    return Element([value.span], code=kind, valueCodeableConcept=concept)
