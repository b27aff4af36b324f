"""Passages and sketches of documents: what of their words is kept, so that what stands twice is found.

A passage is a line of at least ten words, kept as a hash of its words without numbers. A sketch is the smallest hashes
of all runs of five words, which estimate how much of two documents is the same (bottom-k).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from zlib import crc32

from sachet.checks.subject import Subject
from sachet.finding import Span

_WORD = re.compile(r"[a-z0-9%<>=./-]+")
_NUMBER = re.compile(r"\d[\d.,]*")
_WORDS = 10  # of a passage
_SHINGLE = 5  # words that are hashed together
_SKETCH = 64  # hashes that are kept of a document


@dataclass(frozen=True, slots=True)
class Passage:
    """A line: the hash of its words without numbers, and its numbers in their order."""

    hash: int
    numbers: str
    words: int
    span: Span


def passages(subject: Subject) -> Iterator[Passage]:
    """The passages of a document."""
    for statement in subject.statements:
        words = _WORD.findall(statement.plain.lower())
        if len(words) >= _WORDS:
            plain = " ".join(words)
            numbers = " ".join(_NUMBER.findall(plain))
            end = len(statement.plain)
            yield Passage(crc32(_NUMBER.sub("#", plain).encode()), numbers, len(words), statement.place(0, end))


def sketch(subject: Subject) -> tuple[int, ...]:
    """The smallest hashes of the runs of words of a document's body."""
    body = subject.guideline.source.text.partition("\n---")[2]
    words = _WORD.findall(body.lower())
    runs = zip(*(words[n:] for n in range(_SHINGLE)), strict=False)
    return tuple(sorted({crc32(" ".join(run).encode()) for run in runs})[:_SKETCH])


def share_of_sketches(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """How much of two documents is the same, from 0 to 1: the share of the smallest hashes that both have."""
    smallest = set(sorted({*one, *other})[:_SKETCH])
    return len(smallest & set(one) & set(other)) / max(1, len(smallest))
