"""The commands about documents: new, build, extract, trace."""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from sachet.cli.common import USAGE, Commands, UsageError, count, release
from sachet.cli.documents import exit_code, placed, understood, workspace_of
from sachet.cli.progress import map_shown

if TYPE_CHECKING:
    from sachet.package.build import BuiltPackage
    from sachet.package.documents import Workspace
    from sachet.project import Project


def add(command: Commands) -> list[argparse.ArgumentParser]:
    """Add them to the parser; returns those of the commands that end by their findings."""
    new = command("new", _new, "Make a project that builds: settings and one document.", "sachet new my-content")
    new.add_argument("folder", type=Path, help="a folder that is empty or not there yet")
    paths = {"nargs": "*", "type": Path, "default": [Path()], "metavar": "PATH"}
    build = command("build", _build, "Build FHIR packages from documents.", "sachet build seeds -o dist --fhir r4,r5")
    build.add_argument("paths", help="documents or folders of documents (this folder)", **paths)  # type: ignore[arg-type]
    build.add_argument("--fhir", metavar="R", help="releases to build for, like r4,r5 (those of sachet.toml)")
    build.add_argument("-o", "--out", type=Path, default=Path("dist"), help="the folder to write to (dist)")
    text = "Print what was read of a document, as JSON."
    extract = command("extract", _extract, text, "sachet extract seeds/intraosseous-access.md")
    extract.add_argument("document", type=Path, help="a document")
    text = "Say where a line of a document went, or where an element of a package came from."
    trace = command("trace", _trace, text, "sachet trace seeds/intraosseous-access.md:142")
    what = "DOC:LINE or DOC:LINE:COLUMN; or TGZ#ELEMENT, like dist/x.r4.tgz#PlanDefinition/burns.action[1].title"
    trace.add_argument("place", help=what)
    trace.add_argument("--fhir", metavar="R", help="the release to look in for DOC:LINE (the first of sachet.toml)")
    trace.add_argument("--format", choices=("text", "json"), default="text", help="how to print it (text)")
    return [build]


def _new(options: argparse.Namespace) -> None:
    from sachet.new import new

    made = new(options.folder)
    for path in made:
        print(path.as_posix())
    print(f"sachet: now run: sachet build {options.folder.as_posix()}", file=sys.stderr)


def _build(options: argparse.Namespace) -> None:
    from sachet.fhir.releases import RELEASES
    from sachet.package.build import build

    workspace, outside = workspace_of(options.paths)
    project = workspace.project
    if not options.quiet and not workspace.has_settings:
        _say_defaults(workspace)
    releases = [RELEASES[name] for name in _releases(options.fhir, project)]
    try:
        built = build(
            workspace.inputs, project, releases, options.out, map_shown(workspace, options.quiet), workspace.is_whole
        )
    except OSError as e:
        raise UsageError(f"{e.filename or options.out}: {e.strerror or e}; nothing was replaced") from e
    findings = placed((*outside, *built.findings), workspace.root)
    options.code = exit_code(findings, options.fail_on)
    if not options.quiet:
        for finding in findings:
            print(finding, file=sys.stderr)
        for package in built.packages:
            print(_report(package, built.documents))
    if not built.packages:
        print("sachet: nothing was written, for what is not valid is never packed", file=sys.stderr)


def _report(built: BuiltPackage, documents: int) -> str:
    counts = ", ".join(f"{n} {kind}" for kind, n in sorted(built.resources.items()))
    lines = [
        f"{built.package}: {count(documents, 'document')}, {count(built.resources.total(), 'resource')} ({counts})"
    ]
    change = built.change
    for what, names in (("new", change.added), ("changed", change.changed), ("gone", change.removed)):
        if names and len(names) < built.resources.total():
            shown = ", ".join(n.removesuffix(".json") for n in names[:3])
            lines.append(f"  {what}: {shown}" + (f" and {len(names) - 3} more" if len(names) > 3 else ""))
    if not (change.added or change.changed or change.removed):
        lines.append("  nothing changed")
    return "\n".join(lines)


def _extract(options: argparse.Namespace) -> None:
    from sachet.guideline.extract import extract

    if (guideline := understood(options)[0]) is not None:
        json.dump(extract(guideline), sys.stdout, ensure_ascii=False)
        print()


def _trace(options: argparse.Namespace) -> None:
    package, sharp, element = options.place.partition("#")
    place = re.fullmatch(r"(.+?):(\d+)(?::(\d+))?", options.place)
    if sharp and element:
        _trace_element(Path(package), element, options)
    elif place:
        _trace_line(Path(place[1]), int(place[2]), int(place[3]) if place[3] else None, options)
    else:
        raise UsageError(f"{options.place}: write DOC:LINE, DOC:LINE:COLUMN or TGZ#ELEMENT")


def _trace_line(file: Path, line: int, column: int | None, options: argparse.Namespace) -> None:
    from sachet.fhir.releases import RELEASES
    from sachet.package.documents import Input, name_of
    from sachet.package.trace import trace_line

    workspace, _ = workspace_of([file])
    if workspace.has_settings:  # links and citations depend on the other documents
        workspace, _ = workspace_of([workspace.root, file])
    chosen = RELEASES[_releases(options.fhir, workspace.project)[0]]
    lines = file.read_bytes().decode("utf-8-sig", "replace").splitlines()
    if not 1 <= line <= len(lines):
        raise UsageError(f"{file}: there is no line {line}; it has {count(len(lines), 'line')}")
    document = Input(file, name_of(file, workspace.root), workspace.root)
    traced = trace_line(document, line, column, workspace.inputs, workspace.project, chosen)
    if traced.value is None:
        for finding in placed(traced.findings, workspace.root):
            print(finding, file=sys.stderr)
        options.code = USAGE
        return
    if options.format == "json":
        rows = [asdict(went) for went in traced.value]
        about = {"path": file.as_posix(), "line": line, "column": column, "text": lines[line - 1], "fhir": chosen.name}
        json.dump(about | {"elements": rows}, sys.stdout, ensure_ascii=False)
        print()
        return
    print(f"{file.as_posix()}:{line}: {lines[line - 1]}")
    resource = None
    for went in traced.value:
        if went.resource != resource:
            resource = went.resource
            print(f"  {resource}")
        print(f"    {went.expression}" + (f"  {_short(went.value)}" if went.value else ""))


def _trace_element(package: Path, element: str, options: argparse.Namespace) -> None:
    from tarfile import ReadError

    from sachet.package.trace import NoSuchElementError, trace_element

    try:
        came = trace_element(package, element)
    except (NoSuchElementError, ReadError) as e:
        raise UsageError(f"{package}: {e}") from e
    if options.format == "json":
        lines = [asdict(one) for one in came]
        json.dump({"package": package.as_posix(), "element": element, "lines": lines}, sys.stdout, ensure_ascii=False)
        print()
        return
    for one in came:
        print(f"{one.path}:{one.span.line}:{one.span.column}: {one.text}")
    if not came:
        print(f"{element} was made from no line: it is the same in every package, or says what the package holds")


def _short(words: str) -> str:
    flat = " ".join(words.split())
    return json.dumps(flat if len(flat) <= 60 else f"{flat[:59]}…", ensure_ascii=False)


def _releases(asked: str | None, project: Project) -> tuple[str, ...]:
    """The releases that were asked for, or those of the settings."""
    return tuple(dict.fromkeys(map(release, asked.split(",")))) if asked else project.fhir


def _say_defaults(workspace: Workspace) -> None:
    project = workspace.project
    print(
        f"sachet: no sachet.toml in {workspace.root}, so the package is {project.id} {project.version}, its resources "
        f"begin with {project.canonical}, and the publisher is {project.publisher!r}",
        file=sys.stderr,
    )
