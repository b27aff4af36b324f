"""The digest of a resource's content, by which is told later whether somebody changed it.

It leaves out what servers rewrite: the id, meta and the narrative. Numbers count by their value: some servers write
1.5 for 1.50.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from sachet.fhir.names import extension_url

URL = extension_url("content-digest")
_LEFT_OUT = frozenset({"id", "meta", "text", "extension"})
# What stands before the extensions of a resource (https://hl7.org/fhir/json.html has no order, readers do).
_BEFORE = ("resourceType", "id", "meta", "implicitRules", "language", "text", "contained")
_ENCODER = msgspec.json.Encoder(order="sorted", decimal_format="number")


def digest(resource: Mapping[str, Any]) -> str:
    """The SHA-256, in hexadecimal, of a resource's content; `resource` is JSON with decimals as Decimal."""
    content = {key: value for key, value in resource.items() if key not in _LEFT_OUT}
    if extensions := without(resource):
        content["extension"] = extensions
    return hashlib.sha256(canonical(content)).hexdigest()


def canonical(value: Any) -> bytes:
    """The same bytes for the same JSON, whatever the order of its keys and however its numbers are written."""
    plain = _plain(value)
    try:
        return _ENCODER.encode(plain)
    except UnicodeEncodeError:  # half of a surrogate pair, which sachet never writes
        return json.dumps(plain, sort_keys=True, default=str).encode()


def claimed(resource: Mapping[str, Any]) -> str | None:
    """The digest that travels with a resource; None where there is none."""
    found = [one.get("valueString") for one in _extensions(resource) if _is_digest(one)]
    return found[0] if len(found) == 1 and isinstance(found[0], str) else None


def stamped(resource: Mapping[str, Any]) -> dict[str, Any]:
    """A resource with the digest of its content."""
    made = {key: resource[key] for key in _BEFORE if key in resource}
    made["extension"] = [*without(resource), {"url": URL, "valueString": digest(resource)}]
    return made | {key: value for key, value in resource.items() if key not in made}


def without(resource: Mapping[str, Any]) -> list[Any]:
    """The extensions of a resource, without its digest."""
    return [one for one in _extensions(resource) if not _is_digest(one)]


def _extensions(resource: Mapping[str, Any]) -> list[Any]:
    found = resource.get("extension")
    return found if isinstance(found, list) else []


def _is_digest(extension: Any) -> bool:
    return isinstance(extension, dict) and extension.get("url") == URL


def _plain(value: Any) -> Any:
    """A value with each number written in one way."""
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_plain(child) for child in value]
    return _number(value) if isinstance(value, Decimal) else value


def _number(value: Decimal) -> int | Decimal:
    """A whole number as such, any other with the digits that it needs."""
    sign, digits, exponent = value.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    shown = text.rstrip("0")
    if not isinstance(exponent, int) or not shown:
        return 0
    exponent += len(text) - len(shown)
    if 0 <= exponent <= 30:
        return int(shown + "0" * exponent) * (-1 if sign else 1)
    return Decimal((sign, tuple(map(int, shown)), exponent))
