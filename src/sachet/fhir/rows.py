"""StructureDefinitions, CodeSystems and ValueSets reduced to what decides whether something conforms.

The tables of HL7's definitions hold such rows, and the definitions of a package or folder become such rows when they
are read, so that both are looked up alike.
"""

from __future__ import annotations

from typing import Any

_REGEX = "http://hl7.org/fhir/StructureDefinition/regex"
_FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
_MAX_VALUE_SET = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"
_OF_PROFILE = (
    "url version name status kind abstract context contextInvariant type baseDefinition derivation".split()
)  # fmt: skip
_OF_ELEMENT = frozenset(
    """id path sliceName sliceIsConstraining min max contentReference maxLength isModifier mustHaveValue""".split()
)
_VALUES = ("fixed", "pattern", "minValue", "maxValue")


def profile(one: dict[str, Any]) -> dict[str, Any]:
    """The row of a StructureDefinition that constrains; of a snapshot only where there is no differential."""
    made = {key: one[key] for key in _OF_PROFILE if key in one}
    elements = (one.get("differential") or one.get("snapshot") or {}).get("element", [])
    return made | {"elements": [_constrained(element) for element in elements]}


def _constrained(element: dict[str, Any]) -> dict[str, Any]:
    made = {k: v for k, v in element.items() if k in _OF_ELEMENT or k.startswith(_VALUES)}
    if constraints := invariants(element):
        made["invariants"] = constraints
    if "type" in element:
        made["types"] = [of_type(t) for t in element["type"]]
    if bound := binding(element.get("binding", {})):
        made["binding"] = bound
    if "slicing" in element:
        made["slicing"] = {k: v for k, v in element["slicing"].items() if k in ("discriminator", "rules", "ordered")}
    return made


def of_type(one: dict[str, Any]) -> dict[str, Any]:
    """A type that an element may have: its code, profiles and targets."""
    made = {"code": one["code"].rpartition("/")[2]}
    for extension in one.get("extension", []):
        if extension["url"] == _FHIR_TYPE:
            made["code"] = extension.get("valueUrl") or extension.get("valueUri")
        elif extension["url"] == _REGEX:
            made["regex"] = extension["valueString"]
    return made | {k: one[k] for k in ("profile", "targetProfile", "aggregation") if one.get(k)}


def binding(one: dict[str, Any]) -> dict[str, Any]:
    """A binding that is checked: one that is required, extensible, or limited by a widest value set."""
    made: dict[str, Any] = {k: one[k] for k in ("strength", "valueSet") if k in one}
    for extension in one.get("extension", []):
        if extension["url"] == _MAX_VALUE_SET:
            made["max"] = extension.get("valueCanonical") or extension.get("valueUri")
    return made if "valueSet" in made and (made["strength"] in ("required", "extensible") or "max" in made) else {}


def invariants(element: dict[str, Any]) -> list[dict[str, str]]:
    """The invariants of an element that FHIRPath can say."""
    wanted = ("key", "severity", "human", "expression")
    return [{k: c[k] for k in wanted if k in c} for c in element.get("constraint", []) if "expression" in c]


def code_system(one: dict[str, Any]) -> dict[str, Any]:
    """The row of a CodeSystem. A concept is a list of code, display, and the concepts below it if there are any."""
    made = {k: one[k] for k in ("version", "content", "caseSensitive", "supplements") if k in one}
    return made | ({"concept": [_concept(c) for c in one["concept"]]} if one.get("concept") else {})


def _concept(one: dict[str, Any]) -> list[Any]:
    below = [_concept(c) for c in one.get("concept", [])]
    return [one["code"], one.get("display"), *([below] if below else [])]


def value_set(one: dict[str, Any]) -> dict[str, Any]:
    """The row of a ValueSet: what it includes and excludes."""
    made: dict[str, Any] = {k: one[k] for k in ("version",) if k in one}
    for side in ("include", "exclude"):
        if rules := [_rule(r) for r in one.get("compose", {}).get(side, [])]:
            made[side] = rules
    return made


def _rule(one: dict[str, Any]) -> dict[str, Any]:
    made = {k: one[k] for k in ("system", "version", "valueSet", "filter") if k in one}
    return made | ({"concept": [c["code"] for c in one["concept"]]} if one.get("concept") else {})
