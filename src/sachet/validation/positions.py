"""Where an element stands in JSON text."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]

_STEP = re.compile(r"(\w+)(?:\.ofType\((\w)(\w*)\))?(?:\[(\d+)\])?")
_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


def json_path(expression: str) -> str:
    """A validator's expression with the names of JSON: "value.ofType(string)" is "valueString"."""
    return re.sub(r"\.ofType\((\w)(\w*)\)", lambda found: found[1].upper() + found[2], expression)


def position(text: str, expression: str) -> tuple[int, int] | None:
    """The line and column, both from 1, of an element; of what it would stand in where it is not there.

    None where the text is no JSON.
    """
    at = _after_space(text, 0)
    try:
        for step in _STEP.finditer(expression.partition(".")[2]):
            below = _property(text, at, step[1] + (step[2] or "").upper() + (step[3] or ""))
            if below is None:
                break
            at = below
            if step[4] is not None and text[at] == "[":
                item = _item(text, at, int(step[4]))
                if item is None:
                    break
                at = item
    except (ValueError, IndexError, RecursionError):
        return None
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _property(text: str, at: int, name: str) -> int | None:
    """Where the value of a property begins, in the object that begins at a place."""
    if text[at] != "{":
        return None
    at = _after_space(text, at + 1)
    while text[at] != "}":
        key, at = scanstring(text, at + 1, True)
        at = _after_space(text, _after_space(text, at) + 1)
        if key == name:
            return at
        at = _next(text, at)
    return None


def _item(text: str, at: int, index: int) -> int | None:
    """Where an item of the list that begins at a place begins."""
    at = _after_space(text, at + 1)
    while text[at] != "]":
        if index == 0:
            return at
        index -= 1
        at = _next(text, at)
    return None


def _next(text: str, at: int) -> int:
    """What comes after the value at a place, and a comma."""
    at = _after_space(text, _DECODER.raw_decode(text, at)[1])
    return _after_space(text, at + 1) if text[at] == "," else at
