"""How one state of a resource differs from another, for people: what stands where, by the titles of its actions."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from sachet.fhir import digest

# What servers rewrite, and what says nothing to a reader.
_LEFT_OUT = frozenset({"id", "meta", "text"})
_NAMES = ("display", "label", "url", "name", "code")
_ALIGNED = 2000  # elements of a list that are held against those they are like; of a longer one, those at their place


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that is another in two resources; None where one of them has none."""

    where: tuple[str, ...]  # titles of the actions that it is in, then the names of elements
    before: str | None
    after: str | None

    def as_json(self) -> dict[str, Any]:
        """It as `sachet plan --format json` prints it."""
        return {"where": list(self.where), "before": self.before, "after": self.after}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Where two resources differ, in their order; ids, meta, narratives and digests aside."""
    return list(_of_objects(_told(before), _told(after), ()))


def _told(resource: Mapping[str, Any]) -> dict[str, Any]:
    made = {key: value for key, value in resource.items() if key not in _LEFT_OUT}
    if others := digest.without(resource):
        return made | {"extension": others}
    made.pop("extension", None)
    return made


def _of_objects(before: Mapping[str, Any], after: Mapping[str, Any], where: tuple[str, ...]) -> Iterator[Difference]:
    for key in dict.fromkeys((*before, *after)):
        yield from _of_values(before.get(key), after.get(key), (*where, key))


def _of_values(before: Any, after: Any, where: tuple[str, ...]) -> Iterator[Difference]:
    match before, after:
        case _ if _same(before, after):
            pass
        case dict(), dict():
            yield from _of_objects(before, after, where)
        case (list(), list()) | (list(), None) | (None, list()) if before or after:
            yield from _of_lists(before or [], after or [], where)
        case _:
            yield Difference(where, _shown(before, where[-1]), _shown(after, where[-1]))


def _of_lists(before: Sequence[Any], after: Sequence[Any], where: tuple[str, ...]) -> Iterator[Difference]:
    """Elements with a name of their own are held against their namesakes, others against those that they are like."""
    old, new = _named(before), _named(after)
    pairs = _by_place(before, after) if old is None or new is None else _by_name(old, new)
    for one, other in pairs:
        yield from _of_values(one, other, (*where[:-1], _called(one if other is None else other, where[-1])))
    if old is not None and new is not None:
        orders = [[_called(some[name], name) for name in some if name in old and name in new] for some in (old, new)]
        if [n for n in old if n in new] != [n for n in new if n in old]:
            yield Difference((*where, "order"), *(", ".join(names) for names in orders))


def _same(one: Any, other: Any) -> bool:
    """Whether two values are alike; true is not 1."""
    return one is other or (one == other and digest.canonical(one) == digest.canonical(other))


def _by_name(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    for name in dict.fromkeys((*old, *new)):
        yield old.get(name), new.get(name)


def _by_place(before: Sequence[Any], after: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Elements in pairs; equal ones, which no difference is between, are left out."""
    texts = [list(map(digest.canonical, values)) for values in (before, after)]
    if max(map(len, texts)) > _ALIGNED:
        runs: list[tuple[str, int, int, int, int]] = [("replace", 0, len(before), 0, len(after))]
    else:
        runs = list(SequenceMatcher(None, texts[0], texts[1], autojunk=False).get_opcodes())
    for what, low, high, start, end in runs:
        for place in range(max(high - low, end - start) if what != "equal" else 0):
            yield (
                before[low + place] if low + place < high else None,
                after[start + place] if start + place < end else None,
            )


def _named(values: Sequence[Any]) -> dict[str, Any] | None:
    """Elements by their id, or by the url of what they are; None where something does not tell them apart."""
    found: dict[str, Any] = {}
    for value in values:
        name = _first(value, ("id", "url"))
        if name is None or name in found:
            return None
        found[name] = value
    return found


def _called(value: Any, key: str) -> str:
    """How an element of a list is called: an action by its title, anything else by its name in FHIR and what it is."""
    name = _first(value, _NAMES)
    return _first(value, ("title",)) or (f"{key} {name.rpartition('/')[2]}" if name else key)


def _first(value: Any, keys: Sequence[str]) -> str | None:
    found = (value[key] for key in keys if isinstance(value.get(key), str)) if isinstance(value, dict) else iter(())
    return next(found, None)


def _shown(value: Any, key: str) -> str | None:
    """A value as a reader sees it; of what is attached, its size and digest."""
    if value is None or (isinstance(value, str) and key != "data"):
        return value
    if isinstance(value, str):
        try:
            return f"{len(base64.b64decode(value)):,} bytes"
        except (binascii.Error, ValueError):
            return "no base64"
    return json.dumps(value, ensure_ascii=False, default=str)
