"""A new project: settings and a document that build at once."""

from __future__ import annotations

import errno
from importlib.resources import files
from pathlib import Path

from sachet.project import SETTINGS

_FILES = (SETTINGS, "example-condition.md")


def new(folder: Path) -> tuple[Path, ...]:
    """Write the files of a new project into a folder, which is made where it is missing; returns them.

    Raises FileExistsError where the folder has anything in it, NotADirectoryError where it is a file.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise FileExistsError(
            errno.EEXIST, "there is something in this folder; a new project needs an empty one", str(folder)
        )
    folder.mkdir(parents=True, exist_ok=True)
    made = tuple(folder / name for name in _FILES)
    for path in made:
        path.write_bytes((files("sachet") / "template" / path.name).read_bytes())
    return made
