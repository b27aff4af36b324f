"""ISO 4217: the codes of currencies. `scripts/iso4217_table.py` makes the list."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

CURRENCIES = "urn:iso:std:iso:4217"


def is_currency(code: str) -> bool:
    """Whether a code is of a currency ("USD")."""
    return code in _currencies()


@cache
def _currencies() -> frozenset[str]:
    lines = (files("sachet.terminology") / "data" / "iso4217.txt").read_text("utf-8").splitlines()
    return frozenset(lines[1:])
