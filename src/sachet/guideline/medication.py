"""The medications of a document: every dose of its body, with its place; a line without a drug has the one above it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from sachet.document.markdown import Text
from sachet.finding import Span
from sachet.guideline.amount import Amount
from sachet.guideline.dose import Dose, Drug, drugs_in, read_doses
from sachet.guideline.model import Guideline, Item

# The columns of a table in which an amount is the most that may be given, or how it is mixed.
_NOT_GIVEN = re.compile(
    r"\b(?:max\w*|ceiling|limit|concentration|dilution|mix\w*|preparation|supplied|level|target)\b", re.I
)
_EQUIPMENT = re.compile(r"(?:equipment|supplies|materials|tray|kit)\b", re.I)  # what lies ready is not given yet
_HEAD = re.compile(r"[(:—]")
_BETWEEN_CELLS = " | "


@dataclass(frozen=True, slots=True)
class Medication:
    """A dose of a document: the section, the item that says it, and where its amount stands."""

    section: str
    item: Item
    dose: Dose
    span: Span

    def as_json(self) -> dict[str, Any]:
        """The medication as `sachet extract` prints it."""
        dose = self.dose
        return {
            "line": self.span.line,
            "section": self.section,
            "drug": str(dose.drug),
            **amount_as_json(dose.amount),
            "route": dose.route,
            "max": dose.maximum,
            "frequency": dose.frequency,
            "volume": dose.volume,
            "concentration": dose.concentration,
            "over": dose.over,
            "population": dose.population,
        }


def amount_as_json(amount: Amount) -> dict[str, Any]:
    """An amount as other programs read it: numbers and unit, what it is by, and for what time."""
    dose = {"low": _number(amount.low), "high": _number(amount.high), "unit": amount.unit}
    return {"dose": dose, "per": amount.per, "rate": amount.time}


def medications(guideline: Guideline) -> Iterator[Medication]:
    """Every dose of the body, in document order."""
    for section in guideline.sections:
        for item in section.items:
            yield from _below(item, section.title.plain, ())


def _below(item: Item, section: str, above: tuple[Item, ...]) -> Iterator[Medication]:
    yield from _of(_given(item), section, item, above)
    for fact in item.facts:
        yield from _of([fact], section, item, (*above, item))
    for child in item.children:
        yield from _below(child, section, (*above, item))


def _of(texts: Sequence[Text], section: str, item: Item, above: tuple[Item, ...]) -> Iterator[Medication]:
    between = _BETWEEN_CELLS if item.cells else " "
    for dose in read_doses(between.join(text.plain for text in texts), partial(_drug_above, above)):
        yield Medication(section, item, dose, _place(texts, len(between), dose.start, dose.end))


def _given(item: Item) -> list[Text]:
    """The words of an item in which doses may be; of a row only the cells of columns that say what is given."""
    if not item.cells:
        return [] if item.words and _EQUIPMENT.match(item.words[0].lead) else list(item.words)
    return [cell.text for cell in item.cells if not _NOT_GIVEN.search(cell.header.plain)]


def _place(texts: Sequence[Text], between: int, start: int, end: int) -> Span:
    """Where some of the words of texts stand, which are joined by so many characters."""
    for text in texts:
        if start < len(text.plain):
            return text.place(start, min(end, len(text.plain)))
        start, end = start - len(text.plain) - between, end - len(text.plain) - between
    raise ValueError("there are not so many words")


def _drug_above(above: Sequence[Item]) -> Drug | None:
    """The one drug that the nearest item names of those above a line that name any; of its first words, if they do."""
    for item in reversed(above):
        lead = item.words[0].lead if item.words else ""
        for words in (_HEAD.split(lead, maxsplit=1)[0], lead, item.plain):
            if named := drugs_in(words) if words else []:
                return named[0] if len(named) == 1 else None
    return None


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
