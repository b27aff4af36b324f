"""Units that amounts are written in, from `data/units.toml`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: its name here, its words as a regular expression, its code in UCUM, and what it measures."""

    name: str
    words: str
    ucum: str
    kind: str = ""


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((files("sachet.terminology") / "data" / "units.toml").read_text("utf-8"))


@cache
def units() -> tuple[Unit, ...]:
    """The units of what is given."""
    return tuple(Unit(**row) for row in _table()["unit"])


@cache
def denominators(what: str) -> tuple[Unit, ...]:
    """What an amount is for: `by` weight or area, or `time`."""
    return tuple(Unit(**row) for row in _table()[what])


@cache
def concentration() -> str:
    """The words of what an amount in which is a concentration or a level, as a regular expression."""
    return str(_table()["concentration"]["words"])


def either(rows: tuple[Unit, ...]) -> str:
    """The words of units, the longest first where one begins with another."""
    return "|".join(row.words for row in rows)


def unit_of(rows: tuple[Unit, ...], words: str) -> Unit:
    """The unit that words are of. Raises StopIteration where they are of none."""
    return next(row for row in rows if re.fullmatch(row.words, words, re.IGNORECASE))


def unit_name(code: str) -> str:
    """A code of UCUM as people write it: "mcg/kg/min" for "ug/kg/min"; the code itself where the table lacks a part."""
    rows = (*units(), *denominators("by"), *denominators("time"))
    named = {unit.ucum: unit.name for unit in reversed(rows)}
    return "/".join(named.get(part, part) for part in code.split("/"))


# What is named by its size, not given by amount: "10 mL syringe".
SIZED = re.compile(
    r"\s*(?:[\w-]+\s)?(?:syringe|needle|catheter|bag|bottle|tube|flask|cuff|balloon|bolus tubing)s?\b", re.I
)
_NUMBER = r"\d[\d,]{0,15}(?:\.\d{1,6})?(?:/\d{1,5}(?:\.\d{1,3})?)?"
# What makes a number a threshold or a level: a comparator or such a word before it, a concentration as its unit.
_THRESHOLD = re.compile(
    r"(?:[<>=≥≤]|\b(?:if|when|until|while|reach(?:es|ed)?|above|below|under|over|than|by|at|to|level|target|goal|is|and))\s*$",
    re.IGNORECASE,
)
_CONCENTRATION = re.compile(r"/(?:dL|L|mL|mm3)$")


@cache
def _amount() -> re.Pattern[str]:
    """A number with a unit: an amount of something given, a threshold or a concentration."""
    return re.compile(
        rf"(?<![\w.,/])[<>≥≤~]?=?\s*{_NUMBER}(?:\s*(?:-|–|to)\s*{_NUMBER})?\s*(?:{either(units())}|kg|joules?|(?-i:J))"
        rf"(?:/\w+)*(?!\w)",
        re.IGNORECASE,
    )


def first_amount(words: str) -> int | None:
    """Where the first amount begins in `words`; None if there is none."""
    for m in _amount().finditer(words):
        threshold = m[0][0] in "<>=≥≤" or _THRESHOLD.search(words[: m.start()]) or _CONCENTRATION.search(m[0])
        if not threshold and not SIZED.match(words, m.end()):
            return m.start()
    return None
