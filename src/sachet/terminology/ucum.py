"""UCUM: whether a code is a unit of measure (https://ucum.org/ucum).

ucumvert's grammar decides. It is loaded only when a unit is asked for that the caller does not know already.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

SYSTEM = "http://unitsofmeasure.org"
_LONGEST = 200  # characters; no unit is longer


@lru_cache(4096)
def is_unit(code: str) -> bool:
    """Whether a code is a unit of UCUM (case sensitive)."""
    from ucumvert import InvalidUcumError, parse_ucum

    if len(code) > _LONGEST:
        return False
    try:
        parse_ucum(code, _grammar())
    except InvalidUcumError:
        return False
    return True


@cache
def _grammar() -> Any:
    from ucumvert import get_ucum_parser

    return get_ucum_parser()
