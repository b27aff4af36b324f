"""Mutations of what a resource is built of: names, counts, JSON types."""

from __future__ import annotations

from random import Random
from typing import Any

from agreement.case import raw, written
from agreement.mutation import Resource, add, mutation
from agreement.valid import Maker
from agreement.walk import Place, places
from sachet.fhir.shapes import shapes


def _any(random: Random, resource: Resource, release: str, keep: Any) -> Place | None:
    found = [p for p in places(resource, release) if keep(p)]
    return random.choice(found) if found else None


def primitive(place: Place) -> bool:
    """Whether a place holds a primitive, the id of the resource left out."""
    return place.slot.shape.kind == "primitive-type" and place.slot.type != "xhtml" and place.slot.key != "id"


def complex_(place: Place) -> bool:
    """Whether a place holds an object."""
    return place.slot.shape.kind in ("complex-type", "part") and isinstance(place.value, dict)


@mutation("unknown-property")
def _(random: Random, resource: Resource, release: str) -> Resource:
    found = _any(random, resource, release, complex_)
    target = found.value if found and random.random() < 0.5 else resource
    target[random.choice(("nickname", "Status", "x", "resourcetype", "value", "_x"))] = random.choice(
        ("a", 1, {"a": 1})
    )
    return resource


@mutation("misspelt-name")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = _any(random, resource, release, lambda p: p.slot.key != "id")
    if found is None:
        return None
    value = found.holder.pop(found.slot.key)
    key = found.slot.key
    found.holder[random.choice((key + "s", key[:-1], key.upper(), key[0] + key, f"{key} "))] = value
    return resource


@mutation("resource-type-unknown")
def _(random: Random, resource: Resource, release: str) -> Resource:
    resource["resourceType"] = random.choice(
        ("Pateint", "patient", "Resource", "DomainResource", "HumanName", "", "X y")
    )
    return resource


@mutation("resource-type-of-another")
def _(random: Random, resource: Resource, release: str) -> Resource:
    resource["resourceType"] = "Patient" if resource["resourceType"] != "Patient" else "Observation"
    return resource


@mutation("resource-type-missing")
def _(random: Random, resource: Resource, release: str) -> Resource:
    del resource["resourceType"]
    return resource


@mutation("resource-type-no-string")
def _(random: Random, resource: Resource, release: str) -> Resource:
    resource["resourceType"] = random.choice((1, None, ["Patient"], {"a": "Patient"}))
    return resource


@mutation("resource-type-inside")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = _any(random, resource, release, complex_)
    if found is None:
        return None
    found.value["resourceType"] = found.slot.type
    return resource


@mutation("required-missing")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = _any(random, resource, release, lambda p: p.slot.min > 0)
    if found is None:
        return None
    del found.holder[found.slot.key]
    return resource


@mutation("one-where-list")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = _any(random, resource, release, lambda p: p.slot.many)
    if found is None:
        return None
    found.holder[found.slot.key] = found.value
    return resource


@mutation("list-where-one")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = _any(random, resource, release, lambda p: not p.slot.many)
    if found is None:
        return None
    found.holder[found.slot.key] = [found.value] * random.randint(1, 2)
    return resource


@mutation("list-in-list")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = _any(random, resource, release, lambda p: p.slot.many)
    if found is None:
        return None
    found.holder[found.slot.key] = [found.holder[found.slot.key]]
    return resource


def _swap(name: str, keep: Any, values: tuple[Any, ...]) -> None:
    """Another JSON value where one of a kind should be."""

    def change(random: Random, resource: Resource, release: str) -> Resource | None:
        found = _any(random, resource, release, keep)
        if found is None:
            return None
        found.put(random.choice(values))
        return resource

    add(name, change)


_NUMBERS = frozenset({"integer", "decimal", "positiveInt", "unsignedInt"})
_swap(
    "number-for-string", lambda p: primitive(p) and isinstance(p.value, str) and p.slot.type not in _NUMBERS, (1, 2.5)
)
_swap("boolean-for-string", lambda p: primitive(p) and isinstance(p.value, str), (True, False))
_swap("object-for-primitive", primitive, ({"value": "a"}, {"id": "a"}))
_swap("list-for-primitive", lambda p: primitive(p) and not p.slot.many, ([], ["a"], [[]]))
_swap("primitive-for-object", complex_, ("a", 1, True))
_swap("null-for-primitive", primitive, (None,))
_swap("null-for-object", complex_, (None,))
_swap("empty-object", complex_, ({},))
_swap("object-with-id-only", complex_, ({"id": "a"},))
_swap("empty-string", lambda p: primitive(p) and isinstance(p.value, str), ("",))
_swap("white-space-only", lambda p: primitive(p) and isinstance(p.value, str), (" ", "\t", "\n  ", "\u00a0"))
_swap("white-space-around", lambda p: p.slot.type in ("string", "markdown"), (" a", "a ", "\na\n"))


@mutation("empty-list")
def _(random: Random, resource: Resource, release: str) -> Resource:
    found = _any(random, resource, release, lambda p: p.slot.many)
    if found is None:
        resource["identifier"] = []
    else:
        found.holder[found.slot.key] = []
    return resource


@mutation("null-in-list")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = _any(random, resource, release, lambda p: p.slot.many)
    if found is None:
        return None
    found.holder[found.slot.key] = [found.value, None]
    return resource


@mutation("null-for-resource")
def _(random: Random, resource: Resource, release: str) -> Resource:
    resource["text"] = None
    return resource


@mutation("contained-no-list")
def _(random: Random, resource: Resource, release: str) -> Resource:
    resource["contained"] = {"resourceType": "Patient", "id": "a"}
    return resource


@mutation("deep-nesting")
def _(random: Random, resource: Resource, release: str) -> Resource:
    inner: Any = {"url": "http://example.org/x", "valueString": "a"}
    for _ in range(random.choice((20, 60))):
        inner = {"url": "http://example.org/x", "extension": [inner]}
    resource["extension"] = [inner]
    return resource


@mutation("choice-of-two-types")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = _any(random, resource, release, lambda p: p.slot.name != p.slot.key)
    if found is None:
        return None
    others = [k for k in found.above.choices[found.slot.name] if k != found.slot.key]
    if not others:
        return None
    maker = Maker(release, random)
    maker.put(found.holder, found.above.slots[random.choice(others)])
    return resource


@mutation("choice-of-no-type")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = _any(random, resource, release, lambda p: p.slot.name != p.slot.key)
    if found is None:
        return None
    value = found.holder.pop(found.slot.key)
    found.holder[found.slot.name + random.choice(("", "Foo", "string", found.slot.type))] = value
    return resource


@mutation("choice-type-not-allowed")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = _any(random, resource, release, lambda p: p.slot.name != p.slot.key)
    if found is None:
        return None
    every = shapes(release)["Extension"].choices["value"]
    allowed = {k.removeprefix(found.slot.name) for k in found.above.choices[found.slot.name]}
    others = [k.removeprefix("value") for k in every if k.removeprefix("value") not in allowed]
    if not others:
        return None
    kind = random.choice(others)
    del found.holder[found.slot.key]
    maker = Maker(release, random)
    found.holder[found.slot.name + kind] = maker.value(shapes(release)["Extension"].slots[f"value{kind}"])
    return resource


@mutation("duplicate-key")
def _(random: Random, resource: Resource, release: str) -> str:
    text = written(resource).decode()
    key = random.choice([k for k in resource if isinstance(resource[k], str)])
    value = f'"{resource[key]}"' if random.random() < 0.5 else '"other"'
    return text.replace("{", f'{{"{key}": {value}, ', 1)


@mutation("duplicate-key-inside")
def _(random: Random, resource: Resource, release: str) -> str | None:
    found = _any(random, resource, release, lambda p: complex_(p) and any(isinstance(v, str) for v in p.value.values()))
    if found is None:
        return None
    key = random.choice([k for k, v in found.value.items() if isinstance(v, str)])
    value = found.value.pop(key)
    found.value["⟪twice⟫"] = value
    return written(resource).decode().replace('"⟪twice⟫": ', f'"{key}": "first", "{key}": ')


_BAD_JSON = {
    "trailing-comma": lambda text: text[:-1].rstrip() + ",}",
    "no-end": lambda text: text[:-1],
    "two-documents": lambda text: text + text,
    "words-after": lambda text: text + " x",
    "single-quotes": lambda text: text.replace('"', "'"),
    "comment": lambda text: text.replace("{", "{ // comment\n", 1),
    "bare-names": lambda text: text.replace('"resourceType"', "resourceType", 1),
    "nothing": lambda text: "",
    "list": lambda text: f"[{text}]",
    "null": lambda text: "null",
    "string": lambda text: '"a"',
    "number": lambda text: "1",
    "empty-object": lambda text: "{}",
    "byte-order-mark": lambda text: "\ufeff" + text,
    "nan": lambda text: text.replace("{", '{"x": NaN, ', 1),
    "bad-escape": lambda text: text.replace("{", '{"implicitRules": "\\x", ', 1),
    "raw-newline": lambda text: text.replace("{", '{"implicitRules": "http://a\nb", ', 1),
    "lone-surrogate": lambda text: text.replace("{", '{"language": "\\ud800", ', 1),
}
for _name, _change in _BAD_JSON.items():
    add(f"json:{_name}", lambda random, resource, release, c=_change: c(written(resource).decode()))


def _companion(name: str, values: tuple[Any, ...], many: bool | None, keep_value: bool = True) -> None:
    """Something wrong beside a primitive, in the property with an underscore."""

    def change(random: Random, resource: Resource, release: str) -> Resource | None:
        found = _any(random, resource, release, lambda p: primitive(p) and many in (None, p.slot.many))
        if found is None:
            return None
        found.holder[f"_{found.slot.key}"] = random.choice(values)
        if not keep_value:
            del found.holder[found.slot.key]
        return resource

    add(f"companion:{name}", change)


_ABSENT = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}
_companion("empty", ({},), False)
_companion("null", (None,), False)
_companion("string", ("a", 1, True), False)
_companion("list-where-one", ([_ABSENT],), False)
_companion("object-where-list", (_ABSENT,), True)
_companion("of-wrong-length", ([_ABSENT, _ABSENT, None], [None, None, _ABSENT]), True)
_companion("of-nulls", ([None],), True)
_companion("empty-list", ([],), True)
_companion("with-unknown-property", ({"value": "a"}, {"id": "a", "x": 1}), False)
_companion("id-only", ({"id": "a"},), False, keep_value=False)
_companion("instead", (_ABSENT,), False, keep_value=False)
_companion("id-beside", ({"id": "a-b"},), False)


@mutation("companion:of-object")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = _any(random, resource, release, complex_)
    if found is None:
        return None
    found.holder[f"_{found.slot.key}"] = random.choice((_ABSENT, [_ABSENT], {}))
    return resource


@mutation("companion:null-beside-null", having="HumanName")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = _any(random, resource, release, lambda p: p.slot.type == "HumanName")
    if found is None:
        return None
    found.value["given"] = ["a", None]
    found.value["_given"] = [None, None]
    return resource


@mutation("companion:fills-null", having="HumanName")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = _any(random, resource, release, lambda p: p.slot.type == "HumanName")
    if found is None:
        return None
    found.value["given"] = ["a", None]
    found.value["_given"] = [None, _ABSENT]
    return resource


@mutation("max-exceeded", having="ElementDefinition")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    """The few lists that are limited are only in profiles; a list of one in a list."""
    found = _any(random, resource, release, lambda p: not p.slot.many)
    if found is None:
        return None
    found.holder[found.slot.key] = [found.value, found.value]
    return resource


@mutation("text-of-number")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = _any(random, resource, release, lambda p: p.slot.type in _NUMBERS or p.slot.type == "boolean")
    if found is None:
        return None
    value = found.value
    if isinstance(value, bool):
        found.put("true" if value else "false")
    else:
        found.put(str(value).strip("⟦⟧"))
    return resource


@mutation("number-of-text-number")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = _any(random, resource, release, lambda p: p.slot.type in _NUMBERS)
    if found is None:
        return None
    found.put(raw(random.choice(("01", "+1", ".5", "1.", "0x10", "-", "1e", "--1"))))
    return resource
