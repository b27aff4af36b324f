"""Codes as they are compared with the names and the text of documents: by the meanings of the words of their titles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from sachet.checks.subject import Subject
from sachet.checks.tables import table
from sachet.finding import Span
from sachet.terminology.icd10cm import title_stems
from sachet.terminology.words import stems

_ROOT = 5  # letters that words of one root begin with
# Chapters of symptoms, causes and contacts: what they say goes with any condition.
NOT_CONDITIONS = "RVWXYZ"


@dataclass(frozen=True, slots=True)
class Listed:
    """A code that a document lists without a role; `fits` says whether its title has a word of the document's names."""

    code: str
    title: str
    fits: bool
    span: Span


def listed(subject: Subject) -> Iterator[Listed]:
    """The codes of a document that exist and have no role; none of a document on a procedure, or of a symptom."""
    names = meanings(" ".join(names_of(subject)))
    for code in subject.guideline.codes if not is_procedural(subject) else ():
        if code.title and code.role is None and code.words.words[0] not in NOT_CONDITIONS:
            yield Listed(code.words.words, code.title, shares_a_word(code.title, names), code.words.span)


def shares_a_word(title: str, names: frozenset[str]) -> bool:
    """Whether a title has a word, or one of its root, whose meaning is among these."""
    told = meanings(title)
    return bool(told & names) or any(begin_alike(one, other) for one in told for other in names)


def names_of(subject: Subject) -> list[str]:
    """The condition of a document, and its aliases."""
    guideline = subject.guideline
    return [name.words for name in (guideline.title, *guideline.aliases)]


def category_of(subject: Subject) -> str:
    """The category of a document; nothing where it has none."""
    category = subject.guideline.scalar("category")
    return category.words if category else ""


def is_procedural(subject: Subject) -> bool:
    """Whether a document is on a procedure."""
    return category_of(subject) == "procedural"


def meanings(words: str) -> frozenset[str]:
    """Stems of words, each as the first of its synonyms."""
    same = _synonyms()
    return frozenset(same.get(one, one) for one in title_stems(words))


def begin_alike(one: str, other: str) -> bool:
    """Whether two stems are likely of one root."""
    return len(one) >= _ROOT and one[:_ROOT] == other[:_ROOT]


@cache
def _synonyms() -> dict[str, str]:
    rows = (list(stems(row)) for row in table("code_synonyms")["rows"])
    return {one: row[0] for row in rows for one in row}
