"""The sources of a document and of its decision rules, as far as others are compared with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from sachet.checks.subject import Subject
from sachet.checks.tables import table
from sachet.document.front_matter import Fields, Scalar, Sequence
from sachet.finding import Span
from sachet.guideline.reference import first_author, is_doi, is_pmid
from sachet.terminology.words import stems

# "Chest. 2004;125(3):1081-1102": year, volume and first page say which article it is.
LOCUS = re.compile(
    r"\b(?P<year>(?:19|20)\d\d);\s?(?P<volume>\d{1,4})(?:\([^)]*\))?\s?:\s?(?P<page>[A-Za-z]{0,2}\d{1,7})"
)
_AUTHORS = re.compile(
    r"^(?:(?:[A-Z][\w'’-]+(?:\s[\w'’-]+){0,2}\s[A-Z]{1,4}(?:,\s|\.\s|\sand\s))+(?:et al\.?,?\s)?"
    r"|[^.,]{2,40},?\set al\.?,?\s)"
)
_JOURNAL = re.compile(r"[.,]\s+[A-Z][^.;:]{2,70}\.?,?\s+(?:19|20)\d\d[;.].*$|[.,]\s+(?:19|20)\d\d;.*$")
_LATER_AUTHORS = re.compile(r"\.\s(?=[A-Z][\w'’-]+\s[A-Z]{1,3}(?:\set al|,\s[A-Z]))")
YEAR = re.compile(r"\b((?:19|20)\d\d)\b")
ACRONYM = re.compile(r"\b[A-Z][A-Z0-9]{2,}(?:-[A-Z0-9]+)?\b")
ENOUGH = 3  # stems of a title that say what it is about
_LONGEST = 300  # characters of a title
_OF_RULE = "decision rule"
_SMALL = frozenset(("of", "the", "for", "and", "in", "on", "to"))


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
    for rule in decision_rules_of(subject):
        if citation := rule.scalar("citation"):
            yield _source(citation, rule.scalar("pmid"), rule.scalar("doi"), _OF_RULE, None)


def _source(said: Scalar, pmid_said: Scalar | None, doi_said: Scalar | None, kind: str, year: int | None) -> Source:
    words = said.words
    m = LOCUS.search(words)
    title = title_of(words)
    issuers = tuple(sorted(issuers_of(words)))
    topic = issuer_pattern().sub(" ", _in_acronyms(title))
    kept = {one for one in stems(topic) if one not in generic() and not one.isdigit()}
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
    years = YEAR.findall(title) or YEAR.findall(words)
    if (printed := LOCUS.search(words)) and years and int(printed["year"]) < int(years[0]):
        return None  # one of the two is wrong
    if is_issued and years:
        return int(max(years) if re.search(r"updated|amended|revised", title, re.IGNORECASE) else years[0])
    return stated or (int(years[0]) if len(set(years)) == 1 else None)


def title_of(words: str) -> str:
    """The title in a reference: what stands between the authors and the journal, as far as both can be told."""
    words = _AUTHORS.sub("", words, count=1)
    words = _JOURNAL.sub("", words, count=1)
    return _LATER_AUTHORS.split(words, maxsplit=1)[0].strip(" .")


def decision_rules_of(subject: Subject) -> Iterator[Fields]:
    """The decision rules of a document's front matter."""
    entry = subject.guideline.fields.get("decision_rules")
    for rule in entry.value.items if entry and isinstance(entry.value, Sequence) else ():
        if isinstance(rule, Fields):
            yield rule


def titles_alike(one: str, other: str) -> float:
    """How much of two titles is the same, from 0 to 1; an acronym is the same as the words that it stands for."""
    return share_of(*stems_of_titles(one, other))


def stems_of_titles(one: str, other: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The stems of two titles, each with the words of the other in the place of its acronyms."""
    return tuple(stems(_expanded(one, other))), tuple(stems(_expanded(other, one)))


def _expanded(title: str, other: str) -> str:
    """A title with the words of the other one in the place of its acronyms, where they stand for them."""
    words = [w for w in re.findall(r"[A-Za-z][\w'-]*", other) if w.lower() not in _SMALL]
    initials = "".join(w[0] for w in words).lower()
    for acronym in set(ACRONYM.findall(title)):
        at = initials.find(acronym.lower())
        if at >= 0:
            title = title.replace(acronym, " ".join(words[at : at + len(acronym)]))
    return title


def share_of(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """How much of two titles is the same: stems that both have, of all."""
    a, b = set(one), set(other)
    return len(a & b) / len(a | b) if a and b else 0.0


@cache
def generic() -> frozenset[str]:
    """Stems of words of titles that say nothing of the topic."""
    return frozenset(stems(table("sources")["generic"]["words"]))


def issuers_of(words: str) -> frozenset[str]:
    """Who issued what some words name, by acronyms."""
    return frozenset(issuer_pattern().findall(_in_acronyms(words)))


def _in_acronyms(words: str) -> str:
    """Words with acronyms in the place of the full names of issuers."""
    names = table("sources")["issuer_names"]
    return _full_names().sub(lambda m: names[m[0]], words)


@cache
def _full_names() -> re.Pattern[str]:
    names = sorted(table("sources")["issuer_names"], key=len, reverse=True)
    return re.compile("|".join(map(re.escape, names)))


@cache
def issuer_pattern() -> re.Pattern[str]:
    """Finds the acronym of who issues guidance."""
    names = sorted(table("sources")["issuers"]["words"].split(), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(re.escape(name) for name in names)})\b")
