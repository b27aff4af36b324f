"""What a collection holds: nodes of a resource's plain JSON, and how to go from one to those below it.

A node is a tuple of a value, its shape and, of a primitive, the companion in `_name` with its id and extensions.
Nothing is converted: the value is what stands in the JSON. Where that has the wrong type (a string for a part, a list
for one element), there is no node, as in HL7's engine; who walks the resource says so elsewhere.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import zip_longest
from typing import Any, TypeAlias

from sachet.fhir.fhirpath import moments
from sachet.fhir.shapes import Shape, Shapes

Node: TypeAlias = tuple[Any, Shape, Mapping[str, Any] | None]
Items: TypeAlias = list[Node]  # shared between expressions: nobody alters one that he did not make


class Unanswerable(Exception):  # noqa: N818 - no error of the program, but of HL7's engine
    """HL7's engine would throw: several items where there may be one, or values that cannot be compared."""


def _system(name: str) -> Shape:
    return Shape(name, "primitive-type", None, {}, {}, (), ())


BOOLEAN, STRING, INTEGER, DECIMAL = map(_system, ("Boolean", "String", "Integer", "Decimal"))
DATE, DATE_TIME, TIME = map(_system, ("Date", "DateTime", "Time"))
QUANTITY = Shape("Quantity", "complex-type", None, {}, {}, (), ())
TYPE = Shape("TypeInfo", "complex-type", None, {}, {}, (), ())
_COMPUTED = {  # the elements of what expressions make
    QUANTITY: {"value": DECIMAL, "unit": STRING, "system": STRING, "code": STRING},
    TYPE: {"namespace": STRING, "name": STRING},
}
UCUM = "http://unitsofmeasure.org"
NOTHING: Items = []
TRUE: Items = [(True, BOOLEAN, None)]
FALSE: Items = [(False, BOOLEAN, None)]

DATES = frozenset(("date", "dateTime", "instant", "Date", "DateTime"))
TIMES = frozenset(("time", "Time"))
NUMBERS = frozenset(("integer", "decimal", "unsignedInt", "positiveInt", "integer64", "Integer", "Decimal"))
STRINGS = frozenset(
    ["string", "uri", "code", "oid", "id", "uuid", "markdown", "base64Binary", "canonical", "url", "xhtml", "String"]
)  # what HL7's engine takes as a string


def quantity(value: Decimal, calendar: str | None, code: str | None) -> Node:
    """A quantity of a calendar unit ("day") or of a UCUM code ("mg")."""
    unit = {"unit": calendar} if calendar else {"system": UCUM, "code": code}
    return {"value": value, **unit}, QUANTITY, None


def string(value: str) -> Items:
    """A collection of one string."""
    return [(value, STRING, None)]


def integer(value: int) -> Items:
    """A collection of one integer."""
    return [(value, INTEGER, None)]


def decimal(value: Decimal) -> Items:
    """A collection of one decimal."""
    return [(value, DECIMAL, None)]


def resource_node(resource: Mapping[str, Any], shapes: Shapes) -> Node:
    """The node of a resource in its release."""
    return resource, _resource_shape(shapes, resource.get("resourceType")), None


def _resource_shape(shapes: Shapes, name: Any) -> Shape:
    return _known_shape(shapes, name) if isinstance(name, str) else shapes["Resource"]


@lru_cache(4096)
def _known_shape(shapes: Shapes, name: str) -> Shape:
    return shapes.resource(name) or shapes["Resource"]


# A way: the JSON property, that of its companion (of a primitive only), the shape, whether it is a list, and the
# shapes of the release where the type is known from `resourceType` only.
_Way: TypeAlias = tuple[str, str | None, Shape, bool, Shapes | None]


def _way(shape: Shape, key: str) -> _Way:
    slot = shape.slots[key]
    primitive = slot.shape.kind == "primitive-type"
    return (
        key,
        f"_{key}" if primitive else None,
        slot.shape,
        slot.many,
        slot.shapes if slot.type == "Resource" else None,
    )


def step(name: str) -> Callable[[Items], Items]:
    """A function from nodes to those of their elements that have a name ("value", or "valueQuantity" too)."""
    ways: dict[Shape, tuple[_Way, ...]] = {}
    choices: dict[Shape, dict[str, _Way]] = {}  # of the shapes where there are many ways, by property

    def below(items: Items) -> Items:
        found: Items = []
        for value, shape, beside in items:
            holder = value if isinstance(value, dict) else beside
            if holder is None:
                continue
            known = ways.get(shape)
            if known is None:
                known = ways[shape] = _ways_to(shape, name)
                if len(known) > 4:
                    choices[shape] = {key: way for way in known for key in way[:2] if key}
            if len(known) > 4:
                by_key = choices[shape]
                known = tuple({by_key[key]: None for key in holder if key in by_key})
            for way in known:
                key, companion, kind, many, shapes = way
                child = holder.get(key)
                if companion is None:
                    if child is None:
                        continue
                    if many or shapes or not isinstance(child, dict):
                        found += _elements(holder, way)
                    else:
                        found.append((child, kind, None))
                elif many:
                    found += _elements(holder, way)
                elif child is not None or companion in holder:
                    more = holder.get(companion)
                    if not isinstance(more, dict):
                        more = None
                    if isinstance(child, (dict, list)):
                        child = None
                    if child is not None or more:
                        found.append((child, kind, more))
        return found

    return below


def _ways_to(shape: Shape, name: str) -> tuple[_Way, ...]:
    if name in (computed := _COMPUTED.get(shape, {})):
        return ((name, f"_{name}", computed[name], False, None),)
    return tuple(_way(shape, key) for key in shape.keys(name) or (name,) if key in shape.slots)


def _elements(holder: Mapping[str, Any], way: _Way) -> Iterator[Node]:
    """The nodes of a property. An object alone where there should be a list is read as HL7's engine does."""
    key, companion, kind, many, shapes = way
    values, beside = holder.get(key), holder.get(companion) if companion else None
    if not many and (isinstance(values, list) or isinstance(beside, list)):
        return
    values = values if isinstance(values, list) else [values]
    if companion is None:
        for value in values:
            if isinstance(value, dict):
                yield value, _resource_shape(shapes, value.get("resourceType")) if shapes else kind, None
        return
    for value, more in zip_longest(values, beside if isinstance(beside, list) else [beside]):
        value = None if isinstance(value, (dict, list)) else value
        more = more if isinstance(more, dict) and more else None
        if value is not None or more:
            yield value, kind, more


def hollow(value: Any) -> bool:
    """Whether there is nothing in JSON but brackets and types: HL7's engine counts it, but says that it is empty."""
    if isinstance(value, dict):
        for name, child in value.items():  # noqa: SIM110 - all() with a generator takes thrice as long
            if name != "resourceType" and not hollow(child):
                return False
        return True
    return all(map(hollow, value)) if isinstance(value, list) else value is None


def children(items: Items) -> Items:
    """All nodes directly below (section "Tree Navigation")."""
    found: Items = []
    for value, shape, beside in items:
        holder = value if isinstance(value, dict) else beside
        if holder is None:
            continue
        ways = _ways(shape)
        for key in holder:
            way = ways.get(key)
            if way is None and key[:1] == "_" and key[1:] not in holder:
                way = ways.get(key[1:])  # a primitive that has a companion only
            if way is not None:
                found += _elements(holder, way)
    return found


@lru_cache(None)
def _ways(shape: Shape) -> dict[str, _Way]:
    return {key: _way(shape, key) for key in shape.slots}


def descendants(items: Items) -> Items:
    """All nodes below, one level after the other."""
    found: Items = []
    level = children(items)
    while level:
        found += level
        level = children(level)
    return found


def number(node: Node) -> int | Decimal | None:
    """The number of a node, exactly as written; None of anything else."""
    value, shape, _ = node
    if isinstance(value, bool) or shape.name not in NUMBERS:
        return None
    if isinstance(value, int):
        return value
    try:
        written = value if isinstance(value, Decimal) else Decimal(repr(value) if isinstance(value, float) else value)
    except (InvalidOperation, TypeError, ValueError):
        return None
    return written if written.is_finite() else None


def places(value: int | Decimal) -> int:
    """How many digits a number has after its point."""
    return -min(int(Decimal(value).as_tuple().exponent), 0)


def text(node: Node) -> str | None:
    """A primitive as HL7's engine writes it; None of what has no value, or is no primitive."""
    value = node[0]
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}" if value.is_finite() and abs(value.adjusted()) < 100 else str(value)
    return str(value) if isinstance(value, (int, float)) else None


def key(node: Node) -> Any:
    """What equal nodes share, and can be looked up: so that nothing is compared in pairs.

    A Boolean is equal to its word, because HL7's engine compares primitives by what is written, and invariants of the
    specification rely on it (`mustSupport = 'true'`). Dates without a time are as they are written.
    """
    value, shape, beside = node
    if isinstance(value, str):
        if shape.name in DATES and "T" in value:
            return moments.parse(value) or value
        found = number(node) if shape.name in NUMBERS else None
        return value if found is None else found
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        found = number(node)
        return str(value) if found is None else found
    try:
        return "{", json.dumps(beside if value is None else value, sort_keys=True, default=str)
    except (RecursionError, TypeError, ValueError):
        return "{", id(value)


def equal(one: Node, other: Node) -> bool | None:
    """Whether two nodes are equal (section "Equality"); None where dates are too coarse to tell."""
    a, b = one[0], other[0]
    a_name, b_name = one[1].name, other[1].name
    if isinstance(a, str) and isinstance(b, str):
        if a_name in DATES and b_name in DATES:
            return moments.equal(a, b)
        return a == b if a_name not in NUMBERS else bool(key(one) == key(other))
    if isinstance(a, dict) and isinstance(b, dict):
        if QUANTITY in (one[1], other[1]):
            return compared_quantities(one, other, operator.eq)
        return a is b or bool(a == b)
    if isinstance(a, str) != isinstance(b, str) and not (a_name in NUMBERS and b_name in NUMBERS):
        return text(one) is not None and text(one) == text(other)
    return bool(key(one) == key(other))


def unit(node: Node) -> str | None:
    """The calendar unit that a quantity is of ("day" for UCUM's "d"); otherwise its code, with its system."""
    code, system = node[0].get("code"), node[0].get("system")
    if not code:
        written = node[0].get("unit")
        return written if isinstance(written, str) else None
    return (moments.CALENDAR.get(code) if system == UCUM else None) or f"{system}|{code}"


def compared_quantities(one: Node, other: Node, compare: Callable[[Any, Any], bool]) -> bool | None:
    """What a comparison of two quantities gives; None where one has no value, or their units differ.

    Where one of them has no code, what is written as unit decides, as for HL7's engine. Nothing is converted.
    """
    a, b = amount(one), amount(other)
    if a is None or b is None:
        return None
    coded = one[0].get("code") and other[0].get("code")
    same = unit(one) == unit(other) or (not coded and one[0].get("unit") == other[0].get("unit"))
    return compare(a, b) if same else None


def amount(node: Node) -> int | Decimal | None:
    """The value of a quantity."""
    return number((node[0].get("value"), DECIMAL, None))


def is_quantity(node: Node) -> bool:
    """Whether it is a Quantity, or one of its specializations."""
    return isinstance(node[0], dict) and node[1].is_a("Quantity")


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


_SYSTEM = re.compile(r"System\.(\w+)|(Boolean|Integer|Decimal|String|DateTime|Date|Time)$")


def typed(name: str, exactly: bool) -> Callable[[Shape], bool]:
    """Whether a shape is of a type: `FHIR.Patient`, `Patient` or `System.Boolean`.

    `is` asks for the type or one that specializes it. `as` and `ofType` take a primitive `exactly`, so that a code is
    no string, as HL7's engine does. A type of System is also that of a FHIR primitive: R4's que-7 has `is Boolean`.
    """
    known: dict[Shape, bool] = {}
    system = _SYSTEM.match(name)
    wanted = (system[1] or system[2]) if system else name.removeprefix("FHIR.")

    def of(shape: Shape) -> bool:
        if system or not shape.slots:  # without slots: a computed value
            return _capital(shape.name) == _capital(wanted)
        return shape.name == wanted if exactly and shape.kind == "primitive-type" else shape.is_a(wanted)

    def answer(shape: Shape) -> bool:
        found = known.get(shape)
        if found is None:
            found = known[shape] = of(shape)
        return found

    return answer
