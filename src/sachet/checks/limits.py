"""Levels with a comparator, whatever the quantity: "COHb > 25%", "PMN > 250/mm3"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sachet.checks.given import generic
from sachet.checks.statement import Statement
from sachet.finding import Span
from sachet.terminology.words import stems

_LIMIT = re.compile(
    r"(?<![\w-])(?P<name>[A-Za-z][\w-]*)\s?(?P<sign>[<>≥≤])=?\s?(?P<value>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)"
    r"(?:\s?(?P<unit>%|[A-Za-zµ]+(?:/[\w³]+){1,2}|/\w+³?|(?:mmHg|mm|cm|msec|ms|bpm|K|kPa|mg|g|mL|L|mEq|IU|units|kg"
    r"|min|minutes|hr|hours?|days?|weeks?|months?|years?|°?\s?[CF])\b))?"
)
_IDENTIFIER = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")
_NO_NAME = frozenset(
    "if age aged or and the in of for to with at is are than repeat when until remains remain over within only but by"
    " stays falls drops rises from on after before about last lasting level levels target goal sensitivity"
    " specificity".split()
)


@dataclass(frozen=True, slots=True)
class Limit:
    """A number that a quantity is above or below; `said` are stems of its line, `named` ids of documents in it."""

    name: str
    sign: str
    value: float
    unit: str
    words: str
    said: tuple[str, ...]
    named: tuple[str, ...]
    span: Span

    @property
    def key(self) -> tuple[str, str]:
        """What has to be the same for two limits to be compared."""
        return self.name, self.sign


def limits(statements: Iterable[Statement]) -> Iterator[Limit]:
    """The limits of a document, in its order."""
    for statement in statements:
        words = statement.plain
        found = [m for m in _LIMIT.finditer(words) if m["name"].lower() not in _NO_NAME]
        if not found:
            continue
        above = statement.above[-1].title if statement.above else ""
        said = tuple(sorted({s for s in stems(f"{above} {words}") if s not in generic()}))
        named = tuple(sorted({m[0] for m in _IDENTIFIER.finditer(words)}))
        for m in found:
            sign = m["sign"].replace("≥", ">").replace("≤", "<")
            value = float(m["value"].replace(",", ""))
            unit = (m["unit"] or "").lower().replace("³", "3").removeprefix("cells")
            yield Limit(m["name"].lower(), sign, value, unit, m[0], said, named, statement.place(m.start(), m.end()))
