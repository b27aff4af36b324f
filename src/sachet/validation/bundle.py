"""What a Bundle asks of its entries, beyond its invariants (https://hl7.org/fhir/bundle.html)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sachet.validation.element import Held, Resource
from sachet.validation.primitives import shown

if TYPE_CHECKING:
    from sachet.validation.walk import Walk

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_RESTFUL = re.compile(r"https?://.*/(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9.-]{1,64})")
_WITHOUT_FULL_URL = frozenset({"transaction", "transaction-response", "batch", "batch-response"})
_FIRST = {"document": "Composition", "message": "MessageHeader"}
_PAGES = frozenset({"first", "previous", "next", "last"})


def check(walk: Walk, bundle: Resource) -> None:
    """A Bundle."""
    kind = bundle.value.get("type")
    entries = [entry for entry in bundle.held.children("entry") if isinstance(entry.value, dict)]
    first = _FIRST.get(str(kind))
    if first and (not entries or _type(entries[0]) != first):
        where = entries[0].where if entries else bundle.held.where
        walk.issues.add("FHIR160", where, f"the first entry of a {kind} has to be a {first}")
    for entry in entries:
        _check_url(walk, entry, kind)
        _check_request(walk, entry)
        if kind == "searchset":
            _check_match(walk, entry)
    _check_links(walk, bundle, kind)
    if kind in _FIRST:
        _check_leads(walk, entries)
    if kind == "document":
        _check_reached(walk, entries)


def _type(entry: Held) -> str | None:
    resource = entry.value.get("resource")
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    return kind if isinstance(kind, str) else None


def _check_url(walk: Walk, entry: Held, kind: Any) -> None:
    """The fullUrl of an entry, beside the id and the url of its resource."""
    full_url, resource = entry.value.get("fullUrl"), entry.value.get("resource")
    if not isinstance(full_url, str):
        if full_url is None and kind not in _WITHOUT_FULL_URL:
            walk.issues.add("FHIR160", entry.where, f"an entry of a {kind} needs a fullUrl")
        return
    where = (entry.where, "fullUrl", None)
    if not _ABSOLUTE.match(full_url):
        walk.issues.add("FHIR160", where, f"{full_url!r} is no whole url")
    if not isinstance(resource, dict):
        return
    identifier, url, name = resource.get("id"), resource.get("url"), resource.get("resourceType")
    restful = _RESTFUL.fullmatch(full_url)
    if restful and walk.definitions.shapes.resource(restful["type"]) is not None:
        if identifier is None:
            walk.issues.add("FHIR160", where, f"{full_url} ends in an id, but its resource has none")
        elif (restful["type"], restful["id"]) != (name, identifier):
            walk.issues.add("FHIR160", where, f"{full_url} does not end in {name}/{identifier}, as its resource does")
    elif url == full_url:
        walk.issues.add("FHIR160", where, "the url of a definition is no fullUrl, for it has no type and id")


def _check_request(walk: Walk, entry: Held) -> None:
    """A request beside the resource that it sends."""
    request, resource = entry.value.get("request"), entry.value.get("resource")
    if not isinstance(request, dict) or not isinstance(resource, dict):
        return
    method, url = request.get("method"), request.get("url")
    name, identifier = resource.get("resourceType"), resource.get("id")
    if not isinstance(url, str):
        return
    where = ((entry.where, "request", None), "url", None)
    kind, _, rest = url.partition("?")[0].partition("/")
    if method in ("POST", "PUT") and kind != name and walk.definitions.shapes.resource(kind) is not None:
        walk.issues.add("FHIR160", where, f"{method} {url} sends a {name}")
    elif method == "PUT" and "?" not in url and rest != identifier:
        walk.issues.add("FHIR160", where, f"PUT {url} sends the resource {name}/{identifier}")


def _check_match(walk: Walk, entry: Held) -> None:
    """What was found by a search."""
    resource, search = entry.value.get("resource"), entry.value.get("search")
    mode = search.get("mode") if isinstance(search, dict) else None
    if resource is None:
        walk.issues.add("FHIR160", entry.where, "an entry of a searchset needs a resource")
    elif isinstance(resource, dict):
        if mode in ("match", "include") and resource.get("id") is None:
            walk.issues.add("FHIR160", entry.where, "what a search found has an id")
        if mode == "outcome" and resource.get("resourceType") != "OperationOutcome":
            walk.issues.add("FHIR160", entry.where, "the outcome of a search is an OperationOutcome")


def _check_links(walk: Walk, bundle: Resource, kind: Any) -> None:
    seen: set[str] = set()
    for link in bundle.held.children("link"):
        relation = link.value.get("relation") if isinstance(link.value, dict) else None
        if not isinstance(relation, str):
            continue
        if kind not in ("searchset", "history") and relation in _PAGES:
            walk.issues.add("FHIR160", link.where, f"a {kind} has no pages, so no link {relation!r}")
        elif relation in seen and (relation in _PAGES or relation == "self"):
            walk.issues.add("FHIR160", link.where, f"another link has the relation {relation!r}")
        seen.add(relation)


def _check_leads(walk: Walk, entries: list[Held]) -> None:
    """Every reference in a document or message leads to one of its entries."""
    urls = {entry.value.get("fullUrl") for entry in entries}
    for entry in entries:
        restful = _RESTFUL.fullmatch(str(entry.value.get("fullUrl")))
        base = restful[0].removesuffix(f"{restful['type']}/{restful['id']}") if restful else None
        for reference in dict.fromkeys(_references(entry.value.get("resource"))):
            wanted = reference.partition("#")[0]
            named = (
                wanted.rpartition("/")[0].rpartition("/")[2] if _ABSOLUTE.match(wanted) else wanted.partition("/")[0]
            )
            shape = walk.definitions.shapes.resource(named)
            if _ABSOLUTE.match(wanted):
                canonical = shape is not None and "url" in shape.slots and "version" in shape.slots
                missing = wanted not in urls and not canonical
            else:
                missing = shape is not None and "/" in wanted and (base is None or f"{base}{wanted}" not in urls)
            if missing:
                walk.issues.add("FHIR152", entry.where, f"{shown(reference)} leads to no entry of the bundle")


def _references(resource: Any) -> Iterator[str]:
    """What the References of a resource lead to outside of it; those of a Bundle in it are its own."""
    todo = [resource]
    while todo:
        at = todo.pop()
        if isinstance(at, dict):
            reference = at.get("reference")
            if isinstance(reference, str) and reference and not reference.startswith("#"):
                yield reference
            todo += at.values() if at.get("resourceType") != "Bundle" else ()
        elif isinstance(at, list):
            todo += at


def _check_reached(walk: Walk, entries: list[Held]) -> None:
    """Every entry of a document is led to from its Composition, or leads to what is."""
    urls = [str(entry.value.get("fullUrl")) for entry in entries]
    targets = [set(_targets(entry, url)) for entry, url in zip(entries, urls, strict=True)]
    reached: set[int] = set()
    todo = [0] if entries else []
    while todo:
        at = todo.pop()
        if at in reached:
            continue
        reached.add(at)
        todo += [n for n, url in enumerate(urls) if url in targets[at]]
        todo += [n for n, leads in enumerate(targets) if urls[at] in leads]
    for number, entry in enumerate(entries):
        if number not in reached and isinstance(entry.value.get("resource"), dict):
            walk.issues.add("FHIR160", entry.where, "nothing leads from the Composition to this entry, or back")


def _targets(entry: Held, full_url: str) -> Iterator[str]:
    """The fullUrls that the references of an entry lead to."""
    base = full_url.rpartition("/")[0].rpartition("/")[0]
    todo = [entry.value.get("resource")]
    while todo:
        at = todo.pop()
        if isinstance(at, dict):
            for key in ("reference", "url", "uri", "valueUri", "valueUrl"):
                if isinstance(reference := at.get(key), str):
                    yield reference if _ABSOLUTE.match(reference) else f"{base}/{reference}"
            todo += at.values()
        elif isinstance(at, list):
            todo += at
