"""Nothing invalid is packed: what the validator says of what sachet makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from sachet.fhir.releases import Release
from sachet.finding import START, Finding, Severity, Span
from sachet.package.source_map import origin_of, rows
from sachet.validation.issue import Issue
from sachet.validation.positions import json_path
from sachet.validation.validator import Validator

if TYPE_CHECKING:
    from sachet.package.encode import Entry


def errors(resource: dict[str, Any], release: Release) -> tuple[Issue, ...]:
    """What makes a resource invalid."""
    return tuple(i for i in _validator(release.name).validate(resource) if i.severity is Severity.ERROR)


@cache
def _validator(release: str) -> Validator:
    return Validator(release)


def invalid(entries: Iterable[Entry], path: str) -> Iterator[Finding]:
    """The errors of resources as findings of the document that they were made of."""
    for entry in entries:
        for issue in entry.errors:
            yield _finding(issue, path, f"{entry.kind}/{entry.id}", _span(entry, json_path(issue.expression)))


def invalid_beside(found: Iterable[Issue], path: str, name: str) -> Iterator[Finding]:
    """The errors of a resource that has no source map."""
    for issue in found:
        yield _finding(issue, path, name, START)


def is_invalidity(finding: Finding) -> bool:
    """Whether a finding says that a resource is not valid, so that nothing may be written."""
    return finding.code.startswith("FHIR") and finding.severity is Severity.ERROR


def _finding(issue: Issue, path: str, name: str, span: Span) -> Finding:
    return Finding(issue.code, issue.severity, path, span, f"{name} {issue.expression}: {issue.message}")


def _span(entry: Entry, path: str) -> Span:
    return origin_of(rows(entry.elements), path) or START
