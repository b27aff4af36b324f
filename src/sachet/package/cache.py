"""What was found in each document, kept between runs in `.sachet_cache/` of the project; to be deleted at any time.

An entry holds for the bytes of the document and of what was accepted of it, its name, the settings, the formulary, and
the installed files of sachet; whatever changes of these, the document is read anew. A cache that cannot be read or
written is none.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Sequence
from functools import cache as once
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from sachet.review.acceptance import FOLDER as ACCEPTED
from sachet.version import VERSION
from sachet.whole_file import replace

if TYPE_CHECKING:
    from sachet.package.documents import Input
    from sachet.project import Project

T = TypeVar("T")
FOLDER = ".sachet_cache"
_FILE = "checks.msgpack"
_IGNORED = "# made by sachet\n*\n"


class Cache(Generic[T]):
    """Results by the name of their document; each with the key that it holds for."""

    def __init__(self, root: Path, kind: type[T]) -> None:
        self._file = root / FOLDER / _FILE
        self._kind = kind
        self._entries = self._load()

    def _load(self) -> dict[str, tuple[str, bytes]]:
        try:
            return msgspec.msgpack.decode(self._file.read_bytes(), type=dict[str, tuple[str, bytes]])
        except (OSError, msgspec.MsgspecError):
            return {}

    def get(self, name: str, key: str) -> T | None:
        """The result of a document; None where there is none that holds."""
        held, content = self._entries.get(name, ("", b""))
        if held != key:
            return None
        try:
            return msgspec.msgpack.decode(content, type=self._kind)
        except msgspec.MsgspecError:
            return None

    def put(self, results: Iterable[tuple[str, str, T]]) -> None:
        """Keep results, each with its document's name and key; documents that are not among all kept ones stay."""
        made = {name: (key, msgspec.msgpack.encode(result)) for name, key, result in results}
        if not made:
            return
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(exist_ok=True)
            ignore = self._file.parent / ".gitignore"
            if not ignore.exists():
                ignore.write_text(_IGNORED, "utf-8")
            replace(self._file, msgspec.msgpack.encode({**self._entries, **made}))


def keys(inputs: Sequence[Input], project: Project) -> list[str]:
    """What the result of each document depends on, as a hash; empty where a file cannot be read."""
    common = hashlib.sha256(msgspec.json.encode(project, order="deterministic") + _installed())
    if inputs and project.check.formulary:
        common.update(_bytes(inputs[0].root / project.check.formulary))
    return [_key(given, common.copy()) for given in inputs]


def _key(given: Input, digest: hashlib._Hash) -> str:
    try:
        content = given.file.read_bytes()
    except OSError:
        return ""
    digest.update(f"\0{given.name}\0".encode("utf-8", "surrogateescape") + content + b"\0")
    folder = given.root / ACCEPTED
    if folder.is_dir():  # what was accepted is named by the id that stands in the document
        for file in sorted(folder.glob("*.yaml")):
            if file.stem.encode() in content:
                digest.update(f"\0{file.name}\0".encode() + _bytes(file))
    return digest.hexdigest()


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


@once
def _installed() -> bytes:
    """The version of sachet, and size and time of each of its files."""
    folder = Path(__file__).parents[1]
    files = sorted(
        (entry.path, entry.stat().st_size, entry.stat().st_mtime_ns)
        for parent, _, _ in os.walk(folder)
        if not parent.endswith("__pycache__")
        for entry in os.scandir(parent)
        if entry.is_file()
    )
    return repr((VERSION, files)).encode()
