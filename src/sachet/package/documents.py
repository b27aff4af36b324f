"""The documents of a project: which files they are, and what findings and source maps call them."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sachet import project
from sachet.finding import START, Finding, Result, Severity
from sachet.project import SETTINGS, Project
from sachet.review.acceptance import FOLDER

# Names of files that a project has beside its documents.
_NO_DOCUMENTS = {"README", "CHANGELOG", "CONTRIBUTING", "LICENSE", "LICENCE", "NOTICE"}


@dataclass(frozen=True, slots=True)
class Input:
    """A document of a build: its file, the name that findings and the source map give it, and its project's folder."""

    file: Path
    name: str
    root: Path


@dataclass(frozen=True, slots=True)
class Workspace:
    """A project, the folder that it is in, and those of its documents that were asked for."""

    project: Project
    root: Path
    inputs: tuple[Input, ...]
    is_whole: bool  # whether these are all documents of the project; False where nothing was ever accepted in it

    @property
    def has_settings(self) -> bool:
        """False where there is no `sachet.toml`, so that all settings are defaults."""
        return (self.root / SETTINGS).is_file()


def find(paths: Sequence[Path]) -> Result[Workspace]:
    """The project that the first path is in, and the documents of all the paths.

    A folder has the documents that the settings name; a file is a document whatever its name. No Workspace where the
    settings are wrong. Raises FileNotFoundError for a path that is not there, and where there is no document.
    """
    start = paths[0] if paths[0].is_dir() else paths[0].parent
    root = next((f for f in (start, *start.resolve().parents) if (f / SETTINGS).is_file()), start)
    loaded = project.load(root)
    if loaded.value is None:
        return Result(None, loaded.findings)
    files: list[Path] = []
    outside: list[Finding] = []
    for path in paths:
        if path.is_dir():
            for file in _documents(path, root, loaded.value.documents):
                if _leads_out(file, path, root):
                    message = "a symbolic link that leads out of the project; it is left out, copy the file instead"
                    outside.append(Finding("STR106", Severity.ERROR, name_of(file, root), START, message))
                else:
                    files.append(file)
        elif path.exists():
            files.append(path)
        else:
            raise FileNotFoundError(errno.ENOENT, "there is no such file or folder", str(path))
    if not files:
        what = "there is no document here; documents are files that end in .md"
        raise FileNotFoundError(errno.ENOENT, what, str(paths[0]))
    once = {os.path.realpath(f): f for f in reversed(files)}
    inputs = tuple(Input(f, name_of(f, root), root) for f in sorted(once.values()))
    return Result(Workspace(loaded.value, root, inputs, _is_whole(once, root, loaded.value)), tuple(outside))


def _is_whole(found: Collection[str], root: Path, settings: Project) -> bool:
    """Whether these are all documents of a project; looked for only where it has acceptances, which some may lack."""
    if not (root / FOLDER).is_dir():
        return False
    return {os.path.realpath(file) for file in _documents(root, root, settings.documents)} <= set(found)


def _documents(folder: Path, root: Path, patterns: Iterable[str]) -> list[Path]:
    """The documents of a folder: those of the project where it is in it, else all that end in .md."""
    top, wanted = folder.resolve(), root.resolve()
    inside = top.is_relative_to(wanted)
    below = top.relative_to(wanted).parts if inside else ()
    found: set[Path] = set()
    for pattern in patterns if inside else ("**/*.md",):
        for file in (root if inside else folder).glob(pattern):
            parts = file.relative_to(root if inside else folder).parts
            hidden = any(part.startswith(".") or part == "node_modules" for part in parts)
            if parts[: len(below)] == below and not hidden and file.stem not in _NO_DOCUMENTS and not file.is_dir():
                found.add(file)
    return sorted(found)


def _leads_out(file: Path, folder: Path, root: Path) -> bool:
    real = Path(os.path.realpath(file))
    return not any(real.is_relative_to(os.path.realpath(home)) for home in (root, folder))


def name_of(file: Path, root: Path) -> str:
    """How a project calls a file: its path from the project's folder, the same wherever one calls from."""
    relative = Path(os.path.relpath(file, root)).as_posix()
    return relative.encode("utf-8", "backslashreplace").decode()
