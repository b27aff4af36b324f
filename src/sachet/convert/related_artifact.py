"""What a document points to: its sources, the conditions it may be confused with, decision rules, and itself."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterable, Iterator

from sachet.convert.context import Context
from sachet.document.front_matter import Fields, Scalar, Sequence, Value, scalars
from sachet.document.markdown import Text
from sachet.fhir.element import Element, Words
from sachet.fhir.names import DOI, PUBMED, extension_url
from sachet.fhir.text import escape
from sachet.finding import Span
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
    for item in guideline.preamble:
        yield from links([text for below in item.walk() for text in (*below.words, *below.facts)], context)
    if guideline.heading:
        yield from links([guideline.heading], context)
    yield _document(guideline)


def links(texts: Iterable[Text], context: Context) -> Iterator[Element]:
    """Links in the words: to another document of the package, to the web, or else their words."""
    for text in texts:
        for found in text.links:
            name = found.destination.rsplit("/", 1)[-1].removesuffix(".md")
            plan = context.plan(name) if "://" not in found.destination else None
            document = Element((), url=found.destination) if _is_url(found.destination) else None
            shown = dict.fromkeys((text.plain[found.start : found.end], found.destination, found.title))
            display = " - ".join(filter(None, shown))
            yield Element([found.span], type="documentation", display=display, document=document, resource=plan)


def identifiers(pmid: Scalar | None, doi: Scalar | None) -> list[Element]:
    """PubMed id and DOI as FHIR identifiers; a malformed one stays words, without a system."""
    found: list[Element] = []
    for value, system, well_formed in ((pmid, PUBMED, is_pmid), (doi, DOI, is_doi)):
        if value is not None:
            known = system if well_formed(value.words) else None
            found.append(Element([value.span], system=known, value=Words(value.words, [value.span])))
    return found


def link(pmid: Scalar | None, doi: Scalar | None, url: Scalar | None) -> Words | None:
    """Where something can be read: its url, its PubMed page, its DOI; None where none of them is well-formed."""
    if url and _is_url(url.words):
        return Words(url.words, [url.span])
    for value, base, well_formed in ((pmid, PUBMED, is_pmid), (doi, DOI, is_doi)):
        if value is not None and well_formed(value.words):
            return Words(f"{base}/{value.words}", [value.span])
    return None


def _identifying(pmid: Scalar | None, doi: Scalar | None, url: Scalar | None = None) -> list[Element]:
    """Extensions with the identifiers, and the words of a url that is none."""
    found = [Element((), url=extension_url("source-identifier"), valueIdentifier=i) for i in identifiers(pmid, doi)]
    return found if url is None or _is_url(url.words) else [*found, _detail(url, "url")]


def _citation(guideline: Guideline, reference: Reference, context: Context) -> Element:
    rest = _rest(reference.fields, {"type", "ref", "pmid", "doi", "url"})
    kind = Element((), url=extension_url("source-type"), valueString=reference.type) if reference.type else None
    label = next((f"{n} {v.words}" for n, v in (("PMID", reference.pmid), ("DOI", reference.doi)) if v), None)
    where = link(reference.pmid, reference.doi, reference.url)
    citation = context.citations.get((guideline.id, reference.words.span), reference.key)
    resource = f"{context.url('Citation', citation)}|{context.project.version}"
    words = reference.words.words
    return Element(
        [reference.span],
        extension=[*([kind] if kind else []), *_identifying(reference.pmid, reference.doi, reference.url), *rest],
        type="citation",
        label=label,
        display=clip(words, 120),
        citation=Words(escape(words), [reference.words.span]),
        document=Element((), url=where) if where else None,
        resource=resource,
    )


def _is_url(words: str) -> bool:
    return words.startswith(("https://", "http://")) and not any(c.isspace() for c in words)


def _decision_rule(value: Value) -> Element:
    name, citation, pmid = (_member(value, key) for key in ("name", "citation", "pmid"))
    where = link(pmid, None, None)
    return Element(
        [value.span],
        extension=[*_identifying(pmid, None), *_rest(value, {"name", "citation", "pmid"})],
        type="documentation",
        label="decision rule",
        display=Words(name.words, [name.span]) if name else None,
        citation=Words(escape(citation.words), [citation.span]) if citation else None,
        document=Element((), url=where) if where else None,
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
    label = f"differential: {category.words}" if category else "differential"
    named: list[Scalar | None] = [s for s in scalars(conditions.value) if not s.is_null] if conditions else []
    for condition in named or [None]:
        yield Element(
            [place.span for place in (condition, category) if place],
            extension=_rest(value, {"category"}, {"conditions"}),
            type="documentation",
            label=label,
            display=Words(condition.words, [condition.span]) if condition else None,
            resource=context.plan(condition.words) if condition else None,
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
    whole = Span(1, 1, guideline.source.text.count("\n") + 2, 1)
    label = {"label": "source", "display": "The document as written"}
    return Element([whole], type="documentation", **label, document=attachment)


def _rest(value: Value, known: set[str], lists: Collection[str] = ()) -> list[Element]:
    """What an entry says beside the values of `known` keys and all below the keys `lists`."""
    if not isinstance(value, Fields):
        return [_detail(s) for s in scalars(value) if not s.is_null]
    others = (e for e in value if e.key not in lists and not (e.key in known and isinstance(e.value, Scalar)))
    return [_detail(s, e.key) for e in others for s in scalars(e.value) if not s.is_null]


def _detail(value: Scalar, key: str | None = None) -> Element:
    words = f"{key}: {value.words}" if key else value.words
    return Element([value.span], url=extension_url("detail"), valueString=Words(words, [value.span]))


def _member(value: Value, key: str) -> Scalar | None:
    return value.scalar(key) if isinstance(value, Fields) else None


def _list(guideline: Guideline, key: str) -> tuple[Value, ...]:
    entry = guideline.fields.get(key)
    if entry is None:
        return ()
    return entry.value.items if isinstance(entry.value, Sequence) else (entry.value,)
