"""Levels that documents act on: "oxygen only if SpO2 < 90%", "maintain MAP >= 65", "contraindicated if CrCl < 30".

A goal is a quantity with its bounds and what the words beside it say: the drug that depends on it, whether it is a
target, whether something is contraindicated, and stems of what it is for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from sachet.checks.given import clause_at, generic
from sachet.checks.statement import Statement
from sachet.finding import Span
from sachet.guideline.model import Kind
from sachet.guideline.tables import table
from sachet.terminology import drugs
from sachet.terminology.units import either, units
from sachet.terminology.words import stems

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,5}(?:\.\d{1,3})?"
_AIM = re.compile(r"\b(?:targets?|goals?|maintain|keep|aim|titrate[sd]?|to achieve|ensure)\b", re.IGNORECASE)
_FORBIDS = re.compile(r"\b(?:contraindicat\w*|avoid|do not use|not recommended)\b", re.IGNORECASE)
_EXCEPTED = re.compile(r"\b(?:except|unless|other than)\b.*", re.IGNORECASE)
_ONLY = re.compile(r"\b(?:only|if|when|for|unless)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Goal:
    """A quantity with bounds; `kind` is target, contraindicated, condition, or nothing of these."""

    quantity: str
    comparator: str
    low: float
    high: float
    words: str
    kind: str
    unit: str
    drug: str | None
    child: bool
    about: tuple[str, ...]
    said: tuple[str, ...]
    span: Span


def goals(statements: Iterable[Statement]) -> Iterator[Goal]:
    """The goals of a document, in its order."""
    for statement in statements:
        words = statement.plain
        if not any(map(str.isdigit, words)):
            continue
        for m in _pattern().finditer(words):
            name = _quantities()[m["exactly"] or m["words"].lower()]
            comparator = (m["comparator"] or "").replace("≥", ">=").replace("≤", "<=").replace("below", "<")
            low = float(m["low"].replace(",", ""))
            high = float(m["high"].replace(",", "")) if m["high"] else low
            clause = clause_at(words, m.start(), m.end())
            labels = " ".join([*(item.title for item in statement.above[-2:]), _lead(statement)])
            governed = clause if statement.item.kind in (Kind.TARGET, Kind.ROW) else f"{clause} {labels}"
            kind = _kind(governed, words[: m.end()], bool(comparator or m["high"]))
            if not comparator and not m["high"] and kind != "target":
                continue
            if _given_unit().match(words, m.end()):
                continue
            yield Goal(
                name,
                comparator,
                low,
                high,
                m[0],
                kind,
                _unit(words, m.end()),
                _drug(clause) or _drug(_lead(statement)) or _drug(statement.above[-1].title if statement.above else ""),
                bool(re.search(r"child|p(?:a)?ediatric|infant|neonat|newborn", f"{clause} {labels}", re.IGNORECASE)),
                _about(f"{_EXCEPTED.sub('', clause)} {labels}"),
                tuple(stems(f"{words} {labels}"))[:80],
                statement.place(m.start(), m.end()),
            )


@cache
def _given_unit() -> re.Pattern[str]:
    """A unit of something given: "bicarbonate 150 mEq" is no level."""
    return re.compile(rf"\s?(?:{either(units())})(?![\w/])|\s?(?:{either(units())})/kg", re.IGNORECASE)


def _unit(words: str, at: int) -> str:
    """The unit behind a number, as it is written; nothing where there is none."""
    m = re.compile(r"\s?(%|[A-Za-zµ°][\w/°]*)").match(words, at)
    known = m and any(re.fullmatch(spelt, m[1], re.IGNORECASE) for spelt, _ in table("thresholds")["units"].values())
    return m[1].lower() if m and known else ""


def _kind(clause: str, before: str, is_bound: bool) -> str:
    if _FORBIDS.search(clause):
        return "contraindicated"
    if _AIM.search(clause):
        return "target"
    return "condition" if is_bound and _ONLY.search(before) else ""


def _lead(statement: Statement) -> str:
    item = statement.item
    return (item.words[0].lead if item.words else "") or item.title


def _drug(words: str) -> str | None:
    named = {name.drug for name in drugs.find(words)}
    return named.pop() if len(named) == 1 else None


def _about(words: str) -> tuple[str, ...]:
    named = {stem for name in drugs.find(words) for stem in stems(words[name.start : name.end])}
    return tuple(sorted({s for s in stems(words) if s not in generic() and s not in named}))


@cache
def _quantities() -> dict[str, str]:
    found: dict[str, str] = {}
    for row in table("thresholds")["quantity"]:
        for key in ("exactly", "words"):
            for phrase in row.get(key, "").split("|"):
                if phrase.strip():
                    found[phrase.strip()] = row["name"]
    return found


@cache
def _pattern() -> re.Pattern[str]:
    def named(key: str) -> str:
        phrases = [
            p.strip() for row in table("thresholds")["quantity"] for p in row.get(key, "").split("|") if p.strip()
        ]
        return "|".join(re.escape(p) for p in sorted(phrases, key=len, reverse=True))

    return re.compile(
        rf"(?<![\w/.-])(?:(?P<exactly>{named('exactly')})|(?i:(?P<words>{named('words')})))(?!\w)"
        rf"(?i:\s?\(?(?:\s?(?:is|of|target|goal|level|at|to|:))*\s*)"
        rf"(?P<comparator>[<>]=?|≥|≤|below)?\s?(?P<low>{_NUMBER})(?:\s?(?:-|–|to)\s?(?P<high>{_NUMBER}))?"
        rf"(?![\w.]*\d|\s?(?:x\b|times|-fold|/\d))"
    )
