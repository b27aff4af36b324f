"""What the validator says: one thing that is wrong with a resource, and the FHIRPath of the element."""

from __future__ import annotations

from dataclasses import dataclass

from sachet.finding import Severity
from sachet.rules import rules

# A place in a resource: the place of its parent (None for the resource itself), a name, and the index in a list.
Where = tuple["Where | None", str, int | None]

_LONGEST = 600  # characters of a message


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue. `expression` is the FHIRPath of the element; `code` is a rule of the family FHIR."""

    severity: Severity
    code: str
    expression: str
    message: str

    def __str__(self) -> str:
        return f"{self.expression}: {self.code} {self.severity}: {self.message}"

    def as_json(self) -> dict[str, str]:
        """The issue as `sachet validate --format json` prints it (a stable format)."""
        return {
            "severity": str(self.severity),
            "code": self.code,
            "expression": self.expression,
            "message": self.message,
        }


def expression(where: Where | None) -> str:
    """The FHIRPath of a place."""
    parts: list[str] = []
    while where is not None:
        where, name, index = where
        parts.append(name if index is None else f"{name}[{index}]")
    return ".".join(reversed(parts))


class Issues:
    """The issues of a resource, as they are found; none of them twice."""

    def __init__(self) -> None:
        self._found: dict[Issue, None] = {}

    @property
    def found(self) -> list[Issue]:
        """All of them, in the order in which they were found."""
        return list(self._found)

    @property
    def errors(self) -> bool:
        """Whether any of them is an error."""
        return any(issue.severity is Severity.ERROR for issue in self._found)

    def add(self, code: str, where: Where | None, message: str, severity: Severity | None = None) -> None:
        """Add an issue at a place, with the severity of its code unless another one is given."""
        self._found[Issue(severity or rules("FHIR")[code].severity, code, expression(where), _readable(message))] = None


def _readable(message: str) -> str:
    """A message on one line, cut where a value in it is long."""
    if len(message) > _LONGEST:
        message = f"{message[:_LONGEST]}…"
    return message if message.isprintable() else "".join(c if c.isprintable() else f"U+{ord(c):04X}" for c in message)
