"""What `sachet check --fix` does: the safe edits of findings, and nothing else of a file."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path

from sachet.finding import Edit, Finding
from sachet.whole_file import replace

MARK = "\ufeff"
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z|\A\Z")


def fixed(content: bytes, edits: Iterable[Edit]) -> bytes:
    """A file's bytes with edits done; of two that overlap the later one. Line ends and a byte order mark stay."""
    lines = lines_of(content)
    end = "\r\n" if lines[0].endswith("\r\n") else "\n"
    mark = len(lines[0]) - len(lines[0].removeprefix(MARK))
    starts = [0, *accumulate(map(len, lines))]
    text = "".join(lines)
    floor = len(text) + 1
    for edit in sorted(edits, key=lambda one: one.span, reverse=True):
        first, last = edit.span.line, edit.span.end_line
        if not 0 < first <= last <= len(lines):
            continue
        start = starts[first - 1] + edit.span.column - 1 + mark * (first == 1)
        stop = starts[last - 1] + edit.span.end_column - 1 + mark * (last == 1)
        if start <= stop <= floor:
            text = text[:start] + edit.text.replace("\n", end) + text[stop:]
            floor = start
    return text.encode("utf-8")


def lines_of(content: bytes) -> list[str]:
    """The lines of a file with their ends, which are LF, CRLF or CR as for the reader of documents; at least one."""
    return _LINES.findall(content.decode("utf-8"))


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
        file = root / path
        before = file.read_bytes()
        after = fixed(before, edits)
        if after != before:
            changed[path] = (before, after)
            if write:
                replace(file, after)
    return changed
