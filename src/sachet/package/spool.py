"""Bytes that wait on disk instead of in memory."""

from __future__ import annotations

import tempfile
from types import TracebackType
from typing import IO, NamedTuple


class Slot(NamedTuple):
    """Where bytes wait in a spool."""

    offset: int
    length: int


class Spool:
    """A temporary file to put bytes into and read them back from; it is deleted when it is closed."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="sachet-")  # noqa: SIM115 - closed by __exit__
        self._end = 0

    def put(self, content: bytes) -> Slot:
        """Keep some bytes."""
        self._file.seek(self._end)
        self._file.write(content)
        slot = Slot(self._end, len(content))
        self._end += len(content)
        return slot

    def get(self, slot: Slot) -> bytes:
        """The bytes of a slot."""
        return self.open(slot).read(slot.length)

    def open(self, slot: Slot) -> IO[bytes]:
        """The spool's file at the start of a slot, to read the slot's length from before anything else is done."""
        self._file.seek(slot.offset)
        return self._file

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
