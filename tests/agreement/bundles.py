"""Bundles of every type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agreement.valid import Maker

Made = dict[str, Any]

BASE = "http://example.org/fhir"
URN = "urn:uuid:0c6bba1d-2b69-4d92-9a5c-3a8c8f3b9d1"  # and a digit
KINDS = tuple(
    "collection searchset history transaction batch transaction-response batch-response document message".split()
)


def bundle(maker: Maker, kind: str | None = None) -> Made:
    """The content of a Bundle of a type; of any where none is given."""
    kind = kind or maker.random.choice(KINDS)
    made: Made = {"type": kind}
    match kind:
        case "collection":
            made["entry"] = [_entry(maker, "Patient", 1), _entry(maker, "Observation", 2)]
        case "searchset":
            made |= {"total": 1, "link": [{"relation": "self", "url": f"{BASE}/Patient?name=a"}]}
            made["entry"] = [_entry(maker, "Patient", 1) | {"search": {"mode": "match", "score": 1}}]
        case "history":
            made["entry"] = [_entry(maker, "Patient", 1) | _request("PUT", "Patient/e1") | _response()]
        case "transaction" | "batch":
            made["entry"] = [_entry(maker, "Patient", 1) | _request("PUT", "Patient/e1")]
            made["entry"].append(_entry(maker, "Observation", 2) | _request("POST", "Observation"))
            made["entry"].append(_request("DELETE", "Patient/e3"))
        case "transaction-response" | "batch-response":
            made["entry"] = [_response(), _entry(maker, "Patient", 1) | _response()]
        case "document":
            made |= {"identifier": {"system": "urn:ietf:rfc:3986", "value": f"{URN}0"}}
            made |= {"timestamp": "2023-01-05T10:00:00Z", "entry": _document(maker)}
        case "message":
            made["entry"] = _message(maker)
            made["timestamp"] = "2023-01-05T10:00:00Z"
    return made


def _resource(maker: Maker, name: str, identifier: str) -> Made:
    made: Made = {"resourceType": name, "id": identifier}
    if name == "Patient":
        return made | {"active": True}
    if name == "Observation":
        return made | {"status": "final", "code": {"text": "pulse"}}
    return made | maker.element(name)


def _entry(maker: Maker, name: str, number: int) -> Made:
    return {"fullUrl": f"{BASE}/{name}/e{number}", "resource": _resource(maker, name, f"e{number}")}


def _urn(maker: Maker, name: str, number: int) -> Made:
    return {"fullUrl": f"{URN}{number}", "resource": _resource(maker, name, f"e{number}")}


def _request(method: str, url: str) -> Made:
    return {"request": {"method": method, "url": url}}


def _response() -> Made:
    return {"response": {"status": "200 OK", "etag": 'W/"1"', "lastModified": "2023-01-05T10:00:00Z"}}


def _document(maker: Maker) -> list[Made]:
    """A Composition, its author and its subject, by urn or by url."""
    entry, where = (_urn, URN) if maker.chance(0.5) else (_entry, "")
    patient, author = (f"{where}2", f"{where}3") if where else ("Patient/e2", "Practitioner/e3")
    subject: Any = {"reference": patient}
    composition = {
        "resourceType": "Composition",
        "id": "e1",
        "status": "final",
        "type": {"text": "letter"},
        "subject": [subject] if maker.release == "r5" else subject,
        "date": "2023-01-05",
        "author": [{"reference": author}],
        "title": "Letter",
        "section": [{"title": "One", "text": {"status": "generated", "div": _DIV}, "entry": [{"reference": patient}]}],
    }
    return [
        {"fullUrl": f"{where}1" if where else f"{BASE}/Composition/e1", "resource": composition},
        entry(maker, "Patient", 2),
        entry(maker, "Practitioner", 3),
    ]


_DIV = '<div xmlns="http://www.w3.org/1999/xhtml">one</div>'


def _message(maker: Maker) -> list[Made]:
    endpoint = (
        {"endpointUrl": "http://example.org/in"} if maker.release == "r5" else {"endpoint": "http://example.org/in"}
    )
    header = {
        "resourceType": "MessageHeader",
        "id": "e1",
        "eventCoding": {"system": "http://example.org/events", "code": "one"},
        "source": endpoint,
        "focus": [{"reference": f"{URN}2"}],
    }
    return [{"fullUrl": f"{URN}1", "resource": header}, _urn(maker, "Patient", 2)]
