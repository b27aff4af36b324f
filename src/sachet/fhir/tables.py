"""HL7's official definitions of a release, as rows that are looked up by key.

`scripts/make_definitions.py` makes the tables; nothing is read before the first look-up.
"""

from __future__ import annotations

import json
import re
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

_MISSES = 16  # look-ups in vain, each through the whole table, before its keys are gathered


class Table:
    """A file of lines, each a key, a tab and JSON."""

    def __init__(self, release: str, name: str) -> None:
        self._lines = b"\n" + (files("sachet.fhir") / "data" / release / f"{name}.tsv").read_bytes()
        self._misses = 0

    def get(self, key: str) -> Any | None:
        """The row of a key; None where there is none."""
        sought = f"\n{key}\t".encode("utf-8", "replace")
        if self._misses > _MISSES and sought not in self._keys:
            return None
        at = self._lines.find(sought)
        if at < 0:
            self._misses += 1
            return None
        start = at + len(sought)
        return json.loads(self._lines[start : self._lines.index(b"\n", start)])

    def keys(self) -> list[str]:
        """Every key, sorted."""
        return [line.partition(b"\t")[0].decode() for line in self._lines.splitlines() if line]

    @cached_property
    def _keys(self) -> frozenset[bytes]:
        return frozenset(re.findall(rb"\n[^\t\n]*\t", self._lines))


@cache
def table(release: str, name: str) -> Table:
    """A table of a release: `types`, `profiles` or `terminology`."""
    return Table(release, name)
