"""A document that is checked, with what several of its checks read of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from sachet.checks.formulary import Entry
from sachet.checks.given import Given, given
from sachet.checks.statement import Statement, statements
from sachet.finding import Edit, Finding, Place, Severity, Span
from sachet.guideline.medication import Medication, medications
from sachet.guideline.model import Guideline
from sachet.guideline.threshold import Threshold, thresholds


class Subject:
    """A guideline, and what is read of it once for all its checks."""

    def __init__(self, guideline: Guideline, formulary: Sequence[Entry] = ()) -> None:
        self.guideline = guideline
        self.formulary = formulary

    @cached_property
    def medications(self) -> tuple[Medication, ...]:
        """Every dose of the body, in document order."""
        return tuple(medications(self.guideline))

    @cached_property
    def given(self) -> tuple[Given, ...]:
        """The same doses with what the words beside them say."""
        return tuple(given(self.medications, self.statements))

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """Every line of the body, in document order."""
        return tuple(statements(self.guideline))

    @cached_property
    def thresholds(self) -> tuple[tuple[Statement, tuple[Threshold, ...]], ...]:
        """The lines that have thresholds, each with these."""
        found = ((statement, tuple(thresholds(statement.plain))) for statement in self.statements)
        return tuple((statement, some) for statement, some in found if some)

    def error(
        self, code: str, span: Span, message: str, related: Iterable[Span] = (), fix: Edit | None = None
    ) -> Finding:
        """An error of this document; `related` are other places in it."""
        return self._finding(code, Severity.ERROR, span, message, related, fix)

    def warning(
        self, code: str, span: Span, message: str, related: Iterable[Span] = (), fix: Edit | None = None
    ) -> Finding:
        """A warning of this document."""
        return self._finding(code, Severity.WARNING, span, message, related, fix)

    def note(
        self, code: str, span: Span, message: str, related: Iterable[Span] = (), fix: Edit | None = None
    ) -> Finding:
        """A note on this document."""
        return self._finding(code, Severity.NOTE, span, message, related, fix)

    def _finding(
        self, code: str, severity: Severity, span: Span, message: str, related: Iterable[Span], fix: Edit | None
    ) -> Finding:
        path = self.guideline.path
        return Finding(code, severity, path, span, message, tuple(Place(path, one) for one in related), fix)
