"""What documents are about: their names as stems, and which documents speak of one thing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sachet.checks.given import generic
from sachet.terminology.words import stems

_PARTS = re.compile(r"\s(?:and|or)\s|/|,")
_DEGREES = frozenset(stems("severe acute massive symptomatic critical life-threatening"))
_MEANS = frozenset(stems("via through"))
_LONG = 7  # characters of a word that is a name by itself


def name_stems(names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """The names of a document as stems, and those of their parts ("sepsis and septic shock").

    What says how bad or how sudden it is is left out ("severe hyponatremia"). None that is too short to be found in a
    text without mistaking it.
    """
    seen = set()
    for name in names:
        plain = re.sub(r"\(.*?\)", " ", name)
        for part in dict.fromkeys((plain, *_PARTS.split(plain))):
            found = tuple(stems(part))
            telling = tuple(s for s in found if s not in generic())
            if part is not plain and len(telling) < 2:
                continue
            if len(telling) == 1:
                found = tuple(s for s in found if s not in _DEGREES)
            if len(found) == 1:
                longest = max((w for w in part.split() if tuple(stems(w)) == telling), key=len, default="")
                found = telling if len(longest) >= _LONG else ()
            if telling and found and found not in seen:
                seen.add(found)
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
            if at and said[at - 1] in _MEANS:
                continue  # "via central line" is how, not what for
            for name in self._by_first.get(one, ()):
                if tuple(said[at : at + len(name)]) == name:
                    found.add(self._owner[name])
                    break
        return frozenset(found)
