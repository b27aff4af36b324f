"""What stands between two collections: equality, order and arithmetic (section "Operations")."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sachet.fhir.fhirpath import moments
from sachet.fhir.fhirpath.functions import single
from sachet.fhir.fhirpath.nodes import (
    DATE,
    DATE_TIME,
    DATES,
    NOTHING,
    QUANTITY,
    STRINGS,
    TIMES,
    Items,
    Node,
    Unanswerable,
    amount,
    compared_quantities,
    decimal,
    equal,
    integer,
    is_quantity,
    number,
    places,
    string,
    unit,
)


def same(items: Items, others: Items) -> bool | None:
    """`=`, None where there is nothing, or where it cannot be said of a date."""
    if not items or not others:
        return None
    if len(items) != len(others):
        return False
    answers = [equal(one, other) for one, other in zip(items, others, strict=True)]
    return False if False in answers else None if None in answers else True


def alike(items: Items, others: Items) -> bool:
    """`~`: in any order; words whatever their case and spaces, numbers as the coarser one."""
    rest = list(others)
    for item in items:
        found = next((n for n, other in enumerate(rest) if _alike_nodes(item, other)), None)
        if found is None:
            return False
        del rest[found]
    return not rest


def _alike_nodes(one: Node, other: Node) -> bool:
    a, b = number(one), number(other)
    if a is not None and b is not None:
        coarser = min(places(a), places(b))
        return coarser < 100 and round(Decimal(a), coarser) == round(Decimal(b), coarser)
    x, y = one[0], other[0]
    if isinstance(x, str) and isinstance(y, str) and one[1].name in STRINGS and other[1].name in STRINGS:
        return " ".join(x.lower().split()) == " ".join(y.lower().split())
    return equal(one, other) is True


def ordered(one: Node, other: Node, compare: Callable[[Any, Any], bool]) -> bool | None:
    """`<` and its like; None where dates or units leave it open, Unanswerable where the types have no order."""
    a, b = number(one), number(other)
    if a is not None and b is not None:
        return compare(a, b)
    a_name, b_name, x, y = one[1].name, other[1].name, one[0], other[0]
    if isinstance(x, str) and isinstance(y, str):
        if a_name in DATES and b_name in DATES:
            return _order(moments.compare(x, y), compare)
        if a_name in TIMES and b_name in TIMES:
            return _order(moments.compare_times(x, y), compare)
        if a_name in STRINGS and b_name in STRINGS:
            return compare(x, y)
    if is_quantity(one) and is_quantity(other):
        return compared_quantities(one, other, compare)
    if x is None or y is None:
        return None
    raise Unanswerable


def _order(order: int | None, compare: Callable[[Any, Any], bool]) -> bool | None:
    return None if order is None else compare(order, 0)


def calculated(sign: str, items: Items, others: Items) -> Items:
    """`+` and its like: numbers, exactly; words with + and &; dates and units of time; quantities of one unit."""
    one, other = single(items), single(others)
    if sign == "&":
        return string(_part(one) + _part(other))
    if one is None or other is None:
        return NOTHING
    a, b = number(one), number(other)
    if a is not None and b is not None:
        return _numbers(sign, a, b)
    if is_quantity(other) and isinstance(one[0], str) and one[1].name in DATES and sign in "+-":
        return _later(one, other, sign)
    if is_quantity(one) or is_quantity(other):
        return _quantities(sign, one, other)
    if sign != "+":
        raise Unanswerable
    return string(_part(one) + _part(other))


def _part(node: Node | None) -> str:
    if node is None:
        return ""
    if node[1].name not in STRINGS or not isinstance(node[0], str):
        raise Unanswerable
    return node[0]


def _numbers(sign: str, a: int | Decimal, b: int | Decimal) -> Items:
    if sign in "+-*":
        found = a + b if sign == "+" else a - b if sign == "-" else a * b
        return integer(found) if isinstance(found, int) else decimal(found)
    if not b:
        return NOTHING
    x, y = Decimal(a), Decimal(b)
    if sign == "/":
        return decimal(x / y)
    if sign == "div":
        return integer(int(x // y))  # towards zero, as decimals do
    return integer(int(x % y)) if isinstance(a, int) and isinstance(b, int) else decimal(x % y)


def _later(date: Node, time: Node, sign: str) -> Items:
    value, name = amount(time), unit(time)
    if value is None or name is None or not -(10**9) < value < 10**9:
        raise Unanswerable
    found = moments.added(date[0], int(value) * (1 if sign == "+" else -1), name)
    if found is None:
        raise Unanswerable
    return [(found, DATE if date[1].name in ("date", "Date") else DATE_TIME, None)]


def _quantities(sign: str, one: Node, other: Node) -> Items:
    a, b = (amount(node) if is_quantity(node) else number(node) for node in (one, other))
    both = is_quantity(one) and is_quantity(other)
    if a is None or b is None:
        return NOTHING
    if sign in "+-" and ((both and unit(one) == unit(other)) or (a == 0 and not is_quantity(one))):
        return [({**other[0], "value": a + b if sign == "+" else a - b}, QUANTITY, None)]
    if sign == "*" and not both:
        return [({**(one if is_quantity(one) else other)[0], "value": a * b}, QUANTITY, None)]
    if sign == "/" and b and is_quantity(one) and (not both or unit(one) == unit(other)):
        value = Decimal(a) / Decimal(b)
        return decimal(value) if both else [({**one[0], "value": value}, QUANTITY, None)]
    raise Unanswerable
