"""The commands check and explain."""

from __future__ import annotations

import argparse
import difflib
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from sachet.cli.common import Commands, UsageError, count
from sachet.cli.documents import exit_code, placed, workspaces_of
from sachet.cli.progress import map_shown
from sachet.finding import Finding

if TYPE_CHECKING:
    from sachet.package.documents import Workspace
    from sachet.report.selection import Selection
    from sachet.report.texts import Texts
    from sachet.rules import Rule


def add(command: Commands) -> argparse.ArgumentParser:
    """Add them to the parser; returns that of `check`, which ends by its findings."""
    check = command("check", _check, "Check documents.", "sachet check seeds --select DOS,CON")
    what = "documents or folders of documents (this folder); in a project all documents are checked, and these shown"
    check.add_argument("paths", nargs="*", type=Path, default=[Path()], metavar="PATH", help=what)
    formats = ("text", "json", "sarif", "github")
    check.add_argument("--format", choices=formats, default="text", help="how to print findings (text)")
    check.add_argument("--concise", action="store_true", help="print a line for each finding, without its excerpt")
    check.add_argument("--statistics", action="store_true", help="print how many findings each code has instead")
    check.add_argument(
        "--select", metavar="CODES", default="", help="show only these codes or families, like DOS,CON211"
    )
    check.add_argument("--ignore", metavar="CODES", default="", help="do not show these codes or families")
    check.add_argument("--fix", action="store_true", help="do what is safe: never a clinical value")
    check.add_argument("--diff", action="store_true", help="show what --fix would do, and change nothing")
    what = "a file of old findings that are not shown (the one of sachet.toml)"
    check.add_argument("--baseline", metavar="FILE", type=Path, help=what)
    check.add_argument(
        "--write-baseline", action="store_true", help="write the baseline of all findings that there are"
    )
    check.add_argument("--no-cache", action="store_true", help="read every document anew")
    check.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours (auto)")
    explain = command("explain", _explain, "Say what finding codes mean.", "sachet explain DOS101")
    explain.add_argument("codes", nargs="*", metavar="CODE", help="codes; all of them are listed where there is none")
    explain.add_argument("--format", choices=("text", "json"), default="text", help="how to print it (text)")
    return check


def _check(options: argparse.Namespace) -> None:
    from sachet.report.texts import Texts

    workspace, whole, outside = workspaces_of(options.paths)
    texts = Texts(workspace.root)
    asked = {given.name for given in workspace.inputs}
    findings, excused = _found(whole, outside, asked, options, texts)
    if options.fix or options.diff:
        _mend(findings, workspace.root, options)
        if options.fix:
            texts = Texts(workspace.root)
            findings, excused = _found(whole, outside, asked, options, texts)
    findings, old = _new(findings, workspace, options, texts)
    options.code = exit_code(findings, options.fail_on)
    shown = placed(findings, workspace.root)
    if options.statistics:
        _print_statistics(shown)
    elif not options.diff:
        _print(shown, options, len(workspace.inputs))
    if options.format == "text" and not options.quiet:
        left_out = [
            f"{count(number, 'finding')} {why}"
            for number, why in ((old, "of the baseline"), (excused, "ignored in the documents"))
            if number
        ]
        not_shown = f" ({', '.join(left_out)} not shown)" if left_out else ""
        found = f"{count(len(findings), 'finding')} in {count(len(workspace.inputs), 'file')}"
        print(f"{found}{not_shown}", file=sys.stderr)


def _found(
    workspace: Workspace, outside: Sequence[Finding], asked: set[str], options: argparse.Namespace, texts: Texts
) -> tuple[list[Finding], int]:
    """The findings of the documents that were asked for and are selected, and how many a comment excuses."""
    from sachet.package.checking import check_documents
    from sachet.report.selection import excuse

    map_ = map_shown(workspace, options.quiet)
    kept = not options.no_cache
    checked = check_documents(workspace.inputs, workspace.project, map_, workspace.is_whole, kept)
    selection = _selection(workspace, options)
    ours = asked | {f.path for f in checked if f.path not in {i.name for i in workspace.inputs}}
    findings, excused = excuse([f for f in checked if f.path in ours], sorted(asked), texts)
    return [f for f in (*outside, *findings) if selection.shows(f.code)], len(excused)


def _selection(workspace: Workspace, options: argparse.Namespace) -> Selection:
    from sachet.report.selection import Selection, unknown

    settings = workspace.project.check
    chosen = {
        name: tuple(c.strip() for c in asked.split(",") if c.strip()) or getattr(settings, name)
        for name, asked in (("select", options.select), ("ignore", options.ignore))
    }
    for name, codes in chosen.items():
        if wrong := unknown(codes):
            raise UsageError(f"--{name}: {', '.join(wrong)}: there is no such code or family; see sachet explain")
    return Selection(**chosen)


def _mend(findings: Iterable[Finding], root: Path, options: argparse.Namespace) -> None:
    from sachet.report.fixing import fix

    changed = fix(findings, root, write=not options.diff)
    if options.diff:
        for path, versions in changed.items():
            before, after = (v.decode("utf-8-sig").splitlines(keepends=True) for v in versions)
            sys.stdout.writelines(difflib.unified_diff(before, after, path, path))
    if not options.quiet:
        would = "would be" if options.diff else "were" if len(changed) != 1 else "was"
        print(f"{count(len(changed), 'file')} {would} changed", file=sys.stderr)


def _new(
    findings: list[Finding], workspace: Workspace, options: argparse.Namespace, texts: Texts
) -> tuple[list[Finding], int]:
    """The findings that no baseline knows, and how many it knows."""
    from sachet.report import baseline

    named = workspace.project.check.baseline
    path = options.baseline or (workspace.root / named if named else None)
    if options.write_baseline:
        path = path or workspace.root / baseline.FILE
        written = baseline.save(path, findings, texts)
        print(f"{path.as_posix()}: {count(written, 'finding')}", file=sys.stderr)
        return [], written
    if path is None:
        return findings, 0
    try:
        known = baseline.load(path)
    except ValueError as e:
        raise UsageError(str(e)) from e
    new, old, gone = baseline.without(findings, known, texts)
    if gone and not options.quiet:
        message = (
            f"sachet: {count(gone.total(), 'finding')} of the baseline is there no more; --write-baseline drops it"
        )
        print(message, file=sys.stderr)
    return new, len(old)


def _print(findings: Sequence[Finding], options: argparse.Namespace, files: int) -> None:
    from sachet.report.formats import FORMATS, Shown
    from sachet.report.texts import Texts

    shown = Shown(files, _colour(options.color), not options.concise)
    FORMATS[options.format](findings, Texts(Path()), sys.stdout, shown)


def _colour(asked: str) -> bool:
    """Whether there are colours: on a terminal, unless NO_COLOR is set (https://no-color.org), or as asked."""
    if asked != "auto":
        return asked == "always"
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _print_statistics(findings: Sequence[Finding]) -> None:
    from sachet.rules import rule

    counts = Counter(f.code for f in findings)
    for code, number in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        print(f"{number:6} {code} {rule(code).severity}: {rule(code).what}")


def _explain(options: argparse.Namespace) -> None:
    from sachet.rules import FAMILIES, about, rule, rules

    if not options.codes and options.format == "text":
        for family in FAMILIES:
            print(f"{family}: {about(family)}")
            for one in rules(family).values():
                print(f"  {one.code} {one.severity}: {one.what}")
        return
    every = {code: one for family in FAMILIES for code, one in rules(family).items()}
    chosen: list[Rule] = []
    for code in options.codes or every:
        if code.upper() not in every:
            near = difflib.get_close_matches(code.upper(), every, 1)
            hint = f"; did you mean {near[0]}?" if near else "; sachet explain lists all of them"
            raise UsageError(f"there is no code {code}{hint}")
        chosen.append(rule(code.upper()))
    if options.format == "json":
        json.dump([_as_json(one) for one in chosen], sys.stdout, ensure_ascii=False)
        print()
        return
    print("\n\n".join(map(_told, chosen)))


def _as_json(one: Rule) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(one).items()}


def _told(one: Rule) -> str:
    parts = [f"{one.code} ({one.severity}{f', {one.check}' if one.check else ''}): {one.what}", one.why.strip()]
    parts.append(f"Source: {one.source}" if one.source else "")
    for name, example in (("Wrong", one.wrong), ("Right", one.right)):
        if example:
            shown = "\n".join(f"    {line}".rstrip() for line in example.strip("\n").split("\n"))
            parts.append(f"{name}:\n\n{shown}")
    return "\n\n".join(part for part in parts if part)
