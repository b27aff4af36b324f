"""A source of a document: its reference, its identifiers, and the year and journal where they are certain."""

from __future__ import annotations

import re

from sachet.document.front_matter import Fields, Scalar, Value
from sachet.finding import Findings
from sachet.guideline.model import Reference
from sachet.guideline.title import short_hash

_PUBLISHED = re.compile(r"(?:^|[.?!:,)]\s+)(?P<journal>[A-Z][^.;:?!]*)\.?,?\s+(?P<year>(?:19|20)\d\d);")
_LAST_YEAR = re.compile(r"\b((?:19|20)\d\d)\)?\.?\s*$")
_REVISED = re.compile(r"\b(?:updated|reaffirmed|amended|revised)\b", re.IGNORECASE)
_YEAR = re.compile(r"(?<![\d-])((?:19|20)\d\d)(?![\d-])")
_READ = 2000  # so many characters of a reference are read
_PMID = re.compile(r"[1-9]\d{0,8}")
_DOI = re.compile(r"10\.\d{4,9}/\S+")


def read_reference(value: Value, findings: Findings) -> Reference | None:
    """One entry of `sources`; None, with a finding, where it has no reference."""
    if isinstance(value, Scalar) and not value.is_null:
        return _reference(None, value, Fields((), value.span))
    fields = value if isinstance(value, Fields) else Fields((), value.span)
    words = fields.scalar("ref")
    if words is None:
        message = "a source without a reference: give it `ref:` with the words of the citation"
        findings.error("SCH121", value.span, message)
        return None
    kind = fields.scalar("type")
    return _reference(kind.words if kind else None, words, fields)


def _reference(kind: str | None, words: Scalar, fields: Fields) -> Reference:
    pmid, doi, url = (fields.scalar(key) for key in ("pmid", "doi", "url"))
    year, journal = _published(words.words)
    key, names = _key(words, pmid, doi)
    return Reference(kind, words, pmid, doi, url, year, journal, fields, fields.span, key, names)


def _published(words: str) -> tuple[int | None, str | None]:
    """Year and journal, as far as the reference states exactly one: "… Chest. 2004;125(3):1081-1102"."""
    words = words[:_READ]
    found = list(_PUBLISHED.finditer(words))
    if len(found) == 1:
        journal = found[0]["journal"].strip()
        return int(found[0]["year"]), journal
    if re.findall(r"\b((?:19|20)\d\d);", words):
        years = set(re.findall(r"\b((?:19|20)\d\d);", words))
        return (int(years.pop()), None) if len(years) == 1 else (None, None)
    years = set(_YEAR.findall(words))
    if (m := _LAST_YEAR.search(words)) and (len(years) == 1 or not _REVISED.search(words)):
        return int(m[1]), None
    return (int(years.pop()), None) if len(years) == 1 else (None, None)


def _key(words: Scalar, pmid: Scalar | None, doi: Scalar | None) -> tuple[str, Scalar]:
    """The key of a reference, and what it was made of."""
    if pmid and is_pmid(pmid.words):
        return f"pmid-{pmid.words}", pmid
    if doi and is_doi(doi.words):
        lower = doi.words.lower()
        plain = re.sub(r"[^a-z0-9.-]+", "-", lower).strip("-.")
        if len(plain) <= 60 and plain == lower.replace("/", "-", 1):
            return f"doi-{plain}", doi
        return f"doi-{plain[:51]}-{short_hash(lower, 8)}", doi
    return hashed_key(words.words), words


def hashed_key(words: str) -> str:
    """The id of a reference that has none of its own."""
    return f"ref-{short_hash(' '.join(words.split()), 12)}"


def is_pmid(words: str) -> bool:
    """True for the form of a PubMed id."""
    return bool(_PMID.fullmatch(words))


def is_doi(words: str) -> bool:
    """True for the form of a DOI without its resolver's address."""
    return bool(_DOI.fullmatch(words))


def first_author(words: str) -> str | None:
    """The surname that a reference begins with, in lower case; None where it begins with no author."""
    m = re.match(r"((?:van |von |de |der |den |al-)*[A-Z][\w'’-]+)(?: [A-Z]{1,3}\b|,| et al)", words)
    return m[1].lower() if m else None
