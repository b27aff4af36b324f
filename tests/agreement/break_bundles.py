"""Mutations of Bundles (https://hl7.org/fhir/bundle.html)."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from agreement.bundles import BASE, KINDS, URN, bundle
from agreement.mutation import Resource, add
from agreement.valid import Maker

_REQUEST = {"method": "PUT", "url": "Patient/e1"}
_RESPONSE = {"status": "200 OK"}
Edit = Callable[[Resource, list[Any], Random], Any]


def _edit(name: str, kinds: str, edit: Edit, releases: str = "r4 r4b r5") -> None:
    """A change of a Bundle of some types: given the Bundle and its entries; False where it does not fit."""
    fitting = KINDS if kinds == "any" else tuple(kinds.split())

    def change(random: Random, resource: Resource, release: str) -> Resource | None:
        made = {"resourceType": "Bundle", "id": "one"} | bundle(Maker(release, random), random.choice(fitting))
        fits = edit(made, made["entry"], random)
        return None if fits is False else made

    add(f"bundle:{name}", change, of="Bundle", releases=releases)


def _set(**values: Any) -> Edit:
    """Values in the first entry that has a resource; None takes out."""

    def edit(made: Resource, entries: list[Any], random: Random) -> bool:
        target = next((e for e in entries if "resource" in e), None)
        if target is None:
            return False
        target.update({k: v for k, v in values.items() if v is not None})
        for key in [k for k, v in values.items() if v is None]:
            target.pop(key, None)
        return True

    return edit


def _on(index: int, **values: Any) -> Edit:
    """Values in the resource of an entry; None takes out."""

    def edit(made: Resource, entries: list[Any], random: Random) -> bool:
        if len(entries) <= index or "resource" not in entries[index]:
            return False
        target = entries[index]["resource"]
        target.update({k: v for k, v in values.items() if v is not None})
        for key in [k for k, v in values.items() if v is None]:
            target.pop(key, None)
        return True

    return edit


def _top(**values: Any) -> Edit:
    """Values in the Bundle; None takes out."""

    def edit(made: Resource, entries: list[Any], random: Random) -> None:
        made.update({k: v for k, v in values.items() if v is not None})
        for key in [k for k, v in values.items() if v is None]:
            made.pop(key, None)

    return edit


def _all(key: str) -> Edit:
    """No entry has a part."""

    def edit(made: Resource, entries: list[Any], random: Random) -> None:
        for entry in entries:
            entry.pop(key, None)

    return edit


def _append(entry: Any) -> Edit:
    return lambda made, entries, random: entries.append(entry)


def _do(step: Callable[[list[Any]], Any]) -> Edit:
    def edit(made: Resource, entries: list[Any], random: Random) -> None:
        step(entries)

    return edit


def _patient(identifier: str, **more: Any) -> Resource:
    return {"resourceType": "Patient", "id": identifier, "active": True} | more


def _observation(identifier: str, subject: str) -> Resource:
    return {
        "resourceType": "Observation",
        "id": identifier,
        "status": "final",
        "code": {"text": "a"},
        "subject": {"reference": subject},
    }


_ANY = "collection searchset history transaction batch document message"
for _kind in KINDS:
    _edit(f"right-{_kind}", _kind, lambda made, entries, random: None)
_edit("no-entries", "any", _top(entry=None))
_edit("empty-entries", "any", _top(entry=[]))
_edit("empty-entry", "any", _append({}))
_edit("type-unknown", "any", _top(type="bag"))
_edit("type-missing", "any", _top(type=None))
_edit(
    "type-of-another",
    "any",
    lambda made, e, random: made.update(type=random.choice([k for k in KINDS if k != made["type"]])),
)
_edit("full-url-unlike-id", _ANY, _set(fullUrl=f"{BASE}/Patient/other"))
_edit("full-url-unlike-type", _ANY, _set(fullUrl=f"{BASE}/Device/e1"))
_edit("full-url-relative", _ANY, _set(fullUrl="Patient/e1"))
_edit("full-url-versioned", _ANY, _set(fullUrl=f"{BASE}/Patient/e1/_history/1"))
_edit("full-url-missing", _ANY, _set(fullUrl=None))
_edit("full-url-all-missing", _ANY, _all("fullUrl"))
_edit("full-url-anything", _ANY, _set(fullUrl="http://example.org/anything"))
_edit("full-url-urn-bad", _ANY, _set(fullUrl="urn:uuid:not-one"))
_edit("full-url-hash", _ANY, _set(fullUrl="#e1"))
_edit("full-url-empty", _ANY, _set(fullUrl=""))
_edit("full-url-oid", _ANY, _set(fullUrl="urn:oid:1.2.3"))
_edit("full-url-twice", _ANY, lambda made, entries, random: entries.append(dict(entries[0])))
_edit(
    "full-url-twice-with-versions",
    "collection searchset history",
    lambda made, e, random: made.update(
        entry=[e[0] | {"resource": _patient("e1", meta={"versionId": v})} for v in ("1", "2")]
    ),
)
_edit("id-missing", _ANY, _on(0, id=None))
_edit("resource-missing", _ANY, _set(resource=None))
_edit("resource-null", _ANY, lambda made, entries, random: entries[0].update(resource=None))
_edit("resource-list", _ANY, lambda made, entries, random: entries[0].update(resource=[entries[0].get("resource")]))
_edit("resource-unknown", _ANY, _on(0, resourceType="Nothing"))
_edit("resource-invalid", "collection", _on(0, gender="f"))
_edit(
    "resource-in-resource",
    "collection",
    _append({"fullUrl": f"{URN}7", "resource": {"resourceType": "Bundle", "type": "bag"}}),
)
_edit("request-where-none-may-be", "collection searchset document message", _set(request=_REQUEST))
_edit("response-where-none-may-be", "collection searchset document message transaction batch", _set(response=_RESPONSE))
_edit(
    "search-where-none-may-be", "collection history document message transaction batch", _set(search={"mode": "match"})
)
_edit("request-missing", "transaction batch history", _set(request=None))
_edit("request-all-missing", "transaction batch history", _all("request"))
_edit("response-missing", "transaction-response batch-response history", _set(response=None))
_edit("response-all-missing", "transaction-response batch-response history", _all("response"))
_edit("total-where-none-may-be", "collection transaction batch document message", _top(total=1))
_edit("total-wrong", "searchset history", _top(total=77))
_edit("total-minus", "searchset", _top(total=-1))
_edit("first-entry-other", "document message", _do(lambda entries: entries.reverse()))
_edit("first-entry-gone", "document message", _do(lambda entries: entries.pop(0)))
_edit("document-without-identifier", "document", _top(identifier=None))
_edit("document-without-system", "document", _top(identifier={"value": "a"}))
_edit("document-without-value", "document", _top(identifier={"system": "http://example.org/a"}))
_edit("document-without-timestamp", "document", _top(timestamp=None))
_edit("document-orphan", "document", _append({"fullUrl": f"{URN}8", "resource": _patient("orphan")}))
_edit("document-without-subject", "document", lambda made, entries, random: entries.pop(1) and None)
_edit("document-refers-back", "document", _append({"fullUrl": f"{URN}8", "resource": _observation("back", f"{URN}1")}))
_edit(
    "document-two-compositions",
    "document",
    lambda made, entries, random: entries.append(entries[0] | {"fullUrl": f"{URN}9"}),
)
_edit("message-orphan", "message", _append({"fullUrl": f"{URN}8", "resource": _patient("orphan")}))
_edit("message-without-timestamp", "message", _top(timestamp=None))
_edit("message-without-focus", "message", _on(0, focus=None))
_edit("put-unlike-id", "transaction batch", _set(request={"method": "PUT", "url": "Patient/other"}))
_edit("put-unlike-type", "transaction batch", _set(request={"method": "PUT", "url": "Device/e1"}))
_edit("put-without-id", "transaction batch", _set(request={"method": "PUT", "url": "Patient"}))
_edit("put-conditional", "transaction batch", _set(request={"method": "PUT", "url": "Patient?identifier=a|b"}))
_edit("put-absolute", "transaction batch", _set(request={"method": "PUT", "url": f"{BASE}/Patient/e1"}))
_edit("post-unlike-type", "transaction batch", _set(request={"method": "POST", "url": "Device"}))
_edit("post-with-id", "transaction batch", _set(request={"method": "POST", "url": "Patient/e1"}))
_edit("method-unknown", "transaction batch history", _set(request={"method": "SEND", "url": "Patient/e1"}))
_edit("method-missing", "transaction batch history", _set(request={"url": "Patient/e1"}))
_edit("url-missing", "transaction batch history", _set(request={"method": "PUT"}))
_edit("delete-with-resource", "transaction batch", _set(request={"method": "DELETE", "url": "Patient/e1"}))
_edit("put-without-resource", "transaction batch", lambda made, entries, random: entries[0].pop("resource") and None)
_edit("patch", "transaction batch history", _set(request={"method": "PATCH", "url": "Patient/e1"}))
_edit("search-mode-unknown", "searchset", _set(search={"mode": "found"}))
_edit("search-outcome-of-patient", "searchset", _set(search={"mode": "outcome"}))
_edit("search-without-mode", "searchset", _set(search={"score": 1}))
_edit("search-score-high", "searchset", _set(search={"mode": "match", "score": 7}))
_edit("search-missing", "searchset", _all("search"))
_edit("link-without-relation", "any", _top(link=[{"url": "http://example.org/a"}]))
_edit("link-twice", "searchset", _top(link=[{"relation": "self", "url": "http://a.org"}] * 2))
_edit("link-next-in-others", "collection document message", _top(link=[{"relation": "next", "url": "http://a.org"}]))
_edit(
    "link-anything",
    "searchset",
    _top(link=[{"relation": "self", "url": "http://a.org"}, {"relation": "sideways", "url": "http://a.org"}]),
)
_edit("link-none", "searchset", _top(link=None))
_edit("contained", "any", _top(contained=[_patient("a")]))
_edit("text", "any", _top(text={"status": "empty"}))
_edit("signature-without-who", "document", _top(signature={"when": "2023-01-05T10:00:00Z"}))
for _name, _to in {
    "in-bundle": f"{URN}5",
    "not-in-bundle": f"{URN}6",
    "relative-in-urn": "Patient/p",
    "relative-to-nothing": "Patient/none",
    "absolute-outside": "http://other.org/fhir/Patient/p",
    "bad": "Patient/a/b",
    "id-only": "p",
}.items():
    _edit(
        f"reference-{_name}",
        "collection",
        lambda made, entries, random, to=_to: made.update(
            entry=[
                {"fullUrl": f"{URN}4", "resource": _observation("o", to)},
                {"fullUrl": f"{URN}5", "resource": _patient("p")},
            ]
        ),
    )
for _name, _to in {
    "relative-in-bundle": "Patient/p",
    "absolute-in-bundle": f"{BASE}/Patient/p",
    "versioned-in-bundle": "Patient/p/_history/1",
    "to-wrong-type": "Basic/b",
    "to-wrong-type-absolute": f"{BASE}/Basic/b",
    "dangling-fragment": "#p",
    "with-space": "Patient/ p",
}.items():
    _edit(
        f"reference-{_name}",
        "collection",
        lambda made, entries, random, to=_to: made.update(
            entry=[
                {"fullUrl": f"{BASE}/Observation/o", "resource": _observation("o", to)},
                {"fullUrl": f"{BASE}/Patient/p", "resource": _patient("p")},
                {"fullUrl": f"{BASE}/Basic/b", "resource": {"resourceType": "Basic", "id": "b", "code": {"text": "a"}}},
            ]
        ),
    )
_edit(
    "reference-to-two",
    "collection",
    lambda made, entries, random: made.update(
        entry=[
            {"fullUrl": f"{URN}4", "resource": _observation("o", f"{URN}5")},
            {"fullUrl": f"{URN}5", "resource": _patient("p")},
            {"fullUrl": f"{URN}5", "resource": _patient("q")},
        ]
    ),
)
_edit(
    "reference-without-full-url",
    "collection",
    lambda made, entries, random: made.update(entry=[{"resource": _observation("o", "Patient/p")}]),
)
_edit(
    "reference-in-batch-without-full-url",
    "batch transaction",
    lambda made, entries, random: made.update(
        entry=[{"resource": _observation("o", "Patient/p"), "request": {"method": "POST", "url": "Observation"}}]
    ),
)
