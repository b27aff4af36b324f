"""The clinical model: what a document says, read as far as it is certain. No FHIR here.

Everything is frozen and keeps its words and their place; what could not be read stays words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sachet.document.front_matter import Fields, Scalar, scalars
from sachet.document.markdown import Text
from sachet.document.source import Source
from sachet.finding import Span
from sachet.guideline.target import Target

# What a code of a document may be to it, beside "focus": what the document is about.
ROLES = ("associated", "complication", "indication", "cause")


class Kind(StrEnum):
    """What an item was in the document."""

    HEADING = "heading"
    LABEL = "label"  # bold words or a paragraph that ends in a colon: governs what follows
    STEP = "step"  # "**Step 1:** …" or "**1. …**"
    ITEM = "item"  # a list item
    TARGETS = "targets"  # a table of actions and target times
    TARGET = "target"  # a row of it
    ROW = "row"  # a row of any other table
    NOTE = "note"  # a paragraph


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell with the words of its column's header."""

    header: Text
    text: Text


@dataclass(frozen=True, slots=True)
class Item:
    """A node of a section: a heading, label, step, list item, row or paragraph, with what it governs.

    `key` names it within all documents and does not change with its numbers or its neighbours; `key_spans` and
    `title_spans` say where the words stand that key and title are made of.
    `words` are its own lines; `facts` are lines below it that only describe it ("Onset: 1-3 minutes").
    """

    kind: Kind
    key: str
    key_spans: tuple[Span, ...]
    title: str
    title_spans: tuple[Span, ...]
    words: tuple[Text, ...]
    span: Span
    prefix: str | None = None
    ordered: bool = False
    cells: tuple[Cell, ...] = ()
    facts: tuple[Text, ...] = ()
    children: tuple[Item, ...] = ()
    instruction: bool = False
    target: Target | None = None

    @property
    def plain(self) -> str:
        """All its own words on one line."""
        return " ".join(t.plain for t in self.words)

    def walk(self) -> Iterator[Item]:
        """The item and all below it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Section:
    """A section under a level-2 heading; `name` is its name in the schema, None for any other heading."""

    name: str | None
    key: str
    title: Text
    items: tuple[Item, ...]

    def walk(self) -> Iterator[Item]:
        """Every item of the section, in document order."""
        for item in self.items:
            yield from item.walk()

    def top_level(self) -> Iterator[Item]:
        """The list items that are not below another list item."""

        def visit(items: tuple[Item, ...]) -> Iterator[Item]:
            for item in items:
                if item.kind is Kind.ITEM:
                    yield item
                else:
                    yield from visit(item.children)

        return visit(self.items)


@dataclass(frozen=True, slots=True)
class Reference:
    """A source of the document: the words of the reference and what is certain of it.

    `year` and `journal` are None unless the reference states exactly one.
    """

    type: str | None
    words: Scalar
    pmid: Scalar | None
    doi: Scalar | None
    url: Scalar | None
    year: int | None
    journal: str | None
    fields: Fields  # the whole entry
    span: Span
    key: str  # pmid-NNN, doi-…, or a hash of the reference
    names: Scalar  # what `key` was made of


@dataclass(frozen=True, slots=True)
class Code:
    """An ICD-10-CM code of the document with the title of the official release; None where it does not exist."""

    words: Scalar
    role: Scalar | None
    title: str | None
    billable: bool


@dataclass(frozen=True, slots=True)
class Guideline:
    """A document, understood. `fields` holds all of its front matter."""

    identifier: Scalar
    path: str
    source: Source
    fields: Fields
    body_line: int  # the line on which the Markdown begins
    title: Scalar
    heading: Text | None
    version: str
    version_stated: Scalar | None  # what the version was made of
    codes: tuple[Code, ...]
    references: tuple[Reference, ...]
    preamble: tuple[Item, ...]
    sections: tuple[Section, ...]

    @property
    def id(self) -> str:
        """The id of the document: the PlanDefinition's id and the tail of its url."""
        return self.identifier.words

    @property
    def aliases(self) -> tuple[Scalar, ...]:
        """What the condition is also called, as far as `aliases` says."""
        entry = self.fields.get("aliases")
        return tuple(s for s in scalars(entry.value) if not s.is_null) if entry else ()

    def scalar(self, key: str) -> Scalar | None:
        """The value of a front-matter key, where it is one value and not null."""
        return self.fields.scalar(key)

    def section(self, name: str) -> Section | None:
        """The first section of that name of the schema."""
        return next((s for s in self.sections if s.name == name), None)

    def walk(self) -> Iterator[Item]:
        """Every item of the document, in document order."""
        for item in self.preamble:
            yield from item.walk()
        for section in self.sections:
            yield from section.walk()
