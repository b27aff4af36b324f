"""What `sachet check --fix` does: the safe edits of findings, and nothing else of a file."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from sachet.finding import Edit, Finding


def fixed(content: bytes, edits: Iterable[Edit]) -> bytes:
    """A file's bytes with edits done; of two that overlap the first. Line ends and a byte order mark stay."""
    text = content.decode("utf-8")
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    lines = text.removeprefix(mark).splitlines(keepends=True)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    done: set[tuple[int, int]] = set()
    for edit in sorted(edits, key=lambda one: one.span, reverse=True):
        line, start, end_line, stop = edit.span
        if (
            line != end_line
            or not 0 < line <= len(lines)
            or done & {(line, c) for c in range(start, max(stop, start + 1))}
        ):
            continue
        done |= {(line, c) for c in range(start, max(stop, start + 1))}
        words = lines[line - 1]
        lines[line - 1] = words[: start - 1] + edit.text.replace("\n", end) + words[stop - 1 :]
    return (mark + "".join(lines)).encode("utf-8")


def fix(findings: Iterable[Finding], root: Path, write: bool = True) -> dict[str, tuple[bytes, bytes]]:
    """Do the edits of findings; returns the files that changed, as they were and as they are.

    A file is replaced as a whole; a symbolic link stays one. Raises OSError where one cannot be written.
    """
    by_path: dict[str, set[Edit]] = defaultdict(set)
    for finding in findings:
        if finding.fix is not None:
            by_path[finding.path].add(finding.fix)
    changed = {}
    for path, edits in sorted(by_path.items()):
        file = (root / path).resolve()
        before = file.read_bytes()
        after = fixed(before, edits)
        if after != before:
            changed[path] = (before, after)
            if write:
                _replace(file, after)
    return changed


def _replace(file: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        os.chmod(name, file.stat().st_mode)
        os.replace(name, file)
    except BaseException:
        os.unlink(name)
        raise
