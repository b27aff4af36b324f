"""Contraindications: sentences that say to avoid a drug, an agent or a procedure, to hold it or not to give it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sachet.document.markdown import Text
from sachet.finding import Span
from sachet.guideline.dose import drugs_in
from sachet.guideline.model import Guideline, Item
from sachet.guideline.tables import table

_TABLE = "contraindications"
_PART = re.compile(r"[.;!?](?=\s|$)|\s—\s|\s--\s|[()]")  # what divides a line into parts
_PITFALLS = "Pitfalls"
_MORE = re.compile(r"(?:\W|generally|relatively?|absolutely?|usually|strictly)*", re.IGNORECASE)
_NEAR = 3  # words behind "NO"
# What stands behind "avoid" where what is to be avoided was named before: "avoid in pregnancy".
_OF_BEFORE = re.compile(
    r"\s*(?:[^\w\s]|(?:in|if|with|until|unless|for|as|when|during|after|before)\b|$)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Contraindication:
    """What a line warns of, how strongly, and where the words stand that do so."""

    item: Item
    strength: str
    applies_to: str
    section: str
    span: Span

    def as_json(self) -> dict[str, Any]:
        """It as `sachet extract` prints it."""
        return {
            "line": self.span.line,
            "applies_to": self.applies_to,
            "strength": self.strength,
            "section": self.section,
        }


def contraindications(guideline: Guideline) -> Iterator[Contraindication]:
    """Every one of the body, in document order; each strength once a line."""
    for section in guideline.sections:
        pitfalls = section.name == _PITFALLS
        for item in section.items:
            yield from _below(item, (), section.title.plain, pitfalls)


def _below(item: Item, above: tuple[Item, ...], section: str, pitfalls: bool) -> Iterator[Contraindication]:
    skipped = len(item.words[0].lead) if pitfalls and item.words else 0
    for text in (*item.words, *item.facts):
        seen: set[str] = set()
        for start, end, strength, agent in _of(text, above if text in item.words else (*above, item), skipped):
            if strength not in seen:
                seen.add(strength)
                yield Contraindication(item, strength, agent, section, text.place(start, end))
        skipped = 0
    for child in item.children:
        yield from _below(child, (*above, item), section, pitfalls)


def _of(text: Text, above: Sequence[Item], skipped: int) -> Iterator[tuple[int, int, str, str]]:
    """Where a line warns, how, and of what."""
    words = text.plain
    found = [(m, strength) for strength, pattern in _patterns() for m in pattern.finditer(words, skipped)]
    for m, strength in found:
        if not any(_is_part(m, other) for other, _ in found) and (agent := _agent(words, m, strength, above)):
            yield m.start(), m.end(), strength, agent


def _is_part(m: re.Match[str], other: re.Match[str]) -> bool:
    """Whether some words are part of longer ones."""
    return other.start() <= m.start() and m.end() <= other.end() and len(other[0]) > len(m[0])


def _agent(words: str, m: re.Match[str], strength: str, above: Sequence[Item]) -> str | None:
    """What a warning is of; nothing where it is of no drug, agent or procedure."""
    start, end = _part(words, m)
    before, behind = words[start : m.start()], words[m.end() : end]
    if m[0] == "NO":
        return _named(" ".join(behind.split()[:_NEAR]))
    if strength == "do_not":
        return _forbidden(behind, above)
    if _unless().search(before):
        return None
    named = _named(behind, "classes") if strength == "hold" else _named(behind)  # a needle is held too
    if named is None and strength in ("avoid", "hold", "defer") and not _OF_BEFORE.match(behind):
        return None  # "avoid hypotension": a state
    first = _MORE.fullmatch(words[: m.start()])
    return named or _named(before) or _named(words[: m.start()]) or (_named_above(above) if first else None)


def _forbidden(behind: str, above: Sequence[Item]) -> str | None:
    acts = table(_TABLE)["acts"]
    if m := re.match(rf"\s*(?:{_joined(acts['act'])})\b(?P<what>.*)", behind, re.I):
        return _named(m["what"]) or m[0].split()[0]
    if m := re.match(rf"\s*(?:{_joined(acts['give'])})\b(?P<what>.*)", behind, re.I):
        return _named(m["what"]) or (_named_above(above) if not m["what"].strip() else None)
    return None


def _part(words: str, m: re.Match[str]) -> tuple[int, int]:
    """The part of a line that a place is in."""
    cuts = [c.start() for c in _PART.finditer(words)]
    start = max((c + 1 for c in cuts if c < m.start()), default=0)
    return start, min((c for c in cuts if c >= m.end()), default=len(words))


def _named(words: str, *kinds: str) -> str | None:
    """The drugs of words, else the class or procedure, or what is of these kinds alone."""
    if drugs := drugs_in(words):
        return "; ".join(drug.words for drug in drugs)
    found = (pattern.search(words) for kind, pattern in _agents() if not kinds or kind in kinds)
    return next((m[0] for m in found if m), None)


def _named_above(above: Sequence[Item]) -> str | None:
    """What the nearest item names that names any."""
    for item in reversed(above):
        if found := _named(item.plain):
            return found
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    rows = table(_TABLE)["warning"]
    return tuple((row["strength"], re.compile(rf"\b(?:{row['words']})\b", re.IGNORECASE)) for row in rows)


@cache
def _agents() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """What has no name in the lists of drugs, by what it is."""
    kinds = ("classes", "procedures")
    return tuple((k, re.compile(rf"\b(?:{_joined(table(_TABLE)[k]['words'])})\b", re.IGNORECASE)) for k in kinds)


@cache
def _unless() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{table(_TABLE)['unless']['words']})\s*$", re.IGNORECASE)


def _joined(words: str) -> str:
    return words.replace("\n", "")
