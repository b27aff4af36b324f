"""Contraindications: sentences that say to avoid a drug, an agent or a procedure, to hold it or not to give it.

Counted is a warning whose agent is certain: named behind the warning, or before it in its clause, or by the bold words,
the line or the heading that it is about. What stands behind "in", "if" and the like is a condition, and no agent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sachet.finding import Span
from sachet.guideline.dose import drugs_in
from sachet.guideline.instruction import bans
from sachet.guideline.model import Guideline, Item
from sachet.guideline.tables import table

_TABLE = "contraindications"
_PART = re.compile(r"[.;!?](?=\s|$)|\s—\s|\s--\s|[()]")  # what divides a line into parts
_PARENTHESIS = re.compile(r"\([^()]*\)")
_SENTENCE = re.compile(r"[.;!?](?=\s|$)")
_PITFALLS = "Pitfalls"
_NEAR = 3  # words behind "NO"


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
    if above and (strength := _banned(above[-1].plain)) and item.words and not any(_warnings(item.plain, 0)):
        words = item.words[0]
        if agent := _named(_PART.split(words.plain, maxsplit=1)[0]):
            yield Contraindication(item, strength, agent, section, words.place(0, len(words.plain)))
    for number, text in enumerate((*item.words, *item.facts)):
        seen: set[str] = set()
        around = above if number < len(item.words) else (*above, item)
        for warning in _warnings(text.plain, skipped):
            agent = warning.agent(len(text.lead), around)
            if agent and warning.strength not in seen:
                seen.add(warning.strength)
                place = text.place(warning.start, warning.end)
                yield Contraindication(item, warning.strength, agent, section, place)
        skipped = 0
    for child in item.children:
        yield from _below(child, (*above, item), section, pitfalls)


def _banned(label: str) -> str | None:
    """How strongly a label warns of each line below it: "DO NOT:", "Avoid:", "Do NOT order:"."""
    if not bans(label):
        return None
    found = next(_warnings(label, 0), None)
    if found is None or not (found.strength == "avoid" or _pattern("list").fullmatch(label, found.end)):
        return None
    return found.strength


def _warnings(words: str, skipped: int) -> Iterator[_Warning]:
    """The words of a line that warn; none that is part of another."""
    low = words.lower()
    if not any(hint in low for hint in table(_TABLE)["hints"]):
        return
    found = [(m, row) for row, pattern in _patterns() for m in pattern.finditer(words, skipped)]
    for m, row in found:
        if not any(_is_part(m, other) for other, _ in found):
            yield _Warning(words, row["strength"], row.get("of", "either"), m.start(), m.end(), m[0])


def _is_part(m: re.Match[str], other: re.Match[str]) -> bool:
    """Whether some words are part of longer ones."""
    return other.start() <= m.start() and m.end() <= other.end() and len(other[0]) > len(m[0])


@dataclass(frozen=True, slots=True)
class _Warning:
    """Words of a line that warn."""

    line: str
    strength: str
    of: str  # where what they are of stands: behind them, before them, or either
    start: int
    end: int
    words: str

    def agent(self, lead: int, above: Sequence[Item]) -> str | None:
        """What they warn of; nothing where it is of no drug, agent or procedure."""
        behind = self.behind()
        if self.words == "NO":
            return _named(" ".join(behind.split()[:_NEAR]))
        if self.strength == "do_not":
            return self.forbidden(behind, lead, above)
        if _pattern("unless").search(self.before()):
            return None
        about = self.about(behind)
        named = _named(about, *(("classes",) if self.strength == "hold" else ()))  # a needle is held too
        if named or self.of == "behind":
            return named
        if about.strip(" :—-,.") and self.of == "either" and self.strength != "caution":
            return None  # "avoid hypotension": a state
        return self.spoken_of(lead, above)

    def about(self, behind: str) -> str:
        """The words behind a warning that say what it is of."""
        if self.of == "before":
            return ""
        listed = behind.partition(":")[2]  # "avoid in pre-excited AF: digoxin, verapamil"
        if _pattern("condition").match(behind) and self.of == "either":
            return listed
        return _pattern("stop").split(behind, maxsplit=1)[0] or listed

    def forbidden(self, behind: str, lead: int, above: Sequence[Item]) -> str | None:
        """What is not to be done: an act that is one by itself, or one with its drug or procedure."""
        if m := _pattern("act").match(behind):
            return _named(behind[m.end() :]) or m[0].strip()
        if m := _pattern("give").match(behind):
            what = behind[m.end() :]
            named = _named(_pattern("stop").split(what, maxsplit=1)[0])
            return named or (self.spoken_of(lead, above) if _pattern("nothing").match(what) else None)
        return None

    def behind(self) -> str:
        """What stands behind the words, up to the end of the sentence or parenthesis that they are in."""
        if self.is_aside():
            closed = self.line.find(")", self.end)
            return self.line[self.end : closed if closed >= 0 else len(self.line)]
        return _SENTENCE.split(_blanked(self.line[self.end :]), maxsplit=1)[0]

    def before(self) -> str:
        """What stands before the words in their part of the line."""
        line = self.line[: self.start] if self.is_aside() else _blanked(self.line[: self.start])
        start = max((c.end() for c in _PART.finditer(line)), default=0)
        return line[start:]

    def is_aside(self) -> bool:
        """Whether they stand in a parenthesis."""
        return self.line.count("(", 0, self.start) > self.line.count(")", 0, self.start)

    def spoken_of(self, lead: int, above: Sequence[Item]) -> str | None:
        """What the words are about: the nearest agent before them that nothing else can stand between."""
        before = self.before()
        if named := _named(before):
            return named
        aside = self.is_aside() and self.strength != "caution"
        if not aside and self.of != "any" and not _pattern("nothing_said").fullmatch(before):
            return None  # they are about something else
        first = 0 < lead <= self.start and _named(self.line[:lead])
        sentences = _SENTENCE.split(_blanked(self.line[: self.start - len(before)]))
        nearest = (named for words in reversed(sentences) if (named := _named(words)))
        return first or next(nearest, None) or _named_above(above)


def _blanked(words: str) -> str:
    """Words with spaces in place of parentheses and what is in them."""
    return _PARENTHESIS.sub(lambda m: " " * len(m[0]), words)


def _named(words: str, *kinds: str) -> str | None:
    """The drugs of words, else the class or procedure, or what is of these kinds alone."""
    if drugs := drugs_in(words):
        return "; ".join(drug.words for drug in drugs)
    found = (pattern.search(words) for kind, pattern in _agents() if not kinds or kind in kinds)
    return next((m[0] for m in found if m), None)


def _named_above(above: Sequence[Item]) -> str | None:
    """What the nearest item names that names any."""
    return next((found for item in reversed(above) if (found := _named(item.plain))), None)


@cache
def _patterns() -> tuple[tuple[dict[str, str], re.Pattern[str]], ...]:
    rows = table(_TABLE)["warning"]
    return tuple((row, re.compile(rf"\b(?:{_joined(row['words'])})(?!\w)", re.IGNORECASE)) for row in rows)


@cache
def _agents() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """What has no name in the lists of drugs, by what it is."""
    rows = table(_TABLE)["agents"]
    return tuple((kind, re.compile(rf"\b(?:{_joined(words)})\b", re.IGNORECASE)) for kind, words in rows.items())


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(_joined(table(_TABLE)["around"][name]), re.IGNORECASE)


def _joined(words: str) -> str:
    return words.replace("\n", "")
