"""The tables of words and facts that checks go by: `data/*.toml`, which a clinician can read."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def table(name: str) -> dict[str, Any]:
    """A table of `data/` by its name."""
    return tomllib.loads((files(__package__ or "") / "data" / f"{name}.toml").read_text("utf-8"))
