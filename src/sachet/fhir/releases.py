"""The FHIR releases as data: what each is called, and what turns an R5 resource into its own.

Everything is made once in R5's shape. A row of `EDITS` says what one element becomes in older releases; elements that
no row names are the same in all. Sources: the R4, R4B and R5 definitions of the resources named here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sachet.fhir.element import Element, Words, spans_of
from sachet.fhir.names import LIBRARY_TYPE, PLAN_TYPE, USAGE_CONTEXT
from sachet.fhir.text import unescape

_CORE_SYSTEMS = (USAGE_CONTEXT, PLAN_TYPE, LIBRARY_TYPE)


@dataclass(frozen=True, slots=True)
class Release:
    """A FHIR release: `name` in package names and options, `version` in resources, `core` the package of its core.

    `systems` are the code systems of its core (of HL7's terminology 5.1.0 in R5) that sachet uses, with their versions.
    """

    name: str
    version: str
    core: str
    has_citation: bool
    systems: Mapping[str, str] = field(hash=False)


R5 = Release(
    "r5", "5.0.0", "hl7.fhir.r5.core", True, {USAGE_CONTEXT: "0.5.0", PLAN_TYPE: "0.1.0", LIBRARY_TYPE: "0.1.0"}
)
R4B = Release("r4b", "4.3.0", "hl7.fhir.r4b.core", True, dict.fromkeys(_CORE_SYSTEMS, "4.3.0"))
R4 = Release("r4", "4.0.1", "hl7.fhir.r4.core", False, dict.fromkeys(_CORE_SYSTEMS, "4.0.1"))
RELEASES: Mapping[str, Release] = {r.name: r for r in (R4, R4B, R5)}


def release_of(version: Any) -> Release | None:
    """The release that a version of FHIR is of, like 4.0.1 or 5.0.0-ballot; None where it is none that sachet knows."""
    return next((r for r in RELEASES.values() if str(version)[:3] == r.version[:3]), None)


# The type of what an element holds, for the types that some edit names.
_TYPES = {
    ("PlanDefinition", "action"): "action",
    ("action", "action"): "action",
    ("action", "relatedAction"): "relatedAction",
    ("PlanDefinition", "relatedArtifact"): "RelatedArtifact",
    ("ActivityDefinition", "relatedArtifact"): "RelatedArtifact",
    ("action", "documentation"): "RelatedArtifact",
    ("Citation", "citedArtifact"): "citedArtifact",
    ("citedArtifact", "publicationForm"): "publicationForm",
    ("ActivityDefinition", "dosage"): "Dosage",
}

Edit = Callable[[Element, str, Any, Release], None]


def _drop(into: Element, key: str, value: Any, release: Release) -> None:
    """The element does not exist."""


def _rename(name: str) -> Edit:
    """The element has another name."""

    def edit(into: Element, key: str, value: Any, release: Release) -> None:
        into[name] = value

    return edit


def _many(into: Element, key: str, value: Any, release: Release) -> None:
    """The element repeats."""
    into[key] = [value]


def _plain(into: Element, key: str, value: Any, release: Release) -> None:
    """The element is a string, not markdown."""
    into[key] = Words(unescape(value), spans_of(value)) if "\\" in value else value


def _link(into: Element, key: str, value: Any, release: Release) -> None:
    """A related artifact's link is its `url`; an attached document stays."""
    if "url" in value:
        into["url"] = value["url"]
    else:
        into[key] = value


def _no_citation(into: Element, key: str, value: Any, release: Release) -> None:
    """A canonical of a Citation only where the release has Citations."""
    if release.has_citation or "/Citation/" not in value:
        into[key] = value


def _periodic_release(into: Element, key: str, value: Any, release: Release) -> None:
    """The year of a publication stands with its issue and volume."""
    into["periodicRelease"] = Element((), dateOfPublication=Element((), year=value))


def _fhir_version(into: Element, key: str, value: Any, release: Release) -> None:
    """A definition names the release that it is for."""
    into[key] = release.version


# Type and element → what it becomes before R5.
EDITS: Mapping[tuple[str, str], Edit] = {
    ("PlanDefinition", "usage"): _plain,
    ("ActivityDefinition", "usage"): _plain,
    ("action", "linkId"): _drop,
    ("action", "description"): _plain,
    ("action", "code"): _many,
    ("relatedAction", "targetId"): _rename("actionId"),
    ("RelatedArtifact", "document"): _link,
    ("RelatedArtifact", "resource"): _no_citation,
    ("publicationForm", "publicationDateText"): _periodic_release,
    ("StructureDefinition", "fhirVersion"): _fhir_version,
    ("Dosage", "asNeeded"): _rename("asNeededBoolean"),
}
# R4 and R4B differ in what they say of Citations, and in their names.
_UNLIKE_IN_R4B = frozenset({"PlanDefinition", "Citation", "StructureDefinition"})
_TYPES_WITH_EDITS = frozenset(t for t, _ in EDITS) | frozenset(t for t, _ in _TYPES)


def shape(kind: str, release: Release) -> str:
    """Which releases give a resource type the same JSON: those of one shape do."""
    if kind not in _TYPES_WITH_EDITS:
        return R5.name
    return release.name if release is R5 or kind in _UNLIKE_IN_R4B else R4.name


def lower(resource: Element, release: Release) -> Element | None:
    """An R5-shaped resource in the shape of a release; None where the release has no such resource.

    The input stays as it is; what no edit touches is shared with it, and every span is kept.
    """
    kind = resource["resourceType"]
    if kind == "Citation" and not release.has_citation:
        return None
    if release is R5 or kind not in _TYPES_WITH_EDITS:
        return resource
    return _lower(resource, kind, release)


def _lower(element: Element, kind: str, release: Release) -> Element:
    made = Element(spans_of(element))
    for key, value in element.items():
        below = _TYPES.get((kind, key))
        if below is not None:
            many = isinstance(value, list)
            value = [_lower(v, below, release) for v in value] if many else _lower(value, below, release)
        edit = EDITS.get((kind, key))
        if edit is None:
            made[key] = value
        else:
            edit(made, key, value, release)
    return made
