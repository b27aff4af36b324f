"""The reduce: what the documents of a package say of each other, from a short summary of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sachet.document.front_matter import Scalar
from sachet.finding import Finding, Place, Severity, Span
from sachet.guideline.model import Guideline, Reference
from sachet.guideline.reference import first_author, hashed_key
from sachet.guideline.understand import parse_date


class Cited(NamedTuple):
    """A reference of a document, as far as others need it: they may cite the same work."""

    key: str
    words_key: str  # its key where `key` stands for another work
    author: str | None
    year: int | None
    span: Span

    @classmethod
    def of(cls, reference: Reference) -> Cited:
        """What others need to know of a reference."""
        words = reference.words.words
        return cls(reference.key, hashed_key(words), first_author(words), reference.year, reference.words.span)


@dataclass(frozen=True, slots=True)
class Summary:
    """What the others need to know of a document."""

    path: str
    id: str
    id_span: Span
    version: str
    updated: str | None
    track: Scalar | None
    references: tuple[Cited, ...]

    @classmethod
    def of(cls, guideline: Guideline) -> Summary:
        """The summary of a guideline; what `summarize` says of its front matter alone is the same."""
        updated = guideline.scalar("last_updated")
        return cls(
            guideline.path,
            guideline.id,
            guideline.identifier.span,
            guideline.version,
            updated.words if updated and parse_date(updated.words) else None,
            guideline.scalar("track"),
            tuple(map(Cited.of, guideline.references)),
        )


class Shared(NamedTuple):
    """A source as a Citation, and every document that cites it."""

    id: str
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """The documents of a package by id, and their sources merged."""

    plans: Mapping[str, str]  # id → version
    citations: Mapping[tuple[str, Span], str]  # document id and place of a reference → Citation id, if not its key
    shared: Mapping[tuple[str, Span], Shared]  # document id and place of the reference whose words the Citation has
    updated: str | None  # the latest day on which a document changed
    left_out: frozenset[str] = frozenset()  # paths of documents whose id another one has
    findings: tuple[Finding, ...] = ()


@dataclass(slots=True)
class _Merge:
    reference: Cited
    path: str
    documents: list[str] = field(default_factory=list)


def build_index(summaries: Iterable[Summary]) -> Index:
    """Merge the summaries. The order in which they come changes nothing."""
    documents: dict[str, Summary] = {}
    findings: list[Finding] = []
    left_out: set[str] = set()
    for summary in sorted(summaries, key=lambda s: (s.id, s.path)):
        if (first := documents.setdefault(summary.id, summary)) is not summary:
            left_out.add(summary.path)
            message = f"the id {summary.id!r} is taken by {first.path}; this document is left out, give it its own id"
            place = (Place(first.path, first.id_span),)
            findings.append(Finding("SCH106", Severity.ERROR, summary.path, summary.id_span, message, place))
    merged: dict[str, _Merge] = {}
    citations: dict[tuple[str, Span], str] = {}
    for summary in documents.values():
        for reference in summary.references:
            identifier = reference.key
            there = merged.get(identifier)
            if there is not None and _differ(there.reference, reference):
                identifier = reference.words_key
                findings.append(_conflict(summary.path, reference, there))
            entry = merged.setdefault(identifier, _Merge(reference, summary.path))
            if summary.id not in entry.documents:
                entry.documents.append(summary.id)
            if identifier != reference.key:
                citations[summary.id, reference.span] = identifier
    findings.extend(_mixed_tracks(list(documents.values())))
    shared = {(m.documents[0], m.reference.span): Shared(i, tuple(m.documents)) for i, m in merged.items()}
    return Index(
        plans={s.id: s.version for s in documents.values()},
        citations=citations,
        shared=shared,
        updated=max((s.updated for s in documents.values() if s.updated), default=None),
        left_out=frozenset(left_out),
        findings=tuple(findings),
    )


def _mixed_tracks(documents: list[Summary]) -> list[Finding]:
    """A package should be of one licensing track: a finding on the first document of each further one."""
    firsts: dict[str, tuple[str, Span]] = {}
    for document in documents:
        if document.track is not None:
            firsts.setdefault(document.track.words, (document.path, document.track.span))
    if len(firsts) < 2:
        return []
    (track, (path, span)), *others = firsts.items()
    message = f"this package mixes licensing tracks ({', '.join(firsts)}); {path} is {track}. Build a package for each"
    return [Finding("SCH107", Severity.WARNING, p, s, message, (Place(path, span),)) for _, (p, s) in others]


def _differ(a: Cited, b: Cited) -> bool:
    """True where two references of one identifier name different first authors or years."""
    authors = a.author, b.author
    return (None not in authors and a.author != b.author) or (None not in (a.year, b.year) and a.year != b.year)


def _conflict(path: str, reference: Cited, there: _Merge) -> Finding:
    message = (
        f"this identifier ({reference.key}) stands for another work in {there.path}: first author or year differ; "
        "correct the wrong one. Until then this source has a Citation of its own"
    )
    place = (Place(there.path, there.reference.span),)
    return Finding("CIT101", Severity.WARNING, path, reference.span, message, place)
