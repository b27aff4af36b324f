"""Resources that keep the rules, made by chance from the definitions of a release."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from random import Random
from typing import Any

from agreement import primitives, repairs, types
from agreement.codes import Code, of_value_set
from agreement.extensions import known_extension
from sachet.fhir.shapes import Binding, Shape, Slot, shapes
from sachet.fhir.tables import table

_CORE = "http://hl7.org/fhir/StructureDefinition/"
_LEFT_OUT = frozenset("extension modifierExtension contained implicitRules language text meta id".split())
_DEEPEST = 6


@cache
def resource_types(release: str) -> tuple[str, ...]:
    """The resource types of a release."""
    names = table(release, "types").keys()
    return tuple(name for name in names if "." not in name and shapes(release).resource(name))


class Maker:
    """Makes one resource; what it makes is decided by `random` alone."""

    def __init__(self, release: str, random: Random, richness: float = 0.0) -> None:
        """`richness` is the chance of an optional element."""
        self.release = release
        self.random = random
        self.richness = richness
        self.shapes = shapes(release)
        self.contained: list[dict[str, Any]] = []
        self.contains = richness > 0  # whether references may lead to what is contained
        self.path: list[str] = []  # the names of the elements that are being made
        self.ids = 0

    def resource(self, name: str, identifier: str = "one") -> dict[str, Any]:
        """A resource of a type, with what it contains."""
        self.contains = self.richness > 0 and self.shapes[name].is_a("DomainResource")
        made = self._bare(name, identifier)
        rich = self.richness > 0 and self.shapes[name].is_a("DomainResource")
        if rich and self.chance(0.7):
            made["text"] = types.narrative(self)
        if rich and self.chance(0.3):
            made["meta"] = types.meta(self)
        if rich and self.chance(0.2):
            made["language"] = self.random.choice(("en", "de-CH"))
        self.contain(made)
        return made

    def contain(self, made: dict[str, Any]) -> None:
        """Put into a resource what references of it lead to."""
        text = json.dumps(made)
        if kept := [one for one in self.contained if f'"#{one["id"]}"' in text]:
            made["contained"] = kept

    def _bare(self, name: str, identifier: str) -> dict[str, Any]:
        return {"resourceType": name, "id": identifier} | self.element(name)

    def element(self, name: str) -> dict[str, Any]:
        """An element of a type or part, or the content of a resource."""
        by_hand = types.BY_HAND.get(name)
        shape = self.shapes[name]
        made = by_hand(self) if by_hand else self._by_chance(shape)
        repair = repairs.REPAIRS.get(name)
        if repair:
            repair(made, self, name)
        if not made:
            self._fill(made, shape)
        if self.richness and self.chance(0.06):
            self._extend(made, shape)
        return made

    def _by_chance(self, shape: Shape) -> dict[str, Any]:
        made: dict[str, Any] = {}
        needed = dict(shape.required)
        depth = len(self.path)
        chance = self.richness / (1 + depth * depth) if depth < _DEEPEST else 0
        elements = dict.fromkeys(slot.name for slot in shape.slots.values())
        for name in elements:
            optional = name not in _LEFT_OUT and self.chance(chance)
            if name in needed or optional:
                self.add(made, shape, name)
        return made

    def _fill(self, made: dict[str, Any], shape: Shape) -> None:
        """An element without any part gets one."""
        free = [s for s in shape.slots.values() if s.name not in _LEFT_OUT and s.max > 0 and s.type != shape.name]
        if free and shape.kind != "resource":
            simple = [s for s in free if s.type in ("string", "code", "boolean", "markdown")]
            self.put(made, (simple or free)[0])

    def add(self, made: dict[str, Any], shape: Shape, name: str) -> None:
        """Give an element a part; of a choice any type."""
        slot = shape.slots[self.random.choice(shape.keys(name))]
        if slot.max > 0:
            self.put(made, slot)

    def put(self, made: dict[str, Any], slot: Slot) -> None:
        """Give an element a value for a slot."""
        if slot.many:
            least = max(1, slot.min)
            made[slot.key] = [self.value(slot) for _ in range(least + int(self.richness and self.chance(0.2)))]
        else:
            made[slot.key] = self.value(slot)
        if self.richness and slot.key in made and slot.shape.kind == "primitive-type" and self.chance(0.04):
            beside = {"id": self.new_id(), "extension": [types.absent(self)]}
            count = len(made[slot.key]) if slot.many else 0
            made[f"_{slot.key}"] = [beside, *[None] * (count - 1)] if slot.many else beside

    def value(self, slot: Slot) -> Any:
        """A value of a slot."""
        self.path.append(slot.name)
        made = self._value(slot)
        self.path.pop()
        return made

    def _value(self, slot: Slot) -> Any:
        if slot.type == "Resource":
            return Maker(self.release, self.random).resource("Basic", self.new_id())
        if slot.type == "Reference":
            return self.reference(slot.targets)
        if slot.type == "CodeableReference":
            wanted = {"concept": self.coded("CodeableConcept", slot.binding)}
            return wanted if slot.binding or self.chance(0.5) else {"reference": self.reference(slot.targets)}
        if slot.type == "canonical" and slot.targets:
            return f"http://example.org/fhir/{self.target(slot.targets)}/one"
        if slot.type in ("code", "Coding", "CodeableConcept") or (slot.binding and slot.type in ("uri", "string")):
            return self.coded(slot.type, slot.binding, slot)
        if slot.type in primitives.VALUES:
            return self.primitive(slot)
        if any(p.endswith("SimpleQuantity") for p in slot.profiles):
            return types.simple_quantity(self)
        return self.element(slot.type)

    def primitive(self, slot: Slot) -> Any:
        """A value of a primitive slot."""
        named = types.BY_NAME.get((slot.name, slot.type))
        return named(self) if named else primitives.VALUES[slot.type](self.random)

    def coded(self, kind: str, binding: Binding | None, slot: Slot | None = None) -> Any:
        """A coded value of a type, of its value set where that is known."""
        found = self.codes(binding)
        if not found:
            return types.uncoded(self, kind, slot, binding)
        return types.coded(kind, self.random.choice(found), self.chance(0.5))

    def codes(self, binding: Binding | None) -> Sequence[Code]:
        """The codes that a binding allows, as far as they are known."""
        return of_value_set(self.release, binding.widest or binding.value_set) if binding else ()

    def target(self, targets: Sequence[str]) -> str:
        """The type that a reference leads to."""
        names = [t.removeprefix(_CORE) for t in targets]
        known = [n for n in names if self.shapes.resource(n) is not None]
        return self.random.choice(known or ["Patient" if not names or "Resource" in names else "Observation"])

    def reference(self, targets: Sequence[str] = ()) -> dict[str, Any]:
        """A Reference, now and then to a resource that is contained."""
        name = self.target(targets)
        if self.contains and self.chance(0.15) and len(self.contained) < 2:
            inner = Maker(self.release, self.random)
            number = len(self.contained) + 1
            self.contained.append(inner._bare(name, f"inner-{number}"))
            return {"reference": f"#inner-{number}"}
        made: dict[str, Any] = {"reference": f"{name}/absent-{self.random.randint(1, 99)}"}
        if self.richness and self.chance(0.2):
            made["type"] = name
        if self.richness and self.chance(0.2):
            made["display"] = primitives.words(self.random)
        return made

    def _extend(self, made: dict[str, Any], shape: Shape) -> None:
        if shape.kind == "part" or "extension" not in shape.slots or not made:
            return
        extension = known_extension(self, shape.name)
        if extension is not None:
            made.setdefault("extension", []).append(extension)

    def chance(self, chance: float) -> bool:
        """Whether something happens that has a chance."""
        return self.random.random() < chance

    def new_id(self) -> str:
        """An id that no other element of the resource has."""
        self.ids += 1
        return f"e-{self.ids}"
