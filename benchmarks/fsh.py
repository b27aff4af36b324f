"""A FHIR resource as FHIR Shorthand: one instance whose rules say every value of it, in the resource's own order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

# Elements of R4's PlanDefinition, and of what it is made of, whose type is `code`: FSH writes them `#word`.
_CODES = {"status", "type", "code", "comparator", "contentType", "language"}
_BARE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def instance(resource: dict[str, Any]) -> str:
    """FSH of a resource as a definition."""
    lines = [f"Instance: {resource['id']}", f"InstanceOf: {resource['resourceType']}", "Usage: #definition"]
    for key, value in resource.items():
        if key != "resourceType":
            lines += (f"* {path} = {written}" for path, written in _rules(key, key, value))
    return "\n".join([*lines, ""])


def quoted(words: str) -> str:
    """A string as FSH writes it: in double quotes, on one line."""
    return f'"{words.translate(_ESCAPES)}"'


def code(word: str) -> str:
    """A code as FSH writes it: in quotes where it is more than a plain word."""
    return f"#{word}" if _BARE.fullmatch(word) else f"#{quoted(word)}"


def _rules(path: str, key: str, value: Any) -> Iterator[tuple[str, str]]:
    """The path and the written value of each leaf."""
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _rules(f"{path}.{name}", name, child)
    elif isinstance(value, list):
        for number, child in enumerate(value):
            yield from _rules(f"{path}[{number}]", key, child)
    elif isinstance(value, bool):
        yield path, "true" if value else "false"
    elif isinstance(value, str):
        yield path, code(value) if key in _CODES else quoted(value)
    else:
        yield path, str(value)
