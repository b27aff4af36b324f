"""Mutations of primitive values: every format, in several ways."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from agreement.case import raw
from agreement.mutation import Resource, add, mutation
from agreement.walk import of_type

_LONG = "a" * 65
_BAD: Mapping[str, Mapping[str, Any]] = {
    "date": {
        "with-time": "2024-01-01T10:00:00Z",
        "february-30": "2023-02-30",
        "no-leap-year": "2023-02-29",
        "month-13": "2023-13-01",
        "day-0": "2023-01-00",
        "short": "2023-1-5",
        "slashes": "2023/01/05",
        "words": "yesterday",
        "year-0": "0000",
        "long-year": "12023",
        "white-space": " 2023-01-05",
        "century-1700": "1623-01-05",
        "century-2200": "2223-01-05",
    },
    "dateTime": {
        "no-zone": "2023-01-05T10:00:00",
        "no-seconds": "2023-01-05T10:00Z",
        "hour-only": "2023-01-05T10Z",
        "february-30": "2023-02-30T10:00:00Z",
        "hour-24": "2023-01-05T24:00:00Z",
        "hour-25": "2023-01-05T25:00:00Z",
        "minute-60": "2023-01-05T10:60:00Z",
        "second-60": "2023-01-05T10:00:60Z",
        "second-61": "2023-01-05T10:00:61Z",
        "zone-15": "2023-01-05T10:00:00+15:00",
        "zone-14-30": "2023-01-05T10:00:00+14:30",
        "zone-short": "2023-01-05T10:00:00+02",
        "space": "2023-01-05 10:00:00Z",
        "fraction-long": "2023-01-05T10:00:00.1234567891Z",
        "fraction-nine": "2023-01-05T10:00:00.123456789Z",
        "month-of-time": "2023-01T10:00:00Z",
        "lower": "2023-01-05t10:00:00z",
        "year-1623": "1623-01-05T10:00:00Z",
    },
    "instant": {
        "date": "2023-01-05",
        "no-zone": "2023-01-05T10:00:00",
        "no-seconds": "2023-01-05T10:00Z",
        "february-30": "2023-02-30T10:00:00Z",
        "hour-25": "2023-01-05T25:00:00Z",
    },
    "time": {
        "no-seconds": "10:00",
        "hour-24": "24:00:00",
        "zone": "10:00:00Z",
        "date": "2023-01-05T10:00:00Z",
        "minute-60": "10:60:00",
        "second-60": "10:00:60",
        "short": "1:00:00",
    },
    "id": {"long": _LONG, "underscore": "a_b", "space": "a b", "slash": "a/b", "letters": "ä", "64": "a" * 64},
    "oid": {
        "bare": "1.2.3",
        "leading-zero": "urn:oid:1.02",
        "first-arc": "urn:oid:3.1",
        "one": "urn:oid:1",
        "end": "urn:oid:1.2.",
    },
    "uuid": {
        "bare": "0c6bba1d-2b69-4d92-9a5c-3a8c8f3b9d11",
        "upper": "urn:uuid:0C6BBA1D-2B69-4D92-9A5C-3A8C8F3B9D11",
        "short": "urn:uuid:0c6bba1d",
        "letters": "urn:uuid:zc6bba1d-2b69-4d92-9a5c-3a8c8f3b9d11",
    },
    "uri": {
        "space": "http://example.org/a b",
        "oid": "urn:oid:1.02.x",
        "oid-bare": "oid:1.2.3",
        "uuid": "urn:uuid:not-one",
        "uuid-bare": "uuid:0c6bba1d-2b69-4d92-9a5c-3a8c8f3b9d11",
        "uuid-upper": "urn:uuid:0C6BBA1D-2B69-4D92-9A5C-3A8C8F3B9D11",
        "tab": "http://example.org/\ta",
        "trailing-space": "http://example.org/a ",
        "relative": "a/b",
        "words": "none",
        "angle": "http://example.org/<a>",
        "letters": "http://example.org/ä",
    },
    "url": {
        "space": "http://example.org/a b",
        "relative": "a/b",
        "urn": "urn:uuid:not-one",
        "mail": "mailto:a@example.org",
    },
    "canonical": {
        "space": "http://example.org/a b",
        "two-versions": "http://example.org/a|1|2",
        "no-version": "http://example.org/a|",
    },
    "code": {
        "leading": " a",
        "trailing": "a ",
        "double": "a  b",
        "tab": "a\tb",
        "newline": "a\nb",
        "only-space": " ",
        "no-break-space": "a\u00a0b",
    },
    "base64Binary": {
        "length": "aGVsbG8",
        "letters": "a_b-",
        "padding": "a===",
        "spaces": "aGVs bG8=",
        "newline": "aGVs\nbG8=",
        "empty": "",
        "inner-padding": "aG=sbG8=",
    },
    "positiveInt": {"zero": 0, "minus": -1, "large": 2147483648, "fraction": raw("1.0"), "exponent": raw("1e1")},
    "unsignedInt": {
        "minus": -1,
        "large": 2147483648,
        "fraction": raw("1.0"),
        "half": raw("1.5"),
        "minus-zero": raw("-0"),
    },
    "integer": {
        "large": 2147483648,
        "small": -2147483649,
        "fraction": raw("1.0"),
        "half": 1.5,
        "exponent": raw("1e3"),
        "very-large": raw("1" + "0" * 40),
    },
    "decimal": {
        "string": "1.5",
        "exponent": raw("1e3"),
        "large-exponent": raw("1e400"),
        "long": raw("1." + "1" * 60),
        "capital": raw("1E-5"),
    },
    "boolean": {"string": "true", "one": 1, "zero": 0, "yes": "yes", "capital": "True"},
    "string": {
        "control": "a\u0001b",
        "bell": "a\u0007",
        "delete": "a\u007fb",
        "escape": "a\u001bb",
        "next-line": "a\u0085b",
        "line-separator": "a\u2028b",
        "tab": "a\tb",
        "return": "a\r\nb",
        "zero-width": "\u200b",
        "emoji": "🩺",
        "html": "<b>a</b>",
    },
    "markdown": {
        "html": "<script>alert(1)</script>",
        "control": "a\u0002b",
        "link": "[a](javascript:b)",
        "tag": "a < b <i>c</i>",
    },
    "integer64": {"number": 1, "large": "9223372036854775808", "fraction": "1.0", "words": "a", "plus": "+1"},
}
_ONLY_R5 = frozenset({"integer64"})


def _put_one(kind: str, name: str, value: Any) -> None:
    """A mutation that puts one wrong value."""

    def change(random: Random, resource: Resource, release: str) -> Resource | None:
        found = [p for p in of_type(resource, release, kind) if p.slot.key != "id" or kind == "id"]
        if not found:
            return None
        random.choice(found).put(value)
        return resource

    add(f"{kind}:{name}", change, having=kind, releases="r5" if kind in _ONLY_R5 else "r4 r4b r5")


for _kind, _rows in _BAD.items():
    for _name, _value in _rows.items():
        _put_one(_kind, _name, _value)


@mutation("string-over-1-mebibyte", having="string")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    """Not in a reference: the engine's regular expression for those needs minutes for as much."""
    found = [p for p in of_type(resource, release, "string") if p.above.name != "Reference" and p.slot.key != "id"]
    if not found:
        return None
    random.choice(found).put("a" * ((1 << 20) + 1))
    return resource


@mutation("id-of-resource")
def _(random: Random, resource: Resource, release: str) -> Resource:
    resource["id"] = random.choice(("a_b", "a b", _LONG, "a/b", "#a", "", 1, None, "ü"))
    return resource


@mutation("id-of-element", having="Identifier")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = of_type(resource, release, "Identifier")
    if not found:
        return None
    random.choice(found).value["id"] = random.choice(("a b", "a_b", "", " ", "a" * 70, 1, "a\n"))
    return resource
