"""Resources as bytes, and where each element came from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from sachet.fhir import digest
from sachet.fhir.element import Element, Spans, Words
from sachet.fhir.exact import encoded
from sachet.fhir.names import BASE
from sachet.fhir.releases import Release, lower, shape
from sachet.package.validity import errors
from sachet.validation.issue import Issue

# Where a resource names one of sachet's own definitions.
_NAMING = frozenset({"url", "system", "valueSet"})


class Entry(NamedTuple):
    """A resource of a package: its bytes, and what the manifest, the index and the source map say of it.

    Where it has `errors`, it is not valid, and must not be packed.
    """

    kind: str
    id: str
    url: str
    version: str
    title: str
    content: bytes
    elements: bytes  # rows of the source map, as JSON
    uses: frozenset[str]  # sachet's own definitions that it uses
    errors: tuple[Issue, ...] = ()

    @property
    def file(self) -> str:
        """The name of its file in the package."""
        return f"{self.kind}-{self.id}.json"


def dump(value: Any) -> bytes:
    """JSON, indented, with a line end: the same bytes for the same value."""
    return msgspec.json.format(encoded(value), indent=2) + b"\n"


# What other releases gave: an entry, and its resource as plain JSON, by its type, id and shape.
Shared = dict[tuple[str, str, str], tuple[Entry, dict[str, Any]]]


def entries(resources: Iterable[Element], release: Release, shared: Shared) -> list[Entry]:
    """Resources of R5's shape in a release's, without those that the release does not have.

    Where a release has the same shape as another, what that one gave is taken from `shared`, but judged anew.
    """
    found = (entry(resource, release, shared) for resource in resources)
    return [one for one in found if one is not None]


def entry(resource: Element, release: Release, shared: Shared | None = None) -> Entry | None:
    """A resource of R5's shape in a release's; None where the release has no such resource."""
    key = (resource["resourceType"], str(resource["id"]), shape(resource["resourceType"], release))
    known = shared.get(key) if shared is not None else None
    if known is None:
        lowered = lower(resource, release)
        if lowered is None:
            return None
        known = _entry(*plain(lowered))
        if shared is not None:
            shared[key] = known
    one, value = known
    return one._replace(errors=errors(value, release))


def unjudged(resource: Element, release: Release) -> Entry | None:
    """An entry without its errors; None where the release has no such resource.

    For sachet's own definitions, which are the same for every project: the tests hold them against both judges.
    """
    lowered = lower(resource, release)
    return _entry(*plain(lowered))[0] if lowered is not None else None


def _entry(value: dict[str, Any], rows: list[tuple[str, Spans]], uses: set[str]) -> tuple[Entry, dict[str, Any]]:
    made = digest.stamped(value)
    one = Entry(
        made["resourceType"],
        made["id"],
        made["url"],
        made["version"],
        made["title"],
        dump(made),
        b",\n".join(map(encoded, rows)),
        frozenset((uses | {digest.URL}) - {made["url"]}),
    )
    return one, made


def plain(resource: Element) -> tuple[dict[str, Any], list[tuple[str, Spans]], set[str]]:
    """A resource as plain JSON; FHIRPath and spans of each element that knows its lines; what of sachet it uses."""
    rows: list[tuple[str, Spans]] = []
    uses: set[str] = set()
    return _plain(resource, resource["resourceType"], rows, uses), rows, uses


def _plain(value: Any, path: str, rows: list[tuple[str, Spans]], uses: set[str]) -> Any:
    kind = type(value)
    if kind is Words:
        if value.spans:
            rows.append((path, value.spans))
        return str(value)
    if kind is list:
        return [_plain(child, f"{path}[{number}]", rows, uses) for number, child in enumerate(value)]
    if not isinstance(value, Element):
        return value  # a mapping that is no Element is plain already
    if value.spans:
        rows.append((path, value.spans))
    made: dict[str, Any] = {}
    for key, child in value.items():
        if type(child) is str:
            made[key] = child
            if key in _NAMING and child.startswith(BASE):
                uses.add(child.partition("|")[0])
        else:
            made[key] = _plain(child, f"{path}.{key}", rows, uses)
    if "profile" in made:
        uses.update(profile.partition("|")[0] for profile in made["profile"] if isinstance(profile, str))
    return made
