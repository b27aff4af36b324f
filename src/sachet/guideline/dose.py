"""Doses in a line: one drug with one amount that is given, each step of a regimen by itself.

A dose is read only where every word between a drug and its amount is understood, and only one drug can be meant. What
follows a condition, a maximum, a change of a dose, "in" or a comparator is none; nor is a level or a concentration.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sachet.guideline.amount import Amount, has_amount
from sachet.guideline.chunks import Is
from sachet.guideline.line import Line


@dataclass(frozen=True, slots=True)
class Drug:
    """A drug that words name: as it is written there, and the name that all names of it share."""

    words: str
    substance: str

    def __str__(self) -> str:
        """The words, and behind a brand or an abbreviation the other name: "EpiPen (epinephrine)"."""
        known = self.substance.lower()
        return self.words if known in self.words.lower() else f"{self.words} ({self.substance})"


@dataclass(frozen=True, slots=True)
class Dose:
    """A drug with an amount that is given; `start` and `end` say where the amount stands in the words that were read.

    The other fields are words of the line; none where it says nothing of them.
    """

    drug: Drug
    amount: Amount
    start: int
    end: int
    volume: str | None = None
    concentration: str | None = None
    route: str | None = None
    frequency: str | None = None
    over: str | None = None
    maximum: str | None = None
    population: str | None = None


def read_doses(words: str, above: Callable[[], Drug | None] = lambda: None) -> list[Dose]:
    """The doses of a line; `above` gives the one drug that stands above it, for a line that begins with an amount."""
    return _Line(words, above).doses() if has_amount(words) else []


def begins_with(words: str, dose: Dose) -> bool:
    """Whether a line begins with a dose: with its drug, and nothing before the amount that is not understood."""
    line = _Line(words, lambda: None)
    place = next((at for at, chunk in enumerate(line.chunks) if chunk.start == dose.start), 0)
    named = {chunk.drug.drug for chunk in line.chunks[:place] if chunk.drug}
    understood = all(chunk.kind & (_BETWEEN | _HEADED) for chunk in line.chunks[:place])
    return understood and named == {dose.drug.substance}


def drugs_in(words: str) -> list[Drug]:
    """The drugs that words speak of, each once; none that is part of another name ("calcium channel blocker")."""
    line = _Line(words, lambda: None)
    return _distinct(drug for place in range(len(line.chunks)) if (drug := line.drug(place)))


def _distinct(drugs: Iterator[Drug]) -> list[Drug]:
    found: dict[str, Drug] = {}
    for one in drugs:
        found.setdefault(one.substance, one)
    return list(found.values())


# Words that may stand between a drug and its amount.
_BETWEEN = (
    Is.FORM
    | Is.LINK
    | Is.ROUTE
    | Is.STRENGTH
    | Is.FREQUENCY
    | Is.OVER
    | Is.POPULATION
    | Is.DURATION
    | Is.VERB
    | Is.STEP
)
# What may stand before the amount of a line that begins with a dose, beside these.
_HEADED = Is.DRUG | Is.LABEL | Is.OPEN | Is.CLOSE | Is.COMMA
# Words that may stand between an amount and the drug behind it.
_BEHIND = Is.FORM | Is.ROUTE | Is.STRENGTH | Is.LINK
# Words behind which an amount may stand whose drug is behind it, or above the line.
_OPENS = _BETWEEN | Is.JOIN | Is.COMMA | Is.LABEL | Is.END | Is.OPEN
# Words that may stand between a dose and another one of the same drug, and those that show that it is another one.
_GOES_ON = _BETWEEN | Is.JOIN | Is.COMMA | Is.LABEL | Is.END | Is.CHANGE
_ANOTHER = Is.STEP | Is.CHANGE | Is.JOIN | Is.POPULATION | Is.COMMA | Is.END
# An age or a weight in a parenthesis behind an amount and its route: "5 mg PO (2-5 years)".
_AGE = r"(?:[<>≥≤]=?\s?)?\d{1,3}(?:\s?(?:months?|mo|years?|yrs?|y|kg))?"
_AGES = re.compile(rf"[ \w/]{{0,20}}\(((?:ages?\s)?{_AGE}(?:\s?(?:-|–|to)\s?{_AGE})?(?<=[a-z]))\)", re.IGNORECASE)
_OVER = re.compile(r"^.*\bover ", re.IGNORECASE)
_SALINE = "normal saline"
_FLUIDS = ("fluid", "crystalloid")  # a fluid that is named behind them says which
_NAMES = {
    Is.ROUTE: "route",
    Is.FREQUENCY: "frequency",
    Is.OVER: "over",
    Is.STRENGTH: "concentration",
    Is.POPULATION: "population",
}
_FIELDS = Is.ROUTE | Is.FREQUENCY | Is.OVER | Is.DURATION | Is.FORM | Is.LINK | Is.STRENGTH | Is.COMMA


class _Line(Line):
    """A line as chunks, and the doses that were read of it so far."""

    def __init__(self, words: str, above: Callable[[], Drug | None]) -> None:
        super().__init__(words)
        self.above = above
        self.found: dict[int, Dose] = {}  # by the place of their amount

    def doses(self) -> list[Dose]:
        for place, chunk in enumerate(self.chunks):
            if chunk.amount:
                self.count(place, chunk.amount)
        return [replace(dose, **self.fields(place)) for place, dose in self.found.items()]

    def count(self, place: int, amount: Amount) -> None:
        """Read an amount: as a dose, as a field of the dose before it, or as nothing."""
        if amount.kind in ("concentration", "unknown") or amount.comparator in ("<", "<=", ">"):
            return
        before = self.before(place)
        base = self.base(place)
        if before is not None and Is.MAXIMUM in self.chunks[before].kind:
            self.maximum(before, place)
        elif (before is not None and self.says_otherwise(before, place)) or self.is_not_given(place):
            return
        elif base is not None:
            self.in_parenthesis(place, amount, self.found[base], base)
        elif (drug := self.drug_of(place, amount)) and not self.is_of_a_mixture(drug, amount):
            self.found[place] = Dose(drug, amount, amount.start, amount.end)

    def drug_of(self, place: int, amount: Amount) -> Drug | None:
        """The one drug that an amount is of."""
        behind = self.drug_behind(place)
        named = self.drug_before(place)
        if named and named.substance in _FLUIDS and Is.DRUG in self.kind(place + 1):
            return self.drug(place + 1) or named  # "IV fluid 500 mL NS"
        if named:
            begins = self.kind(place - 1) & (Is.LABEL | Is.VERB | Is.COMMA)  # "hold insulin, give 20 mEq KCl"
            return behind if behind and begins else named
        return behind or self.another(place, amount) or self.first(place, amount) or self.drug_above(place)

    def is_of_a_mixture(self, drug: Drug, amount: Amount) -> bool:
        """Whether an amount is the speed of a fluid that a drug was put in: "+ 20 mEq KCl, infuse at 200 mL/hr"."""
        kinds = {dose.amount.kind for dose in self.found.values() if dose.drug.substance == drug.substance}
        fluid = amount.kind == "volume" and amount.time is not None
        return fluid and bool(kinds) and "volume" not in kinds

    def drug(self, place: int) -> Drug | None:
        """The drug that is named at a place; none where it is part of another name, or what another is diluted in."""
        chunk = self.chunks[place]
        if chunk.drug is None or self.is_diluent(place):
            return None
        if Is.NOT_DRUG in self.kind(place + 1):
            return None
        before = self.text(place - 1) if Is.STRENGTH in self.kind(place - 1) else ""
        if chunk.drug.drug == _SALINE and before.endswith("%") and before != "0.9%":  # "0.45% NS" is no normal saline
            return Drug(self.words[self.chunks[place - 1].start : chunk.end], "saline")
        end = place  # with another name of it: "G-CSF (filgrastim)"
        if Is.OPEN in self.kind(place + 1) and Is.DRUG in self.kind(place + 2) and Is.CLOSE in self.kind(place + 3):
            end = place + 3
        return Drug(self.words[chunk.start : self.chunks[end].end], chunk.drug.drug)

    def is_diluent(self, place: int) -> bool:
        """Whether a fluid is what something is given in: "in 200 mL D5W"."""
        at = place - 1
        while at >= 0 and self.chunks[at].kind & (Is.AMOUNT | Is.STRENGTH | Is.LINK):
            at -= 1
        return at >= 0 and Is.DILUENT in self.chunks[at].kind and not self.chunks[at].kind & (Is.VERB | Is.ROUTE)

    def drug_before(self, place: int) -> Drug | None:
        """The drug that an amount stands behind, with nothing between them that is not understood."""
        at = place - 1
        while at >= 0:
            chunk = self.chunks[at]
            if chunk.drug:
                return None if self.is_diluent(at) else self.joined(at, place)
            if Is.LABEL in chunk.kind or self.words[chunk.start : chunk.end] == ".":
                return self.labelled(at)
            if Is.CLOSE in chunk.kind:
                at = self.opens.get(at, 0)
                if any(c in self.found for c in range(at, place)):
                    return None
            elif not chunk.kind & (_BETWEEN | Is.COMMA | Is.OPEN):
                return self.spoken_of(at) if self.is_in_parenthesis(place) else None
            at -= 1
        return None

    def joined(self, at: int, place: int) -> Drug | None:
        """The drug at a place, with the one that it is given with ("lidocaine with epinephrine"); or two fluids."""
        drug = self.drug(at)
        if drug is None or at < 2:
            return drug
        link, first = self.words[self.chunks[at - 1].start : self.chunks[at - 1].end].lower(), at - 2
        while first > 0 and Is.STRENGTH in self.chunks[first].kind:
            first -= 1
        other = self.drug(first)
        amount = self.chunks[place].amount
        is_joined = link == "with" or (link == "or" and amount is not None and amount.kind == "volume")
        if is_joined and other and not any(found in self.found for found in range(first, at)):
            words = self.words[self.chunks[first].start : self.chunks[at].end]
            return Drug(words, f"{other.substance} {link} {drug.substance}")
        return drug

    def labelled(self, at: int) -> Drug | None:
        """The one drug that stands before a colon or dash, in its sentence: "Mannitol for edema: 1 g/kg"."""
        start = at - 1
        while start >= 0 and not self.chunks[start].kind & Is.END:
            if self.chunks[start].amount:
                return None
            start -= 1
        for places in (self.outside(start + 1, at), range(start + 1, at)):
            if named := _distinct(drug for place in places if (drug := self.drug(place))):
                return named[0] if len(named) == 1 else None
        return None

    def is_in_parenthesis(self, place: int) -> bool:
        """Whether an amount is the first of a parenthesis, and how it is given stands behind it."""
        if place == 0 or Is.OPEN not in self.chunks[place - 1].kind or place + 1 >= len(self.chunks):
            return False
        return bool(self.chunks[place + 1].kind & Is.ROUTE)

    def spoken_of(self, at: int) -> Drug | None:
        """The one drug of the sentence up to a place."""
        return self.labelled(at + 1)

    def drug_behind(self, place: int) -> Drug | None:
        """The drug that an amount stands before: "30 mL/kg crystalloid"."""
        before = place - 1
        if before >= 0 and not self.chunks[before].kind & _OPENS:
            return None
        for at in range(place + 1, len(self.chunks)):
            chunk = self.chunks[at]
            if chunk.drug:
                own = at + 1
                while own < len(self.chunks) and self.chunks[own].kind & _BEHIND:
                    own += 1
                return None if own < len(self.chunks) and self.chunks[own].amount else self.drug(at)
            if not chunk.kind & _BEHIND:
                return None
        return None

    def another(self, place: int, amount: Amount) -> Drug | None:
        """The drug of the dose before, where an amount is another one of it: "then 5 mg", "adults: 1 g"."""
        if not self.found:
            return None
        last = max(self.found)
        dose = self.found[last]
        outside = list(self.outside(last + 1, place))
        if dose.amount.kind != amount.kind or any(self.drug(at) for at in outside):
            return None
        kinds = [self.chunks[at].kind for at in outside]
        understood = all(kind & (_GOES_ON | Is.AMOUNT | Is.MAXIMUM | Is.DRUG | Is.DILUENT) for kind in kinds)
        if understood and any(kind & _ANOTHER or self.text(at) == "|" for at, kind in zip(outside, kinds, strict=True)):
            return dose.drug
        return dose.drug if self.is_for_others(place) or self.is_next(place, last) else None

    def first(self, place: int, amount: Amount) -> Drug | None:
        """The one drug of a line that has no dose yet, where "start at" or its like stands before an amount."""
        if self.found or amount.kind == "volume" or not self.is_next(place, -1):
            return None
        named = _distinct(drug for at in range(place) if (drug := self.drug(at)))
        return named[0] if len(named) == 1 else None

    def is_next(self, place: int, last: int) -> bool:
        """Whether the words before an amount say that it follows another: "then", or a condition and a comma."""
        at = place - 1
        small = Is.FORM | Is.LINK | Is.ROUTE | Is.POPULATION | Is.VERB
        while at > last and self.chunks[at].kind & small and not self.chunks[at].kind & (Is.STEP | Is.CHANGE):
            at -= 1
        if at > last and Is.COMMA in self.chunks[at].kind:
            start = at
            while start > last and not self.chunks[start].kind & Is.END:
                start -= 1
            return Is.CONDITION in self.chunks[start + 1].kind
        return at > last and bool(self.chunks[at].kind & (Is.STEP | Is.CHANGE))

    def drug_above(self, place: int) -> Drug | None:
        """The drug above the line, where nothing stands before the amount that could mean another."""
        if self.found or any(chunk.drug or chunk.amount for chunk in self.chunks[:place]):
            return None
        when = self.kind(0) & Is.CONDITION and self.kind(place - 1) & (Is.LABEL | Is.COMMA)
        understood = all(chunk.kind & _OPENS for chunk in self.chunks[:place])
        return self.above() if when or understood else None

    # What belongs to a dose

    def base(self, place: int) -> int | None:
        """The dose that an amount stands behind in a parenthesis of its own: "30 mL (3 g)"."""
        at = place - 1
        while at >= 0 and self.kind(at) & (_BETWEEN | Is.COMMA | Is.DRUG) and not self.kind(at) & Is.OPEN:
            at -= 1
        if at < 1 or Is.OPEN not in self.kind(at):
            return None
        again = {drug.substance for p in range(at, place) if (drug := self.drug(p))}  # "dextrose 25 g (D50W 50 mL)"
        at -= 1
        while at >= 0 and self.kind(at) & _FIELDS:
            at -= 1
        return at if at in self.found and again <= {self.found[at].drug.substance} else None

    def in_parenthesis(self, place: int, amount: Amount, dose: Dose, at: int) -> None:
        """The same in another unit, or the amount for somebody else."""
        words = self.words[amount.start : amount.end]
        volume = ("volume", "piece")
        if dose.amount.kind in volume and amount.kind not in volume and amount.per == dose.amount.per:
            self.found[at] = replace(dose, amount=amount, volume=self.words[dose.amount.start : dose.amount.end])
        elif dose.amount.kind not in volume and amount.kind in volume:
            self.found[at] = replace(dose, volume=dose.volume or words)
        elif dose.amount.kind == amount.kind and self.is_for_somebody(place):
            self.found[place] = Dose(dose.drug, amount, amount.start, amount.end)

    def is_for_somebody(self, place: int) -> bool:
        """Whether a parenthesis says for whom its amount is, or when."""
        at = place - 1
        while Is.OPEN not in self.chunks[at].kind:
            at -= 1
        closed = next((c for c, o in self.opens.items() if o == at), len(self.chunks))
        return any(c.kind & (Is.POPULATION | Is.CONDITION) for c in self.chunks[at:closed])

    def maximum(self, before: int, place: int) -> None:
        """The most of the dose before that may be given."""
        last = max(self.found, default=-1)
        between = (at for at in range(last + 1, before) if self.chunks[at].amount)
        if self.found and all(self.is_titration(at) for at in between):
            words = self.text(place)
            if self.found[last].maximum is None and "total" not in self.text(before).lower():
                self.found[last] = replace(self.found[last], maximum=words)

    # What the words beside a dose say of it

    def fields(self, place: int) -> dict[str, Any]:
        """Route, frequency and the like of a dose: what stands behind its amount first, then what stands before."""
        made: dict[str, Any] = {}
        for at in (*self.behind(place), *self.ahead(place)):
            for kind, name in _NAMES.items():
                if kind in self.chunks[at].kind:
                    made.setdefault(name, _OVER.sub("", self.run(at) if kind is Is.FREQUENCY else self.text(at)))
        if band := _AGES.match(self.words, self.chunks[place].end):
            made.setdefault("population", band[1])
        return made

    def run(self, place: int) -> str:
        """The words of a frequency with those of the next, where they are one: "q24h x2 doses"."""
        end = place
        while Is.FREQUENCY in self.kind(end + 1):
            end += 1
        return self.words[self.chunks[place].start : self.chunks[end].end]

    def behind(self, place: int) -> Iterator[int]:
        """The places behind an amount, up to what is not understood or is about something else."""
        closed = {o: c for c, o in self.opens.items()}
        at, own = place + 1, self.drug_behind(place) is not None
        while at < len(self.chunks) and at not in self.found:
            kind = self.kind(at)
            if Is.OPEN in kind and at in closed:
                inside = range(at + 1, closed[at])
                if self.kind(at + 1) & (Is.POPULATION | Is.CONDITION) and not any(
                    self.chunks[p].amount for p in inside
                ):
                    yield from (p for p in inside if Is.POPULATION in self.kind(p))  # "(CrCl > 30 mL/min)"
                at = closed[at]
            elif Is.DRUG in kind and (own or self.is_diluent(at)):
                own = False
            elif kind & (_FIELDS | Is.POPULATION):
                yield at
            elif Is.STEP in kind and self.text(at).lower().startswith("repeat") and Is.FREQUENCY in self.kind(at + 1):
                pass
            elif not kind & (Is.DILUENT | Is.AMOUNT) or (Is.AMOUNT in kind and Is.DILUENT not in self.kind(at - 1)):
                return
            at += 1

    def ahead(self, place: int) -> Iterator[int]:
        """The places before an amount, back to its drug, and of the route before that."""
        at = place - 1
        while at >= 0 and at not in self.found and self.kind(at) & (_FIELDS | Is.POPULATION | Is.LABEL | Is.CLOSE):
            if Is.CLOSE in self.kind(at):
                at = self.opens.get(at, 0)
            elif not Is.LABEL & self.kind(at):
                yield at
            at -= 1
        if at > 0 and Is.DRUG in self.kind(at) and Is.ROUTE in self.kind(at - 1):
            yield at - 1
