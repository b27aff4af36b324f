"""Definitions of our own that cases claim: profiles, extensions, value sets, as JSON in `profiles`."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any


@cache
def _read() -> tuple[dict[str, Any], ...]:
    folder = Path(__file__).parent / "profiles"
    return tuple(json.loads(file.read_text("utf-8")) for file in sorted(folder.glob("*.json")))


def definitions(release: str = "r4") -> list[dict[str, Any]]:
    """Every fixture."""
    return list(_read())
