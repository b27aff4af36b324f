"""What the validator says: one thing that is wrong with a resource, and the FHIRPath of the element."""

from __future__ import annotations

from dataclasses import dataclass

from sachet.finding import Severity

# A place in a resource: the place of its parent (None for the resource itself), a name, and the index in a list.
Where = tuple["Where | None", str, int | None]

_LONGEST = 600  # characters of a message
ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

# What each code means. `docs/findings.md` has an example of each.
CODES = {
    "FHIR100": (ERROR, "not JSON"),
    "FHIR101": (ERROR, "a property twice"),
    "FHIR102": (ERROR, "no resource of the release"),
    "FHIR103": (ERROR, "an element that is not in the release"),
    "FHIR104": (ERROR, "another kind of JSON than the element has"),
    "FHIR105": (ERROR, "null, or empty"),
    "FHIR106": (ERROR, "an element is missing"),
    "FHIR108": (ERROR, "a value that its type does not allow"),
    "FHIR109": (ERROR, "two values of a choice"),
    "FHIR110": (ERROR, "an id or a security label twice"),
    "FHIR111": (WARNING, "white space around words, or a control character"),
    "FHIR120": (ERROR, "an invariant does not hold"),
    "FHIR121": (WARNING, "an invariant of level warning does not hold"),
    "FHIR122": (NOTE, "an invariant could not be evaluated"),
    "FHIR130": (ERROR, "a narrative that is no safe XHTML"),
    "FHIR140": (ERROR, "a code outside of a required binding"),
    "FHIR141": (WARNING, "a code outside of an extensible binding"),
    "FHIR142": (ERROR, "a code that its code system does not have"),
    "FHIR143": (WARNING, "a display that is not the code's"),
    "FHIR144": (NOTE, "a code system or value set that is not known here"),
    "FHIR145": (WARNING, "an ICD-10-CM code that is not billable"),
    "FHIR150": (ERROR, "a reference that is malformed or of another type"),
    "FHIR151": (ERROR, "a contained resource that is not as it may be"),
    "FHIR152": (ERROR, "a reference that leads nowhere"),
    "FHIR153": (WARNING, "a canonical that leads nowhere"),
    "FHIR154": (WARNING, "a canonical without a version"),
    "FHIR155": (WARNING, "an id and a url that disagree"),
    "FHIR160": (ERROR, "a bundle that breaks a rule"),
    "FHIR170": (ERROR, "an extension that is not known"),
    "FHIR171": (ERROR, "an extension where it may not be"),
    "FHIR180": (ERROR, "a profile that is not known"),
    "FHIR181": (ERROR, "a profile that is not kept"),
}


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue. `expression` is the FHIRPath of the element; `code` is one of CODES."""

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
        return any(issue.severity is ERROR for issue in self._found)

    def add(self, code: str, where: Where | None, message: str, severity: Severity | None = None) -> None:
        """Add an issue at a place, with the severity of its code unless another one is given."""
        self._found[Issue(severity or CODES[code][0], code, expression(where), _readable(message))] = None


def _readable(message: str) -> str:
    """A message on one line, cut where a value in it is long."""
    if len(message) > _LONGEST:
        message = f"{message[:_LONGEST]}…"
    return message if message.isprintable() else "".join(c if c.isprintable() else f"U+{ord(c):04X}" for c in message)
