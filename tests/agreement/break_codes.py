"""Mutations of coded values: bindings, code systems, displays, units, attachments."""

from __future__ import annotations

from random import Random
from typing import Any

from agreement import codes
from agreement.case import raw
from agreement.mutation import Resource, add, mutation
from agreement.types import UCUM
from agreement.walk import Place, of_type, places

_QUANTITIES = ("Quantity", "Age", "Count", "Distance", "Duration")
_OTHER = {"system": "http://example.org/other", "code": "other"}


def _bound(resource: Resource, release: str, strength: str, *types: str) -> list[Place]:
    return [
        p for p in of_type(resource, release, *types) if p.slot.binding and p.slot.binding.strength == strength
    ]  # fmt: skip


def _binding(strength: str, kind: str, values: tuple[Any, ...]) -> None:
    """A value that is of no value set, where a binding wants one."""

    def change(random: Random, resource: Resource, release: str) -> Resource | None:
        found = _bound(resource, release, strength, kind)
        if not found:
            return None
        random.choice(found).put(random.choice(values))
        return resource

    add(f"binding:{strength}-{kind}", change, having=f"{kind}:{strength}")


_binding("required", "code", ("not-a-code", "Active", "ACTIVE", "active-"))
_binding("required", "CodeableConcept", ({"coding": [_OTHER]}, {"text": "other"}, {"coding": [_OTHER, {"code": "x"}]}))
_binding("extensible", "Coding", (_OTHER, {"display": "Other"}))
_binding("extensible", "CodeableConcept", ({"coding": [_OTHER]}, {"text": "other"}, {"coding": [{"display": "x"}]}))


@mutation("binding:max-value-set")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = [p for p in places(resource, release) if p.slot.binding and p.slot.binding.widest]
    if not found:
        resource["language"] = random.choice(("klingon", "xx-invalid-language", "e", "en_US", "123"))
        return resource
    place = random.choice(found)
    place.put("no-such" if place.slot.type == "code" else {"coding": [_OTHER]})
    return resource


@mutation("binding:required-without-system", having="CodeableConcept:required")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = [p for p in _bound(resource, release, "required", "CodeableConcept") if p.value.get("coding")]
    if not found:
        return None
    random.choice(found).value["coding"][0].pop("system", None)
    return resource


@mutation("binding:required-beside-another", having="CodeableConcept:required")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    """Still valid: one of the codings is of the value set."""
    found = [p for p in _bound(resource, release, "required", "CodeableConcept") if p.value.get("coding")]
    if not found:
        return None
    random.choice(found).value["coding"].append(dict(_OTHER))
    return resource


def _coding_in(random: Random, resource: Resource, release: str) -> dict[str, Any] | None:
    """A coding of a code system that is known whole, put where a CodeableConcept or Coding is free."""
    free = [p for p in of_type(resource, release, "CodeableConcept", "Coding") if p.slot.binding is None]
    if not free:
        return None
    system = random.choice(
        ("http://terminology.hl7.org/CodeSystem/observation-category", "http://hl7.org/fhir/administrative-gender",
         "http://terminology.hl7.org/CodeSystem/v3-ActCode", "http://terminology.hl7.org/CodeSystem/condition-clinical")
    )  # fmt: skip
    known = codes.of_system(release, system)
    if not known:
        return None
    one = random.choice(known)
    coding: dict[str, Any] = {"system": one.system, "code": one.code}
    place = random.choice(free)
    place.put(coding if place.slot.type == "Coding" else {"coding": [coding]})
    return coding


def _known(name: str, **edits: Any) -> None:
    """A coding of a known system, with something wrong."""

    def change(random: Random, resource: Resource, release: str) -> Resource | None:
        coding = _coding_in(random, resource, release)
        if coding is None:
            return None
        coding |= {k: v for k, v in edits.items() if v is not None}
        for key in [k for k, v in edits.items() if v is None]:
            coding.pop(key, None)
        return resource

    add(f"coding:{name}", change, having="CodeableConcept:none")


_known("right")
_known("unknown-code", code="no-such-code")
_known("wrong-display", display="Something else")
_known("without-code", code=None)
_known("without-system", system=None)
_known("version-unknown", version="99.9")
_known("user-selected-text", userSelected="yes")
_known("system-unknown", system="http://example.org/unknown")
_known("system-relative", system="observation-category")
_known("system-value-set", system="http://hl7.org/fhir/ValueSet/observation-category")
_known("system-urn", system="urn:oid:2.16.840.1.113883.99")


@mutation("coding:other-case", having="CodeableConcept:none")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    coding = _coding_in(random, resource, release)
    if coding is None:
        return None
    coding["code"] = coding["code"].swapcase()
    return resource


@mutation("coding:display-other-case", having="CodeableConcept:none")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    coding = _coding_in(random, resource, release)
    if coding is None:
        return None
    named = {c.code: c.display for c in codes.of_system(release, coding["system"])}
    coding["display"] = (named[coding["code"]] or "").swapcase()
    return resource if coding["display"] else None


def _outside(name: str, system: str, *found: str) -> None:
    """A code of a system that stands in no table."""

    def change(random: Random, resource: Resource, release: str) -> Resource | None:
        free = [p for p in of_type(resource, release, "CodeableConcept") if p.slot.binding is None]
        if not free:
            return None
        random.choice(free).put({"coding": [{"system": system, "code": random.choice(found)}]})
        return resource

    add(f"coding:of-{name}", change, having="CodeableConcept:none")


_outside("loinc", "http://loinc.org", "8480-6", "no-loinc", "85354-9")
_outside("snomed", "http://snomed.info/sct", "404684003", "no-sct", "12")
_outside("icd-10-cm", "http://hl7.org/fhir/sid/icd-10-cm", "T33.99XA", "no-icd", "R42")
_outside("ucum", UCUM, "mg", "mgs", "m[Hg")
_outside("languages", "urn:ietf:bcp:47", "en", "en-US", "no language", "xx")
_outside("mime-types", "urn:ietf:bcp:13", "text/plain", "text", "text/plain; charset=utf-8")
_outside("countries", "urn:iso:std:iso:3166", "CH", "XX", "che")
_outside("currencies", "urn:iso:std:iso:4217", "CHF", "XXX", "EURO")
_outside("uris", "urn:ietf:rfc:3986", "http://a.org", "a b", "urn:oid:1.2.3")

_BAD_UNITS = (
    "mgs",
    "mcg",
    "mmHg",
    "IU",
    "cc",
    "mg per dL",
    "[in",
    "{tbl",
    "mg//L",
    "°C",
    "h r",
    "degF",
    "10^9/L",
    "tablet",
)


@mutation("unit:unknown", having="Quantity")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = of_type(resource, release, *_QUANTITIES)
    if not found:
        return None
    random.choice(found).value.update(system=UCUM, code=random.choice(_BAD_UNITS))
    return resource


@mutation("unit:odd", having="Quantity")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    """Units that UCUM has, or nearly."""
    odd = (
        "mg{total}",
        "/{tbl}",
        "{a b}",
        "m2",
        "10*3/uL",
        "k[IU]/L",
        "mm[hg]",
        "MG",
        "m(g)",
        "(mg)",
        "1",
        "%{vol}",
        "a_j",
        "[degF]",
    )
    found = of_type(resource, release, *_QUANTITIES)
    if not found:
        return None
    random.choice(found).value.update(system=UCUM, code=random.choice(odd))
    return resource


def _quantity(name: str, kind: str, **edits: Any) -> None:
    """A Quantity, or a kind of one, with something wrong."""

    def change(random: Random, resource: Resource, release: str) -> Resource | None:
        found = of_type(resource, release, kind)
        if not found:
            return None
        value = random.choice(found).value
        value |= {k: v for k, v in edits.items() if v is not None}
        for key in [k for k, v in edits.items() if v is None]:
            value.pop(key, None)
        return resource

    add(f"{kind.lower()}:{name}", change, having=kind)


_quantity("code-without-system", "Quantity", code="mg", system=None)
_quantity("comparator-unknown", "Quantity", comparator="~")
_quantity("system-without-code", "Quantity", system=UCUM, code=None)
_quantity("value-text", "Quantity", value="12")
_quantity("of-other-system", "Duration", system="http://example.org/units", code="h")
_quantity("of-mass", "Duration", system=UCUM, code="mg")
_quantity("without-code", "Duration", code=None, system=None)
_quantity("unknown-unit", "Duration", system=UCUM, code="hours")
_quantity("of-mass", "Age", system=UCUM, code="mg")
_quantity("minus", "Age", value=-3)
_quantity("without-code", "Age", code=None)
_quantity("fraction", "Count", value=raw("1.5"), system=UCUM, code="1")
_quantity("of-mass", "Count", system=UCUM, code="mg")
_quantity("of-mass", "Distance", system=UCUM, code="mg")
_quantity("without-code", "Distance", code=None)


@mutation("simple-quantity-comparator", having="Quantity:simple")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = [p for p in of_type(resource, release, "Quantity") if p.slot.profiles]
    if not found:
        return None
    random.choice(found).value["comparator"] = "<"
    return resource


@mutation("money-currency", having="Money")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    found = of_type(resource, release, "Money")
    if not found:
        return None
    random.choice(found).value["currency"] = random.choice(("EURO", "eur", "XYZ", "€"))
    return resource


_SHA1 = "qvTGHdzF6KLavt4PO0gs2a6pQ00="
_ATTACHMENTS: dict[str, dict[str, Any]] = {
    "wrong-size": {"data": "aGVsbG8=", "size": 7},
    "wrong-hash": {"data": "aGVsbG8=", "hash": "AAAA"},
    "right": {"data": "aGVsbG8=", "size": 5, "hash": _SHA1},
    "hash-in-hexadecimal": {"data": "aGVsbG8=", "hash": "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"},
    "size-without-data": {"url": "http://example.org/a", "size": 7},
    "without-type": {"data": "aGVsbG8=", "contentType": None},
    "type-unknown": {"contentType": "plain text"},
    "language-unknown": {"language": "xx yy"},
}


def _attachment(name: str, edits: dict[str, Any]) -> None:
    def change(random: Random, resource: Resource, release: str) -> Resource | None:
        found = of_type(resource, release, "Attachment")
        if not found:
            return None
        value = random.choice(found).value
        value.clear()
        value |= {k: v for k, v in ({"contentType": "text/plain"} | edits).items() if v is not None}
        if release == "r5" and "size" in value:
            value["size"] = str(value["size"])
        return resource

    add(f"attachment:{name}", change, having="Attachment")


for _name, _edits in _ATTACHMENTS.items():
    _attachment(_name, _edits)


@mutation("security-label-twice")
def _(random: Random, resource: Resource, release: str) -> Resource:
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    resource["meta"] = {"security": [label, dict(label) | random.choice(({}, {"display": "restricted"}))]}
    return resource


@mutation("tag-twice")
def _(random: Random, resource: Resource, release: str) -> Resource:
    label = {"system": "http://example.org/tags", "code": "one"}
    resource["meta"] = {"tag": [label, dict(label)]}
    return resource


@mutation("profile-unknown")
def _(random: Random, resource: Resource, release: str) -> Resource:
    resource["meta"] = {"profile": ["http://example.org/fhir/StructureDefinition/nobody-knows"]}
    return resource


@mutation("profile-of-another-type")
def _(random: Random, resource: Resource, release: str) -> Resource:
    other = "Patient" if resource["resourceType"] != "Patient" else "Group"
    name = random.choice(("bp", other))
    resource["meta"] = {"profile": [f"http://hl7.org/fhir/StructureDefinition/{name}"]}
    return resource
