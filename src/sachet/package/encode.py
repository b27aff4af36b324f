"""Resources as bytes, and where each element came from."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from sachet.fhir.element import Element, Spans, located
from sachet.fhir.names import BASE
from sachet.fhir.releases import Release, lower

_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Entry(NamedTuple):
    """A resource of a package: its bytes, and what the manifest, the index and the source map say of it."""

    kind: str
    id: str
    url: str
    version: str
    title: str
    content: bytes
    elements: tuple[tuple[str, Spans], ...]
    uses: frozenset[str]  # sachet's own definitions that it uses

    @property
    def file(self) -> str:
        """The name of its file in the package."""
        return f"{self.kind}-{self.id}.json"


def dump(value: Any) -> bytes:
    """JSON, indented, with a line end: the same bytes for the same value."""
    return msgspec.json.format(_ENCODER.encode(value), indent=2) + b"\n"


def entry(resource: Element, release: Release) -> Entry | None:
    """A resource of R5's shape in a release's; None where the release has no such resource."""
    made = lower(resource, release)
    if made is None:
        return None
    uses: set[str] = set()
    content = dump(_plain(made, uses))
    return Entry(
        made["resourceType"],
        str(made["id"]),
        str(made["url"]),
        str(made["version"]),
        str(made["title"]),
        content,
        tuple(located(made)),
        frozenset(uses - {str(made["url"])}),
    )


def _plain(value: Any, uses: set[str]) -> Any:
    """Without spans: plain dicts, lists and strings."""
    if isinstance(value, dict):
        made = {key: _plain(child, uses) for key, child in value.items()}
        for key in ("url", "system"):
            if isinstance(address := made.get(key), str) and address.startswith(BASE):
                uses.add(address)
        return made
    if isinstance(value, list):
        return [_plain(child, uses) for child in value]
    return str(value) if isinstance(value, str) else value
