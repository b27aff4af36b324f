"""The validator of a release: resources in, issues out. It needs nothing else of sachet, and no JVM.

    issues = sachet.validate({"resourceType": "Patient", "gender": "f"}, release="R4")
    [issue.code for issue in issues]      # ["FHIR140"]

For many resources make a :class:`Validator` once; definitions and compiled invariants stay in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sachet.fhir.releases import RELEASES
from sachet.validation.definitions import Definitions
from sachet.validation.issue import Issue, Issues
from sachet.validation.known import Known
from sachet.validation.reading import read
from sachet.validation.walk import Walk


def validate(
    resource: Mapping[str, Any] | str | bytes,
    release: str = "R4",
    *,
    profiles: Sequence[str] = (),
    definitions: Iterable[Mapping[str, Any]] = (),
) -> list[Issue]:
    """What is wrong with a resource; nothing where it conforms.

    `resource` is JSON text, or what json.loads makes of it; decimals are judged as they are written only in a text.
    `release` is "R4", "R4B" or "R5". `definitions` are StructureDefinitions, CodeSystems and ValueSets that it uses
    beside those of HL7 and sachet; `profiles` are canonical urls that it has to keep beside those that it claims. Each
    issue has a severity, a code (docs/findings.md), the FHIRPath of the element, and a message. Raises ValueError for
    another release.
    """
    name = release.lower()
    if name not in RELEASES:
        raise ValueError(f"{release!r} is no release; use R4, R4B or R5")
    return Validator(name, profiles=profiles, definitions=definitions).validate(resource)


class Validator:
    """Holds resources against a release, against the profiles that they claim and against those given."""

    def __init__(
        self,
        release: str,
        *,
        profiles: Sequence[str] = (),
        definitions: Iterable[Mapping[str, Any]] = (),
        known: Known | None = None,
    ) -> None:
        """`release` is `r4`, `r4b` or `r5`; `definitions` are StructureDefinitions, CodeSystems and ValueSets that
        resources use; `known` are the resources beside them. Every resource of the type of one of `profiles` (canonical
        urls) has to keep it.
        """
        self.definitions = Definitions(release, definitions)
        self._profiles = tuple(profiles)
        self._known = known or Known()

    def validate(self, resource: Mapping[str, Any] | str | bytes) -> list[Issue]:
        """What is wrong with a resource, as JSON text or as what json.loads makes of it."""
        if isinstance(resource, str | bytes):
            value, found = read(resource)
            if found:
                return found
        else:
            value = resource
        issues = Issues()
        Walk(self.definitions, issues, self._known).resource(value, self._for(value))
        return issues.found

    def _for(self, value: Any) -> list[str]:
        """The given profiles that are about the type of a resource."""
        kind = value.get("resourceType") if isinstance(value, dict) else None
        return [p for p in self._profiles if self.definitions.type_of(p) in (None, kind)]
