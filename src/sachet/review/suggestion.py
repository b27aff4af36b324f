"""Suggestions: what the instructions of a document could become, for a named person to look at.

A suggestion is a reading, not an order: nothing of it is computable before somebody accepted it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sachet.guideline.dose import Dose
from sachet.guideline.instruction import doses_given
from sachet.guideline.medication import amount_as_json
from sachet.guideline.model import Guideline, Item
from sachet.guideline.threshold import Threshold, thresholds
from sachet.review.acceptance import RequestKind
from sachet.review.surroundings import Surroundings, all_surroundings


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that a step could become; a MedicationRequest with the dose that was read."""

    kind: RequestKind
    dose: Dose | None = None

    def __str__(self) -> str:
        """It on one line, with the dose as it would be computable."""
        if self.dose is None:
            return self.kind
        amount = self.dose.amount
        low, high = (f"{value.normalize():f}" for value in (amount.low, amount.high))
        size = f"{low if low == high else f'{low}-{high}'} {amount.ucum}"
        words = filter(None, (self.dose.route, self.dose.frequency, self.dose.over and f"over {self.dose.over}"))
        return " ".join([f"{self.kind}: {self.dose.drug}, {size}", *words])

    def as_json(self) -> dict[str, Any]:
        """It as `sachet suggest --format json` prints it."""
        if self.dose is None:
            return {"kind": self.kind}
        dose = self.dose
        return {
            "kind": self.kind,
            "product": str(dose.drug),
            **amount_as_json(dose.amount),
            "ucum": dose.amount.ucum,
            "route": dose.route,
            "frequency": dose.frequency,
            "over": dose.over,
            "max": dose.maximum,
            "volume": dose.volume,
            "concentration": dose.concentration,
            "population": dose.population,
        }


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An instruction with its surroundings, and what it could become. More readings than one are for the reviewer."""

    around: Surroundings
    readings: tuple[Reading, ...]

    @property
    def step(self) -> Item:
        """The instruction."""
        return self.around.step

    @property
    def thresholds(self) -> tuple[Threshold, ...]:
        """What the step, and what it stands below, compare with a number: it may set a condition."""
        items = (*self.around.above, self.step)
        texts = (text.plain for item in items for text in (*item.words, *item.facts))
        return tuple(one for words in texts for one in thresholds(words))

    def as_json(self) -> dict[str, Any]:
        """It as `sachet suggest --format json` prints it."""
        return {
            "step": self.step.key,
            "line": self.step.span.line,
            "title": self.step.title,
            "words": self.step.plain,
            "facts": [fact.plain for fact in self.step.facts],
            "above": [self.around.section.title.plain, *(item.plain for item in self.around.above)],
            "below": [item.plain for child in self.step.children for item in child.walk()],
            "siblings": [_named(item) for item in self.around.siblings],
            "thresholds": [one.as_json() for one in self.thresholds],
            "sha256": self.around.sha256,
            "readings": [reading.as_json() for reading in self.readings],
        }


def _named(item: Item) -> dict[str, Any]:
    return {"step": item.key, "line": item.span.line, "words": item.plain}


def suggestions(guideline: Guideline) -> Iterator[Suggestion]:
    """A suggestion for each instruction of a document, in document order."""
    for around in all_surroundings(guideline):
        if around.step.instruction:
            yield Suggestion(around, tuple(_readings(around)))


def _readings(around: Surroundings) -> Iterator[Reading]:
    doses = doses_given(around.step.plain)
    for dose in doses:
        yield Reading(RequestKind.MEDICATION, dose)
    if not doses:
        yield Reading(RequestKind.SERVICE if around.section.name == "Workup" else RequestKind.TASK)
