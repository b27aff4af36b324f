"""The tables in `guideline/data`: read once, where they are used."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def table(name: str) -> dict[str, Any]:
    """A table of `guideline/data` by its name without `.toml`."""
    return tomllib.loads((files("sachet.guideline") / "data" / f"{name}.toml").read_text("utf-8"))


@cache
def words(name: str, key: str) -> frozenset[str]:
    """A list of words of a table, in lower case."""
    return frozenset(table(name)[key].lower().split())


@cache
def pattern(name: str, key: str) -> re.Pattern[str]:
    """A pattern of a table, without case."""
    return re.compile(table(name)[key], re.IGNORECASE)


@cache
def phrases(name: str, key: str) -> re.Pattern[str]:
    """Phrases of a table, divided by `|`, as a pattern that matches one as whole words."""
    found = [re.escape(p.strip()) for p in table(name)[key].replace("\n", "").split("|")]
    return re.compile(rf"(?:{'|'.join(found)})(?!\w)", re.IGNORECASE)
