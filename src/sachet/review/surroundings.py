"""A step with all that decides what it means, and the hash by which is told later whether any of it changed.

Many conditional doses carry no word that says so: what stands above, below and beside a step makes it one. So the hash
is of the step, of what it stands below, of all below it, and of its siblings in the same list with all below them.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sachet.guideline.model import Guideline, Item, Section

_FORM = "sachet step 1"  # of what is hashed


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A step, the section that it is in, the items above it (the nearest last), and its siblings.

    `listed` are the siblings with the step itself, in the order of the document.
    """

    section: Section
    above: tuple[Item, ...]
    step: Item
    siblings: tuple[Item, ...]
    listed: tuple[Item, ...]

    @property
    def sha256(self) -> str:
        """The hash of all of it, in hexadecimal."""
        told = [_FORM, self.section.title.plain, [_own(item) for item in self.above]]
        told += [_whole(self.step), [_whole(item) for item in self.siblings]]
        flat = unicodedata.normalize("NFC", json.dumps(told, ensure_ascii=False, separators=(",", ":")))
        return hashlib.sha256(flat.encode("utf-8", "surrogatepass")).hexdigest()


def all_surroundings(guideline: Guideline) -> Iterator[Surroundings]:
    """Every item of the sections of a document with its surroundings, in document order."""
    for section in guideline.sections:
        yield from _below(section, (), section.items)


def _below(section: Section, above: tuple[Item, ...], items: Sequence[Item]) -> Iterator[Surroundings]:
    for place, item in enumerate(items):
        yield Surroundings(section, above, item, (*items[:place], *items[place + 1 :]), tuple(items))
        yield from _below(section, (*above, item), item.children)


def _own(item: Item) -> list[Any]:
    """The words of an item: of a table's row with those of its header; and what describes it."""
    cells = [[cell.header.plain, cell.text.plain] for cell in item.cells]
    return [item.kind, item.prefix, cells or [text.plain for text in item.words], [text.plain for text in item.facts]]


def _whole(item: Item) -> list[Any]:
    return [*_own(item), [_whole(child) for child in item.children]]
