"""The receipt of a push: every resource with what the server had before and has now. It is written as the work goes on.

A receipt is enough to put everything back, and holds no secret.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec

from sachet.publish.errors import PublishError
from sachet.whole_file import replace

_VERSION = 1
_NOTHING = msgspec.Raw()


class State(msgspec.Struct, omit_defaults=True):
    """A resource at one time: the version that the server gave it, and the digest of its content."""

    version_id: str | None
    digest: str
    resource: msgspec.Raw = _NOTHING  # itself, where the server keeps no history, with decimals as they were


class Row(msgspec.Struct, omit_defaults=True):
    """What was done with a resource.

    `planned`: nothing was sent yet; `sent`: no answer came yet; `done`: so it is on the server; `failed`: it is not.
    """

    action: str
    kind: str
    url: str
    version: str
    id: str | None  # on the server
    before: State | None
    after: State | None
    state: Literal["planned", "sent", "done", "failed"] = "planned"
    why: str = ""

    @property
    def canonical(self) -> str:
        """Its url with its version."""
        return f"{self.url}|{self.version}"


class Packed(msgspec.Struct):
    """A package that was pushed."""

    name: str
    version: str
    sha256: str


class Receipt(msgspec.Struct):
    """The record of one push, or of one rollback."""

    made_by: str
    command: str
    server: str
    software: str
    fhir: str
    started: str
    ended: str | None
    packages: list[Packed]
    rows: list[Row]
    format: int = _VERSION

    def count(self, *states: str) -> int:
        """How many resources are in one of these states."""
        return sum(row.state in states for row in self.rows)

    def create(self, path: Path) -> None:
        """Write it where nothing is yet. Raises PublishError where something is: it may be an earlier receipt."""
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            raise PublishError(f"{path}: there is a file already, perhaps a receipt; give another name") from None
        self.write(path)

    def write(self, path: Path) -> None:
        """Write it, so that at any time there is a whole one."""
        replace(path, msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")


def read(path: Path) -> Receipt:
    """A receipt. Raises PublishError where the file holds none, OSError where it cannot be read."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Receipt)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as e:
        raise PublishError(f"{path}: this is no receipt of sachet: {e}") from None
    if found.format != _VERSION:
        raise PublishError(f"{path}: this receipt is of another version of sachet")
    return found


def packed(packages: Iterable[Any]) -> list[Packed]:
    """Packages as a receipt names them."""
    return [Packed(p.name, p.version, p.sha256) for p in packages]
