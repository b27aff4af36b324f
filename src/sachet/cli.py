"""The commands: parse arguments, call, print, exit.

Exit codes: 0 clean; 1 findings at or above the chosen severity; 2 wrong usage or unreadable input; 3 a bug in sachet;
130 interrupted.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sachet import __version__
from sachet.finding import Finding, Severity

if TYPE_CHECKING:
    from sachet.package.build import BuiltPackage
    from sachet.package.documents import Workspace
    from sachet.package.workers import Map

CLEAN, FINDINGS, USAGE, BUG, INTERRUPTED = 0, 1, 2, 3, 130


class UsageError(Exception):
    """Something about the call or its input that the user can mend."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    parser = _parser()
    options = parser.parse_args(arguments)
    options.code = CLEAN
    run: Callable[[argparse.Namespace], None] = options.run
    try:
        if sys.stdout is None:
            raise UsageError("there is no standard output to write to")
        run(options)
        sys.stdout.flush()
    except UsageError as e:
        print(f"sachet: {e}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as e:
        print(f"sachet: {f'{e.filename}: ' if e.filename else ''}{e.strerror or e}", file=sys.stderr)
        if sys.stdout is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return USAGE
    except Exception:
        traceback.print_exc()
        print("sachet: this is a bug in sachet; please report it with the lines above", file=sys.stderr)
        return BUG
    code: int = options.code
    return code


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="sachet", description="Turns clinical documents into FHIR content packages.")
    parser.add_argument("--version", action="version", version=f"sachet {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], None], text: str, example: str
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(
            name, help=text, description=text, epilog=f"example:\n  {example}", formatter_class=form
        )
        made.set_defaults(run=run)
        return made

    paths = {"nargs": "*", "type": Path, "default": [Path()], "metavar": "PATH"}
    build = command("build", _build, "Build FHIR packages from documents.", "sachet build seeds -o dist --fhir r4,r5")
    build.add_argument("paths", help="documents or folders of documents (this folder)", **paths)  # type: ignore[arg-type]
    build.add_argument("--fhir", metavar="R", help="releases to build for, like r4,r5 (those of sachet.toml)")
    build.add_argument("-o", "--out", type=Path, default=Path("dist"), help="the folder to write to (dist)")
    check = command("check", _check, "Check documents.", "sachet check seeds --format json")
    check.add_argument("paths", help="documents or folders of documents (this folder)", **paths)  # type: ignore[arg-type]
    check.add_argument("--format", choices=("text", "json"), default="text", help="how to print findings (text)")
    for one in (build, check):
        severities = [str(s) for s in Severity]
        one.add_argument("--fail-on", choices=severities, default="error", help="exit 1 from this severity up (error)")
        one.add_argument("--quiet", action="store_true", help="print nothing but what was asked for")
    text = "Print what was read of a document, as JSON."
    extract = command("extract", _extract, text, "sachet extract seeds/intraosseous-access.md")
    extract.add_argument("document", type=Path, help="a document")
    return parser


def _build(options: argparse.Namespace) -> None:
    from sachet.fhir.releases import RELEASES
    from sachet.package.build import build

    workspace, outside = _workspace(options.paths)
    project = workspace.project
    if not options.quiet and not workspace.has_settings:
        _say_defaults(workspace)
    names = tuple(options.fhir.lower().split(",")) if options.fhir else project.fhir
    if unknown := [n for n in names if n not in RELEASES]:
        raise UsageError(f"--fhir: {unknown[0]!r} is not a release; use {', '.join(RELEASES)}")
    releases = [RELEASES[n] for n in dict.fromkeys(names)]
    try:
        built = build(workspace.inputs, project, releases, options.out, _map(workspace, options.quiet))
    except OSError as e:
        raise UsageError(f"{e.filename or options.out}: {e.strerror or e}; nothing was replaced") from e
    findings = _placed((*outside, *built.findings), workspace.root)
    options.code = _code(findings, options.fail_on)
    if not options.quiet:
        for finding in findings:
            print(finding, file=sys.stderr)
        for package in built.packages:
            print(_report(package, built.documents))


def _report(built: BuiltPackage, documents: int) -> str:
    counts = ", ".join(f"{n} {kind}" for kind, n in sorted(built.resources.items()))
    lines = [
        f"{built.package}: {_count(documents, 'document')}, {_count(built.resources.total(), 'resource')} ({counts})"
    ]
    change = built.change
    for what, names in (("new", change.added), ("changed", change.changed), ("gone", change.removed)):
        if names and len(names) < built.resources.total():
            shown = ", ".join(n.removesuffix(".json") for n in names[:3])
            lines.append(f"  {what}: {shown}" + (f" and {len(names) - 3} more" if len(names) > 3 else ""))
    if not (change.added or change.changed or change.removed):
        lines.append("  nothing changed")
    return "\n".join(lines)


def _check(options: argparse.Namespace) -> None:
    from sachet.package.build import check_documents

    workspace, outside = _workspace(options.paths)
    checked = check_documents(workspace.inputs, workspace.project, _map(workspace, options.quiet))
    findings = _placed((*outside, *checked), workspace.root)
    options.code = _code(findings, options.fail_on)
    if options.format == "json":
        shown = {"findings": [f.as_json() for f in findings], "files": len(workspace.inputs)}
        json.dump(shown, sys.stdout, ensure_ascii=False)
        print()
    else:
        for finding in findings:
            print(finding)
        if not options.quiet:
            print(f"{_count(len(findings), 'finding')} in {_count(len(workspace.inputs), 'file')}", file=sys.stderr)


def _extract(options: argparse.Namespace) -> None:
    from sachet import document
    from sachet.guideline.extract import extract
    from sachet.guideline.understand import understand

    if not options.document.is_file():
        raise UsageError(f"{options.document}: there is no such file")
    read = document.read(options.document)
    understood = understand(read.value, _workspace([options.document])[0].project) if read.value else None
    for finding in (*read.findings, *(understood.findings if understood else ())):
        print(finding, file=sys.stderr)
    if understood is None or understood.value is None:
        options.code = USAGE
        return
    json.dump(extract(understood.value), sys.stdout, ensure_ascii=False)
    print()


def _workspace(paths: Sequence[Path]) -> tuple[Workspace, tuple[Finding, ...]]:
    """The project that the paths are in, and what is wrong with where its documents stand."""
    from sachet.package.documents import find

    found = find(paths)
    if found.value is None:
        raise UsageError("; ".join(map(str, found.findings)))
    return found.value, found.findings


def _say_defaults(workspace: Workspace) -> None:
    project = workspace.project
    print(
        f"sachet: no sachet.toml in {workspace.root}, so the package is {project.id} {project.version}, its resources "
        f"begin with {project.canonical}, and the publisher is {project.publisher!r}",
        file=sys.stderr,
    )


def _map(workspace: Workspace, quiet: bool) -> Map:
    """The map over documents; on a terminal it shows how far it is."""
    from sachet.package.workers import map_for

    total = len(workspace.inputs)
    chosen = map_for(total)
    if quiet or not sys.stderr.isatty():
        return chosen
    started = time.monotonic()

    def shown(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        for number, result in enumerate(chosen(function, items), 1):
            if time.monotonic() - started > 1:
                end = "\r\x1b[K" if number == total else "\r"
                print(f"{number} of {total} documents", end=end, file=sys.stderr, flush=True)
            yield result

    return shown


def _placed(findings: Iterable[Finding], root: Path) -> list[Finding]:
    """Findings with paths that lead to their files from here."""
    return [
        replace(
            f,
            path=_from_here(root, f.path),
            related=tuple(replace(p, path=_from_here(root, p.path)) for p in f.related),
        )
        for f in findings
    ]


def _from_here(root: Path, name: str) -> str:
    return Path(os.path.normpath(root / name)).as_posix()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _code(findings: Iterable[Finding], fail_on: str) -> int:
    return FINDINGS if any(f.severity.rank <= Severity(fail_on).rank for f in findings) else CLEAN


if __name__ == "__main__":
    sys.exit(main())
