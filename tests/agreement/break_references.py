"""Mutations of references, canonicals, contained resources and ids."""

from __future__ import annotations

from random import Random
from typing import Any

from agreement.mutation import Change, Resource, add, mutation
from agreement.walk import Place, of_type, places
from sachet.fhir.shapes import shapes

_CORE = "http://hl7.org/fhir/StructureDefinition/"
_UUID = "urn:uuid:0c6bba1d-2b69-4d92-9a5c-3a8c8f3b9d99"


def _reference(random: Random, resource: Resource, release: str) -> Place | None:
    """A Reference of the resource itself that may lead to few types."""
    found = [p for p in places(resource, release, into=False) if p.slot.type == "Reference" and p.slot.targets]
    return random.choice(found) if found else None


def _targets(place: Place) -> list[str]:
    return [t.removeprefix(_CORE) for t in place.slot.targets]


def _another(place: Place) -> str | None:
    """A type that a reference may not lead to."""
    named = _targets(place)
    if "Resource" in named:
        return None
    return next((t for t in ("Basic", "Patient", "Observation") if t not in named), None)


def _put(name: str, value: Any) -> None:
    """A Reference with another content; "TYPE" stands for a type that it may lead to."""

    def change(random: Random, resource: Resource, release: str) -> Resource | None:
        place = _reference(random, resource, release)
        if place is None:
            return None
        kind = next((t for t in _targets(place) if shapes(release).resource(t)), "Patient")
        place.put({k: v.replace("TYPE", kind) if isinstance(v, str) else v for k, v in value.items()})
        return resource

    add(f"reference:{name}", change, having="Reference")


for _name, _value in {
    "white-space": {"reference": "TYPE/a b"},
    "white-space-after": {"reference": "TYPE/a "},
    "dangling": {"reference": "#no-such"},
    "bare-hash": {"reference": "#"},
    "absolute": {"reference": "http://example.org/fhir/TYPE/a"},
    "absolute-versioned": {"reference": "http://example.org/fhir/TYPE/a/_history/1"},
    "absolute-other": {"reference": "http://example.org/anything"},
    "versioned": {"reference": "TYPE/a/_history/1"},
    "versioned-without": {"reference": "TYPE/a/_history"},
    "urn": {"reference": _UUID},
    "urn-bad": {"reference": "urn:uuid:not-one"},
    "oid": {"reference": "urn:oid:1.2.3"},
    "id-only": {"reference": "a"},
    "type-unknown": {"reference": "Nothing/a"},
    "type-in-lower-case": {"reference": "patient/a"},
    "id-too-long": {"reference": f"TYPE/{'a' * 65}"},
    "id-with-underscore": {"reference": "TYPE/a_b"},
    "no-id": {"reference": "TYPE/"},
    "slash-before": {"reference": "/TYPE/a"},
    "three-parts": {"reference": "a/TYPE/b"},
    "query": {"reference": "TYPE?identifier=a|b"},
    "query-without-equals": {"reference": "TYPE?identifier"},
    "fragment": {"reference": "TYPE/a#b"},
    "display-only": {"display": "somebody"},
    "identifier-only": {"identifier": {"system": "http://example.org/ids", "value": "1"}},
    "type-only": {"type": "TYPE"},
    "type-right": {"reference": "TYPE/a", "type": "TYPE"},
    "type-as-url": {"reference": "TYPE/a", "type": f"{_CORE}TYPE"},
    "type-of-nothing": {"reference": "TYPE/a", "type": "Nothing"},
    "type-of-data-type": {"reference": "TYPE/a", "type": "HumanName"},
    "unknown-property": {"reference": "TYPE/a", "url": "a"},
    "number": {"reference": 1},
    "object": {"reference": {"id": "a"}},
    "id-beside": {"reference": "TYPE/a", "id": "x1"},
}.items():
    _put(_name, _value)


@mutation("reference:string", having="Reference")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    place = _reference(random, resource, release)
    if place is None:
        return None
    place.put("Patient/a")
    return resource


@mutation("reference:type-of-another", having="Reference")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    place = _reference(random, resource, release)
    other = place and _another(place)
    if not place or not other:
        return None
    kind = next((t for t in _targets(place) if shapes(release).resource(t)), None)
    place.put(random.choice(({"type": other, "display": "a"}, {"reference": f"{kind}/a", "type": other})))
    return resource


@mutation("reference:target-of-another-elsewhere", having="Reference")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    place = _reference(random, resource, release)
    other = place and _another(place)
    if not place or not other:
        return None
    place.put({"reference": random.choice(("", "http://example.org/fhir/")) + f"{other}/a"})
    return resource


@mutation("reference:target-of-another-contained", having="Reference")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    place = _reference(random, resource, release)
    other = place and _another(place)
    if not place or not other:
        return None
    place.put({"reference": "#other"})
    _contain(resource, _little(other, "other"))
    return resource


def _little(name: str, identifier: str | None) -> Resource:
    """A small valid resource."""
    made: Resource = {"resourceType": name}
    if identifier is not None:
        made["id"] = identifier
    content: dict[str, Resource] = {
        "Patient": {"active": True},
        "Basic": {"code": {"text": "a"}},
        "Observation": {"status": "final", "code": {"text": "a"}},
    }
    return made | content[name]


def _contain(resource: Resource, inner: Any) -> None:
    resource.setdefault("contained", []).append(inner)


def _refer(resource: Resource, reference: str) -> None:
    """Refer to something from an extension that may stand anywhere."""
    url = "http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal"
    resource.setdefault("extension", []).append({"url": url, "valueReference": {"reference": reference}})


def _contained(name: str, change: Change) -> None:
    def only_where_it_may(random: Random, resource: Resource, release: str) -> Any:
        domain = shapes(release)[resource["resourceType"]].is_a("DomainResource")
        return change(random, resource, release) if domain else None

    add(f"contained:{name}", only_where_it_may, having="Reference")


def _with(inner: Any, refer_to: str | None) -> Change:
    def change(random: Random, resource: Resource, release: str) -> Resource | None:
        place = _reference(random, resource, release)
        if place is None:
            return None
        _contain(resource, inner() if callable(inner) else inner)
        if refer_to:
            place.put({"reference": refer_to})
        return resource

    return change


def _nested() -> Resource:
    return _little("Patient", "outer") | {"contained": [_little("Basic", "inner")]}


def _with_meta(**meta: Any) -> Any:
    return lambda: _little("Patient", "p") | {"meta": meta}


_LABEL = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
for _name, _inner, _to in (
    ("unused", lambda: _little("Patient", "p"), None),
    ("without-id", lambda: _little("Patient", None), None),
    ("id-with-hash", lambda: _little("Patient", "#p"), "#p"),
    ("nested", _nested, "#outer"),
    ("nested-refers", _nested, "#inner"),
    ("version-id", _with_meta(versionId="1"), "#p"),
    ("last-updated", _with_meta(lastUpdated="2023-01-05T10:00:00Z"), "#p"),
    ("security", _with_meta(security=[_LABEL]), "#p"),
    ("tag", _with_meta(tag=[_LABEL]), "#p"),
    ("wrong-type", lambda: {"resourceType": "HumanName", "id": "p", "family": "a"}, "#p"),
    ("unknown-type", lambda: {"resourceType": "Nothing", "id": "p"}, "#p"),
    ("no-type", lambda: {"id": "p", "active": True}, "#p"),
    ("empty", dict, None),
    ("null", None, None),
    ("string", "Patient", None),
    ("only-id", lambda: {"resourceType": "Patient", "id": "p"}, "#p"),
    ("invalid-inside", lambda: _little("Patient", "p") | {"gender": "f"}, "#p"),
    ("unknown-inside", lambda: _little("Patient", "p") | {"colour": "red"}, "#p"),
    ("narrative", lambda: _little("Patient", "p") | {"text": {"status": "generated", "div": "<div>a</div>"}}, "#p"),
    ("refers-to-container", lambda: _little("Observation", "p") | {"focus": [{"reference": "#"}]}, None),
    ("refers-to-itself", lambda: _little("Observation", "p") | {"focus": [{"reference": "#p"}]}, None),
    ("refers-outside", lambda: _little("Observation", "p") | {"subject": {"reference": "#no-such"}}, None),
):
    _contained(_name, _with(_inner, _to))


@mutation("contained:duplicate-id", having="Reference")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    place = _reference(random, resource, release)
    if place is None or not shapes(release)[resource["resourceType"]].is_a("DomainResource"):
        return None
    kind = next((t for t in _targets(place) if t in ("Patient", "Observation")), None)
    if kind is None:
        return None
    place.put({"reference": "#twice"})
    _contain(resource, _little(kind, "twice"))
    _contain(resource, _little("Basic", "twice"))
    return resource


@mutation("contained:by-canonical", having="canonical")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = [p for p in of_type(resource, release, "canonical") if p.slot.targets]
    if not found or not shapes(release)[resource["resourceType"]].is_a("DomainResource"):
        return None
    random.choice(found).put("#inside")
    inner = random.choice((_little("Basic", "inside"), {"resourceType": "ValueSet", "id": "inside", "status": "draft"}))
    _contain(resource, inner)
    return resource


@mutation("ids:element-twice")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = [
        p for p in places(resource, release, into=False) if isinstance(p.value, dict) and p.slot.type != "Resource"
    ]
    if len(found) < 2:
        return None
    for place in random.sample(found, 2):
        place.value["id"] = "same"
    return resource


@mutation("ids:element-like-resource")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = [
        p for p in places(resource, release, into=False) if isinstance(p.value, dict) and p.slot.type != "Resource"
    ]
    if not found:
        return None
    resource["id"] = random.choice(found).value["id"] = "like"
    return resource


@mutation("ids:companion-twice", having="Identifier")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = of_type(resource, release, "Identifier")
    if not found:
        return None
    value = random.choice(found).value
    value |= {"system": "http://example.org/a", "_system": {"id": "same"}, "value": "a", "_value": {"id": "same"}}
    return resource


@mutation("ids:in-contained-and-outside", having="Reference")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    place = _reference(random, resource, release)
    if place is None or not shapes(release)[resource["resourceType"]].is_a("DomainResource"):
        return None
    kind = next((t for t in _targets(place) if t in ("Patient", "Observation")), None)
    if kind is None:
        return None
    _contain(resource, _little(kind, "p") | {"identifier": [{"id": "same", "value": "a"}]})
    place.put({"reference": "#p", "id": "same"})
    return resource


def _canonical(name: str, value: str, inside: bool = False) -> None:
    def change(random: Random, resource: Resource, release: str) -> Resource | None:
        found = [p for p in of_type(resource, release, "canonical") if p.slot.name != "profile"]
        if not found:
            return None
        random.choice(found).put(value)
        return resource

    add(f"canonical-of:{name}", change, having="canonical")


_canonical("relative", "Library/a")
_canonical("fragment", "#no-such")
_canonical("bare-hash", "#")
_canonical("version", "http://example.org/fhir/Library/a|1.0.0")
_canonical("fragment-after", "http://example.org/fhir/Library/a#b")
_canonical("version-and-fragment", "http://example.org/fhir/Library/a|1#b")
_canonical("urn", "urn:uuid:0c6bba1d-2b69-4d92-9a5c-3a8c8f3b9d99")
_canonical("oid", "urn:oid:1.2.3")
_canonical("core", "http://hl7.org/fhir/ValueSet/administrative-gender")
_canonical("core-unknown", "http://hl7.org/fhir/ValueSet/no-such")
_canonical("core-of-another-type", "http://hl7.org/fhir/StructureDefinition/Patient")
_canonical("core-of-another-version", "http://hl7.org/fhir/ValueSet/administrative-gender|9.9")
_canonical("words", "a b")


def _url_of_resource(name: str, value: Any) -> None:
    def change(random: Random, resource: Resource, release: str) -> Resource | None:
        if "url" not in shapes(release)[resource["resourceType"]].slots:
            return None
        resource["url"] = value.replace("TYPE", resource["resourceType"]) if isinstance(value, str) else value
        return resource

    types = """ActivityDefinition CapabilityStatement CodeSystem ConceptMap Library Measure OperationDefinition
    PlanDefinition Questionnaire SearchParameter StructureDefinition ValueSet ResearchDefinition NamingSystem"""
    add(f"url-of-resource:{name}", change, of=types)


_url_of_resource("relative", "TYPE/a")
_url_of_resource("with-version", "http://example.org/fhir/TYPE/a|1.0")
_url_of_resource("with-fragment", "http://example.org/fhir/TYPE/a#b")
_url_of_resource("unlike-id", "http://example.org/fhir/TYPE/another")
_url_of_resource("urn", "urn:uuid:0c6bba1d-2b69-4d92-9a5c-3a8c8f3b9d99")
_url_of_resource("hash", "#a")
_url_of_resource("core", "http://hl7.org/fhir/TYPE/mine")
