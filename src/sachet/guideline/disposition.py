"""The level of care that a line of Disposition names."""

from __future__ import annotations

import re
from functools import cache

from sachet.guideline.tables import table


@cache
def _levels() -> tuple[tuple[str, re.Pattern[str]], ...]:
    # "OR" is a place only in capitals; every other word is found without case.
    return tuple(
        (level["name"], re.compile(level["pattern"], 0 if level["name"] == "or" else re.IGNORECASE))
        for level in table("dispositions")["level"]
    )


def level_of(places: tuple[str, ...]) -> str:
    """The level that the first of these names: the line's label, its group, its text; else "other"."""
    return next((level for words in places if (level := _earliest(words))), "other")


def _earliest(words: str) -> str | None:
    found = [(m.start(), i, name) for i, (name, pattern) in enumerate(_levels()) if (m := pattern.search(words))]
    return min(found)[2] if found else None
