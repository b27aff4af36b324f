"""The lines of the files that findings are about, read once."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path


class Texts:
    """The lines of files by the names that findings give them, below a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lines = lru_cache(maxsize=None)(self._read)

    def lines(self, path: str) -> tuple[str, ...]:
        """The lines of a file without their ends; none where it cannot be read."""
        return self._lines(path)

    def line(self, path: str, number: int) -> str:
        """A line of a file; nothing where there is none."""
        lines = self.lines(path)
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def _read(self, path: str) -> tuple[str, ...]:
        try:
            text = (self.root / path).read_bytes().decode("utf-8-sig", "replace")
        except OSError:
            return ()
        return tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
