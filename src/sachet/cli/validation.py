"""The command `validate`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sachet.cli.common import CLEAN, FINDINGS, Commands, UsageError, count, release
from sachet.finding import Severity, Span

if TYPE_CHECKING:
    from sachet.package.source_map import Origins
    from sachet.validation.issue import Issue
    from sachet.validation.run import Judged


def add(command: Commands) -> argparse.ArgumentParser:
    """Add it to the parser; returns its own."""
    text = "Validate FHIR resources: files, folders, NDJSON, bundles and packages."
    validate = command("validate", _validate, text, "sachet validate dist/sachet.seeds.r4.tgz")
    validate.add_argument(
        "paths", nargs="+", metavar="PATH", type=Path, help="JSON, NDJSON, folders or FHIR packages (.tgz)"
    )
    validate.add_argument("--fhir", metavar="R", help="the release (that of the package, else r4)")
    what = "a profile or its definitions: a url, a file, a folder, a .tgz, or NAME#VERSION in ~/.fhir/packages"
    validate.add_argument("--profile", action="append", default=[], metavar="P", help=what)
    validate.add_argument(
        "--format", choices=("text", "json", "sarif"), default="text", help="how to print issues (text)"
    )
    validate.add_argument("--notes", action="store_true", help="print notes too, not just count them")
    return validate


def _validate(options: argparse.Namespace) -> None:
    from sachet.package.workers import map_for
    from sachet.validation.inputs import InputError, look_through
    from sachet.validation.report import FORMATS
    from sachet.validation.run import validate

    try:
        profiles, definitions = _profiles(options.profile)
        sources = [look_through(path) for path in options.paths]
        asked = release(options.fhir) if options.fhir else None
        verdicts = (
            verdict
            for source in sources
            for verdict in validate(
                source, asked or source.release or "r4", profiles, definitions, map_for(source.resources)
            )
        )
        least = Severity.NOTE if options.notes else Severity.WARNING
        counts = FORMATS[options.format](verdicts, sys.stdout, least, _origin())
    except InputError as e:
        raise UsageError(str(e)) from e
    failing = [s for s in Severity if s.rank <= Severity(options.fail_on).rank]
    options.code = FINDINGS if any(counts[severity] for severity in failing) else CLEAN
    if not options.quiet:
        found = ", ".join(count(counts[severity], str(severity)) for severity in Severity)
        print(f"{count(counts['resources'], 'resource')}: {found}", file=sys.stderr)
        if not asked and not all(source.release for source in sources):
            print("sachet: what names no release was validated as R4; --fhir says another one", file=sys.stderr)


def _profiles(named: Sequence[str]) -> tuple[list[str], list[dict[str, Any]]]:
    """The profiles that every resource of their type has to keep, and the definitions that were given."""
    from sachet.validation.inputs import definitions_of

    profiles: list[str] = []
    definitions: list[dict[str, Any]] = []
    for name in named:
        if name.startswith(("http:", "https:", "urn:")):
            profiles.append(name)
            continue
        found = definitions_of(name)
        definitions += found
        if Path(name).suffix == ".json":
            profiles += [one["url"] for one in found if one["resourceType"] == "StructureDefinition"]
    return profiles, definitions


def _origin() -> Callable[[Judged, Issue], tuple[str, Span] | None]:
    """Finds where the words of an element stand, for resources in packages with a source map."""
    maps: dict[str, Origins | None] = {}

    def origin(verdict: Judged, issue: Issue) -> tuple[str, Span] | None:
        from tarfile import ReadError

        from sachet.package.source_map import Origins
        from sachet.validation.positions import json_path

        package, inside, _ = verdict.path.partition("#")
        if not inside:
            return None
        if package not in maps:
            try:
                maps[package] = Origins(Path(package))
            except ReadError:
                maps[package] = None
        found = maps[package]
        return found.origin(f"{verdict.kind}/{verdict.id}", json_path(issue.expression)) if found else None

    return origin
