"""The lines of a document's body, each with where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sachet.document.markdown import Text
from sachet.finding import Span
from sachet.guideline.model import Guideline, Item, Section


@dataclass(frozen=True, slots=True)
class Statement:
    """Some words of the body in one place: an item's own line, or a fact below it.

    `above` are the items that it stands under, the nearest last; `section` is None before the first section.
    """

    text: Text
    item: Item
    section: Section | None
    above: tuple[Item, ...]

    @property
    def plain(self) -> str:
        """The words."""
        return self.text.plain

    def place(self, start: int, end: int) -> Span:
        """Where `plain[start:end]` stands in the file."""
        return self.text.place(start, end)


def statements(guideline: Guideline) -> Iterator[Statement]:
    """Every line of the body, in document order."""
    for item in guideline.preamble:
        yield from _below(item, None, ())
    for section in guideline.sections:
        for item in section.items:
            yield from _below(item, section, ())


def _below(item: Item, section: Section | None, above: tuple[Item, ...]) -> Iterator[Statement]:
    for text in (*item.words, *item.facts):
        yield Statement(text, item, section, above)
    for child in item.children:
        yield from _below(child, section, (*above, item))
