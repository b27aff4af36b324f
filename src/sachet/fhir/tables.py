"""HL7's official definitions of a release, as rows that are looked up by key.

`scripts/make_definitions.py` makes the tables; nothing is read before the first look-up.
"""

from __future__ import annotations

import json
import re
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

_MISSES = 64  # look-ups in vain before the keys are gathered, so that one more takes no search


class Table:
    """A file of lines, each a key, a tab and JSON, sorted by their keys."""

    def __init__(self, release: str, name: str) -> None:
        self._lines = (files("sachet.fhir") / "data" / release / f"{name}.tsv").read_bytes()
        self._misses = 0

    def get(self, key: str) -> Any | None:
        """The row of a key; None where there is none."""
        sought = key.encode("utf-8", "replace")
        if self._misses > _MISSES and sought not in self._keys:
            return None
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
        self._misses += 1
        return None

    def keys(self) -> list[str]:
        """Every key, sorted."""
        return [key.decode() for key in re.findall(rb"^([^\t\n]+)\t", self._lines, re.MULTILINE)]

    @cached_property
    def _keys(self) -> frozenset[bytes]:
        return frozenset(key.encode() for key in self.keys())


@cache
def table(release: str, name: str) -> Table:
    """A table of a release: `types`, `profiles` or `terminology`."""
    return Table(release, name)
