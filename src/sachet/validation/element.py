"""Elements and resources under validation, and how to go from one to those below it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from sachet.fhir.fhirpath import Environment, Node
from sachet.fhir.shapes import Shape, Slot
from sachet.validation.issue import Where


class Held(NamedTuple):
    """A value, its shape, the companion of a primitive (`_name`), and where it stands."""

    value: Any
    shape: Shape
    companion: Mapping[str, Any] | None
    where: Where

    @property
    def node(self) -> Node:
        """Itself as FHIRPath takes it."""
        return self.value, self.shape, self.companion

    def children(self, name: str) -> list[Held]:
        """The values of an element; of one type of a choice where `name` has it ("valueQuantity")."""
        found: list[Held] = []
        holder = self.value if isinstance(self.value, dict) else self.companion
        if holder is None:
            return found
        for slot in self.shape.ways.get(name, ()):
            if slot.key not in holder and slot.beside not in holder:
                continue
            value, companion = holder.get(slot.key), holder.get(slot.beside) if slot.beside else None
            if not slot.many:
                if value is not None or companion is not None:
                    found.append(held(value, companion, slot, (self.where, slot.step, None)))
                continue
            values = value if isinstance(value, list) else []
            companions = companion if isinstance(companion, list) else []
            for index in range(max(len(values), len(companions))):
                one = values[index] if index < len(values) else None
                beside = companions[index] if index < len(companions) else None
                if one is not None or beside is not None:
                    found.append(held(one, beside, slot, (self.where, slot.step, index)))
        return found


def held(value: Any, companion: Any, slot: Slot, where: Where) -> Held:
    """A value of a slot."""
    shape = slot.shape
    if slot.type == "Resource" and isinstance(value, dict):
        shape = slot.shapes.resource(value.get("resourceType")) or shape
    return Held(value, shape, companion if isinstance(companion, dict) else None, where)


@dataclass(eq=False)
class Resource:
    """A resource under validation, and what is around it."""

    held: Held
    container: Resource | None = None  # of a contained one
    group: Resource | None = None  # the Bundle or Parameters that it is in
    entry: Mapping[str, Any] | None = None  # of that Bundle
    environment: Environment = field(default_factory=Environment)
    ids: set[str] = field(default_factory=set)  # of its elements
    links: list[tuple[Where, str]] = field(default_factory=list)  # to something with an id, in its narrative

    @property
    def value(self) -> Mapping[str, Any]:
        """Its JSON."""
        value: Mapping[str, Any] = self.held.value
        return value

    @property
    def root(self) -> Resource:
        """The resource that contains it, or itself."""
        return self.container.root if self.container else self

    @cached_property
    def contained(self) -> Mapping[str, Held]:
        """The resources that it contains, by id."""
        found = (h for h in self.held.children("contained") if isinstance(h.value, dict))
        return {h.value["id"]: h for h in found if isinstance(h.value.get("id"), str)}

    @cached_property
    def entries(self) -> Mapping[str, list[tuple[Mapping[str, Any], Held]]]:
        """The entries of a Bundle that have a resource, by fullUrl: each with its resource."""
        found: dict[str, list[tuple[Mapping[str, Any], Held]]] = {}
        for entry in self.held.children("entry"):
            for resource in entry.children("resource"):
                url = entry.value.get("fullUrl")
                if isinstance(resource.value, dict):
                    found.setdefault(url if isinstance(url, str) else "", []).append((entry.value, resource))
        return found

    @property
    def full_url(self) -> str | None:
        """The fullUrl of the entry that it, or what contains it, is the resource of."""
        url = (self.root.entry or {}).get("fullUrl")
        return url if isinstance(url, str) else None
