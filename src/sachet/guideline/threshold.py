"""Thresholds and laboratory values: "K+ > 6.5 mEq/L", "SBP below 90", "glucose 140-180 mg/dL", with their unit in UCUM.

Read is a quantity of `data/thresholds.toml`, a comparator and a number, or a range, with a unit that the quantity has.
A number without a unit counts only for a quantity that is written so (a pH, a score, a pressure); one with another unit
behind it, or that goes on ("120/80", "5 times"), is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from sachet.guideline.tables import table
from sachet.terminology.units import either, units

_TABLE = "thresholds"
_COMPARATORS = {
    "<=": "<=|≤|at most|no more than|not above",
    ">=": ">=|≥|at least|no less than|not below",
    "<": "<|below|under|less than|lower than",
    ">": ">|above|over|greater than|more than|higher than|exceeding|exceeds",
}
_CHANGE = re.compile(  # "raise Na 4-6 mEq/L": by how much, not to what
    r"\b(?:raise|lower|increase|decrease|rise|drop|fall|change|correct|reduce)[sd]?(?:\s(?:of|in|the|serum))*\s*$", re.I
)
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,6}(?:\.\d{1,4})?"
_GOES_ON = r"(?!\s?(?:[-–/x×^%]|to\b|times|fold|[A-Za-zµμ°]\w*/)|[\w,.]*\d|[A-Za-zµμ°])"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A quantity compared with a number, or between two; `start` and `end` say where it stands in the words.

    `comparator` is <, <=, > or >=, or None for a range; `high` is `low` where there is one number.
    """

    quantity: str
    comparator: str | None
    low: Decimal
    high: Decimal
    ucum: str
    start: int
    end: int

    def __str__(self) -> str:
        """It on one line: "potassium > 6.5 meq/L"."""
        numbers = f"{self.low}-{self.high}" if self.comparator is None else f"{self.comparator} {self.low}"
        return f"{self.quantity} {numbers}" + ("" if self.ucum == "1" else f" {self.ucum}")

    def as_json(self) -> dict[str, Any]:
        """It as `sachet suggest --format json` prints it."""
        value: Any = [float(self.low), float(self.high)] if self.comparator is None else float(self.low)
        return {"quantity": self.quantity, "comparator": self.comparator, "value": value, "ucum": self.ucum}


def thresholds(words: str) -> Iterator[Threshold]:
    """The thresholds in words, in their order."""
    if not any(map(str.isdigit, words)):
        return
    for m in _pattern().finditer(words):
        row = _quantities()[m["exactly"] or m["words"].lower()]
        comparator = next((c for n, c in enumerate(_COMPARATORS) if m[f"c{n}"]), None)
        if comparator is None and (not m["high"] or _CHANGE.search(words, 0, m.start())):
            continue
        unit = _unit(row, words, m.end())
        if unit is None:
            continue
        ucum, end = unit
        low = Decimal(m["low"].replace(",", ""))
        high = Decimal(m["high"].replace(",", "")) if m["high"] else low
        if (comparator and m["high"]) or high < low:
            continue  # "< 5-6": two limits, and which one is meant is open
        yield Threshold(row["name"], comparator, low, high, ucum, m.start(), end)


def _unit(row: dict[str, Any], words: str, at: int) -> tuple[str, int] | None:
    """The unit behind a number, in UCUM, and where it ends; None where it is none of the quantity's."""
    for name in row["units"]:
        spelt, ucum = table(_TABLE)["units"][name]
        if spelt and (m := re.compile(rf"\s?(?:{spelt})(?![\w/])", re.I).match(words, at)):
            return ucum, m.end()
    if row.get("bare") and re.compile(_GOES_ON).match(words, at) and not _other_unit().match(words, at):
        return table(_TABLE)["units"][row["units"][0]][1], at
    return None


@cache
def _other_unit() -> re.Pattern[str]:
    """A unit of something given: "K 20-40 mEq" is no level."""
    return re.compile(rf"\s?(?:{either(units())})\b", re.IGNORECASE)


@cache
def _quantities() -> dict[str, dict[str, Any]]:
    """The quantities by their words; by lower case where case does not count."""
    found: dict[str, dict[str, Any]] = {}
    for row in table(_TABLE)["quantity"]:
        for key in ("exactly", "words"):
            for phrase in row.get(key, "").split("|"):
                if phrase.strip():
                    found[phrase.strip()] = row
    return found


@cache
def _pattern() -> re.Pattern[str]:
    def named(key: str) -> str:
        phrases = [p.strip() for row in table(_TABLE)["quantity"] for p in row.get(key, "").split("|") if p.strip()]
        return "|".join(re.escape(p) for p in sorted(phrases, key=len, reverse=True))

    compared = "|".join(f"(?P<c{n}>{words})" for n, words in enumerate(_COMPARATORS.values()))
    return re.compile(
        rf"(?<![\w/.-])(?:(?P<exactly>{named('exactly')})|(?i:(?P<words>{named('words')})))(?![\w])"
        rf"(?i:\s?\(?(?:\s?(?:is|of|level|levels|remains|persistently|:))*\s*)"
        rf"(?:(?i:{compared})\s?)?(?P<low>{_NUMBER})(?:\s?(?:-|–|to)\s?(?P<high>{_NUMBER}))?"
    )
