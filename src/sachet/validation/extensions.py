"""Extensions: whether they are known, and whether they may stand where they do.

https://hl7.org/fhir/extensibility.html and https://hl7.org/fhir/defining-extensions.html#context
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sachet.fhir import fhirpath
from sachet.fhir.shapes import Shape, Slot
from sachet.validation.element import Held, Resource
from sachet.validation.profile import Profile

if TYPE_CHECKING:
    from sachet.validation.walk import Frame, Walk

_ANYWHERE = frozenset({"Element", "Any"})


def check(walk: Walk, held: Held, slot: Slot, within: Resource) -> None:
    """An extension of the element that the walk is in."""
    url = held.value.get("url")
    if not isinstance(url, str) or not url:
        return  # it is missing, and that has been said
    above = walk.frames[-1]
    if ":" not in url:
        _check_part(walk, held, url, above)
        return
    definition = walk.definitions.profile(url)
    if definition is None or definition.type != "Extension":
        _unknown(walk, held, url)
        return
    if definition.url != url:
        walk.issues.add("FHIR170", held.where, f"an extension is named without a version: write {definition.url}")
    modifier = definition.rule.modifier
    if modifier != (slot.name == "modifierExtension"):
        right = "modifierExtension" if modifier else "extension"
        walk.issues.add("FHIR171", held.where, f"{url} has to stand in {right!r}")
    if not _may_be_here(walk, definition, within):
        places = ", ".join(c["expression"] for c in definition.contexts if "expression" in c)
        walk.issues.add("FHIR171", held.where, f"{url} may not be here, only in {places or 'other places'}")
    for invariant in definition.context_invariants:
        if not fhirpath.compile(invariant).holds(_node(above), within.environment):
            walk.issues.add("FHIR171", held.where, f"{url} may be only where {invariant}")
    walk.conformance(within).check(held, url)


def _unknown(walk: Walk, held: Held, url: str) -> None:
    walk.issues.add("FHIR170", held.where, f"the extension {url} is not known; give its package with --profile")


def _check_part(walk: Walk, held: Held, url: str, above: Frame) -> None:
    """A part of a complex extension, whose url is just a name."""
    outer = above.value.get("url") if above.shape.name == "Extension" else None
    if not isinstance(outer, str):
        _unknown(walk, held, url)
    elif (definition := walk.definitions.profile(outer)) and url not in definition.parts:
        walk.issues.add("FHIR170", held.where, f"{outer} has no part {url!r}: it has {', '.join(definition.parts)}")


def _may_be_here(walk: Walk, definition: Profile, within: Resource) -> bool:
    return not definition.contexts or any(_fits(walk, context, within) for context in definition.contexts)


def _fits(walk: Walk, context: Mapping[str, Any], within: Resource) -> bool:
    """Whether the element that the walk is in is of a context."""
    wanted = str(context.get("expression", ""))
    above = walk.frames[-1]
    match context.get("type"):
        case "extension":
            return wanted in _urls(walk.frames)
        case "fhirpath":
            try:
                found = fhirpath.compile(wanted).evaluate(within.held.node, within.environment)
            except fhirpath.FHIRPathError:
                return True
            return any(value is above.value or beside is above.value for value, _, beside in found)
    wanted = wanted.rpartition("#")[2]
    if wanted in _ANYWHERE or wanted.startswith("http"):
        return True
    if wanted == "CanonicalResource":
        return above.shape.kind == "resource" and "url" in above.shape.slots and "version" in above.shape.slots
    return wanted.removesuffix("[x]") in _names(walk.frames)


def _urls(frames: list[Frame]) -> Iterator[str]:
    """The url of the extension that the walk is in, or whose value it is in."""
    for frame in frames[-2:]:
        if frame.shape.name == "Extension" and isinstance(url := frame.value.get("url"), str):
            yield url


def _names(frames: list[Frame]) -> set[str]:
    """Everything that the element the walk is in is called: by its type, and by its path in each type above it."""
    found: set[str] = set()
    path = ""
    for at in range(len(frames) - 1, -1, -1):
        found |= {f"{name}{path}" for name in _types(frames[at].shape)}
        path = f".{frames[at - 1].name}{path}" if at else path
    return found


def _types(shape: Shape) -> Iterator[str]:
    """A type and those that it specializes; of a part its path."""
    at: Shape | None = shape
    while at is not None:
        yield at.name
        at = at.base


def _node(frame: Frame) -> tuple[Any, Shape, Mapping[str, Any] | None]:
    primitive = frame.shape.kind == "primitive-type"
    return (None, frame.shape, frame.value) if primitive else (frame.value, frame.shape, None)
