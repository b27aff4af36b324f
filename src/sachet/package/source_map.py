"""The source map of a package: where the words of an element stand."""

from __future__ import annotations

import json
import re
import tarfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from sachet.finding import Span

_RESOURCE = re.compile(rb'\n("(?:[^"\\]|\\.)*"): \[\n')  # where a resource begins in a source map
Rows = dict[str, tuple[Span, ...]]  # the words that an element was made of, by its FHIRPath


class Origins:
    """The source map of a package, unparsed: what it says of a resource is read when that is asked for."""

    def __init__(self, package: Path) -> None:
        """Raises tarfile.ReadError where the package has no source map."""
        try:
            with tarfile.open(package, "r|gz") as tar:
                file = next(tar.extractfile(member) for member in tar if member.name == "package/other/source-map.json")
                self._map = file.read() if file else b""
        except (tarfile.TarError, EOFError, zlib.error, StopIteration) as e:
            raise tarfile.ReadError("this is no package of sachet with a source map") from e
        self._last: tuple[str, Rows] = "", {}  # what was asked for before
        self._starts = {found[1]: found.start() for found in _RESOURCE.finditer(self._map)}

    def origin(self, resource: str, expression: str) -> tuple[str, Span] | None:
        """The document and the first words that an element was made of; None where it was made of none."""
        start = self._starts.get(json.dumps(resource, ensure_ascii=False).encode())
        if start is None:
            return None
        if self._last[0] != resource:
            end = self._map.index(b"\n]", start)
            self._last = resource, rows(self._map[self._map.index(b"[", start) + 1 : end])
        found = origin_of(self._last[1], expression)
        about = self._map.rfind(b'{"about": ', 0, start) + len(b'{"about": ')
        document = json.loads(self._map[about : self._map.index(b"\n", about)].rstrip(b","))
        return (document["path"], found) if found else None


def origin_of(rows: Rows, expression: str) -> Span | None:
    """The first words that an element was made of, or what it is in; None where it was made of none."""
    while expression and expression not in rows:
        expression = expression[: max(expression.rfind("."), expression.rfind("["), 0)]
    return min(rows[expression]) if expression else None


def rows(elements: bytes) -> Rows:
    """The rows of a resource, as an Entry has them."""
    return spans_of(msgspec.json.decode(b"[" + elements + b"]"))


def spans_of(rows: Iterable[Any]) -> Rows:
    """The rows of a resource, as JSON has them."""
    return {path: tuple(Span(*span) for span in spans) for path, spans in rows}


def within(path: str, element: str) -> bool:
    """Whether an element is another one, or stands in it."""
    return path == element or path.startswith((f"{element}.", f"{element}["))
