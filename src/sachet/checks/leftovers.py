"""STR: leftovers of writing in clinical text, by `data/leftovers.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from sachet.checks.subject import Subject
from sachet.checks.tables import table
from sachet.finding import Finding

_AFTER_NUMBER = re.compile(r"\d\s*$|\bvitamin\s*$|\bgroup\s*$", re.IGNORECASE)  # "vitamin A a day"


def leftovers(subject: Subject) -> Iterator[Finding]:
    """STR141: a placeholder. STR142: a remark on the text. STR143: a word twice. STR144: garbled characters."""
    if not _any().search(subject.guideline.source.text):
        return
    for statement in subject.statements:
        words = statement.plain
        placeholders = list(_pattern("placeholder").finditer(words))
        for m in placeholders:
            message = f"{m[0]!r} is a placeholder; write what was to stand here, or delete it"
            yield subject.warning("STR141", statement.place(m.start(), m.end()), message)
        for m in _pattern("remark").finditer(words):
            if not any(p.start() <= m.start() < p.end() for p in placeholders):
                message = f"{m[0]!r} speaks of the text, not of the patient; delete it, or put it into a comment"
                yield subject.warning("STR142", statement.place(m.start(), m.end()), message)
        for m in _pattern("doubled").finditer(words):
            if not _AFTER_NUMBER.search(words, 0, m.start()) and not any(map(_is_abbreviation, m[0].split())):
                message = f"{m[0]!r}: the word stands here twice"
                yield subject.warning("STR143", statement.place(m.start(), m.end()), message)
        for m in _pattern("garbled").finditer(words):
            message = f"{m[0]!r} is a character that was read in a wrong encoding; write what was meant"
            yield subject.warning("STR144", statement.place(m.start(), m.end()), message)


def _is_abbreviation(word: str) -> bool:
    """Whether a word is written in capitals: "or OR" is the operating room."""
    return len(word) > 1 and word.isupper()


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile("|".join(table("leftovers")[name]["words"]), re.IGNORECASE if name != "garbled" else 0)


@cache
def _any() -> re.Pattern[str]:
    every = (f"(?:{'|'.join(table('leftovers')[n]['words'])})" for n in ("placeholder", "remark", "garbled"))
    return re.compile(f"{'|'.join(every)}|{_pattern('doubled').pattern}", re.IGNORECASE)
