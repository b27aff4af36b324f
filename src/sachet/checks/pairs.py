"""What of a document is compared with what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

# With how many of those that follow it each is compared, so that a document of any length takes time in proportion to
# it. No list of the kind in a document that people read is as long.
_REACH = 200


def pairs(items: Sequence[T]) -> Iterator[tuple[T, T]]:
    """Each of some things with each that follows it, in their order."""
    for number, one in enumerate(items, 1):
        for other in items[number : number + _REACH]:
            yield one, other
