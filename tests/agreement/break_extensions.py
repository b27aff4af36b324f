"""Mutations of extensions (https://hl7.org/fhir/extensibility.html)."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from agreement import extensions
from agreement.mutation import Resource, add, mutation
from agreement.valid import Maker
from agreement.walk import places
from sachet.fhir.shapes import shapes

_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_PATIENT = "http://hl7.org/fhir/StructureDefinition/patient-"


def _holders(resource: Resource, release: str) -> list[dict[str, Any]]:
    """What may have extensions: the resource, and its elements."""
    found = [p.value for p in places(resource, release, into=False) if isinstance(p.value, dict)]
    inside = [v for v in found if "resourceType" not in v and "div" not in v and "url" not in v]
    return [resource, *inside] if shapes(release)[resource["resourceType"]].is_a("DomainResource") else inside


def _put(name: str, extension: Any, key: str = "extension") -> None:
    """An extension somewhere in a resource."""

    def change(random: Random, resource: Resource, release: str) -> Resource | None:
        holders = _holders(resource, release)
        if not holders:
            return None
        random.choice(holders)[key] = [extension]
        return resource

    add(f"extension:{name}", change)


for _name, _extension in {
    "unknown-url": {"url": "http://example.org/fhir/StructureDefinition/nobody-knows", "valueString": "a"},
    "unknown-core-url": {"url": "http://hl7.org/fhir/StructureDefinition/nobody-knows", "valueString": "a"},
    "relative-url": {"url": "data-absent-reason", "valueCode": "unknown"},
    "fragment-url": {"url": "#a", "valueCode": "unknown"},
    "versioned-url": {"url": f"{_ABSENT}|4.0.1", "valueCode": "unknown"},
    "no-url": {"valueString": "a"},
    "empty-url": {"url": "", "valueString": "a"},
    "number-url": {"url": 1, "valueString": "a"},
    "urn-url": {"url": "urn:oid:1.2.3", "valueString": "a"},
    "known": {"url": _ABSENT, "valueCode": "unknown"},
    "known-other-code": {"url": _ABSENT, "valueCode": "no-such-reason"},
    "known-other-type": {"url": _ABSENT, "valueString": "unknown"},
    "known-no-value": {"url": _ABSENT},
    "known-nested": {"url": _ABSENT, "extension": [{"url": _ABSENT, "valueCode": "unknown"}]},
    "known-value-and-nested": {
        "url": _ABSENT, "valueCode": "unknown", "extension": [{"url": _ABSENT, "valueCode": "unknown"}]},
    "known-two-values": {"url": _ABSENT, "valueCode": "unknown", "valueString": "a"},
    "known-with-id": {"url": _ABSENT, "valueCode": "unknown", "id": "e1"},
    "known-empty-nested": {"url": _ABSENT, "valueCode": "unknown", "extension": []},
    "known-companion-value": {"url": _ABSENT, "_valueCode": {"extension": [{"url": _ABSENT, "valueCode": "unknown"}]}},
    "wrong-context": {"url": f"{_PATIENT}birthPlace", "valueAddress": {"city": "Zug"}},
    "wrong-context-complex": {
        "url": f"{_PATIENT}nationality", "extension": [{"url": "code", "valueCodeableConcept": {"text": "a"}}]},
    "unknown-property": {"url": _ABSENT, "valueCode": "unknown", "value": "a"},
    "modifier-in-it": {
        "url": _ABSENT, "valueCode": "unknown", "modifierExtension": [{"url": _ABSENT, "valueCode": "a"}]},
    "type-is-url": {"url": "http://hl7.org/fhir/StructureDefinition/Patient", "valueString": "a"},
    "of-profile": {"url": "http://hl7.org/fhir/StructureDefinition/bp", "valueString": "a"},
}.items():  # fmt: skip
    _put(_name, _extension)
_put("in-modifier", {"url": _ABSENT, "valueCode": "unknown"}, "modifierExtension")
_put("unknown-in-modifier", {"url": "http://example.org/nobody-knows", "valueCode": "unknown"}, "modifierExtension")


@mutation("extension:no-list")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    holders = _holders(resource, release)
    if not holders:
        return None
    random.choice(holders)["extension"] = {"url": _ABSENT, "valueCode": "unknown"}
    return resource


@mutation("extension:twice")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    holders = _holders(resource, release)
    if not holders:
        return None
    random.choice(holders)["extension"] = [{"url": _ABSENT, "valueCode": "unknown"}] * 2
    return resource


def _defined(name: str, keep: Any, edit: Any) -> None:
    """An extension of any definition, in its place, with something wrong; `edit` returns whether it fits."""

    def change(random: Random, resource: Resource, release: str) -> Resource | None:
        found = [r for r in extensions.definitions(release) if _hosts(r, release) and keep(r)]
        row = random.choice(found)
        host = random.choice(_hosts(row, release))
        maker = Maker(release, random)
        made = maker.resource(host)
        extension = extensions.instance(maker, row)
        if edit(random, extension, row, maker) is False:
            return None
        key = "modifierExtension" if extensions.is_modifier(row) else "extension"
        made[key] = [extension]
        return made

    add(f"extension-defined:{name}", change)


def _hosts(row: Mapping[str, Any], release: str) -> list[str]:
    """The resource types at whose root an extension may stand."""
    named = [c["expression"] for c in row.get("context", ()) if c["type"] == "element"]
    known = [n for n in named if shapes(release).resource(n) is not None]
    anywhere = {"Element", "DomainResource", "Resource"} & set(named)
    return [*known, *(["Basic"] if anywhere else [])]


def _complex(row: Mapping[str, Any]) -> bool:
    return bool(extensions.parts(row))


def _simple(row: Mapping[str, Any]) -> bool:
    return not _complex(row)


def _right(random: Random, extension: Any, row: Any, maker: Maker) -> None:
    pass


def _no_value(random: Random, extension: Any, row: Any, maker: Maker) -> None:
    for key in [k for k in extension if k != "url"]:
        del extension[key]


def _other_value(random: Random, extension: Any, row: Any, maker: Maker) -> None:
    _no_value(random, extension, row, maker)
    slots = [s for s in maker.shapes["Extension"].slots.values() if s.name == "value"]
    slot = random.choice(slots)
    extension[slot.key] = maker.value(slot)


def _part_missing(random: Random, extension: Any, row: Any, maker: Maker) -> bool:
    needed = {url for _, url, least in extensions.parts(row) if least > 0}
    kept = [e for e in extension["extension"] if e["url"] not in needed]
    extension["extension"] = kept or [{"url": "none", "valueString": "a"}]
    return bool(needed)


def _part_unknown(random: Random, extension: Any, row: Any, maker: Maker) -> None:
    extension["extension"].append({"url": random.choice(("nobody", "http://example.org/a")), "valueString": "a"})


def _part_twice(random: Random, extension: Any, row: Any, maker: Maker) -> None:
    extension["extension"].append(dict(extension["extension"][0]))


def _part_of_other_type(random: Random, extension: Any, row: Any, maker: Maker) -> None:
    part = random.choice(extension["extension"])
    for key in [k for k in part if k != "url"]:
        del part[key]
    part["valueBase64Binary"] = "aGVsbG8="


def _value_too(random: Random, extension: Any, row: Any, maker: Maker) -> None:
    extension["valueString"] = "a"


def _nested_too(random: Random, extension: Any, row: Any, maker: Maker) -> None:
    extension["extension"] = [{"url": "part", "valueString": "a"}]


def _nested_known_too(random: Random, extension: Any, row: Any, maker: Maker) -> None:
    extension["extension"] = [{"url": _ABSENT, "valueCode": "unknown"}]


_defined("right-simple", _simple, _right)
_defined("right-complex", _complex, _right)
_defined("no-value", _simple, _no_value)
_defined("no-parts", _complex, _no_value)
_defined("other-value", _simple, _other_value)
_defined("part-missing", _complex, _part_missing)
_defined("part-unknown", _complex, _part_unknown)
_defined("part-twice", _complex, _part_twice)
_defined("part-of-other-type", _complex, _part_of_other_type)
_defined("value-beside-parts", _complex, _value_too)
_defined("nested-beside-value", _simple, _nested_too)
_defined("nested-known-beside-value", _simple, _nested_known_too)


@mutation("extension-defined:in-another-resource")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    row = random.choice(extensions.definitions(release))
    if resource["resourceType"] in _hosts(row, release) or not shapes(release)[resource["resourceType"]].is_a(
        "DomainResource"
    ):
        return None
    resource["extension"] = [extensions.instance(Maker(release, random), row)]
    return resource


@mutation("extension-defined:on-element")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    """Any extension on any element: mostly where it may not be."""
    holders = _holders(resource, release)[1:]
    if not holders:
        return None
    row = random.choice(extensions.definitions(release))
    random.choice(holders)["extension"] = [extensions.instance(Maker(release, random), row)]
    return resource


@mutation("extension-defined:on-right-element")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    """An extension in the element that its context names."""
    found = []
    for place in places(resource, release, into=False):
        named = {f"{place.above.name}.{place.slot.name}", place.slot.type}
        if isinstance(place.value, dict) and place.slot.type not in ("Resource", "Narrative", "Extension"):
            found += [(place.value, r) for n in sorted(named) for r in extensions.definitions_for(release, n)]
    if not found:
        return None
    holder, row = random.choice(found)
    holder["extension"] = [extensions.instance(Maker(release, random), row)]
    return resource


@mutation("extension-defined:on-primitive")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    """An extension beside the primitive that its context names."""
    found = []
    for place in places(resource, release, into=False):
        if place.slot.shape.kind == "primitive-type" and place.index is None and place.slot.key != "id":
            rows = extensions.definitions_for(release, f"{place.above.name}.{place.slot.name}")
            rows += extensions.definitions_for(release, place.slot.type)
            found += [(place, r) for r in rows]
    if not found:
        return None
    place, row = random.choice(found)
    place.holder[f"_{place.slot.key}"] = {"extension": [extensions.instance(Maker(release, random), row)]}
    return resource


@mutation("extension-defined:modifier-in-extension")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = [r for r in extensions.definitions(release) if extensions.is_modifier(r) and _hosts(r, release)]
    if not found:
        return None
    row = random.choice(found)
    maker = Maker(release, random)
    made = maker.resource(random.choice(_hosts(row, release)))
    made["extension"] = [extensions.instance(maker, row)]
    return made
