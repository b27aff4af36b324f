"""Everything that decides whether a resource conforms: a release's definitions, and those loaded beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sachet.fhir import rows
from sachet.fhir.shapes import Shapes, shapes
from sachet.fhir.tables import table
from sachet.validate.codes import Codes

_ROWS = {"StructureDefinition": rows.profile, "CodeSystem": rows.code_system, "ValueSet": rows.value_set}


class Definitions:
    """The definitions of a release, and StructureDefinitions, CodeSystems and ValueSets beside them."""

    def __init__(self, release: str, beside: Iterable[Mapping[str, Any]] = ()) -> None:
        """`release` is `r4`, `r4b` or `r5`; `beside` are resources, of which other types are left out."""
        self.release = release
        self.shapes: Shapes = shapes(release)
        self._beside = {
            f"{one['resourceType']} {one['url']}": _ROWS[one["resourceType"]](dict(one))
            for one in beside
            if one.get("resourceType") in _ROWS and isinstance(one.get("url"), str)
        }
        self._core = table(release, "profiles")
        self.codes = Codes(release, self._beside)

    def profile(self, canonical: str) -> Mapping[str, Any] | None:
        """The row of a StructureDefinition that constrains; None where none is known."""
        url = canonical.partition("|")[0]
        found: Mapping[str, Any] | None = self._beside.get(f"StructureDefinition {url}") or self._core.get(url)
        return found
