"""What the value of each primitive type may look like (https://hl7.org/fhir/datatypes.html#primitive)."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

Check = Callable[[Any], str | None]  # what is wrong with a value; None where nothing is

_MEBIBYTE = 1 << 20
_SHORTEST_ROOT = len("urn:oid:1.23")
_DATE = r"(?P<year>\d{4})(-(?P<month>0[1-9]|1[0-2])(-(?P<day>0[1-9]|[12]\d|3[01]))?)?"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?"
_ZONE = r"(Z|[+-]((0\d|1[0-3]):[0-5]\d|14:00))"
_FORMS = {
    "date": re.compile(_DATE, re.ASCII),
    "dateTime": re.compile(rf"{_DATE}(?(day)(T{_TIME}{_ZONE})?)", re.ASCII),
    "instant": re.compile(
        rf"(?P<year>\d{{4}})-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12]\d|3[01])T{_TIME}{_ZONE}", re.A
    ),
    "time": re.compile(_TIME, re.ASCII),
    "id": re.compile(r"[A-Za-z0-9.-]{1,64}"),
    "oid": re.compile(r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+"),
    "uuid": re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
}
_EXAMPLES = {
    "date": "2026, 2026-03 or 2026-03-01",
    "dateTime": "2026, 2026-03, 2026-03-01 or 2026-03-01T12:30:00Z, with a time zone after a time",
    "instant": "2026-03-01T12:30:00.000Z",
    "time": "12:30:00",
    "id": "up to 64 letters, digits, dots and dashes",
    "oid": "urn:oid:2.16.840.1.113883",
    "uuid": "urn:uuid: and lower-case hexadecimal digits in groups of 8, 4, 4, 4 and 12",
    "base64Binary": "base64, like TWFu",
}
_SPACES = re.compile(r"\s", re.ASCII)
_BASE64 = re.compile(r"[0-9A-Za-z+/=]*")


def _boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else f"{shown(value)} is no boolean: write true or false, without quotes"


def _integer(low: int, high: int, name: str) -> Check:
    def check(value: Any) -> str | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return f"{shown(value)} is no {name}: write a whole number, without quotes"
        return None if low <= value <= high else f"{value} is no {name}: it has to be from {low} to {high}"

    return check


def _integer64(value: Any) -> str | None:  # JSON writes it as a string
    if not isinstance(value, str) or not re.fullmatch(r"0|-?[1-9][0-9]{0,18}", value):
        return f"{shown(value)} is no integer64: write a whole number, in quotes"
    return None if -(1 << 63) <= int(value) < 1 << 63 else f"{value} is no integer64: it is too large"


def _decimal(value: Any) -> str | None:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return None
    return f"{shown(value)} is no decimal: write a number, without quotes"


def _string(value: Any) -> str | None:
    if not isinstance(value, str):
        return f"{shown(value)} is no string: write it in quotes"
    return None if value else "an empty string: leave the element out"


def _bounded(value: Any) -> str | None:
    if (wrong := _string(value)) is not None:
        return wrong
    return f"{len(value)} characters: a string has at most {_MEBIBYTE}" if len(value) > _MEBIBYTE else None


def _code(value: Any) -> str | None:
    if (wrong := _string(value)) is not None:
        return wrong
    if value.split(" ") == value.split():
        return None
    return f"{shown(value)} is no code: it may have single spaces between words, and no other white space"


def _uri(value: Any) -> str | None:
    if (wrong := _string(value)) is not None:
        return wrong
    if _SPACES.search(value):
        return f"{shown(value)} is no URI: it has white space"
    if value.startswith(("oid:", "uuid:")):
        return f"{shown(value)} is no URI: write urn:{value}"
    return _urn(value) if value.startswith("urn:") else None


def _urn(value: str) -> str | None:
    if value.startswith("urn:oid:") and value.rfind(".") < _SHORTEST_ROOT and not value.startswith("urn:oid:1.3"):
        return f"{shown(value)} is no OID: no organization has so short a root"
    for name in ("oid", "uuid"):
        if value.startswith(f"urn:{name}:") and not _FORMS[name].fullmatch(value):
            return f"{shown(value)} is no {name.upper()}: write {_EXAMPLES[name]}"
    return None


def _form(name: str) -> Check:
    form = _FORMS[name]
    dated = "year" in form.groupindex

    def check(value: Any) -> str | None:
        if not isinstance(value, str) or not value:
            return _string(value)
        found = form.fullmatch(value)
        if found and (not dated or _is_a_day(found)):
            return None
        return f"{shown(value)} is no {name}: write {_EXAMPLES[name]}"

    return check


def _base64(value: Any) -> str | None:
    if not isinstance(value, str) or not value:
        return _string(value)
    digits = "".join(value.split())
    if digits and len(digits) % 4 == 0 and _BASE64.fullmatch(digits):
        return None
    return f"{shown(value)} is no base64Binary: write {_EXAMPLES['base64Binary']}"


def _is_a_day(found: re.Match[str]) -> bool:
    year, month, day = (int(found[part] or 1) for part in ("year", "month", "day"))
    return year > 0 and day <= monthrange(year, month)[1]


def shown(value: Any) -> str:
    """A value as a message quotes it, cut where it is long."""
    words = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    quoted = f'"{words[:60]}{"…" if len(words) > 60 else ""}"'
    return quoted if isinstance(value, str) else quoted.strip('"')


CHECKS: Mapping[str, Check] = {
    "boolean": _boolean,
    "integer": _integer(-(1 << 31), (1 << 31) - 1, "integer"),
    "positiveInt": _integer(1, (1 << 31) - 1, "positiveInt"),
    "unsignedInt": _integer(0, (1 << 31) - 1, "unsignedInt"),
    "integer64": _integer64,
    "decimal": _decimal,
    "string": _bounded,
    "markdown": _string,
    "xhtml": _string,
    "code": _code,
    "uri": _uri,
    "url": _uri,
    "canonical": _uri,
    "base64Binary": _base64,
    **{name: _form(name) for name in _FORMS},
}
