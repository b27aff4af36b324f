"""CIT: are the sources of a document there, identified, and of what they are said to be?"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache

from sachet.checks.pairs import pairs
from sachet.checks.sources import (
    ACRONYM,
    ENOUGH,
    LOCUS,
    YEAR,
    decision_rules_of,
    generic,
    issuer_pattern,
    issuers_of,
    share_of,
    sources,
    title_of,
    titles_alike,
)
from sachet.checks.subject import Subject
from sachet.checks.tables import table
from sachet.document.front_matter import Scalar
from sachet.finding import Edit, Finding, Span
from sachet.guideline.reference import is_doi, is_pmid
from sachet.terminology.words import stems

_CALLED = re.compile(r"\(([A-Z][A-Z0-9]{2,}(?:-[A-Z0-9]+)?)\)")  # "Status Epilepticus Severity Score (STESS)"
_PMC = re.compile(r"\s*PMC\s?:?\s?\d+\s*", re.IGNORECASE)
_PREFIXED_PMID = re.compile(r"\s*(?:PMID|PubMed)[:\s]*(\d{1,8})\s*", re.IGNORECASE)
_PREFIXED_DOI = re.compile(r"\s*(?:https?://(?:dx\.)?doi\.org/|doi:\s*)(10\.\d{4,9}/\S+)\s*", re.IGNORECASE)
_SAME = 0.8  # of two titles


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
        printed, titled = LOCUS.search(words), YEAR.search(title_of(words))
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
    for rule in decision_rules_of(subject):
        if value := rule.scalar(key):
            yield value


def decision_rules(subject: Subject) -> Iterator[Finding]:
    """CIT111: a decision rule without its source. CIT112: with the source of another rule."""
    for rule in decision_rules_of(subject):
        name, citation = rule.scalar("name"), rule.scalar("citation")
        if name is None:
            continue
        if citation is None:
            yield subject.warning("CIT111", name.span, f"{name.words!r} has no citation; say where the rule is from")
            continue
        own, others = set(ACRONYM.findall(name.words)), set(ACRONYM.findall(title_of(citation.words)))
        called, also = set(_CALLED.findall(name.words)), set(_CALLED.findall(citation.words))
        other_rule = bool(called and also and not called & also)
        if other_rule or (own and others and not own & others and not _spelled_out(own, name.words, citation.words)):
            message = (
                f"the citation of {name.words!r} is of {', '.join(sorted(others))}; cite the rule's own publication"
            )
            yield subject.warning("CIT112", citation.span, message, [name.span])


def _spelled_out(acronyms: Iterable[str], name: str, citation: str) -> bool:
    """Whether a citation speaks of a rule by its words, where it does not by its acronym."""
    plain = set(stems(ACRONYM.sub(" ", name))) - generic() - set(stems("score scale index rule criteria tool severity"))
    initials = "".join(word[0] for word in re.findall(r"[A-Za-z]+", citation)).lower()
    return bool(plain & set(stems(citation))) or any(one.lower() in initials for one in acronyms)


def repeated(subject: Subject) -> Iterator[Finding]:
    """CIT121: one source twice in a list."""
    for one, other in pairs([one for one in sources(subject) if not one.is_of_rule]):
        same = (one.pmid and one.pmid == other.pmid) or (one.doi and one.doi == other.doi)
        others = one.author and other.author and one.author != other.author
        both_guidance = one.is_guideline and other.is_guideline and len(one.topic) > ENOUGH
        on_one = both_guidance and share_of(one.topic, other.topic) >= _SAME
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
    rules = [citation.words for rule in decision_rules_of(subject) if (citation := rule.scalar("citation"))]
    cited = [*(reference.words.words for reference in subject.guideline.references), *rules]
    places: dict[str, list[Span]] = defaultdict(list)
    for statement in subject.statements:
        if any(map(str.isdigit, statement.plain)):
            for m in _named().finditer(statement.plain):
                places[m[0]].append(statement.place(m.start(), m.end()))
    for name, spans in places.items():
        issuers = issuers_of(name)
        of_issuer = [words for words in cited if issuers & issuers_of(words) or _in_full(issuers, words)]
        year = YEAR.search(name)
        if not of_issuer and year and any(year[1] in words and not issuers_of(words) for words in cited):
            continue  # a source of that year that names no issuer may be it
        if not of_issuer:
            message = f"{name!r} is named here, but no source is of {' or '.join(sorted(issuers))}; add it as a source"
            yield subject.warning("CIT131", spans[0], message, spans[1:])
        elif year and not any(year[1] in words for words in of_issuer):
            years = sorted({found for words in of_issuer for found in YEAR.findall(words)})
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
        topic = {one for one in stems(title) if one not in generic() and len(one) > 3}
        if len(topic) >= ENOUGH and re.search(r"\badapted\b", words) and not topic & set(stems(names)):
            message = (
                f"{_short(words)!r} is about something else and was adapted; cite what is about {guideline.title.words}"
            )
            yield subject.warning("CIT142", reference.words.span, message)
        elif len(topic) >= ENOUGH and reference.type == "pubmed" and not topic & known:
            message = f"the title of {_short(words)!r} shares no word with this document; is it the right source?"
            yield subject.note("CIT143", reference.words.span, message)


def _headline(subject: Subject) -> set[str]:
    """Stems of what the document is about: its aliases, headings and labels."""
    return {s for item in subject.guideline.walk() for s in stems(item.title)} - generic()


def _short(words: str) -> str:
    return words if len(words) <= 90 else f"{words[:89]}…"


@cache
def _named() -> re.Pattern[str]:
    """Guidance in a text: an issuer and a year beside it."""
    issuer = issuer_pattern().pattern
    year = r"(?:19|20)\d\d"
    return re.compile(rf"(?:{issuer})(?:/(?:{issuer}))*[\s,(]+{year}\b|\b{year}\s(?:{issuer})(?:/(?:{issuer}))*")
