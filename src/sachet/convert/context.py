"""What a converter may know beside its own document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sachet.fhir.definitions import definitions
from sachet.fhir.element import Element
from sachet.fhir.names import profile_url
from sachet.finding import Span
from sachet.project import Project
from sachet.review.acceptance import Acceptance


@dataclass(frozen=True, slots=True)
class Context:
    """The project, the plans of the package with their versions, and which Citation a source became.

    `citations` maps a document's id and a reference's place to the id of the Citation that holds it, where that is not
    the reference's own key. `accepted` is what a named person accepted of the document, by the key of its step, as far
    as it fits.
    """

    project: Project
    plans: Mapping[str, str]
    citations: Mapping[tuple[str, Span], str]
    accepted: Mapping[str, Acceptance] = field(default_factory=dict)

    @property
    def package_id(self) -> str:
        """The id of the resources that stand for the package as a whole."""
        return self.project.id.replace(".", "-")

    def url(self, kind: str, identifier: str) -> str:
        """The canonical url of a resource of this package."""
        return f"{self.project.canonical}/{kind}/{identifier}"

    def plan(self, identifier: str) -> str | None:
        """Canonical and version of a document of the package; None where the package has none of that id."""
        version = self.plans.get(identifier)
        return f"{self.url('PlanDefinition', identifier)}|{version}" if version else None

    def claims(self, profile: str) -> Element | None:
        """The `meta` that claims one of sachet's profiles; None where the project wants none."""
        if not self.project.claim_profiles:
            return None
        url = profile_url(profile)
        return Element((), profile=[f"{url}|{definitions()[url]['version']}"])

    def status(self) -> dict[str, object]:
        """Status and experimental: draft, until the project's settings say otherwise."""
        return {"status": "draft", "experimental": True}
