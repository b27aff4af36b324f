"""What the checks over all documents need to know of each: short, so that it can be kept and read again quickly.

A family that compares documents has its own part here: a structure that it makes of a Subject.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sachet.checks.codes import Listed, listed
from sachet.checks.given import Given, generic
from sachet.checks.goals import Goal, goals
from sachet.checks.indication import Indications, name_stems
from sachet.checks.limits import Limit, limits
from sachet.checks.passages import Passage, passages, sketch
from sachet.checks.pointers import Pointer, pointers, provenance_links
from sachet.checks.sources import Source, sources
from sachet.checks.subject import Subject
from sachet.finding import Span


@dataclass(frozen=True, slots=True)
class Facts:
    """A document, as far as the checks over all documents need it."""

    path: str
    id: str
    id_span: Span
    title_span: Span
    names: tuple[str, ...]  # the condition and its aliases
    category: str
    names_as_stems: tuple[tuple[str, ...], ...]
    codes: tuple[Listed, ...]
    pointers: tuple[Pointer, ...]
    provenance_links: tuple[Pointer, ...]
    doses: tuple[Given, ...]
    goals: tuple[Goal, ...]
    limits: tuple[Limit, ...]
    sources: tuple[Source, ...]
    passages: tuple[Passage, ...]
    sketch: tuple[int, ...]


def facts(subject: Subject) -> Facts:
    """What the checks over all documents need to know of one."""
    guideline = subject.guideline
    names = tuple(name.words for name in (guideline.title, *guideline.aliases))
    return Facts(
        path=guideline.path,
        id=guideline.id,
        id_span=guideline.identifier.span,
        title_span=guideline.title.span,
        names=names,
        category=category.words if (category := guideline.scalar("category")) else "",
        names_as_stems=tuple(name_stems(names)),
        codes=tuple(listed(subject)),
        pointers=tuple(pointers(subject)),
        provenance_links=tuple(provenance_links(subject)),
        doses=subject.given,
        goals=tuple(goals(subject.statements)),
        limits=tuple(limits(subject.statements)),
        sources=tuple(sources(subject)),
        passages=tuple(passages(subject)),
        sketch=sketch(subject),
    )


class Corpus:
    """All documents that are checked together, and what several checks read of them."""

    def __init__(self, documents: Sequence[Facts], root: Path) -> None:
        self.documents = documents
        self._root = root

    @cached_property
    def indications(self) -> Indications:
        """What the documents are about."""
        return Indications({one.id: one.names_as_stems for one in self.documents})

    @cached_property
    def by_id(self) -> Mapping[str, Facts]:
        """The documents by id; the first of those that share one."""
        return {one.id: one for one in reversed(self.documents)}

    def has_file(self, name: str) -> bool:
        """Whether the project has a file of that name, below its folder."""
        inside = not name.startswith(("/", "\\")) and ".." not in re.split(r"[/\\]", name)
        return inside and (self._root / name).is_file()

    def are_related(self, one: Facts, other: Facts) -> bool:
        """Whether one document points to the other, or a word of their names is the same."""
        points = any(p.id == other.id for p in one.pointers) or any(p.id == one.id for p in other.pointers)
        words, others = ({stem for name in d.names_as_stems for stem in name} - generic() for d in (one, other))
        return points or bool(words & others)
