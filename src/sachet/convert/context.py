"""What a converter may know beside its own document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sachet.finding import Span
from sachet.project import Project


@dataclass(frozen=True, slots=True)
class Context:
    """The project, the plans of the package with their versions, and which Citation each source became.

    `citations` maps a document's id and a reference's place to the id of the Citation that holds it.
    """

    project: Project
    plans: Mapping[str, str]
    citations: Mapping[tuple[str, Span], str]

    def url(self, kind: str, identifier: str) -> str:
        """The canonical url of a resource of this package."""
        return f"{self.project.canonical}/{kind}/{identifier}"

    def plan(self, identifier: str) -> str | None:
        """Canonical and version of a document of the package; None where the package has none of that id."""
        version = self.plans.get(identifier)
        return f"{self.url('PlanDefinition', identifier)}|{version}" if version else None

    def status(self) -> dict[str, object]:
        """Status and experimental: draft, until the project's settings say otherwise."""
        return {"status": "draft", "experimental": True}
