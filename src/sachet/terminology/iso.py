"""Codes of ISO: currencies (4217) and countries (3166-1)."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from sachet.fhir.tables import table

CURRENCIES = "urn:iso:std:iso:4217"
COUNTRIES = "urn:iso:std:iso:3166"
_COUNTRY_LIST = "ValueSet http://hl7.org/fhir/ValueSet/iso3166-1-2"


def is_currency(code: str) -> bool:
    """Whether a code is of a currency ("USD"); the list is made by `scripts/iso4217_table.py`."""
    return code in _currencies()


def is_country(code: str) -> bool | None:
    """Whether a code is of a country; None for those of three letters or digits, of which there is no list here."""
    if re.fullmatch(r"[A-Z]{3}|[0-9]{3}", code):
        return None
    return code in _countries()


@cache
def _currencies() -> frozenset[str]:
    lines = (files("sachet.terminology") / "data" / "iso4217.txt").read_text("utf-8").splitlines()
    return frozenset(lines[1:])


@cache
def _countries() -> frozenset[str]:
    """The codes of two letters, as FHIR R4 lists them."""
    found = table("r4", "terminology").get(_COUNTRY_LIST) or {}
    return frozenset(code for rule in found["include"] for code in rule["concept"])
