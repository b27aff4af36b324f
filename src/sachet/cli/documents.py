"""The documents that a command was called with."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sachet.cli.common import CLEAN, FINDINGS, USAGE, UsageError
from sachet.finding import Finding, Severity

if TYPE_CHECKING:
    from sachet.guideline.model import Guideline
    from sachet.package.documents import Workspace


def understood(options: argparse.Namespace) -> tuple[Guideline | None, Path]:
    """The document that was named, and the folder of its project.

    No document, with its findings printed, where it cannot be read.
    """
    from sachet import document
    from sachet.guideline.understand import understand

    if not options.document.is_file():
        raise UsageError(f"{options.document}: there is no such file")
    workspace, _ = workspace_of([options.document])
    read = document.read(options.document)
    found = understand(read.value, workspace.project) if read.value else None
    for finding in (*read.findings, *(found.findings if found else ())):
        print(finding, file=sys.stderr)
    if found is None or found.value is None:
        options.code = USAGE
        return None, workspace.root
    return found.value, workspace.root


def workspace_of(paths: Sequence[Path]) -> tuple[Workspace, tuple[Finding, ...]]:
    """The project that the paths are in, and what is wrong with where its documents stand."""
    from sachet.package.documents import find

    found = find(paths)
    if found.value is None:
        raise UsageError("; ".join(map(str, found.findings)))
    return found.value, found.findings


def workspaces_of(paths: Sequence[Path]) -> tuple[Workspace, Workspace, tuple[Finding, ...]]:
    """The documents that the paths name, all that are checked with them, and what is wrong with where they stand.

    In a project with settings all its documents are checked together, for they are held against each other.
    """
    workspace, outside = workspace_of(paths)
    whole = workspace_of([workspace.root, *paths])[0] if workspace.has_settings else workspace
    return workspace, whole, outside


def placed(findings: Iterable[Finding], root: Path) -> list[Finding]:
    """Findings with paths that lead to their files from here."""
    return [
        replace(
            f,
            path=from_here(root, f.path),
            related=tuple(replace(p, path=from_here(root, p.path)) for p in f.related),
        )
        for f in findings
    ]


def from_here(root: Path, name: str) -> str:
    """The path from here to a file that the project in a folder calls by a name."""
    return Path(os.path.normpath(root / name)).as_posix()


def exit_code(findings: Iterable[Finding], fail_on: str) -> int:
    """1 where a finding is of a severity or a worse one, else 0."""
    return FINDINGS if any(f.severity.rank <= Severity(fail_on).rank for f in findings) else CLEAN
