"""Everything that decides whether a resource conforms: a release's definitions, and those loaded beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sachet.fhir import definitions as own
from sachet.fhir import rows
from sachet.fhir.names import BASE
from sachet.fhir.releases import RELEASES
from sachet.fhir.shapes import Shapes, shapes
from sachet.fhir.tables import table
from sachet.validation.codes import Codes
from sachet.validation.profile import Profile, profile

_ROWS = {"StructureDefinition": rows.profile, "CodeSystem": rows.code_system, "ValueSet": rows.value_set}
_CORE = "http://hl7.org/fhir/StructureDefinition/"


class Definitions:
    """The definitions of a release, and StructureDefinitions, CodeSystems and ValueSets beside them.

    sachet's own definitions are always among them.
    """

    def __init__(self, release: str, beside: Iterable[Mapping[str, Any]] = ()) -> None:
        """`release` is `r4`, `r4b` or `r5`; `beside` are resources, of which other types are left out."""
        self.release = release
        self.shapes: Shapes = shapes(release)
        self._beside = {
            f"{one['resourceType']} {one['url']}": one
            for one in beside
            if one.get("resourceType") in _ROWS and isinstance(one.get("url"), str)
        }
        self._core = table(release, "profiles")
        self._rows: dict[str, Mapping[str, Any] | None] = {}
        self._profiles: dict[str, Profile | None] = {}
        self.codes = Codes(release, self.row)

    def load(self) -> None:
        """Read the tables now, so that processes that are forked later share them."""
        self.profile("")
        self.codes.row("ValueSet", "")
        own.definitions()

    def row(self, kind: str, url: str) -> Mapping[str, Any] | None:
        """The row of a definition that is not HL7's; None where there is none."""
        key = f"{kind} {url}"
        if key not in self._rows:
            one = self._beside.get(key) or (own.definitions().get(url) if url.startswith(BASE) else None)
            self._rows[key] = _ROWS[kind](dict(one)) if one and one["resourceType"] == kind else None
        return self._rows[key]

    def profile(self, canonical: str) -> Profile | None:
        """A profile, or the definition of an extension; None where none is known.

        A version in the canonical is not looked at: one version of a definition is known.
        """
        url = canonical.partition("|")[0]
        if url not in self._profiles:
            row = self._profile_row(url)
            self._profiles[url] = profile(row, self._profile_row, self.is_type) if row else None
        return self._profiles[url]

    def type_of(self, canonical: str) -> str | None:
        """The type that a profile, or the definition of a type, is about; None where it is not known."""
        url = canonical.partition("|")[0]
        if self.is_type(url):
            return url.removeprefix(_CORE)
        row = self._profile_row(url)
        return row.get("type") if row else None

    def kind_of(self, canonical: str) -> str | None:
        """The resource type of a definition that is known; None of any other canonical.

        In R5 it is that of the version; before, what is known stands for any version of it, as HL7's engine has it.
        """
        url, _, version = canonical.partition("|")
        version = version if self.release == "r5" else ""
        if self.is_type(url):
            return "StructureDefinition" if version in ("", RELEASES[self.release].version) else None
        rows = {"StructureDefinition": self._profile_row(url)}
        rows |= {kind: self.codes.row(kind, url) for kind in ("ValueSet", "CodeSystem")}
        return next((kind for kind, row in rows.items() if row and version in ("", row.get("version", ""))), None)

    def _profile_row(self, url: str) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = self.row("StructureDefinition", url) or self._core.get(url)
        return found

    def is_type(self, canonical: str) -> bool:
        """Whether a canonical is that of a type, and not of a profile."""
        url = canonical.partition("|")[0]
        return url.startswith(_CORE) and self.shapes.get(url.removeprefix(_CORE)) is not None
