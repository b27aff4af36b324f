"""A line as chunks: drug names, amounts, routes, frequencies and the small words around them, by `data/doses.toml`.

A word that no table has is a chunk of no kind: whoever reads the chunks knows that something stands there that is not
understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Flag, auto
from functools import cache, lru_cache

from sachet.guideline.amount import Amount, amounts
from sachet.guideline.tables import table
from sachet.terminology import drugs

_TABLE = "doses"
_WORD = re.compile(r"[\w'%]+(?:[-.'][\w]+)*|[^\w\s]")
_STRENGTH = re.compile(r"\d{1,3}(?:\.\d{1,4})?(?:\s?(?:-|–)\s?\d{1,3}(?:\.\d{1,4})?)?\s?%|1:\d{1,3}(?:,\d{3}|0{0,5})")


class Is(Flag):
    """What a chunk may be; nothing where no table has it."""

    NOTHING = 0
    DRUG = auto()
    AMOUNT = auto()
    STRENGTH = auto()
    ROUTE = auto()
    FREQUENCY = auto()
    OVER = auto()
    DURATION = auto()
    FORM = auto()
    LINK = auto()
    VERB = auto()
    MAXIMUM = auto()
    CHANGE = auto()
    TITRATE = auto()
    STEP = auto()
    JOIN = auto()
    POPULATION = auto()
    CONDITION = auto()
    DILUENT = auto()
    NOT_GIVEN = auto()
    RESERVED = auto()
    NOT_DRUG = auto()
    OPEN = auto()
    CLOSE = auto()
    COMMA = auto()
    LABEL = auto()  # a colon or dash: what stands before it is what the rest is about
    END = auto()  # of a sentence, or a semicolon
    EQUAL = auto()


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some words of a line, from `start` to `end`, and what they may be."""

    kind: Is
    start: int
    end: int
    amount: Amount | None = None
    drug: drugs.Name | None = None


_MARKS = {
    mark: kind
    for marks, kind in (
        ("([", Is.OPEN),
        (")]", Is.CLOSE),
        (",", Is.COMMA),
        (":—–|", Is.LABEL),
        (";.!?", Is.END),
        ("=", Is.EQUAL),
        ("→", Is.STEP),
        ("+/&", Is.JOIN),
        ('*"', Is.LINK),
    )
    for mark in marks
}


@lru_cache(maxsize=1 << 10)
def chunks(words: str) -> tuple[Chunk, ...]:
    """The chunks of a line, in their order."""
    return tuple(_chunks(words))


def _chunks(words: str) -> Iterator[Chunk]:
    named = {n.start: n for n in drugs.find(words)}
    counted = {a.start: a for a in amounts(words)}
    low = words.lower()
    at = 0
    while m := _NEXT.search(words, at):
        chunk = _chunk(words, low, m.start(), named, counted)
        yield chunk
        at = chunk.end


_NEXT = re.compile(r"\S")


def _chunk(words: str, low: str, at: int, named: dict[int, drugs.Name], counted: dict[int, Amount]) -> Chunk:
    if name := named.get(at):
        return Chunk(Is.DRUG, at, name.end, drug=name)
    if amount := counted.get(at):
        if amount.kind == "concentration" and not amount.comparator:
            return Chunk(Is.STRENGTH, at, amount.end)
        return Chunk(Is.AMOUNT, at, amount.end, amount=amount)
    if strength := _STRENGTH.match(words, at):
        return Chunk(Is.STRENGTH, at, strength.end())
    mark = words[at]
    if mark in _MARKS:
        return Chunk(_MARKS[mark], at, at + 1)
    if mark == "-":
        spaced = words[at - 1 : at] == " " and words[at + 1 : at + 2] == " "
        double = words.startswith("--", at)
        return Chunk(Is.LABEL if spaced or double else Is.LINK, at, at + (2 if double else 1))
    end, kind = _longest(words, low, at)
    if kind:
        return Chunk(kind, at, end)
    word = _WORD.match(words, at)
    end = word.end() if word else at + 1
    return Chunk(Is.NOTHING, at, min([end, *(start for start in named if at < start < end)]))


def _longest(words: str, low: str, at: int) -> tuple[int, Is]:
    """Where the longest phrases end that begin at a place, and what they may be; nothing where none does."""
    end, kind = at, Is.NOTHING
    first = _FIRST.match(low, at)
    for phrase, one in _phrases().get(first[0], ()) if first else ():
        stop = at + len(phrase)
        if low.startswith(phrase, at) and not low[stop : stop + 1].isalnum():
            end, kind = stop, one
            break
    if first and (one := _capitals().get(words[at : first.end()], Is.NOTHING)) and first.end() >= end:
        end, kind = first.end(), one | (kind if first.end() == end else Is.NOTHING)
    for one, pattern in _patterns():
        found = pattern.match(low, at)
        if found and found.end() > end:
            end, kind = found.end(), one
        elif found and found.end() == end > at:
            kind |= one
    return end, kind


_FIRST = re.compile(r"\w+")


def _listed(name: str) -> Iterator[tuple[str, Is]]:
    """The phrases of a part of the table, each with what its key says that a chunk is."""
    for key, phrases in table(_TABLE)[name].items():
        for phrase in phrases.split("|"):
            yield " ".join(phrase.split()), Is[key.upper()]


@cache
def _phrases() -> dict[str, list[tuple[str, Is]]]:
    """The phrases by their first word, the longest first, each with all that it may be."""
    kinds: dict[str, Is] = {}
    for phrase, kind in _listed("words"):
        kinds[phrase] = kinds.get(phrase, Is.NOTHING) | kind
    found: dict[str, list[tuple[str, Is]]] = {}
    for phrase in sorted(kinds, key=len, reverse=True):
        found.setdefault(_FIRST.match(phrase)[0], []).append((phrase, kinds[phrase]))  # type: ignore[index]
    return found


@cache
def _capitals() -> dict[str, Is]:
    """Words that are something only where they are written in capitals."""
    return dict(_listed("capitals"))


@cache
def _patterns() -> tuple[tuple[Is, re.Pattern[str]], ...]:
    """The patterns of the table, each with what its key says that a chunk is."""
    rows = table(_TABLE)["patterns"].items()
    return tuple((Is[key.upper()], re.compile(rf"(?:{words})(?!\w)".replace("\n", ""))) for key, words in rows)
