"""How far the work over documents is, on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sachet.package.documents import Workspace
    from sachet.package.workers import Map


def map_shown(workspace: Workspace, quiet: bool) -> Map:
    """The map over documents; on a terminal it shows how far it is."""
    from sachet.package.workers import map_for

    total = len(workspace.inputs)
    chosen = map_for(total)
    if quiet or not sys.stderr.isatty():
        return chosen
    started = time.monotonic()

    def shown(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        for number, result in enumerate(chosen(function, items), 1):
            if time.monotonic() - started > 1:
                end = "\r\x1b[K" if number == total else "\r"
                print(f"{number} of {total} documents", end=end, file=sys.stderr, flush=True)
            yield result

    return shown
