"""What a document points to: its sources, the conditions it may be confused with, decision rules, and itself."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

from sachet.convert.context import Context
from sachet.document.front_matter import Fields, Scalar, Sequence, Value, scalars
from sachet.fhir.element import Element, Words
from sachet.fhir.names import DOI, PUBMED, extension_url
from sachet.fhir.text import escape
from sachet.guideline.model import Guideline, Reference
from sachet.guideline.reference import is_doi, is_pmid
from sachet.guideline.title import clip


def related_artifacts(guideline: Guideline, context: Context) -> Iterator[Element]:
    """The related artifacts of a PlanDefinition."""
    for reference in guideline.references:
        yield _citation(guideline, reference, context)
    for value in _list(guideline, "decision_rules"):
        yield _decision_rule(value)
    for value in _list(guideline, "confusion_pairs"):
        yield _confusion_pair(value, context)
    for value in _list(guideline, "differential_categories"):
        yield from _differential(value, context)
    yield _document(guideline)


def identifiers(reference: Reference) -> list[Element]:
    """PubMed id and DOI of a reference as FHIR identifiers; a malformed one stays words, without a system."""
    found: list[Element] = []
    for value, system, well_formed in ((reference.pmid, PUBMED, is_pmid), (reference.doi, DOI, is_doi)):
        if value is not None:
            known = system if well_formed(value.words) else None
            found.append(Element([value.span], system=known, value=value.words))
    return found


def link(reference: Reference) -> Scalar | None:
    """Where a reference can be read: its url, its PubMed page, its DOI."""
    if reference.url:
        return reference.url
    for value, base, well_formed in ((reference.pmid, PUBMED, is_pmid), (reference.doi, DOI, is_doi)):
        if value is not None and well_formed(value.words):
            return Scalar(f"{base}/{value.words}", f"{base}/{value.words}", value.span, False)
    return None


def _citation(guideline: Guideline, reference: Reference, context: Context) -> Element:
    kind = Element((), url=extension_url("source-type"), valueString=reference.type) if reference.type else None
    numbers = [Element((), url=extension_url("source-identifier"), valueIdentifier=i) for i in identifiers(reference)]
    label = next((f"{n} {v.words}" for n, v in (("PMID", reference.pmid), ("DOI", reference.doi)) if v), None)
    where = link(reference)
    citation = context.citations.get((guideline.id, reference.words.words))
    resource = f"{context.url('Citation', citation)}|{context.project.version}" if citation else None
    words = reference.words.words
    return Element(
        [reference.span.to(reference.words.span)],
        extension=[*([kind] if kind else []), *numbers],
        type="citation",
        label=label,
        display=clip(words, 120),
        citation=Words(escape(words), [reference.words.span]),
        document=Element((), url=Words(where.words, [where.span])) if where and _is_url(where.words) else None,
        resource=resource,
    )


def _is_url(words: str) -> bool:
    return words.startswith(("https://", "http://")) and not any(c.isspace() for c in words)


def _decision_rule(value: Value) -> Element:
    name, citation, pmid = (_member(value, key) for key in ("name", "citation", "pmid"))
    link = f"{PUBMED}/{pmid.words}" if pmid and is_pmid(pmid.words) else None
    known = {"name", "citation", "pmid"}
    return Element(
        [value.span],
        extension=[*_rest(value, known), *([_detail(pmid)] if pmid and not link else [])],
        type="documentation",
        label="decision rule",
        display=Words(name.words, [name.span]) if name else None,
        citation=Words(escape(citation.words), [citation.span]) if citation else None,
        document=Element((), url=link) if link else None,
    )


def _confusion_pair(value: Value, context: Context) -> Element:
    condition = _member(value, "condition")
    return Element(
        [value.span],
        extension=_rest(value, {"condition"}),
        type="documentation",
        label="may be confused with",
        display=Words(condition.words, [condition.span]) if condition else None,
        resource=context.plan(condition.words) if condition else None,
    )


def _differential(value: Value, context: Context) -> Iterator[Element]:
    category = _member(value, "category")
    conditions = value.get("conditions") if isinstance(value, Fields) else None
    for condition in scalars(conditions.value) if conditions else ():
        spans = [condition.span, *([category.span] if category else [])]
        yield Element(
            spans,
            extension=_rest(value, {"category", "conditions"}),
            type="documentation",
            label=f"differential: {category.words}" if category else "differential",
            display=Words(condition.words, [condition.span]),
            resource=context.plan(condition.words),
        )


def _document(guideline: Guideline) -> Element:
    content = guideline.source.content
    attachment = Element(
        (),
        contentType="text/markdown",
        data=base64.b64encode(content).decode(),
        hash=base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode(),
        title=f"{guideline.id}.md",
    )
    return Element((), type="documentation", label="source", display="The document as written", document=attachment)


def _rest(value: Value, known: set[str]) -> list[Element]:
    """What else an entry says, word by word."""
    entries = value.entries if isinstance(value, Fields) else ()
    if not isinstance(value, Fields):
        return [_detail(s) for s in scalars(value) if not s.is_null]
    return [_detail(s) for e in entries if e.key not in known for s in scalars(e.value) if not s.is_null]


def _detail(value: Scalar) -> Element:
    return Element([value.span], url=extension_url("detail"), valueString=Words(value.words, [value.span]))


def _member(value: Value, key: str) -> Scalar | None:
    entry = value.get(key) if isinstance(value, Fields) else None
    return entry.value if entry and isinstance(entry.value, Scalar) and not entry.value.is_null else None


def _list(guideline: Guideline, key: str) -> tuple[Value, ...]:
    entry = guideline.fields.get(key)
    if entry is None:
        return ()
    return entry.value.items if isinstance(entry.value, Sequence) else (entry.value,)
