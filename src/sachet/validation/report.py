"""Verdicts as people and machines read them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TextIO

from sachet.finding import Severity, Span
from sachet.sarif import location as sarif_location
from sachet.sarif import log as sarif_log
from sachet.sarif import result as sarif_result
from sachet.validation.issue import Issue
from sachet.validation.run import Judged

# Where the words of an element come from: the document, and where they stand in it.
Origin = Callable[[Judged, Issue], tuple[str, Span] | None]


class Format(Protocol):
    """Prints verdicts; returns how many there are ("resources"), and how many issues of each severity."""

    def __call__(self, verdicts: Iterable[Judged], out: TextIO, least: Severity, origin: Origin) -> Counter[str]:
        """`least` is the severity from which an issue is printed."""


def _counted(verdicts: Iterable[Judged], counts: Counter[str]) -> Iterable[Judged]:
    for verdict in verdicts:
        counts["resources"] += 1
        counts.update(issue.severity for issue in verdict.issues)
        yield verdict


def text(verdicts: Iterable[Judged], out: TextIO, least: Severity, origin: Origin) -> Counter[str]:
    """A line for each issue: `file:line:column CODE severity: FHIRPath: message`."""
    counts: Counter[str] = Counter()
    for verdict in _counted(verdicts, counts):
        for issue, place in zip(verdict.issues, verdict.places, strict=True):
            if issue.severity.rank > least.rank:
                continue
            line = f":{place[0]}:{place[1]}" if place else f":{verdict.line}" if verdict.line else ""
            about = f"{issue.expression}: " if issue.expression else ""
            came = origin(verdict, issue)
            source = f" (from {came[0]}:{came[1].line}:{came[1].column})" if came else ""
            print(f"{verdict.path}{line} {issue.code} {issue.severity}: {about}{issue.message}{source}", file=out)
    return counts


def as_json(verdicts: Iterable[Judged], out: TextIO, least: Severity, origin: Origin) -> Counter[str]:
    """One object with a row for each resource, also for those without issues, written as they come."""
    counts: Counter[str] = Counter()
    out.write('{"results": [')
    for number, verdict in enumerate(_counted(verdicts, counts)):
        row = verdict.as_json()
        for issue, shown in zip(verdict.issues, row["issues"], strict=True):
            if came := origin(verdict, issue):
                shown["source"] = {"path": came[0], "line": came[1].line, "column": came[1].column}
        out.write(",\n" if number else "\n")
        json.dump(row, out, ensure_ascii=False)
    out.write("\n]}\n")
    return counts


def sarif(verdicts: Iterable[Judged], out: TextIO, least: Severity, origin: Origin) -> Counter[str]:
    """SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html)."""
    counts: Counter[str] = Counter()
    results: list[dict[str, Any]] = []
    for verdict in _counted(verdicts, counts):
        for issue, place in zip(verdict.issues, verdict.places, strict=True):
            if issue.severity.rank <= least.rank:
                results.append(_result(verdict, issue, place, origin(verdict, issue)))
    json.dump(sarif_log(results), out, ensure_ascii=False)
    out.write("\n")
    return counts


def _result(
    verdict: Judged, issue: Issue, place: tuple[int, int] | None, came: tuple[str, Span] | None
) -> dict[str, Any]:
    """An issue where the words of its element stand, or else where the element does."""
    file, _, inside = verdict.path.partition("#")
    if came:
        path, span = came
    else:
        path, at = file, place if place and not inside else (verdict.line or 1, 1)
        span = Span(*at, 0, 0)
    location = {
        **sarif_location(path, span),
        "logicalLocations": [{"fullyQualifiedName": issue.expression or verdict.path, "kind": "element"}],
    }
    name = f"{verdict.kind}/{verdict.id}: " if verdict.id else ""
    return sarif_result(issue.code, issue.severity, f"{name}{issue.expression}: {issue.message}", location)


FORMATS: Mapping[str, Format] = {"text": text, "json": as_json, "sarif": sarif}
