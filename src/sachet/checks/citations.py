"""CIT: are the sources of a document there, identified, and of what they are said to be?"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING

from sachet.checks.pairs import pairs
from sachet.checks.subject import Subject
from sachet.checks.tables import table
from sachet.document.front_matter import Fields, Scalar, Sequence
from sachet.finding import Edit, Finding, Place, Severity, Span
from sachet.guideline.reference import first_author, is_doi, is_pmid
from sachet.terminology.words import stems

if TYPE_CHECKING:
    from sachet.checks.facts import Corpus, Facts

# "Chest. 2004;125(3):1081-1102": year, volume and first page say which article it is.
_LOCUS = re.compile(
    r"\b(?P<year>(?:19|20)\d\d);\s?(?P<volume>\d{1,4})(?:\([^)]*\))?\s?:\s?(?P<page>[A-Za-z]{0,2}\d{1,7})"
)
_AUTHORS = re.compile(
    r"^(?:(?:[A-Z][\w'’-]+(?:\s[\w'’-]+){0,2}\s[A-Z]{1,4}(?:,\s|\.\s|\sand\s))+(?:et al\.?,?\s)?"
    r"|[^.,]{2,40},?\set al\.?,?\s)"
)
_JOURNAL = re.compile(r"[.,]\s+[A-Z][^.;:]{2,70}\.?,?\s+(?:19|20)\d\d[;.].*$|[.,]\s+(?:19|20)\d\d;.*$")
_LATER_AUTHORS = re.compile(r"\.\s(?=[A-Z][\w'’-]+\s[A-Z]{1,3}(?:\set al|,\s[A-Z]))")
_YEAR = re.compile(r"\b((?:19|20)\d\d)\b")
_ACRONYM = re.compile(r"\b[A-Z][A-Z0-9]{2,}(?:-[A-Z0-9]+)?\b")
_CALLED = re.compile(r"\(([A-Z][A-Z0-9]{2,}(?:-[A-Z0-9]+)?)\)")  # "Status Epilepticus Severity Score (STESS)"
_PMC = re.compile(r"\s*PMC\s?:?\s?\d+\s*", re.IGNORECASE)
_PREFIXED_PMID = re.compile(r"\s*(?:PMID|PubMed)[:\s]*(\d{1,8})\s*", re.IGNORECASE)
_PREFIXED_DOI = re.compile(r"\s*(?:https?://(?:dx\.)?doi\.org/|doi:\s*)(10\.\d{4,9}/\S+)\s*", re.IGNORECASE)
_SAME, _ALTERED, _ONE_TITLE = 0.8, 0.75, 0.85
_TOPIC = 0.7
_ENOUGH = 3  # stems of a title
_LONGEST = 300  # characters of a title
_OF_RULE = "decision rule"
_SMALL = frozenset(("of", "the", "for", "and", "in", "on", "to"))
_ASPECTS = tuple(
    frozenset(stems(words))
    for words in ("treatment management therapy", "diagnosis evaluation screening", "prevention prophylaxis secondary")
)


@dataclass(frozen=True, slots=True)
class Source:
    """A source of a document, as far as others are compared with it.

    `locus` is year, volume and first page; `title` its title; `issuers` who issued it; `topic` the stems
    of its title that say what it is about.
    """

    pmid: str | None
    doi: str | None
    author: str | None
    year: int | None
    locus: tuple[str, str, str] | None
    title: str
    issuers: tuple[str, ...]
    topic: tuple[str, ...]
    is_guideline: bool
    is_of_rule: bool
    words: str
    span: Span


def sources(subject: Subject) -> Iterator[Source]:
    """The sources of a document, in its order; then those of its decision rules."""
    for one in subject.guideline.references:
        yield _source(one.words, one.pmid, one.doi, one.type or "", one.year)
    for rule in _rules(subject):
        if citation := rule.scalar("citation"):
            yield _source(citation, rule.scalar("pmid"), rule.scalar("doi"), _OF_RULE, None)


def _source(said: Scalar, pmid_said: Scalar | None, doi_said: Scalar | None, kind: str, year: int | None) -> Source:
    words = said.words
    m = _LOCUS.search(words)
    title = title_of(words)
    issuers = tuple(sorted(issuers_of(words)))
    topic = _issuers().sub(" ", _in_acronyms(title))
    kept = {one for one in stems(topic) if one not in _generic() and not one.isdigit()}
    pmid = pmid_said.words if pmid_said else None
    doi = doi_said.words.lower() if doi_said else None
    return Source(
        pmid=pmid if pmid and is_pmid(pmid) else None,
        doi=doi if doi and is_doi(doi) else None,
        author=first_author(words),
        year=_year(words, title, bool(issuers), year),
        locus=(m["year"], m["volume"], m["page"]) if m else None,
        title=title[:_LONGEST],
        issuers=issuers,
        topic=tuple(sorted(kept)),
        is_guideline=kind in ("guideline", "consensus-statement") or "uideline" in words,
        is_of_rule=kind == _OF_RULE,
        words=words if len(words) <= 90 else f"{words[:89]}…",
        span=said.span,
    )


def _year(words: str, title: str, is_issued: bool, stated: int | None) -> int | None:
    """The year of a source; of guidance the year of its title, the last one where it was updated."""
    years = _YEAR.findall(title) or _YEAR.findall(words)
    if (printed := _LOCUS.search(words)) and years and int(printed["year"]) < int(years[0]):
        return None  # one of the two is wrong
    if is_issued and years:
        return int(max(years) if re.search(r"updated|amended|revised", title, re.IGNORECASE) else years[0])
    return stated or (int(years[0]) if len(set(years)) == 1 else None)


def title_of(words: str) -> str:
    """The title in a reference: what stands between the authors and the journal, as far as both can be told."""
    words = _AUTHORS.sub("", words, count=1)
    words = _JOURNAL.sub("", words, count=1)
    return _LATER_AUTHORS.split(words, maxsplit=1)[0].strip(" .")


def identified(subject: Subject) -> Iterator[Finding]:
    """CIT102: no source at all. CIT103: sources of which nothing says which publication they are."""
    references = subject.guideline.references
    entry = subject.guideline.fields.get("sources")
    if entry is not None and not references:
        yield subject.error("CIT102", entry.key_span, "this document has no source; name what it rests on")
    bare = [r for r in references if not (r.pmid or r.doi or r.url or r.type == "textbook")]
    if bare and entry is not None:
        message = f"{len(bare)} of {len(references)} sources have no PMID, DOI or address, so nobody can look them up"
        yield subject.note("CIT103", entry.key_span, message)


def well_formed(subject: Subject) -> Iterator[Finding]:
    """CIT104: a PMID that is none. CIT105: a DOI that is none."""
    for pmid in _scalars(subject, "pmid"):
        if not is_pmid(pmid.words):
            hint, fix = "write the digits of PubMed's id", None
            if _PMC.fullmatch(pmid.words):
                hint = "this is an id of PubMed Central; look up the PMID of the article"
            elif m := _PREFIXED_PMID.fullmatch(pmid.words):
                hint, fix = f"write {m[1]}", Edit(pmid.place(0, len(pmid.words)), m[1])
            elif is_doi(pmid.words):
                hint = "this is a DOI; write it as doi:"
            yield subject.error("CIT104", pmid.span, f"{pmid.words!r} is no PMID; {hint}", fix=fix)
    for doi in _scalars(subject, "doi"):
        m = _PREFIXED_DOI.fullmatch(doi.words)
        if m:
            fix = Edit(doi.place(0, len(doi.words)), m[1])
            yield subject.warning("CIT105", doi.span, f"write the DOI alone: {m[1]}", fix=fix)
        elif not is_doi(doi.words) or doi.words.endswith((".", ",")):
            yield subject.warning("CIT105", doi.span, f"{doi.words!r} is no DOI; write it like 10.1000/182")


def years_fit(subject: Subject) -> Iterator[Finding]:
    """CIT106: a title of a later year than the journal in which it appeared."""
    for reference in subject.guideline.references:
        words = reference.words.words
        printed, titled = _LOCUS.search(words), _YEAR.search(title_of(words))
        if printed and titled and int(printed["year"]) < int(titled[1]):
            at = words.index(titled[1])
            message = (
                f"the title says {titled[1]}, and the journal is of {printed['year']}: nothing is printed before it is "
                "made. Look up the year of this edition"
            )
            yield subject.warning("CIT106", reference.words.place(at, at + 4), message)


def _scalars(subject: Subject, key: str) -> Iterator[Scalar]:
    for reference in subject.guideline.references:
        if value := reference.fields.scalar(key):
            yield value
    for rule in _rules(subject):
        if value := rule.scalar(key):
            yield value


def _rules(subject: Subject) -> Iterator[Fields]:
    entry = subject.guideline.fields.get("decision_rules")
    for rule in entry.value.items if entry and isinstance(entry.value, Sequence) else ():
        if isinstance(rule, Fields):
            yield rule


def decision_rules(subject: Subject) -> Iterator[Finding]:
    """CIT111: a decision rule without its source. CIT112: with the source of another rule."""
    for rule in _rules(subject):
        name, citation = rule.scalar("name"), rule.scalar("citation")
        if name is None:
            continue
        if citation is None:
            yield subject.warning("CIT111", name.span, f"{name.words!r} has no citation; say where the rule is from")
            continue
        own, others = set(_ACRONYM.findall(name.words)), set(_ACRONYM.findall(title_of(citation.words)))
        called, also = set(_CALLED.findall(name.words)), set(_CALLED.findall(citation.words))
        other_rule = bool(called and also and not called & also)
        if other_rule or (own and others and not own & others and not _spelled_out(own, name.words, citation.words)):
            message = (
                f"the citation of {name.words!r} is of {', '.join(sorted(others))}; cite the rule's own publication"
            )
            yield subject.warning("CIT112", citation.span, message, [name.span])


def _spelled_out(acronyms: Iterable[str], name: str, citation: str) -> bool:
    """Whether a citation speaks of a rule by its words, where it does not by its acronym."""
    plain = (
        set(stems(_ACRONYM.sub(" ", name))) - _generic() - set(stems("score scale index rule criteria tool severity"))
    )
    initials = "".join(word[0] for word in re.findall(r"[A-Za-z]+", citation)).lower()
    return bool(plain & set(stems(citation))) or any(one.lower() in initials for one in acronyms)


def repeated(subject: Subject) -> Iterator[Finding]:
    """CIT121: one source twice in a list."""
    for one, other in pairs([one for one in sources(subject) if not one.is_of_rule]):
        same = (one.pmid and one.pmid == other.pmid) or (one.doi and one.doi == other.doi)
        others = one.author and other.author and one.author != other.author
        both_guidance = one.is_guideline and other.is_guideline and len(one.topic) > _ENOUGH
        on_one = both_guidance and _alike(one.topic, other.topic) >= _SAME
        alike = (
            one.year
            and one.year == other.year
            and not others
            and (titles_alike(one.title, other.title) >= _SAME or on_one)
        )
        if same or (one.locus and one.locus == other.locus) or alike:
            message = f"this source is listed twice (first on line {one.span.line}); leave one of them"
            yield subject.warning("CIT121", other.span, message, [one.span])


def guidance_named(subject: Subject) -> Iterator[Finding]:
    """CIT131: guidance that the text names, and no source is of its issuer. CIT132: none of its year."""
    rules = [citation.words for rule in _rules(subject) if (citation := rule.scalar("citation"))]
    cited = [*(reference.words.words for reference in subject.guideline.references), *rules]
    places: dict[str, list[Span]] = defaultdict(list)
    for statement in subject.statements:
        if any(c.isdigit() for c in statement.plain):
            for m in _named().finditer(statement.plain):
                places[m[0]].append(statement.place(m.start(), m.end()))
    for name, spans in places.items():
        issuers = issuers_of(name)
        of_issuer = [words for words in cited if issuers & issuers_of(words) or _in_full(issuers, words)]
        year = _YEAR.search(name)
        if not of_issuer and year and any(year[1] in words and not issuers_of(words) for words in cited):
            continue  # a source of that year that names no issuer may be it
        if not of_issuer:
            message = f"{name!r} is named here, but no source is of {' or '.join(sorted(issuers))}; add it as a source"
            yield subject.warning("CIT131", spans[0], message, spans[1:])
        elif year and not any(year[1] in words for words in of_issuer):
            years = sorted({found for words in of_issuer for found in _YEAR.findall(words)})
            known = f"the years of its sources are {', '.join(years)}" if years else "its sources have no year"
            message = f"{name!r} is named here, but no source is of that year ({known}); add it, or correct the year"
            yield subject.warning("CIT132", spans[0], message, spans[1:])


def _in_full(issuers: Iterable[str], words: str) -> bool:
    """Whether an issuer is named in full: "American Heart Association" for AHA."""
    initials = "".join(w[0] for w in re.findall(r"\b[A-Z][a-z]+", words))
    return any(i in initials for i in issuers if len(i) > 2)


def relevant(subject: Subject) -> Iterator[Finding]:
    """CIT141: a source on other people than the document. CIT142: one that shares no word with it."""
    guideline = subject.guideline
    names = " ".join(n.words for n in (guideline.title, *guideline.aliases, guideline.identifier))
    category = guideline.scalar("category")
    about = f"{names} {category.words if category else ''}"
    populations = table("sources")["populations"]
    adult, child = (re.compile(populations[key], re.IGNORECASE) for key in ("adult", "child"))
    young = bool(child.search(about)) and not adult.search(about)
    known = set(stems(names)) | _headline(subject)
    for reference in guideline.references:
        words = reference.words.words
        title = re.split(r"\s[—–]\s", title_of(words))[0]
        if young and adult.search(title) and not child.search(title):
            message = f"{_short(words)!r} is about adults, and this document is not; cite what is about its patients"
            yield subject.warning("CIT141", reference.words.span, message)
            continue
        topic = {one for one in stems(title) if one not in _generic() and len(one) > 3}
        if len(topic) >= _ENOUGH and re.search(r"\badapted\b", words) and not topic & set(stems(names)):
            message = (
                f"{_short(words)!r} is about something else and was adapted; cite what is about {guideline.title.words}"
            )
            yield subject.warning("CIT142", reference.words.span, message)
        elif len(topic) >= _ENOUGH and reference.type == "pubmed" and not topic & known:
            message = f"the title of {_short(words)!r} shares no word with this document; is it the right source?"
            yield subject.note("CIT143", reference.words.span, message)


def _headline(subject: Subject) -> set[str]:
    """Stems of what the document is about: its aliases, headings and labels."""
    return {s for item in subject.guideline.walk() for s in stems(item.title)} - _generic()


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
    if _alike(older.topic, newer.topic) >= _TOPIC or (len(wider) > 1 and wider < topic):
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


def titles_alike(one: str, other: str) -> float:
    """How much of two titles is the same, from 0 to 1; an acronym is the same as the words that it stands for."""
    first, second = _expanded(one, other), _expanded(other, one)
    return _alike(tuple(stems(first)), tuple(stems(second)))


def _one_title(one: Source, other: Source) -> bool:
    """Whether two titles are one; in the citation of a decision rule without its second part, too."""
    first, second = set(stems(_expanded(one.title, other.title))), set(stems(_expanded(other.title, one.title)))
    shared, shorter = len(first & second), min(len(first), len(second))
    return shared >= _ALTERED * len(first | second) or (
        (one.is_of_rule or other.is_of_rule) and shared == shorter >= _ENOUGH
    )


def _expanded(title: str, other: str) -> str:
    """A title with the words of the other one in the place of its acronyms, where they stand for them."""
    words = [w for w in re.findall(r"[A-Za-z][\w'-]*", other) if w.lower() not in _SMALL]
    initials = "".join(w[0] for w in words).lower()
    for acronym in set(_ACRONYM.findall(title)):
        at = initials.find(acronym.lower())
        if at >= 0:
            title = title.replace(acronym, " ".join(words[at : at + len(acronym)]))
    return title


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """How much of two titles is the same: stems that both have, of all."""
    a, b = set(one), set(other)
    return len(a & b) / len(a | b) if a and b else 0.0


def _short(words: str) -> str:
    return words if len(words) <= 90 else f"{words[:89]}…"


@cache
def _generic() -> frozenset[str]:
    return frozenset(stems(table("sources")["generic"]["words"]))


def issuers_of(words: str) -> frozenset[str]:
    """Who issued what some words name, by acronyms."""
    return frozenset(_issuers().findall(_in_acronyms(words)))


def _in_acronyms(words: str) -> str:
    """Words with acronyms in the place of the full names of issuers."""
    names = table("sources")["issuer_names"]
    return _full_names().sub(lambda m: names[m[0]], words)


@cache
def _full_names() -> re.Pattern[str]:
    names = sorted(table("sources")["issuer_names"], key=len, reverse=True)
    return re.compile("|".join(map(re.escape, names)))


@cache
def _issuers() -> re.Pattern[str]:
    names = sorted(table("sources")["issuers"]["words"].split(), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(re.escape(name) for name in names)})\b")


@cache
def _covers() -> list[tuple[re.Pattern[str], re.Pattern[str]]]:
    """Topics of guidance with those that they took in."""
    rows = table("sources")["covers"].items()
    return [(re.compile(wide, re.IGNORECASE), re.compile(narrow, re.IGNORECASE)) for wide, narrow in rows]


@cache
def _named() -> re.Pattern[str]:
    """Guidance in a text: an issuer and a year beside it."""
    issuer = _issuers().pattern
    year = r"(?:19|20)\d\d"
    return re.compile(rf"(?:{issuer})(?:/(?:{issuer}))*[\s,(]+{year}\b|\b{year}\s(?:{issuer})(?:/(?:{issuer}))*")
