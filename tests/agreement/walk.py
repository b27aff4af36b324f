"""Every element of a resource: where it stands and what it may hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sachet.fhir.shapes import Shape, Slot, shapes


@dataclass(frozen=True)
class Place:
    """A value in a resource: the object that holds it, its slot, and its index where it stands in a list."""

    holder: dict[str, Any]
    above: Shape  # of the holder
    slot: Slot
    index: int | None

    @property
    def value(self) -> Any:
        """What stands here."""
        found = self.holder[self.slot.key]
        return found if self.index is None else found[self.index]

    def put(self, value: Any) -> None:
        """Let another value stand here."""
        if self.index is None:
            self.holder[self.slot.key] = value
        else:
            self.holder[self.slot.key][self.index] = value


def places(resource: dict[str, Any], release: str, into: bool = True) -> list[Place]:
    """Every value in a resource; `into` the resources in it too."""
    return list(_of_resource(resource, release, into))


def of_type(resource: dict[str, Any], release: str, *types: str) -> list[Place]:
    """Every value of one of some types."""
    return [place for place in places(resource, release) if place.slot.type in types]


def _of_resource(resource: dict[str, Any], release: str, into: bool) -> Iterator[Place]:
    shape = shapes(release).resource(resource.get("resourceType"))
    if shape is not None:
        yield from _of_element(resource, shape, release, into)


def _of_element(holder: dict[str, Any], shape: Shape, release: str, into: bool) -> Iterator[Place]:
    for key, value in list(holder.items()):
        slot = shape.slots.get(key)
        if slot is None:
            continue
        listed = isinstance(value, list)
        for index, one in enumerate(value if listed else [value]):
            yield Place(holder, shape, slot, index if listed else None)
            if not isinstance(one, dict):
                continue
            if slot.type == "Resource":
                yield from _of_resource(one, release, into) if into else ()
            else:
                yield from _of_element(one, slot.shape, release, into)
