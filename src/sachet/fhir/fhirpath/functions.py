"""The functions of FHIRPath that need nothing but a collection and their arguments.

Each takes collections and gives one (`COLLECTIONS`), or a Boolean, None being the empty collection (`TRUTHS`). Where
the specification and HL7's engine differ, the engine is followed, because authors test their invariants with it:
`matches` finds a part, `startsWith` looks at the first of several, `hasValue` of a part is true.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from sachet.fhir.fhirpath import moments
from sachet.fhir.fhirpath.nodes import (
    BOOLEAN,
    DATE,
    DATE_TIME,
    DATES,
    DECIMAL,
    NOTHING,
    STRINGS,
    TIME,
    TIMES,
    TYPE,
    Items,
    Node,
    Unanswerable,
    amount,
    children,
    decimal,
    descendants,
    hollow,
    integer,
    is_quantity,
    key,
    number,
    places,
    quantity,
    step,
    string,
    text,
)
from sachet.fhir.fhirpath.regex import java_pattern, java_replacement


def single(items: Items) -> Node | None:
    """The only item, None of none; HL7's engine throws where there are several."""
    if len(items) > 1:
        raise Unanswerable
    return items[0] if items else None


def as_boolean(items: Items) -> bool | None:
    """A collection where a Boolean is wanted: any single item that is none counts as true (section 4.5)."""
    node = single(items)
    if node is None:
        return None
    value, shape, _ = node
    if isinstance(value, bool):
        return value
    return None if shape.name == "boolean" else True


def distinct(items: Items) -> Items:
    """Each item once."""
    return list({key(item): item for item in reversed(items)}.values())[::-1] if len(items) > 1 else items


def union(items: Items, others: Items) -> Items:
    """The items of both, each once."""
    return distinct(items + others)


def _words(items: Items) -> str | None:
    """The words of a single string."""
    if len(items) != 1:
        return None
    value, shape, _ = items[0]
    return value if isinstance(value, str) and shape.name in STRINGS else None


def _text(items: Items) -> str | None:
    """What a single primitive says."""
    return text(items[0]) if len(items) == 1 else None


def _integer(items: Items) -> int | None:
    node = single(items)
    found = number(node) if node else None
    return found if isinstance(found, int) else None


# Existence


def _exists(items: Items) -> bool:
    for value, _, _ in items:  # noqa: SIM110 - any() with a generator takes thrice as long
        if not isinstance(value, dict) or not hollow(value):
            return True
    return False


def _empty(items: Items) -> bool:
    return not _exists(items)


def _not(items: Items) -> bool | None:
    found = as_boolean(items)
    return None if found is None else not found


def _booleans(items: Items) -> list[bool | None]:
    if any(shape is not BOOLEAN and shape.name != "boolean" for _, shape, _ in items):
        raise Unanswerable
    return [value if isinstance(value, bool) else None for value, _, _ in items]


def _all_true(items: Items) -> bool:
    return all(value is True for value in _booleans(items))


def _any_true(items: Items) -> bool:
    return any(value is True for value in _booleans(items))


def _all_false(items: Items) -> bool:
    return all(value is False for value in _booleans(items))


def _any_false(items: Items) -> bool:
    return any(value is False for value in _booleans(items))


def _subset_of(items: Items, others: Items) -> bool:
    return {key(item) for item in items} <= {key(item) for item in others}


def _superset_of(items: Items, others: Items) -> bool:
    return _subset_of(others, items)


def _is_distinct(items: Items) -> bool:
    return len(items) < 2 or len({key(item) for item in items}) == len(items)


def _has_value(items: Items) -> bool:
    return len(items) == 1 and (isinstance(items[0][0], dict) or bool(text(items[0])))


# Parts of a collection


def _single(items: Items) -> Items:
    if len(items) != 1:
        raise Unanswerable
    return items


def _first(items: Items) -> Items:
    return items[:1]


def _last(items: Items) -> Items:
    return items[-1:]


def _tail(items: Items) -> Items:
    return items[1:]


def _skip(items: Items, count: Items) -> Items:
    return items[max(_integer(count) or 0, 0) :]


def _take(items: Items, count: Items) -> Items:
    return items[: max(_integer(count) or 0, 0)]


def _item(items: Items, index: Items) -> Items:
    at = _integer(index)
    return items[at : at + 1] if at is not None and at >= 0 else NOTHING


def _intersect(items: Items, others: Items) -> Items:
    wanted = {key(item) for item in others}
    return distinct([item for item in items if key(item) in wanted])


def _exclude(items: Items, others: Items) -> Items:
    unwanted = {key(item) for item in others}
    return [item for item in items if key(item) not in unwanted]


def _combine(items: Items, others: Items) -> Items:
    return items + others


_EXTENSIONS, _MODIFIERS, _URL = step("extension"), step("modifierExtension"), step("url")


def _extension(items: Items, url: Items) -> Items:
    wanted = _text(url)
    found = _EXTENSIONS(items) + _MODIFIERS(items)
    return [extension for extension in found if wanted is not None and _text(_URL([extension])) == wanted]


def _type(items: Items) -> Items:
    return [
        ({"namespace": "FHIR" if shape.slots else "System", "name": shape.name}, TYPE, None) for _, shape, _ in items
    ]


# Strings


def _is_silent(items: Items) -> bool:
    """Whether there is a primitive that has extensions but no value: HL7's engine finds nothing in it."""
    return bool(items) and items[0][0] is None


def _starts_with(items: Items, start: Items) -> bool | None:
    wanted = _text(start)
    if not items or wanted is None:
        return None
    if not wanted or _is_silent(items):
        return not wanted
    return None if (words := _words(items[:1])) is None else words.startswith(wanted)


def _ends_with(items: Items, end: Items) -> bool | None:
    wanted = _text(end)
    if not items or wanted is None:
        return None
    return not wanted or (_words(items) or "").endswith(wanted)


def _contains(items: Items, part: Items) -> bool | None:
    words, wanted = _words(items), _text(part)
    if _is_silent(items):
        return False
    return None if words is None or wanted is None else wanted in words


def _matches(items: Items, regex: Items) -> bool | None:
    return _found(items, regex, re.Pattern.search)


def _matches_full(items: Items, regex: Items) -> bool | None:
    return _found(items, regex, re.Pattern.fullmatch)


def _found(items: Items, regex: Items, how: Callable[[re.Pattern[str], str], Any]) -> bool | None:
    wanted = _text(regex)
    if not items or wanted is None:
        return None
    if len(items) > 1 or not wanted or _is_silent(items):
        return False
    words = _words(items)
    return None if words is None else bool(words and how(java_pattern(wanted), words))


def _replace_matches(items: Items, regex: Items, replacement: Items) -> Items:
    words, wanted, put = _words(items), _text(regex), _text(replacement)
    if words is None or not wanted or put is None:
        return items if wanted == "" else NOTHING
    return string(java_pattern(wanted).sub(java_replacement(put), words))


def _replace(items: Items, part: Items, replacement: Items) -> Items:
    words, wanted, put = _words(items), _text(part), _text(replacement)
    return NOTHING if words is None or wanted is None or put is None else string(words.replace(wanted, put))


def _index_of(items: Items, part: Items) -> Items:
    words, wanted = _words(items), _text(part)
    return NOTHING if words is None or wanted is None else integer(words.find(wanted))


def _substring(items: Items, start: Items, length: Items | None = None) -> Items:
    words, at = _words(items), _integer(start)
    count = len(words or "") if length is None else _integer(length)
    if words is None or at is None or count is None or not 0 <= at < len(words) or count <= 0:
        return NOTHING
    return string(words[at : at + count])


def _of_words(change: Callable[[str], str]) -> Callable[[Items], Items]:
    def changed(items: Items) -> Items:
        words = _words(items)
        return NOTHING if words is None else string(change(words))

    return changed


def _length(items: Items) -> Items:
    words = _words(items)
    return NOTHING if words is None else integer(len(words))


def _to_chars(items: Items) -> Items:
    return [node for character in _words(items) or "" for node in string(character)]


def _split(items: Items, separator: Items) -> Items:
    words, by = _words(items), _text(separator)
    return [node for part in words.split(by) for node in string(part)] if words is not None and by else NOTHING


def _join(items: Items, separator: Items = NOTHING) -> Items:
    return string((_text(separator) or "").join(text(item) or "" for item in items))


# Conversion

_INTEGER = re.compile(r"-?\d{1,10}")
_DECIMAL = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")
_QUANTITY = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(?:'([^']+)'|([a-z]+?)s?)?")
_TRUE, _FALSE = ("true", "t", "yes", "y", "1", "1.0"), ("false", "f", "no", "n", "0", "0.0")


def _to_string(items: Items) -> Items:
    node = single(items)
    found = None if node is None else _quantity_text(node) if is_quantity(node) else text(node)
    return NOTHING if found is None else string(found)


def _quantity_text(node: Node) -> str | None:
    value = text((node[0].get("value"), DECIMAL, None))
    code, unit = node[0].get("code"), node[0].get("unit")
    return None if value is None else f"{value} '{code}'" if code else f"{value} {unit}" if unit else value


def _to_integer(items: Items) -> Items:
    words = {"true": "1", "false": "0"}.get(found := _text(items) or "", found)
    return integer(int(words)) if _INTEGER.fullmatch(words) else NOTHING


def _to_decimal(items: Items) -> Items:
    words = {"true": "1", "false": "0"}.get(found := _text(items) or "", found)
    return decimal(Decimal(words)) if _DECIMAL.fullmatch(words) else NOTHING


def _to_boolean(items: Items) -> Items:
    words = (_text(items) or "").lower()
    return [(words in _TRUE, BOOLEAN, None)] if words in _TRUE + _FALSE else NOTHING


def _to_quantity(items: Items) -> Items:
    if items and is_quantity(items[0]):
        return items
    found = _QUANTITY.fullmatch((_text(items) or "").strip())
    if not found or (found[3] and found[3] not in (*moments.CALENDAR.values(), "month", "year")):
        return NOTHING
    return [quantity(Decimal(found[1]), found[3], found[2] or "1")]


def _to_date(items: Items) -> Items:
    words = (_text(items) or "").partition("T")[0]
    return [(words, DATE, None)] if moments.parse(words) else NOTHING


def _to_date_time(items: Items) -> Items:
    words = _text(items) or ""
    return [(words, DATE_TIME, None)] if moments.parse(words) else NOTHING


def _to_time(items: Items) -> Items:
    words = (_text(items) or "").removeprefix("T")
    return [(words, TIME, None)] if moments.time_boundary(words, False) else NOTHING


def _converts(to: Callable[[Items], Items]) -> Callable[[Items], bool | None]:
    return lambda items: bool(to(items)) if items else None


# Numbers


def _of_number(change: Callable[[Decimal], int | Decimal | float]) -> Callable[[Items], Items]:
    def changed(items: Items) -> Items:
        node = single(items)
        if node is None:
            return NOTHING
        if is_quantity(node):
            value = amount(node)
            return NOTHING if value is None else [({**node[0], "value": change(_sane(value))}, *node[1:])]
        value = number(node)
        if value is None:
            raise Unanswerable
        found = change(_sane(value))
        return integer(found) if isinstance(found, int) else decimal(_exact(found))

    return changed


def _exact(value: Decimal | float) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def _sane(value: int | Decimal) -> Decimal:
    """A number whose digits can be written out."""
    found = Decimal(value)
    if found and abs(found.adjusted()) > 100:
        raise Unanswerable
    return found


def _round(items: Items, digits: Items = NOTHING) -> Items:
    least = Decimal(1).scaleb(-(_integer(digits) or 0))
    return _of_number(lambda value: value.quantize(least, ROUND_HALF_UP))(items)


def _power(items: Items, exponent: Items) -> Items:
    by = number(exponent[0]) if len(exponent) == 1 else None
    if by is None:
        return NOTHING
    power = by

    def raised(value: Decimal) -> Decimal | float:
        if isinstance(power, int) and abs(power) <= 64:
            return Decimal(pow(value, power))
        if value < 0:
            raise Unanswerable
        return math.pow(value, power)

    return _of_number(raised)(items)


def _log(items: Items, base: Items) -> Items:
    by = number(base[0]) if len(base) == 1 else None
    return NOTHING if by is None else _of_number(lambda value: math.log(value) / math.log(by))(items)


def _abs(items: Items) -> Items:
    found = number(items[0]) if len(items) == 1 else None
    return integer(abs(found)) if isinstance(found, int) else _of_number(abs)(items)


# Boundaries: between what an imprecise value may lie (FHIR's section "fhirpath.html#functions", from CQL)


def _boundary(high: bool) -> Callable[..., Items]:
    def bound(items: Items, precision: Items = NOTHING) -> Items:
        node = single(items)
        if node is None:
            return NOTHING
        value, shape, beside = node
        digits = _integer(precision)
        if is_quantity(node):
            of = amount(node)
            if of is None:
                raise Unanswerable
            return [({**value, "value": _decimal_boundary(_sane(of), high, digits)}, shape, beside)]
        if (of := number(node)) is not None:
            return decimal(_decimal_boundary(_sane(of), high, digits))
        if not isinstance(value, str):
            return NOTHING
        if shape.name in TIMES:
            return _made(moments.time_boundary(value, high), TIME, precision)
        if shape.name in ("date", "Date"):
            return _made(moments.date_boundary(value, high), DATE, precision)
        return _made(moments.date_time_boundary(value, high), DATE_TIME, precision) if shape.name in DATES else NOTHING

    return bound


_WIDTHS = {2: 2, 4: 4, 6: 7, 8: 10, 9: 12, 17: 29}  # the digits of a date or time, and its characters


def _made(found: str | None, shape: Any, precision: Items) -> Items:
    width = _WIDTHS.get(_integer(precision) or 17, 29)
    return NOTHING if found is None else [(found[:width], shape, None)]


def _decimal_boundary(value: Decimal, high: bool, digits: int | None) -> Decimal:
    half = Decimal(5).scaleb(-places(value) - 1)
    least = Decimal(1).scaleb(-(8 if digits is None else max(0, min(digits, 16))))
    return (value + half if high else value - half).quantize(least, ROUND_CEILING if high else ROUND_FLOOR)


def _comparable(items: Items, other: Items) -> bool:
    if len(items) != 1 or len(other) != 1 or not is_quantity(items[0]) or not is_quantity(other[0]):
        return False
    one, another = items[0][0], other[0][0]
    return bool(one.get("system") and one.get("code")) and all(
        one.get(name) == another.get(name) for name in ("system", "code")
    )


# Clocks: what depends on them differs from run to run, so sachet's own profiles have none


def _now(_: Items) -> Items:
    return [(datetime.now(UTC).isoformat(timespec="milliseconds"), DATE_TIME, None)]


def _today(_: Items) -> Items:
    return [(datetime.now(UTC).date().isoformat(), DATE, None)]


def _time_of_day(_: Items) -> Items:
    return [(datetime.now(UTC).time().isoformat(timespec="milliseconds"), TIME, None)]


def _count(items: Items) -> Items:
    return _counts(len(items))


@lru_cache(64)
def _counts(count: int) -> Items:
    return integer(count)


Function = tuple[Callable[..., Any], int, int]  # and the least and the greatest number of arguments

TRUTHS: dict[str, Function] = {
    "exists": (_exists, 0, 0),
    "empty": (_empty, 0, 0),
    "not": (_not, 0, 0),
    "all": (_all_true, 0, 0),
    "allTrue": (_all_true, 0, 0),
    "anyTrue": (_any_true, 0, 0),
    "allFalse": (_all_false, 0, 0),
    "anyFalse": (_any_false, 0, 0),
    "subsetOf": (_subset_of, 1, 1),
    "supersetOf": (_superset_of, 1, 1),
    "isDistinct": (_is_distinct, 0, 0),
    "hasValue": (_has_value, 0, 0),
    "startsWith": (_starts_with, 1, 1),
    "endsWith": (_ends_with, 1, 1),
    "contains": (_contains, 1, 1),
    "matches": (_matches, 1, 1),
    "matchesFull": (_matches_full, 1, 1),
    "comparable": (_comparable, 1, 1),
    "convertsToString": (_converts(_to_string), 0, 0),
    "convertsToInteger": (_converts(_to_integer), 0, 0),
    "convertsToDecimal": (_converts(_to_decimal), 0, 0),
    "convertsToBoolean": (_converts(_to_boolean), 0, 0),
    "convertsToQuantity": (_converts(_to_quantity), 0, 0),
    "convertsToDate": (_converts(_to_date), 0, 0),
    "convertsToDateTime": (_converts(_to_date_time), 0, 0),
    "convertsToTime": (_converts(_to_time), 0, 0),
}

COLLECTIONS: dict[str, Function] = {
    "[]": (_item, 1, 1),
    "count": (_count, 0, 0),
    "distinct": (distinct, 0, 0),
    "single": (_single, 0, 0),
    "first": (_first, 0, 0),
    "last": (_last, 0, 0),
    "tail": (_tail, 0, 0),
    "skip": (_skip, 1, 1),
    "take": (_take, 1, 1),
    "intersect": (_intersect, 1, 1),
    "exclude": (_exclude, 1, 1),
    "union": (union, 1, 1),
    "combine": (_combine, 1, 1),
    "children": (children, 0, 0),
    "descendants": (descendants, 0, 0),
    "extension": (_extension, 1, 1),
    "type": (_type, 0, 0),
    "indexOf": (_index_of, 1, 1),
    "substring": (_substring, 1, 2),
    "upper": (_of_words(str.upper), 0, 0),
    "lower": (_of_words(str.lower), 0, 0),
    "trim": (_of_words(str.strip), 0, 0),
    "replace": (_replace, 2, 2),
    "replaceMatches": (_replace_matches, 2, 2),
    "length": (_length, 0, 0),
    "toChars": (_to_chars, 0, 0),
    "split": (_split, 1, 1),
    "join": (_join, 0, 1),
    "toString": (_to_string, 0, 0),
    "toInteger": (_to_integer, 0, 0),
    "toDecimal": (_to_decimal, 0, 0),
    "toBoolean": (_to_boolean, 0, 0),
    "toQuantity": (_to_quantity, 0, 0),
    "toDate": (_to_date, 0, 0),
    "toDateTime": (_to_date_time, 0, 0),
    "toTime": (_to_time, 0, 0),
    "abs": (_abs, 0, 0),
    "ceiling": (_of_number(math.ceil), 0, 0),
    "floor": (_of_number(math.floor), 0, 0),
    "truncate": (_of_number(math.trunc), 0, 0),
    "round": (_round, 0, 1),
    "power": (_power, 1, 1),
    "sqrt": (_of_number(math.sqrt), 0, 0),
    "exp": (_of_number(math.exp), 0, 0),
    "ln": (_of_number(math.log), 0, 0),
    "log": (_log, 1, 1),
    "lowBoundary": (_boundary(high=False), 0, 1),
    "highBoundary": (_boundary(high=True), 0, 1),
    "now": (_now, 0, 0),
    "today": (_today, 0, 0),
    "timeOfDay": (_time_of_day, 0, 0),
}
