"""What a finding is: one thing that is wrong or doubtful, where it stands, and what to do about it.

A stage of sachet returns a :class:`Result`: its value and the findings that came up on the way. Nothing below the
command line prints, logs or raises for a mistake in somebody's document.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Span(NamedTuple):
    """A place in a file: 1-based lines and columns in characters; the end column is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of `other`."""
        return Span(self.line, self.column, other.end_line, other.end_column)


START = Span(1, 1, 1, 1)


class Severity(StrEnum):
    """How much a finding matters, worst first."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for an error, 1 for a warning, 2 for a note."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Place:
    """A span in a named file."""

    path: str
    span: Span


@dataclass(frozen=True, slots=True)
class Edit:
    """A safe change of a file: what stands in a span becomes `text`. It never changes a clinical value."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `code` is a family of letters and a number, listed in `docs/findings.md`.

    `related` are the other places that it is about; `fix` is what `sachet check --fix` may do.
    """

    code: str
    severity: Severity
    path: str
    span: Span
    message: str
    related: tuple[Place, ...] = ()
    fix: Edit | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.span.line}:{self.span.column} {self.code} {self.severity}: {self.message}"

    def as_json(self) -> dict[str, Any]:
        """The finding as `sachet check --format json` prints it (a stable format)."""
        return {
            "code": self.code,
            "severity": str(self.severity),
            "path": self.path,
            **_as_json(self.span),
            "message": self.message,
            "related": [{"path": p.path, "line": p.span.line} for p in self.related],
            "fix": None if self.fix is None else {**_as_json(self.fix.span), "text": self.fix.text},
        }


def _as_json(span: Span) -> dict[str, int]:
    return dict(zip(("line", "column", "end_line", "end_column"), span, strict=True))


@dataclass(frozen=True, slots=True)
class Result(Generic[T]):
    """A value and the findings that came with it; no value means that the findings say why."""

    value: T | None
    findings: tuple[Finding, ...] = ()


@dataclass(slots=True)
class Findings:
    """Collects the findings of one file while it is read."""

    path: str
    found: list[Finding] = field(default_factory=list)

    def add(self, code: str, severity: Severity, span: Span, message: str, related: Iterable[Span] = ()) -> None:
        """Add one finding of this file."""
        places = tuple(Place(self.path, r) for r in related)
        self.found.append(Finding(code, severity, self.path, span, message, places))

    def error(self, code: str, span: Span, message: str, related: Iterable[Span] = ()) -> None:
        """Add an error."""
        self.add(code, Severity.ERROR, span, message, related)

    def warning(self, code: str, span: Span, message: str, related: Iterable[Span] = ()) -> None:
        """Add a warning."""
        self.add(code, Severity.WARNING, span, message, related)

    def note(self, code: str, span: Span, message: str, related: Iterable[Span] = ()) -> None:
        """Add a note."""
        self.add(code, Severity.NOTE, span, message, related)
