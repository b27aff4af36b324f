"""The documents that a command was called with."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sachet.cli.common import USAGE, UsageError

if TYPE_CHECKING:
    from sachet.finding import Finding
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
