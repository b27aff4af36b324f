"""CIT: do the sources of all documents agree? One article with two ids, one id with two titles, two editions."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import cache
from itertools import combinations

from sachet.checks.facts import Corpus, Facts
from sachet.checks.sources import ENOUGH, Source, share_of, stems_of_titles, titles_alike
from sachet.checks.tables import table
from sachet.finding import Finding, Place, Severity, Span
from sachet.terminology.words import stems

_ALTERED, _ONE_TITLE = 0.75, 0.85
_TOPIC = 0.7
_ASPECTS = tuple(
    frozenset(stems(words))
    for words in ("treatment management therapy", "diagnosis evaluation screening", "prevention prophylaxis secondary")
)


def one_article(corpus: Corpus) -> Iterator[Finding]:
    """CIT201: one article with two PMIDs. CIT202: one PMID with two titles. CIT203: the pages of two articles."""
    by_locus: dict[Hashable, list[tuple[Facts, Source]]] = defaultdict(list)
    by_author: dict[Hashable, list[tuple[Facts, Source]]] = defaultdict(list)
    by_pmid: dict[Hashable, list[tuple[Facts, Source]]] = defaultdict(list)
    for document in corpus.documents:
        for source in document.sources:
            if source.locus:
                by_locus[source.locus].append((document, source))
            if source.pmid and source.author and source.year:
                by_author[source.author, source.year].append((document, source))
            if source.pmid:
                by_pmid[source.pmid].append((document, source))
    yield from _once([*_same_pages(by_locus), *_same_title(by_author)])
    yield from _once(_same_pmid(by_pmid))


def _same_pages(by_locus: Mapping[Hashable, list[tuple[Facts, Source]]]) -> Iterator[Finding]:
    for found in by_locus.values():
        for (first, one), (second, other) in combinations(found, 2):
            if one.author and other.author and one.author != other.author:
                continue  # two journals may have the same year, volume and page
            alike = titles_alike(one.title, other.title) >= 0.5
            if alike and one.pmid and other.pmid and one.pmid != other.pmid:
                yield _two_ids(first, one, second, other)
            elif one.author and one.author == other.author and not alike and not _one_title(one, other):
                message = (
                    f"the same pages as another title in {first.path}:{one.span.line}; look up which of them is right"
                )
                place = Place(first.path, one.span)
                yield Finding("CIT203", Severity.WARNING, second.path, other.span, message, (place,))


def _same_title(by_author: Mapping[Hashable, list[tuple[Facts, Source]]]) -> Iterator[Finding]:
    for found in by_author.values():
        for (first, one), (second, other) in combinations(found, 2):
            if one.pmid != other.pmid and titles_alike(one.title, other.title) >= _ONE_TITLE:
                yield _two_ids(first, one, second, other)


def _two_ids(first: Facts, one: Source, second: Facts, other: Source) -> Finding:
    """That two sources are one article, and their PMIDs are not."""
    ids = f"PMID {other.pmid} here, {one.pmid} in {first.path}:{one.span.line}"
    message = f"one article, two ids: {ids}; look up which is right"
    return Finding("CIT201", Severity.WARNING, second.path, other.span, message, (Place(first.path, one.span),))


def _same_pmid(by_pmid: Mapping[Hashable, list[tuple[Facts, Source]]]) -> Iterator[Finding]:
    for found in by_pmid.values():
        for (first, one), (second, other) in combinations(found, 2):
            differ = (one.author and other.author and one.author != other.author) or one.year != other.year
            if first is not second and not differ and not _one_title(one, other):
                message = f"another title for PMID {one.pmid} than in {first.path}:{one.span.line}; copy it from PubMed"
                place = Place(first.path, one.span)
                yield Finding("CIT202", Severity.WARNING, second.path, other.span, message, (place,))


def editions(corpus: Corpus) -> Iterator[Finding]:
    """CIT211: an older edition of guidance that another document, or this one, cites in a newer one."""
    by_issuer: dict[str, list[tuple[Facts, Source]]] = defaultdict(list)
    for document in corpus.documents:
        for source in document.sources:
            if source.is_guideline and not source.is_of_rule and source.year and len(source.topic) >= 2:
                for issuer in source.issuers:
                    by_issuer[issuer].append((document, source))
    yield from _once(_older(by_issuer))


def _older(by_issuer: Mapping[str, list[tuple[Facts, Source]]]) -> Iterator[Finding]:
    for found in by_issuer.values():
        for (first, one), (second, other) in combinations(found, 2):
            (old, older), (new, newer) = sorted(((first, one), (second, other)), key=lambda pair: pair[1].year or 0)
            if older.year == newer.year or not _replaces(newer, older) or not _one_aspect(one, other):
                continue
            where = "this document" if old is new else f"{new.path}:{newer.span.line}"
            message = (
                f"guidance of {older.year} here, of {newer.year} in {where}: two editions of one, or one of the years "
                "is wrong. Cite one edition, with its year"
            )
            place = Place(new.path, newer.span)
            yield Finding("CIT211", Severity.WARNING, old.path, older.span, message, (place,))


def _replaces(newer: Source, older: Source) -> bool:
    """Whether a newer edition is on what an older one is on: the same topic, or a wider one."""
    topic, wider = set(older.topic), set(newer.topic)
    if share_of(older.topic, newer.topic) >= _TOPIC or (len(wider) > 1 and wider < topic):
        return True
    return any(covers.search(newer.title) and covered.search(older.title) for covers, covered in _covers())


def _once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """One finding of a code for each place."""
    seen: set[tuple[str, str, Span]] = set()
    for finding in findings:
        key = finding.code, finding.path, finding.span
        if key not in seen:
            seen.add(key)
            yield finding


def _one_aspect(one: Source, other: Source) -> bool:
    """Whether two titles are not of treatment here and of diagnosis there."""
    aspects = [{n for n, words in enumerate(_ASPECTS) if words & set(stems(s.title))} for s in (one, other)]
    return not aspects[0] or not aspects[1] or bool(aspects[0] & aspects[1])


def _one_title(one: Source, other: Source) -> bool:
    """Whether two titles are one; in the citation of a decision rule without its second part, too."""
    first, second = map(set, stems_of_titles(one.title, other.title))
    shared, shorter = len(first & second), min(len(first), len(second))
    return shared >= _ALTERED * len(first | second) or (
        (one.is_of_rule or other.is_of_rule) and shared == shorter >= ENOUGH
    )


@cache
def _covers() -> list[tuple[re.Pattern[str], re.Pattern[str]]]:
    """Topics of guidance with those that they took in."""
    rows = table("sources")["covers"].items()
    return [(re.compile(wide, re.IGNORECASE), re.compile(narrow, re.IGNORECASE)) for wide, narrow in rows]
