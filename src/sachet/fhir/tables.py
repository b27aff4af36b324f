"""HL7's official definitions of a release, as rows that are looked up by key.

`scripts/make_definitions.py` makes the tables; nothing is read before the first look-up.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


class Table:
    """A file of lines, each a key, a tab and JSON, sorted by their keys."""

    def __init__(self, release: str, name: str) -> None:
        self._lines = (files("sachet.fhir") / "data" / release / f"{name}.tsv").read_bytes()

    def get(self, key: str) -> Any | None:
        """The row of a key; None where there is none."""
        sought = key.encode("utf-8", "replace")
        low, high = 0, len(self._lines)  # where lines start that may be the one
        while low < high:
            start = self._lines.rfind(b"\n", low, (low + high) // 2) + 1 or low
            tab, end = self._lines.index(b"\t", start), self._lines.index(b"\n", start)
            found = self._lines[start:tab]
            if found == sought:
                return json.loads(self._lines[tab + 1 : end])
            if found < sought:
                low = end + 1
            else:
                high = start
        return None

    def keys(self) -> list[str]:
        """Every key, sorted."""
        return [line.partition(b"\t")[0].decode() for line in self._lines.splitlines() if line]


@cache
def table(release: str, name: str) -> Table:
    """A table of a release: `types`, `profiles` or `terminology`."""
    return Table(release, name)
