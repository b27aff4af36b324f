"""What an element may hold in a release: the shape of each resource type, data type and part of one.

Shapes come from HL7's definitions and are made when they are first asked for. A property of FHIR's JSON has a slot;
a choice element has one for each of its types, so that `valueQuantity` is found by its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from math import inf
from typing import Any, Literal

from sachet.fhir.tables import Table, table

Kind = Literal["resource", "complex-type", "primitive-type", "part"]
# The types whose own id is no more than a string, also in R5, where that of a data type is an id.
_WITH_ANY_ID = frozenset({"Element", "BackboneElement", "BackboneType", "ElementDefinition", "DataType"})


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule in FHIRPath that the elements of a shape keep."""

    key: str
    severity: str  # error or warning
    human: str
    expression: str


@dataclass(frozen=True, slots=True)
class Binding:
    """The codes that an element may have: its strength, the ValueSet, and the widest one where there is one."""

    strength: str
    value_set: str
    widest: str | None = None


@dataclass(frozen=True, eq=False)
class Slot:
    """A property that an element may have."""

    shapes: Shapes
    name: str  # of the element, as FHIRPath has it: "value"
    key: str  # of the JSON property: "valueQuantity"
    type: str  # the name of its shape
    min: int  # of the element, over all its choices
    max: float
    modifier: bool = False
    binding: Binding | None = None
    profiles: tuple[str, ...] = ()  # of which its values have to keep one
    targets: tuple[str, ...] = ()  # the profiles that a Reference or canonical may lead to
    max_length: int | None = None
    invariants: tuple[Invariant, ...] = ()  # of the element, besides those of its shape

    @cached_property
    def many(self) -> bool:
        """Whether its JSON is a list."""
        return self.max > 1

    @cached_property
    def step(self) -> str:
        """The element as a FHIRPath step, with the type of a choice: "value.ofType(Quantity)"."""
        return self.name if self.name == self.key else f"{self.name}.ofType({self.type})"

    @cached_property
    def beside(self) -> str | None:
        """The JSON property with the id and extensions of its value; None of what is no primitive."""
        return f"_{self.key}" if self.shape.kind == "primitive-type" else None

    @cached_property
    def shape(self) -> Shape:
        """What its values hold. "Resource" stands for any resource."""
        return self.shapes[self.type]


@dataclass(frozen=True, eq=False)
class Shape:
    """What a type, or a part of one, may hold."""

    name: str
    kind: Kind
    base: Shape | None
    slots: Mapping[str, Slot]  # by JSON property
    choices: Mapping[str, tuple[str, ...]]  # by element: the JSON properties of a choice
    required: tuple[tuple[str, int], ...]  # elements that there have to be, and how many
    invariants: tuple[Invariant, ...]
    regex: re.Pattern[str] | None = None  # of a primitive: what it looks like

    def keys(self, element: str) -> Sequence[str]:
        """The JSON properties of an element, or of one type of it."""
        return self.choices.get(element) or ((element,) if element in self.slots else ())

    @cached_property
    def ways(self) -> Mapping[str, tuple[Slot, ...]]:
        """The slots of each element, and of each type of a choice."""
        return {name: tuple(self.slots[key] for key in self.keys(name)) for name in (*self.slots, *self.choices)}

    def is_a(self, name: str) -> bool:
        """Whether it is a type or one that specializes it."""
        return self.name == name or (self.base is not None and self.base.is_a(name))


class Shapes:
    """The shapes of a release, by name: "PlanDefinition", "PlanDefinition.action", "Quantity", "code"."""

    def __init__(self, release: str) -> None:
        self.release = release
        self._rows: Table = table(release, "types")
        self._made: dict[str, Shape] = {}
        self._resources: dict[str, Shape | None] = {}  # by any name that was asked for

    def __getitem__(self, name: str) -> Shape:
        shape = self.get(name)
        if shape is None:
            raise KeyError(name)
        return shape

    def get(self, name: str) -> Shape | None:
        """The shape of a name; None where the release has none."""
        if name not in self._made:
            row = self._rows.get(name)
            if row is None:
                return None
            self._made[name] = self._make(name, row)
        return self._made[name]

    def resource(self, name: Any) -> Shape | None:
        """The shape of a resource type that can be instantiated; None for any other name."""
        if not isinstance(name, str) or not name.isalpha():
            return None
        if name not in self._resources:
            row = self._rows.get(name)
            is_one = row and row.get("kind") == "resource" and not row.get("abstract")
            self._resources[name] = self[name] if is_one else None
        return self._resources[name]

    def _make(self, name: str, row: dict[str, Any]) -> Shape:
        base = self[row["base"]] if row["base"] else None
        slots = dict(base.slots) if base else {}
        choices = dict(base.choices) if base else {}
        required = list(base.required) if base else []
        regex = base.regex if base else None
        for element, one in row["elements"].items():
            if row.get("kind") == "primitive-type" and element == "value":
                regex = _regex(one) or regex
                continue
            made = self._slots(element, one)
            slots |= {slot.key: slot for slot in made}
            if element.endswith("[x]"):
                choices[element.removesuffix("[x]")] = tuple(slot.key for slot in made)
            if one.get("min"):
                required.append((element.removesuffix("[x]"), one["min"]))
        if (identifier := self._id_type(name, row.get("kind"))) is not None:
            slots |= {slot.key: slot for slot in self._slots("id", {"types": [{"code": identifier}]})}
        own = tuple(_invariant(i) for i in row.get("invariants", ()))
        inherited = base.invariants if base else ()
        kind: Kind = row.get("kind", "part")
        return Shape(name, kind, base, slots, choices, tuple(required), inherited + own, regex)

    def _id_type(self, name: str, kind: str | None) -> str | None:
        """The type of an id where the definitions of its type do not say it, or say it wrongly.

        R4B takes that of an ElementDefinition ("Extension.value[x]") for an id.
        """
        if name == "ElementDefinition":
            return "string"
        return "id" if self.release == "r5" and kind == "complex-type" and name not in _WITH_ANY_ID else None

    def _slots(self, element: str, one: dict[str, Any]) -> list[Slot]:
        name = element.removesuffix("[x]")
        limit = one.get("max", "1")
        shared: dict[str, Any] = {
            "min": one.get("min", 0),
            "max": inf if limit == "*" else int(limit),
            "modifier": one.get("modifier", False),
            "binding": _binding(one.get("binding")),
            "max_length": one.get("maxLength"),
            "invariants": tuple(_invariant(i) for i in one.get("invariants", ())),
        }
        if "part" in one:
            return [Slot(self, name, name, one["part"], **shared)]
        return [
            Slot(
                self,
                name,
                name + t["code"][0].upper() + t["code"][1:] if element.endswith("[x]") else name,
                t["code"],
                profiles=tuple(t.get("profile", ())),
                targets=tuple(t.get("targetProfile", ())),
                **shared,
            )
            for t in one["types"]
        ]


@cache
def shapes(release: str) -> Shapes:
    """The shapes of a release: `r4`, `r4b` or `r5`."""
    return Shapes(release)


def _regex(value: dict[str, Any]) -> re.Pattern[str] | None:
    found = next((t["regex"] for t in value["types"] if "regex" in t), None)
    return re.compile(found.replace("}})?", "})?")) if found else None  # R5's decimal has a brace too many


def _invariant(row: dict[str, str]) -> Invariant:
    return Invariant(row["key"], row["severity"], row["human"], row["expression"])


def _binding(row: dict[str, str] | None) -> Binding | None:
    return Binding(row["strength"], row["valueSet"], row.get("max")) if row else None
