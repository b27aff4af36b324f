"""Files that are replaced as a whole: whoever reads finds the old one or the new one, never a part."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_MODE = 0o644  # of a new file


def replace(path: Path, content: bytes) -> None:
    """Put content in the place of a file, which keeps its mode, and its name where that is a symbolic link.

    Raises OSError where it cannot be written; then the file is as it was.
    """
    path = Path(os.path.realpath(path))
    mode = path.stat().st_mode if path.exists() else _MODE
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
