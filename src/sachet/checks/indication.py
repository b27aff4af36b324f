"""What documents are about: their names as stems, and which documents speak of one thing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sachet.checks.given import generic
from sachet.terminology.words import stems

_LONG = 7  # characters of a word that is a name by itself


def name_stems(names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """The names of a document as stems; none that is too short to be found in a text without mistaking it."""
    for name in names:
        found = tuple(stems(re.sub(r"\(.*?\)", " ", name)))
        telling = [s for s in found if s not in generic()]
        if len(telling) > 1 or (len(found) == 1 and telling and len(name) >= _LONG):
            yield found


class Indications:
    """Which documents some words speak of. Documents that share a name are one indication, called by the first id."""

    def __init__(self, names: Mapping[str, Sequence[tuple[str, ...]]]) -> None:
        self._owner: dict[tuple[str, ...], str] = {}
        self._same: dict[str, str] = {}
        for identifier in sorted(names):
            owners = {self._owner[name] for name in names[identifier] if name in self._owner}
            first = min(owners, default=identifier)
            self._same[identifier] = first
            for name in names[identifier]:
                self._owner.setdefault(name, first)
        self._by_first: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        for name in sorted(self._owner, key=lambda n: (-len(n), n)):
            self._by_first[name[0]].append(name)

    def of(self, identifier: str) -> str:
        """The indication of a document."""
        return self._same[identifier]

    def spoken_of(self, said: Sequence[str]) -> frozenset[str]:
        """The indications whose name stands in words."""
        found = set()
        for at, one in enumerate(said):
            for name in self._by_first.get(one, ()):
                if tuple(said[at : at + len(name)]) == name:
                    found.add(self._owner[name])
                    break
        return frozenset(found)
