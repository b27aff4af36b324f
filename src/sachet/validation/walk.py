"""The walk over a resource: what its elements may be, one after the other.

Each element is held against the slot that the definitions have for it. What concerns one type more than the others
(extensions, references, coded values) is in the modules that the table `_OF_TYPE` names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sachet.fhir.fhirpath import Environment, Node
from sachet.fhir.shapes import Invariant, Shape, Slot
from sachet.finding import Severity
from sachet.validation import bundle, coded, definitional, extensions, invariants, narrative, plans, references
from sachet.validation.conformance import Conformance
from sachet.validation.definitions import Definitions
from sachet.validation.element import Held, Resource
from sachet.validation.issue import Issues, Where
from sachet.validation.known import Known
from sachet.validation.primitives import CHECKS, shown
from sachet.validation.reading import Doubled

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
# The types of which a release bounds how precise they may be.
_WRITTEN = frozenset({"decimal", "dateTime", "instant", "time"})
_BLANK = " \t\r\n"
_DEEPEST = 150  # elements below one another; no resource needs a tenth of it
_SEVERITIES = {"error": "FHIR120", "warning": "FHIR121"}


@dataclass(slots=True, eq=False)
class Frame:
    """An element that the walk is in: its shape, its value, and the name of the step from here to the next."""

    shape: Shape
    value: Mapping[str, Any]
    name: str = ""


class Walk:
    """Holds resources against the definitions of a release; what is wrong goes to `issues`."""

    def __init__(self, definitions: Definitions, issues: Issues, known: Known) -> None:
        self.definitions = definitions
        self.issues = issues
        self.known = known
        self.frames: list[Frame] = []  # from the outermost resource down to the element
        self.answers: dict[tuple[int, int, str], bool] = {}  # whether an element keeps a profile, where it was asked
        self._held: list[Resource] = []

    def resource(self, value: Any, profiles: Sequence[str] = (), where: Where | None = None) -> None:
        """A resource, with those inside of it, against what it claims and against more profiles."""
        if not isinstance(value, dict):
            self.issues.add("FHIR104", where, f"{shown(value)} stands where a resource should: write an object")
            return
        kind = value.get("resourceType")
        shape = self.definitions.shapes.resource(kind)
        if shape is None:
            what = "no resourceType" if kind is None else f"{shown(kind)} is no resource type"
            self.issues.add("FHIR102", where, f"{what} of {self.definitions.release.upper()}")
            return
        made = self._resource(Held(value, shape, None, where or (None, shape.name, None)))
        self._held.append(made)
        self._element(value, shape, made.held.where, made)
        if (wrong := CHECKS["id"](value.get("id", "id"))) is not None:  # R4 takes it for any string
            self.issues.add("FHIR108", (made.held.where, "id", None), wrong)
        if shape.name == "Bundle":
            bundle.check(self, made)
        references.check_resource(self, made)
        plans.check(self, made)
        definitional.check(self, made)
        for profile in dict.fromkeys((*_claimed(value), *profiles)):
            self.conformance(made).check(made.held, profile)
        self._held.pop()

    def _resource(self, held: Held) -> Resource:
        """A resource with what is around it."""
        above = self._held[-1] if self._held else None
        contained = above is not None and self.frames[-1].name.startswith("contained")
        made = Resource(
            held,
            container=above if contained else None,
            group=None if contained else above,
            entry=None if contained or above is None else self.frames[-1].value,
        )
        made.environment = Environment(
            resource=held.node,
            root=made.root.held.node,
            resolve=lambda url: _node(references.resolve(url, made)),
            member_of=lambda node, canonical: coded.member_of(self.definitions.codes, node, canonical),
            conforms_to=lambda node, canonical: self.conformance(made).keeps(Held(*node, held.where), canonical),
            html_checks=lambda div: not narrative.read(div).faults,
        )
        return made

    def conformance(self, within: Resource) -> Conformance:
        """What holds elements of a resource against profiles."""
        return Conformance(self, within, self.issues)

    def _element(self, value: Mapping[str, Any], shape: Shape, where: Where, within: Resource) -> None:
        """An object: its properties, and what has to be among them."""
        if isinstance(value, Doubled):
            for name in value.names:
                self.issues.add("FHIR101", where, f"{name!r} stands twice: only one may be")
        if len(self.frames) > _DEEPEST:
            self.issues.add("FHIR104", where, f"elements more than {_DEEPEST} deep")
            return
        slots = shape.slots
        chosen: dict[str, str] = {}  # the property of each choice
        self.frames.append(Frame(shape, value))
        for name, child in value.items():
            slot = slots.get(name)
            if slot is None:
                slot = self._beside(name, child, value, shape, where, within)
            elif slot.many:
                self._list(child, slot, value.get(slot.beside) if slot.beside else None, where, within)
            else:
                self._one(child, slot, (where, slot.step, None), within)
            if (
                slot is not None
                and slot.name != slot.key
                and (other := chosen.setdefault(slot.name, slot.key)) != slot.key
            ):
                self.issues.add("FHIR109", (where, slot.name, None), f"{other} and {slot.key}: only one may be")
        self.frames.pop()
        self._whole(value, shape, where, within)
        if asked := invariants.judges(shape.invariants):
            self._hold(asked, Held(value, shape, None, where), within, self.issues)

    def _beside(
        self, name: str, child: Any, value: Mapping[str, Any], shape: Shape, where: Where, within: Resource
    ) -> Slot | None:
        """A property that is no element: `resourceType`, the extensions of a primitive, or something unknown.

        Returns the slot of that primitive.
        """
        slot = shape.slots.get(name[1:]) if name[:1] == "_" else None
        if slot is not None and slot.shape.kind == "primitive-type":
            self._companions(child, slot, value.get(name[1:]), where, within)
            return slot
        if name != "resourceType" or shape.kind != "resource":
            self.issues.add("FHIR103", where, f"{name!r} is no element of {shape.name}{_meant(name, shape)}")
        return None

    def _list(self, value: Any, slot: Slot, companions: Any, where: Where, within: Resource) -> None:
        if not isinstance(value, list):
            self.issues.add("FHIR104", (where, slot.step, None), "it may stand more than once: write a list")
            return
        if not value:
            self.issues.add("FHIR105", (where, slot.step, None), "an empty list: leave the element out")
        for index, one in enumerate(value):
            if one is None and isinstance(companions, list) and index < len(companions) and companions[index]:
                continue  # it has extensions instead
            self._one(one, slot, (where, slot.step, index), within)

    def _one(self, value: Any, slot: Slot, where: Where, within: Resource) -> None:
        """One value of an element."""
        if value is None:
            self.issues.add("FHIR105", where, "null: leave the element out")
        elif slot.max == 0:
            self.issues.add("FHIR103", where, f"{slot.name!r} may not be here")
        elif (check := CHECKS.get(slot.type)) is not None:
            self._primitive(value, check(value), slot, where, within)
        elif slot.type == "Resource":
            self.frames[-1].name = slot.name
            self.resource(value, where=where)
        elif not isinstance(value, dict):
            self.issues.add("FHIR104", where, f"{shown(value)} stands where {slot.type} should: write an object")
        elif not value:
            self.issues.add("FHIR105", where, "an empty object: leave the element out")
        else:
            self.frames[-1].name = slot.name
            self._element(value, slot.shape, where, within)
            if slot.invariants or slot.binding or slot.profiles or slot.type in _OF_TYPE:
                self._judge(Held(value, slot.shape, None, where), slot, within)

    def _primitive(self, value: Any, wrong: str | None, slot: Slot, where: Where, within: Resource) -> None:
        if isinstance(value, str) and (value[:1] in _BLANK or value[-1:] in _BLANK) and value:
            if not value.strip(_BLANK):
                self.issues.add("FHIR111", where, "nothing but white space: leave the element out")
                self._without_code(slot, where)
                return
            if slot.type == "string":
                self.issues.add("FHIR111", where, f"{shown(value)} has white space around its words: leave it out")
        if wrong is None and slot.type in _WRITTEN and (regex := slot.shape.regex) and not regex.fullmatch(str(value)):
            wrong = f"{shown(value)} is no {slot.type} of {self.definitions.release.upper()}: it is too long"
        if wrong is not None:
            code = "FHIR104" if isinstance(value, dict | list) else "FHIR105" if value == "" else "FHIR108"
            self.issues.add(code, where, wrong)
            return
        if slot.max_length and len(value) > slot.max_length:
            self.issues.add("FHIR108", where, f"{len(value)} characters: it may have {slot.max_length}")
        if isinstance(value, str) and not value.isprintable() and (found := _CONTROL.search(value)):
            self.issues.add("FHIR111", where, f"the control character U+{ord(found[0]):04X}: leave it out")
        if slot.binding or slot.invariants or slot.type in _OF_TYPE:
            self._judge(Held(value, slot.shape, None, where), slot, within)

    def _judge(self, held: Held, slot: Slot, within: Resource) -> None:
        """What holds for the whole of a value: its binding, its invariants, profiles, and the rules of its type."""
        if slot.binding:
            coded.check_binding(self.definitions.codes, held.value, slot.type, slot.binding, held.where, self.issues)
        if slot.invariants:
            self.hold(slot.invariants, held, within, self.issues)
        if (rule := _OF_TYPE.get(slot.type)) is not None:
            rule(self, held, slot, within)
        if slot.profiles:
            self._profiles(held, slot.profiles, within)

    def _profiles(self, held: Held, profiles: Sequence[str], within: Resource) -> None:
        """One of the profiles that an element's type has to keep."""
        if len(profiles) == 1:
            self.conformance(within).check(held, profiles[0])
        elif not any(self.conformance(within).keeps(held, profile) for profile in profiles):
            self.issues.add("FHIR181", held.where, f"it keeps none of {', '.join(profiles)}")

    def _companions(self, value: Any, slot: Slot, values: Any, where: Where, within: Resource) -> None:
        """What stands beside the value of a primitive, in a property with an underscore: its id and extensions."""
        where = (where, slot.step, None)
        if not slot.many:
            self._companion(value, values, slot, where, within)
        elif not isinstance(value, list):
            self.issues.add("FHIR104", where, f"it may stand more than once: write a list in _{slot.key}")
        elif not value:
            self.issues.add("FHIR105", where, f"an empty list: leave _{slot.key} out", Severity.WARNING)
        else:
            if isinstance(values, list) and len(values) != len(value):
                self.issues.add("FHIR104", where, f"{len(value)} in _{slot.key} beside {len(values)} in {slot.key}")
            for index, one in enumerate(value):
                beside = values[index] if isinstance(values, list) and index < len(values) else None
                if one is not None:
                    self._companion(one, beside, slot, (where[0], where[1], index), within)

    def _companion(self, value: Any, primitive: Any, slot: Slot, where: Where, within: Resource) -> None:
        if not isinstance(value, dict) or not value:
            self.issues.add("FHIR104", where, f"_{slot.key} holds the id and extensions of {slot.key}: write an object")
            return
        self.frames[-1].name = slot.name
        self._element(value, slot.shape, where, within)
        if primitive is None:
            if value.keys() == {"id"}:
                self.issues.add("FHIR120", where, "ele-1: it has to have a value or extensions besides an id")
            if slot.invariants:
                self.hold(slot.invariants, Held(None, slot.shape, value, where), within, self.issues)
            self._without_code(slot, where)

    def _without_code(self, slot: Slot, where: Where) -> None:
        if slot.binding and slot.binding.strength == "required":
            self.issues.add("FHIR140", where, f"no code, and one of {slot.binding.value_set} has to be")

    def _whole(self, value: Mapping[str, Any], shape: Shape, where: Where, within: Resource) -> None:
        """What an object has to have, and what it may not have beside each other."""
        for name, least in shape.required:
            if least == 1 and value.get(name):
                continue
            there = sum(_count(value, key) for key in shape.keys(name))
            if there < least:
                self.issues.add(
                    "FHIR106", where, f"{name!r} is missing" if least == 1 else f"{there} of {least} {name!r}"
                )
        if "id" in value and shape.kind != "resource":
            if len(value) == 1 and shape.kind != "primitive-type":
                self.issues.add("FHIR121", where, "ele-1: all elements must have a value or children besides an id")
            identifier = value["id"]
            if isinstance(identifier, str):
                if identifier in within.ids:
                    self.issues.add("FHIR110", where, f"another element of this resource has the id {identifier!r}")
                within.ids.add(identifier)

    def hold(
        self, constraints: Sequence[Invariant], held: Held, within: Resource, issues: Issues, source: str = ""
    ) -> None:
        """Hold an element against invariants; `source` is the profile that they are of."""
        if asked := invariants.judges(constraints):
            self._hold(asked, held, within, issues, source)

    def _hold(self, asked: invariants.Judges, held: Held, within: Resource, issues: Issues, source: str = "") -> None:
        node = held.node
        of = f" ({source})" if source else ""
        for invariant, holds in asked:
            if holds is None:
                issues.add("FHIR122", held.where, f"{invariant.key} cannot be evaluated here{of}")
            elif not holds(node, within.environment):
                code = _SEVERITIES.get(invariant.severity, "FHIR120")
                issues.add(code, held.where, f"{invariant.key}: {invariant.human.strip()}{of}")


_OF_TYPE = {
    "Narrative": narrative.check,
    "Extension": extensions.check,
    "Reference": references.check_reference,
    "canonical": references.check_canonical,
    "uri": references.check_uri,
    "url": references.check_uri,
    "Coding": coded.check_coding,
    "Identifier": coded.check_identifier,
    "Attachment": coded.check_attachment,
    "base64Binary": coded.check_base64,
    **dict.fromkeys(("Quantity", "Age", "Count", "Distance", "Duration", "SimpleQuantity"), coded.check_quantity),
}


def _claimed(value: Mapping[str, Any]) -> list[str]:
    meta = value.get("meta")
    profiles = meta.get("profile") if isinstance(meta, dict) else None
    return [p for p in profiles if isinstance(p, str) and p] if isinstance(profiles, list) else []


def _node(held: Held | None) -> Node | None:
    return held.node if held else None


def _count(value: Mapping[str, Any], key: str) -> int:
    found = value.get(key, value.get(f"_{key}"))
    return len(found) if isinstance(found, list) else int(found is not None)


def _meant(name: str, shape: Shape) -> str:
    """A hint at what a misspelt name may have been meant to be."""
    from difflib import get_close_matches

    if len(name) > 64:
        return ""
    near = get_close_matches(name, shape.slots, 1)
    return f"; did you mean {near[0]!r}?" if near else ""
