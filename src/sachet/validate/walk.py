"""The walk over a resource: what its elements may be, one after the other.

Each element is held against the slot that the definitions have for it. What concerns more than one element, as
references and extensions, is in the modules that the walk asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sachet.fhir.shapes import Binding, Shape, Slot
from sachet.validate import narrative
from sachet.validate.definitions import Definitions
from sachet.validate.issue import ERROR, Issues, Where
from sachet.validate.primitives import CHECKS, shown
from sachet.validate.reading import Doubled

_DEEPEST = 150  # elements below one another; no resource needs a tenth of it


@dataclass(slots=True, eq=False)
class Resource:
    """A resource under validation."""

    value: Mapping[str, Any]
    shape: Shape
    where: Where
    container: Resource | None = None  # of one that is contained
    ids: set[str] = field(default_factory=set)  # of its elements


class Walk:
    """Holds resources against the definitions of a release; what is wrong goes to `issues`."""

    def __init__(self, definitions: Definitions, issues: Issues) -> None:
        self.definitions = definitions
        self.issues = issues
        self._depth = 0

    def resource(self, value: Any, where: Where | None, container: Resource | None = None) -> Resource | None:
        """A resource, or one inside of another; None where it is none that the release knows."""
        if not isinstance(value, dict):
            self.issues.add("FHIR104", where, f"{shown(value)} stands where a resource should: write an object")
            return None
        kind = value.get("resourceType")
        shape = self.definitions.shapes.resource(kind)
        if shape is None:
            what = "no resourceType" if kind is None else f"{shown(kind)} is no resource type"
            self.issues.add("FHIR102", where, f"{what} of {self.definitions.release.upper()}")
            return None
        made = Resource(value, shape, where or (None, shape.name, None), container)
        self._element(value, shape, shape.name, made.where, made)
        return made

    def _element(self, value: Mapping[str, Any], shape: Shape, path: str, where: Where, within: Resource) -> None:
        """An object: its properties, and what has to be among them."""
        if isinstance(value, Doubled):
            for name in value.names:
                self.issues.add("FHIR101", where, f"{name!r} stands twice: only one may be")
        self._depth += 1
        if self._depth > _DEEPEST:
            self.issues.add("FHIR104", where, f"elements more than {_DEEPEST} deep")
        else:
            for name, child in value.items():
                slot = shape.slots.get(name)
                if slot is None:
                    self._beside(name, child, value, shape, where, within)
                elif slot.many:
                    self._list(child, slot, value.get(f"_{name}"), where, within)
                else:
                    self._one(child, slot, (where, _name(slot), None), within)
            self._whole(value, shape, where)
        self._depth -= 1

    def _beside(
        self, name: str, child: Any, value: Mapping[str, Any], shape: Shape, where: Where, within: Resource
    ) -> None:
        """A property that is no element: `resourceType`, the extensions of a primitive, or something unknown."""
        slot = shape.slots.get(name[1:]) if name[:1] == "_" else None
        if slot is not None and slot.shape.kind == "primitive-type":
            self._companions(child, slot, value.get(name[1:]), where, within)
        elif name != "resourceType" or shape.kind != "resource":
            self.issues.add("FHIR103", where, f"{name!r} is no element of {shape.name}{_meant(name, shape)}")

    def _list(self, value: Any, slot: Slot, companions: Any, where: Where, within: Resource) -> None:
        if not isinstance(value, list):
            self.issues.add("FHIR104", (where, _name(slot), None), "it may stand more than once: write a list")
            return
        if not value:
            self.issues.add("FHIR105", (where, _name(slot), None), "an empty list: leave the element out")
        if len(value) > slot.max:
            self.issues.add("FHIR107", (where, _name(slot), None), f"{len(value)} of at most {slot.max:.0f}")
        for index, one in enumerate(value):
            if one is None and isinstance(companions, list) and index < len(companions) and companions[index]:
                continue  # it has extensions instead
            self._one(one, slot, (where, _name(slot), index), within)

    def _one(self, value: Any, slot: Slot, where: Where, within: Resource) -> None:
        """One value of an element."""
        if value is None:
            self.issues.add("FHIR105", where, "null: leave the element out")
        elif slot.max == 0:
            self.issues.add("FHIR103", where, f"{slot.name!r} may not be here")
        elif slot.type == "Resource":
            self.resource(value, where, within)
        elif (check := CHECKS.get(slot.type)) is not None:
            self._primitive(value, check(value), slot, where)
        elif not isinstance(value, dict):
            self.issues.add("FHIR104", where, f"{shown(value)} stands where {slot.type} should: write an object")
        elif not value:
            self.issues.add("FHIR105", where, "an empty object: leave the element out")
        else:
            self._element(value, slot.shape, slot.type, where, within)
            if slot.type == "Narrative":
                self._narrative(value, where)
            if slot.binding:
                self._bound(value, slot.type, slot.binding, where)

    def _primitive(self, value: Any, wrong: str | None, slot: Slot, where: Where) -> None:
        if wrong is not None:
            code = "FHIR104" if isinstance(value, dict | list) else "FHIR105" if value == "" else "FHIR108"
            self.issues.add(code, where, wrong)
            return
        if slot.max_length and len(value) > slot.max_length:
            self.issues.add("FHIR108", where, f"{len(value)} characters: it may have {slot.max_length}")
        if slot.binding:
            self._bound(value, slot.type, slot.binding, where)

    def _companions(self, value: Any, slot: Slot, values: Any, where: Where, within: Resource) -> None:
        """What stands beside the value of a primitive, in a property with an underscore: its id and extensions."""
        where = (where, _name(slot), None)
        if not slot.many:
            self._companion(value, slot, where, within)
        elif not isinstance(value, list):
            self.issues.add("FHIR104", where, f"it may stand more than once: write a list in _{slot.key}")
        else:
            if isinstance(values, list) and len(values) != len(value):
                self.issues.add("FHIR104", where, f"{len(value)} in _{slot.key} beside {len(values)} in {slot.key}")
            for index, one in enumerate(value):
                if one is not None:
                    self._companion(one, slot, (where[0], where[1], index), within)

    def _companion(self, value: Any, slot: Slot, where: Where, within: Resource) -> None:
        if not isinstance(value, dict) or not value:
            self.issues.add("FHIR104", where, f"_{slot.key} holds the id and extensions of {slot.key}: write an object")
        else:
            self._element(value, slot.shape, slot.type, where, within)

    def _whole(self, value: Mapping[str, Any], shape: Shape, where: Where) -> None:
        """What an object has to have, and what it may not have beside each other."""
        for name, least in shape.required:
            there = sum(_count(value, key) for key in shape.keys(name))
            if there < least:
                self.issues.add(
                    "FHIR106", where, f"{name!r} is missing" if least == 1 else f"{there} of {least} {name!r}"
                )
        for name, keys in shape.choices.items():
            chosen = [key for key in keys if key in value or f"_{key}" in value]
            if len(chosen) > 1:
                self.issues.add("FHIR109", (where, name, None), f"{' and '.join(chosen)}: only one may be")
        if len(value) == 1 and "id" in value:
            self.issues.add("FHIR120", where, "ele-1: all elements must have a value or children besides an id")

    def _narrative(self, value: Mapping[str, Any], where: Where) -> None:
        if isinstance(div := value.get("div"), str):
            for fault in narrative.faults(div):
                self.issues.add("FHIR130", (where, "div", None), fault)

    def _bound(self, value: Any, kind: str, binding: Binding, where: Where) -> None:
        """A coded value against the value set that it is bound to."""
        strength = binding.strength
        for canonical, code in (
            (binding.value_set, "FHIR140" if strength == "required" else "FHIR141"),
            (binding.widest, "FHIR140"),
        ):
            if canonical is None or (code == "FHIR141" and strength != "extensible"):
                continue
            codings = list(_codings(value, kind))
            held = [self.definitions.codes.in_value_set(canonical, system, one) for system, one in codings]
            if not codings and kind == "CodeableConcept" and code == "FHIR140":
                self.issues.add(code, where, f"no code, and one of {canonical} has to be")
            elif held and all(h is False for h in held):
                shown_codes = ", ".join(shown(one) for _, one in codings)
                self.issues.add(code, where, f"{shown_codes} is not in {canonical}")
            elif held and True not in held and code == "FHIR140":
                self.issues.add("FHIR144", where, f"{canonical} cannot be expanded here, so the code was not checked")


def _codings(value: Any, kind: str) -> Iterator[tuple[str | None, str]]:
    """The system and code of each coding in a coded value."""
    match kind:
        case "CodeableConcept":
            found = value.get("coding")
            codings = [c for c in found if isinstance(c, dict)] if isinstance(found, list) else []
        case "CodeableReference":
            concept = value.get("concept")
            if isinstance(concept, dict):
                yield from _codings(concept, "CodeableConcept")
            return
        case _ if isinstance(value, dict):
            codings = [value]
        case _:
            yield None, str(value)
            return
    for coding in codings:
        if isinstance(code := coding.get("code"), str):
            yield coding.get("system") or "", code


def _count(value: Mapping[str, Any], key: str) -> int:
    found = value.get(key, value.get(f"_{key}"))
    return len(found) if isinstance(found, list) else int(found is not None)


def _name(slot: Slot) -> str:
    """The element as FHIRPath has it, with the type of a choice."""
    return slot.name if slot.name == slot.key else f"{slot.name}.ofType({slot.type})"


def _meant(name: str, shape: Shape) -> str:
    """A hint at what a misspelt name may have been meant to be."""
    from difflib import get_close_matches

    near = get_close_matches(name, shape.slots, 1)
    return f"; did you mean {near[0]!r}?" if near else ""
