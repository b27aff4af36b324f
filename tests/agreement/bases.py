"""The valid resources that cases are made from: of a type, and holding a data type somewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

from agreement.valid import Maker, resource_types
from agreement.walk import places
from sachet.fhir.shapes import Shape, Slot, shapes

Made = dict[str, Any]

_DEEPEST = 3


def base(release: str, random: Random, name: str, richness: float, having: str | None = None) -> Made:
    """A valid resource; `having` is a data type ("Quantity") that it holds in some place, or a way of using one.

    "code:required", "CodeableConcept:extensible": with such a binding; "CodeableConcept:none": with none that is
    checked; "Quantity:simple": with a profile.
    """
    maker = Maker(release, random, richness)
    made = maker.resource(name)
    if having is not None and not any(_fits(p.slot, having) for p in places(made, release, into=False)):
        shape = maker.shapes[name]
        _put_in(maker, made, shape, having)
        if not any(_fits(p.slot, having) for p in places(made, release, into=False)):
            _put_in_parameters(maker, made, having)
        maker.contain(made)
    return made


def _put_in(maker: Maker, made: Made, shape: Shape, having: str, depth: int = 0) -> None:
    """Add an element of a type to a resource, directly or in one of its parts."""
    free = [s for s in _direct(maker.release, shape.name, having) if not _taken(made, shape, s)]
    if free:
        maker.put(made, maker.random.choice(free))
        return
    for slot in _inner(maker.release, shape.name, having):
        if not _taken(made, shape, slot):
            maker.put(made, slot)
        inner = made.get(slot.key)
        target = inner[0] if isinstance(inner, list) else inner
        if isinstance(target, dict) and depth < _DEEPEST:
            _put_in(maker, target, slot.shape, having, depth + 1)
            return


def _put_in_parameters(maker: Maker, made: Made, having: str) -> None:
    """Data types that no resource uses stand in Parameters."""
    if made["resourceType"] == "Parameters":
        kind = having.partition(":")[0]
        slot = maker.shapes["Parameters.parameter"].slots.get(f"value{kind[0].upper()}{kind[1:]}")
        if slot is not None:
            made["parameter"] = [{"name": "a", slot.key: maker.value(slot)}]


def _taken(made: Made, shape: Shape, slot: Slot) -> bool:
    return any(key in made for key in shape.keys(slot.name))


@cache
def types_having(release: str, having: str) -> tuple[str, ...]:
    """The resource types that may hold a data type directly or in a part."""
    found = (t for t in resource_types(release) if _direct(release, t, having) or _inner(release, t, having))
    return tuple(found) or ("Parameters",)


@cache
def _direct(release: str, name: str, having: str) -> tuple[Slot, ...]:
    return tuple(s for s in _slots(release, name) if _fits(s, having))


@cache
def _inner(release: str, name: str, having: str) -> tuple[Slot, ...]:
    wanted: Callable[[Slot], bool] = lambda s: "." in s.type and bool(_direct(release, s.type, having))  # noqa: E731
    return tuple(s for s in _slots(release, name) if wanted(s))


def _slots(release: str, name: str) -> list[Slot]:
    left_out = ("id", "language", "implicitRules", "meta", "text", "extension", "modifierExtension", "contained")
    return [s for s in shapes(release)[name].slots.values() if s.max > 0 and s.name not in left_out]


def _fits(slot: Slot, having: str) -> bool:
    kind, _, how = having.partition(":")
    if slot.type != kind or slot.key == "id":
        return False
    match how:
        case "":
            return True
        case "none":
            return slot.binding is None
        case "simple":
            return bool(slot.profiles)
    return slot.binding is not None and slot.binding.strength == how
