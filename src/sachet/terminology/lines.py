"""Sorted lines in a packed file, in which is looked without reading all of them."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from functools import cache
from importlib.resources import files


@cache
def lines(folder: str, first: str) -> bytes:
    """The lines of a folder of `data` that begin with a character; nothing where none do."""
    file = files("sachet.terminology") / "data" / folder / f"{first}.tsv.gz"
    return gzip.decompress(file.read_bytes()) if file.is_file() else b""


def beginning(table: bytes, key: bytes) -> Iterator[str]:
    """The lines that begin with a key."""
    low, high = 0, len(table)
    while low < high:
        start = table.rfind(b"\n", 0, (low + high) // 2) + 1
        if table[start : start + len(key)] < key:
            low = table.index(b"\n", start) + 1
        else:
            high = start
    while table.startswith(key, low):
        end = table.index(b"\n", low)
        yield table[low:end].decode()
        low = end + 1
