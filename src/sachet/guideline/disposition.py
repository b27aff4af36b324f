"""The level of care that a line of Disposition names."""

from __future__ import annotations

import re
from functools import cache

from sachet.guideline.tables import table


@cache
def _levels() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (level["name"], re.compile(level["pattern"], re.IGNORECASE)) for level in table("dispositions")["level"]
    )


_READ = 1000  # so many characters of a line say what it is
_NEGATED = re.compile(r"\b(?:never|not|no|cannot)\b[^.;:]*?\bdischarg\w*", re.IGNORECASE)


def level_of(label: str, group: str, text: str) -> str:
    """The level that a line's label names, else the word that its text begins with, its group, its text; or "other"."""
    begins = " ".join(text.lstrip(" :").split()[:1])
    return next((level for words in (label, begins, group, text) if (level := _earliest(words))), "other")


def _earliest(words: str) -> str | None:
    words = _NEGATED.sub("", " ".join(words[:_READ].split()))
    found = [(m.start(), i, name) for i, (name, pattern) in enumerate(_levels()) if (m := pattern.search(words))]
    return min(found)[2] if found else None
