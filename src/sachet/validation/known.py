"""What else there is besides the resource under validation: the other resources of a package or folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Known:
    """The resources that stand together, by type and id, and by their canonical urls."""

    def __init__(self) -> None:
        self._resources: set[str] = set()  # "Patient/1"
        self._versions: dict[str, set[str]] = {}  # of each canonical url
        self._bases: set[str] = set()  # "https://example.org/fhir/Library"

    def add(self, resource: Mapping[str, Any]) -> None:
        """Make a resource known."""
        kind, identifier, url = (resource.get(key) for key in ("resourceType", "id", "url"))
        if isinstance(kind, str) and isinstance(identifier, str):
            self._resources.add(f"{kind}/{identifier}")
        if isinstance(url, str):
            version = resource.get("version")
            self._versions.setdefault(url, set()).add(version if isinstance(version, str) else "")
            self._bases.add(url.rpartition("/")[0])

    def __contains__(self, reference: str) -> bool:
        return reference in self._resources

    def versions(self, url: str) -> set[str]:
        """The versions of a canonical url that are here; none where nothing is."""
        return self._versions.get(url, set())

    def is_own(self, url: str) -> bool:
        """Whether a canonical url begins as those of the resources here do, so that it should lead to one of them."""
        return url.rpartition("/")[0] in self._bases
