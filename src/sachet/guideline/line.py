"""A line as chunks, and what stands around an amount in it: whether its words say that it is not given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sachet.guideline.chunks import Chunk, Is, chunks
from sachet.terminology.units import SIZED

# Words right before an amount that say that it is not given.
_NOT_GIVEN = Is.TITRATE | Is.DILUENT | Is.EQUAL | Is.CONDITION
_TRANSFUSED = re.compile(r"\s\d+(?:-\d+)?\sunits?\s(?:of\s)?(?:transfus|blood|packed|prbc|rbc|products)", re.IGNORECASE)
_GAUGE = re.compile(r"(?:1[4-9]|2\d|30)(?:-(?:1[4-9]|2\d|30))?-?[gG]")  # of a needle: "18g IV"
# Behind an amount: what it does, not that it is given.
_CAUSES = re.compile(r"(?:(?!\bbut\b)[^.;:—(]){0,60}?\b(?:may|can|could|will)?\s*causes?\b", re.IGNORECASE)


class Line:
    """A line as chunks. A place is the number of a chunk, from 0."""

    def __init__(self, words: str) -> None:
        self.words = words
        self.chunks = chunks(words)
        self.opens = _opens(self.chunks)

    def before(self, place: int) -> int | None:
        """The place of the word right before an amount, small words aside."""
        at = place - 1
        while at >= 0 and self.chunks[at].kind in (Is.LINK, Is.FORM | Is.LINK):
            at -= 1
        return at if at >= 0 else None

    def beyond(self, place: int) -> int:
        """The place behind an amount and the parenthesis that it is in or that follows it."""
        closed = {o: c for c, o in self.opens.items()}
        at = place + 1
        while Is.CLOSE in self.kind(at) or at in closed:
            at = closed.get(at, at) + 1
        return at

    def kind(self, place: int) -> Is:
        """What the chunk at a place may be; nothing beyond the ends of the line."""
        return self.chunks[place].kind if 0 <= place < len(self.chunks) else Is.NOTHING

    def text(self, place: int) -> str:
        """The words of a chunk."""
        return self.words[self.chunks[place].start : self.chunks[place].end]

    def outside(self, start: int, end: int) -> Iterator[int]:
        """The places between two places, without what stands in a parenthesis that is closed by then."""
        closed = {o: c for c, o in self.opens.items()}
        at = start
        while at < end:
            if Is.OPEN in self.chunks[at].kind and closed.get(at, end) < end:
                at = closed[at] + 1
                continue
            if not self.chunks[at].kind & (Is.OPEN | Is.CLOSE):
                yield at
            at += 1

    def is_closed(self, opened: int, place: int) -> bool:
        """Whether a parenthesis is closed before a place."""
        return any(o == opened and c < place for c, o in self.opens.items())

    def says_otherwise(self, before: int, place: int) -> bool:
        """Whether the word before an amount says that it is not what is given."""
        kind = self.chunks[before].kind
        if Is.CHANGE in kind:
            return not self.kind(place + 1) & (Is.ROUTE | Is.FREQUENCY) and not self.is_for_others(place)
        return bool(kind & _NOT_GIVEN) and not kind & Is.VERB

    def is_for_others(self, place: int) -> bool:
        """Whether the words beside an amount say for whom it is."""
        beside = self.chunks[max(0, place - 1) : place + 2]
        return any(Is.POPULATION in chunk.kind for chunk in beside)

    def is_not_given(self, place: int) -> bool:
        """Whether what stands behind an amount says that it is a size, a loss, or what is drawn up for an infusion."""
        behind = self.kind(place + 1)
        end = self.chunks[place].end
        if SIZED.match(self.words, end) or Is.NOT_GIVEN in behind or _CAUSES.match(self.words, end):
            return True
        if self.is_content(place) or self.is_reserved(place) or self.is_among_maxima(place):
            return True
        after = place + 1
        while self.kind(after) & (Is.ROUTE | Is.DRUG):
            after += 1
        if Is.DILUENT in self.kind(after) and self.text(after).lower() == "per":  # "5 mL per level": how many are open
            return not _TRANSFUSED.match(self.words, self.chunks[after].end)
        if _GAUGE.fullmatch(self.text(place)) and (place == 0 or self.chunks[place - 1].drug is None):
            return True
        beyond = self.beyond(place)
        mixed = Is.DILUENT in self.kind(beyond) and bool(self.kind(beyond + 1) & (Is.AMOUNT | Is.DRUG))
        return (mixed or Is.DILUENT in behind) and self.is_drawn_up(place)

    def is_content(self, place: int) -> bool:
        """Whether an amount is what a piece holds: "20 vials of 1 mg"."""
        piece = self.chunks[place - 2].amount if place >= 2 and self.text(place - 1).lower() == "of" else None
        return piece is not None and piece.kind == "piece"

    def is_among_maxima(self, place: int) -> bool:
        """Whether an amount stands behind a maximum in its parenthesis: "(max 3 g in adults; 4 g if healthy)"."""
        for at in range(place - 1, -1, -1):
            if self.kind(at) & (Is.OPEN | Is.CLOSE):
                return False
            if Is.MAXIMUM in self.kind(at):
                return any(Is.OPEN in self.kind(p) and not self.is_closed(p, place) for p in range(at))
        return False

    def is_reserved(self, place: int) -> bool:
        """Whether a word before an amount, in its sentence, says that it is kept ready or was given in vain."""
        for at in range(place - 1, -1, -1):
            kind = self.kind(at)
            if Is.RESERVED in kind:
                return True
            if kind & (Is.END | Is.STEP | Is.LABEL | Is.VERB) and Is.LINK not in kind and Is.FORM not in kind:
                return False
        return False

    def is_drawn_up(self, place: int) -> bool:
        """Whether an amount in a fluid is followed by its speed or concentration, and no time in which it is given."""
        for at in range(place + 1, len(self.chunks)):
            chunk = self.chunks[at]
            if chunk.kind & (Is.END | Is.OVER):
                return False
            if (chunk.amount and chunk.amount.time) or (Is.STRENGTH in chunk.kind and "/" in self.text(at)):
                return True
        return False

    def is_titration(self, place: int) -> bool:
        """Whether an amount is a step of a change: "titrate by 2.5 mg/hr"."""
        before = self.before(place)
        return before is not None and Is.TITRATE in self.chunks[before].kind


def _opens(line: Sequence[Chunk]) -> dict[int, int]:
    """Where each parenthesis that is closed was opened."""
    found: dict[int, int] = {}
    waiting: list[int] = []
    for place, chunk in enumerate(line):
        if Is.OPEN in chunk.kind:
            waiting.append(place)
        elif Is.CLOSE in chunk.kind and waiting:
            found[place] = waiting.pop()
    return found
