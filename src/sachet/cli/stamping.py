"""The command stamp."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from sachet.cli.common import FINDINGS, Commands
from sachet.cli.documents import exit_code, from_here, workspaces_of
from sachet.cli.progress import map_shown


def add(command: Commands) -> argparse.ArgumentParser:
    """Add it to the parser; returns its own, for it ends by its findings."""
    text = "Check documents, and write into their validation block what was run, when, by which version, on which text."
    stamp = command("stamp", _stamp, text, "sachet stamp seeds")
    what = "documents or folders of documents (this folder); in a project all documents are checked, and these stamped"
    stamp.add_argument("paths", nargs="*", type=Path, default=[Path()], metavar="PATH", help=what)
    stamp.add_argument("--format", choices=("text", "json"), default="text", help="how to print it (text)")
    return stamp


def _stamp(options: argparse.Namespace) -> None:
    from sachet.package.stamping import NOTHING, stamp_documents

    asked, whole, outside = workspaces_of(options.paths)
    names = {given.name for given in asked.inputs}
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    map_ = map_shown(whole, options.quiet)
    made = stamp_documents(whole.inputs, names, whole.project, time, map_, whole.is_whole)
    findings = [*outside, *(finding for one in made for finding in one.findings)]
    options.code = exit_code(findings, options.fail_on)
    if any(one.stamp is None for one in made):
        options.code = FINDINGS
    rows = []
    for one in made:
        path = from_here(asked.root, one.name)
        found = one.stamp.results.items() if one.stamp else ()
        said = "; ".join(f"{check}: {words}" for check, words in found if words != NOTHING) or NOTHING
        rows.append({"path": path, "written": one.is_new, "stamp": one.stamp and one.stamp.as_fields(), "why": one.why})
        if one.stamp is None:
            print(f"{path}: not stamped: {one.why}", file=sys.stderr)
        elif options.format == "text" and not options.quiet:
            print(f"{path}: {'stamped' if one.is_new else 'as stamped before'}: {said}")
    if options.format == "json":
        json.dump({"stamped": rows}, sys.stdout, ensure_ascii=False)
        print()
