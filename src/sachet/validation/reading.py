"""JSON as FHIR has it: decimals as they are written, and nothing lost where a property stands twice."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from sachet.validation.issue import Issue, Issues

_DEEPEST = 200


class Doubled(dict[str, Any]):
    """A JSON object with properties that stand in it more than once; the last value is kept."""

    names: tuple[str, ...]


def read(text: bytes | str) -> tuple[Any, list[Issue]]:
    """The value of a JSON text, and what is wrong with it; None where it is no JSON."""
    issues = Issues()
    try:
        value = _DECODER.decode(text if isinstance(text, str) else text.decode("utf-8-sig"))
    except UnicodeDecodeError as e:
        issues.add("FHIR100", None, f"not UTF-8 (byte {e.start + 1}); save the file as UTF-8")
    except json.JSONDecodeError as e:
        issues.add("FHIR100", None, f"not JSON: {e.msg} at line {e.lineno}, column {e.colno}")
    except RecursionError:
        issues.add("FHIR100", None, "nested too deep to be FHIR")
    except (ValueError, InvalidOperation):
        issues.add("FHIR100", None, "a number that is too long")
    else:
        return value, issues.found
    return None, issues.found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    names = [name for name, _ in pairs]
    doubled = Doubled(made)
    doubled.names = tuple(name for name in made if names.count(name) > 1)
    return doubled


def _constant(name: str) -> Any:
    raise json.JSONDecodeError(f"{name} is no number of JSON", name, 0)


def _integer(digits: str) -> int | Decimal:
    return Decimal(digits) if digits == "-0" else int(digits)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=Decimal, parse_int=_integer, parse_constant=_constant
)
