"""JSON with decimals as they are written: 1.50 stays 1.50 (https://hl7.org/fhir/json.html#decimal)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def decoded(text: bytes | str) -> Any:
    """What JSON says, with decimals as Decimal. Raises ValueError where it is none, RecursionError where too deep."""
    return json.loads(text, parse_float=Decimal)


def encoded(value: Any) -> bytes:
    """JSON on one line."""
    return _ENCODER.encode(value)
