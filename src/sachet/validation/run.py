"""Validation of all that a source holds, one resource at a time, in as many processes as the map has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sachet.finding import Severity
from sachet.validation.inputs import Source, Text
from sachet.validation.issue import Issue
from sachet.validation.known import Known
from sachet.validation.positions import position
from sachet.validation.reading import read
from sachet.validation.validator import Validator

Map = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
_PLACED = 100  # issues of one resource whose place in the text is looked for


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on one resource: where it stands, what it is, and its issues with their places in the text."""

    path: str
    line: int | None  # in an NDJSON file
    kind: str | None
    id: str | None
    issues: tuple[Issue, ...]
    places: tuple[tuple[int, int] | None, ...]

    def count(self, severity: Severity) -> int:
        """How many of its issues are of a severity."""
        return sum(issue.severity is severity for issue in self.issues)

    def as_json(self) -> dict[str, Any]:
        """The verdict as `sachet validate --format json` prints it (a stable format)."""
        return {
            "path": self.path,
            "resourceType": self.kind,
            "id": self.id,
            "errors": self.count(Severity.ERROR),
            "warnings": self.count(Severity.WARNING),
            "issues": [
                issue.as_json() | ({"line": place[0], "column": place[1]} if place else {})
                for issue, place in zip(self.issues, self.places, strict=True)
            ],
        }


def validate(
    source: Source, release: str, profiles: Sequence[str], definitions: Iterable[Mapping[str, Any]], run: Map = map
) -> Iterator[Judged]:
    """The verdict on each resource of a source, in order; `run` is the map that the work goes through."""
    beside = (*definitions, *source.definitions.values())
    judge = _Judge(release, tuple(profiles), beside, source.known)
    if run is not map:
        judge.validator.definitions.load()
    return iter(run(judge, source.texts()))


class _Judge:
    """Validates texts. It is made anew in a process that shares no memory."""

    def __init__(
        self, release: str, profiles: tuple[str, ...], definitions: tuple[Mapping[str, Any], ...], known: Known
    ) -> None:
        self._given = release, profiles, definitions, known

    def __reduce__(self) -> tuple[type[_Judge], tuple[Any, ...]]:
        return _Judge, self._given

    @cached_property
    def validator(self) -> Validator:
        """The validator, with what it has compiled so far."""
        release, profiles, definitions, known = self._given
        return Validator(release, profiles=profiles, definitions=definitions, known=known)

    def __call__(self, text: Text) -> Judged:
        content = text.read()
        value, found = read(content)
        issues = found or self.validator.validate(value)
        about = value if isinstance(value, dict) else {}
        kind, identifier = (v if isinstance(v, str) else None for v in (about.get("resourceType"), about.get("id")))
        return Judged(text.path, text.line, kind, identifier, tuple(issues), _places(text, content, issues))


def _places(text: Text, content: bytes, issues: Sequence[Issue]) -> tuple[tuple[int, int] | None, ...]:
    if not issues or text.packed:
        return (None,) * len(issues)
    words = content.decode("utf-8-sig", "replace")
    found = [position(words, issue.expression) for issue in issues[:_PLACED]]
    above = (text.line or 1) - 1
    placed = [(place[0] + above, place[1]) if place else None for place in found]
    return (*placed, *[None] * (len(issues) - len(placed)))
