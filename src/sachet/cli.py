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
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sachet import __version__
from sachet.finding import Finding, Severity

if TYPE_CHECKING:
    from sachet.package.build import BuiltPackage, Input
    from sachet.project import Project

CLEAN, FINDINGS, USAGE, BUG, INTERRUPTED = 0, 1, 2, 3, 130
# Names of files that a project has beside its documents.
_NO_DOCUMENTS = {"README", "CHANGELOG", "CONTRIBUTING", "LICENSE", "LICENCE", "NOTICE"}


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

    project, root, inputs = _project(options.paths, options.quiet)
    names = tuple(options.fhir.lower().split(",")) if options.fhir else project.fhir
    if unknown := [n for n in names if n not in BUILDABLE]:
        raise UsageError(f"--fhir: {unknown[0]!r} is not a release; use {', '.join(BUILDABLE)}")
    try:
        built = build(inputs, project, [RELEASES[n] for n in dict.fromkeys(names)], options.out)
    except OSError as e:
        raise UsageError(f"{e.filename or options.out}: {e.strerror or e}; nothing was replaced") from e
    findings = _placed(built.findings, root)
    options.code = _code(findings, options.fail_on)
    if not options.quiet:
        for finding in findings:
            print(finding, file=sys.stderr)
        for package in built.packages:
            print(_report(package, built.documents))


BUILDABLE = ("r4", "r5")


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

    _, root, inputs = _project(options.paths, quiet=True)
    findings = _placed(check_documents(inputs), root)
    options.code = _code(findings, options.fail_on)
    if options.format == "json":
        json.dump({"findings": [f.as_json() for f in findings], "files": len(inputs)}, sys.stdout, ensure_ascii=False)
        print()
    else:
        for finding in findings:
            print(finding)
        if not options.quiet:
            print(f"{_count(len(findings), 'finding')} in {_count(len(inputs), 'file')}", file=sys.stderr)


def _extract(options: argparse.Namespace) -> None:
    from sachet import document
    from sachet.guideline.extract import extract
    from sachet.guideline.understand import understand

    if not options.document.is_file():
        raise UsageError(f"{options.document}: there is no such file")
    read = document.read(options.document)
    understood = understand(read.value) if read.value else None
    for finding in (*read.findings, *(understood.findings if understood else ())):
        print(finding, file=sys.stderr)
    if understood is None or understood.value is None:
        options.code = USAGE
        return
    json.dump(extract(understood.value), sys.stdout, ensure_ascii=False)
    print()


def _project(paths: Sequence[Path], quiet: bool) -> tuple[Project, Path, list[Input]]:
    """The project that the paths are in, its folder, and its documents by their names in that folder."""
    from sachet import project
    from sachet.package.build import Input

    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files.extend(sorted(f for f in path.rglob("*.md") if f.stem not in _NO_DOCUMENTS))
        elif path.exists():
            files.append(path)
        else:
            raise UsageError(f"{path}: there is no such file or folder")
    if not files:
        raise UsageError(f"{paths[0]}: there is no document here; documents are files that end in .md")
    start = paths[0] if paths[0].is_dir() else paths[0].parent
    root = next((f for f in (start, *start.resolve().parents) if (f / project.SETTINGS).is_file()), start)
    loaded = project.load(root)
    if loaded.value is None:
        raise UsageError("; ".join(map(str, loaded.findings)))
    if not quiet and not (root / project.SETTINGS).is_file():
        value = loaded.value
        print(
            f"sachet: no {project.SETTINGS} in {start}, so the package is {value.id} {value.version}, its resources "
            f"begin with {value.canonical}, and the publisher is {value.publisher!r}",
            file=sys.stderr,
        )
    once = {os.path.realpath(f): f for f in reversed(files)}
    return loaded.value, root, [Input(f, _name(f, root)) for f in sorted(once.values())]


def _name(file: Path, root: Path) -> str:
    """How a project calls a file: its path from the project's folder, the same wherever one calls from."""
    relative = Path(os.path.relpath(file, root)).as_posix()
    return relative.encode("utf-8", "backslashreplace").decode()


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
