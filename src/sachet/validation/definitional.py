"""What the specification says in words of resources that define something: code systems, profiles, questionnaires."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sachet.validation.element import Held, Resource
from sachet.validation.primitives import shown

if TYPE_CHECKING:
    from sachet.validation.walk import Walk

_CODED = frozenset(
    """CodeableConcept CodeableReference Coding Quantity Age Count Distance Duration Money SimpleQuantity code string
    uri url canonical id markdown""".split()
)


def check(walk: Walk, resource: Resource) -> None:
    """A resource that defines something."""
    rule = _RULES.get(resource.held.shape.name)
    if rule is not None:
        rule(walk, resource.held)


def _code_system(walk: Walk, system: Held) -> None:
    supplement, base = system.value.get("content") == "supplement", system.value.get("supplements")
    if supplement != (base is not None):
        what = (
            "no code system that it is a supplement of" if supplement else 'a supplement has the content "supplement"'
        )
        walk.issues.add("FHIR120", system.where, what)
    types = {p.value.get("code"): p.value.get("type") for p in _objects(system, "property")}
    concepts = list(_concepts(system))
    count = system.value.get("count")
    if system.value.get("content") == "complete" and isinstance(count, int) and concepts and count != len(concepts):
        walk.issues.add("FHIR120", system.where, f"its count is {count}, but it has {len(concepts)} concepts")
    if system.value.get("content") == "not-present" and concepts:
        walk.issues.add("FHIR120", system.where, "it has concepts, and says that they are not present")
    seen: set[str] = set()
    for concept in concepts:
        if isinstance(code := concept.value.get("code"), str):
            if code in seen:
                walk.issues.add("FHIR120", (concept.where, "code", None), f"another concept has the code {shown(code)}")
            seen.add(code)
        for one in _objects(concept, "property"):
            wanted = types.get(one.value.get("code")) if isinstance(one.value.get("code"), str) else None
            key = next((key for key in one.value if key.startswith("value")), None)
            if isinstance(wanted, str) and key and key.lower() != f"value{wanted}".lower():
                walk.issues.add("FHIR120", one.where, f"the property {one.value['code']!r} has values of type {wanted}")


def _concepts(held: Held) -> Iterator[Held]:
    for concept in _objects(held, "concept"):
        yield concept
        yield from _concepts(concept)


def _value_set(walk: Walk, value_set: Held) -> None:
    for compose in _objects(value_set, "compose"):
        for side in ("include", "exclude"):
            for rule in _objects(compose, side):
                system = rule.value.get("system")
                if not isinstance(system, str):
                    continue
                where = (rule.where, "system", None)
                if not system.startswith(("http:", "https:", "urn:")):
                    walk.issues.add("FHIR150", where, f"{shown(system)} is no whole url")
                elif walk.definitions.kind_of(system) == "ValueSet":
                    walk.issues.add("FHIR150", where, f"{system} is a ValueSet: name it in valueSet")


def _structure_definition(walk: Walk, definition: Held) -> None:
    url, kind, derivation = (definition.value.get(key) for key in ("url", "type", "derivation"))
    if "baseDefinition" in definition.value and derivation is None:
        walk.issues.add("FHIR120", definition.where, "what is based on another definition needs a derivation")
    own = f"http://hl7.org/fhir/StructureDefinition/{kind}"
    if isinstance(kind, str) and url != own and derivation != "constraint" and walk.definitions.is_type(own):
        where = (definition.where, "type", None)
        walk.issues.add("FHIR120", where, f"{kind} is a type of FHIR: a definition of its own constrains it")
    if "context" in definition.value and kind != "Extension":
        walk.issues.add("FHIR120", definition.where, "only an extension has a context")
    for view in ("differential", "snapshot"):
        for elements in _objects(definition, view):
            for element in _objects(elements, "element"):
                types = [t.value.get("code") for t in _objects(element, "type")]
                if "binding" in element.value and types and not _CODED & set(map(str, types)):
                    walk.issues.add("FHIR120", element.where, f"a binding is for coded types, not for {types[0]}")


def _search_parameter(walk: Walk, parameter: Held) -> None:
    components = parameter.value.get("component")
    if parameter.value.get("type") == "composite" and (not isinstance(components, list) or len(components) < 2):
        walk.issues.add("FHIR120", parameter.where, "a composite parameter needs two components or more")


def _concept_map(walk: Walk, concept_map: Held) -> None:
    for group in _objects(concept_map, "group"):
        source, target = (_canonical(group.value.get(key)) for key in ("source", "target"))
        for element in _objects(group, "element"):
            _check_code(walk, source, element)
            for one in _objects(element, "target"):
                _check_code(walk, target, one)


def _check_code(walk: Walk, system: str | None, held: Held) -> None:
    code = held.value.get("code")
    if system and isinstance(code, str) and walk.definitions.codes.has(system, code) is False:
        walk.issues.add("FHIR142", (held.where, "code", None), f"{shown(code)} is no code of {system}")


def _canonical(value: Any) -> str | None:
    return value.partition("|")[0] if isinstance(value, str) else None


def _questionnaire(walk: Walk, questionnaire: Held) -> None:
    items = list(_items(questionnaire))
    links = {item.value.get("linkId") for item in items if isinstance(item.value.get("linkId"), str)}
    for item in items:
        for condition in _objects(item, "enableWhen"):
            question = condition.value.get("question")
            if isinstance(question, str) and (question not in links or question == item.value.get("linkId")):
                why = "it depends on itself" if question in links else f"no item has the linkId {shown(question)}"
                walk.issues.add("FHIR152", (condition.where, "question", None), why)


def _items(held: Held) -> Iterator[Held]:
    for item in _objects(held, "item"):
        yield item
        yield from _items(item)


def _objects(held: Held, name: str) -> Iterator[Held]:
    """The elements of a name that are the objects they should be."""
    return (one for one in held.children(name) if isinstance(one.value, dict))


_RULES: Mapping[str, Callable[[Walk, Held], None]] = {
    "CodeSystem": _code_system,
    "ValueSet": _value_set,
    "StructureDefinition": _structure_definition,
    "ConceptMap": _concept_map,
    "SearchParameter": _search_parameter,
    "Questionnaire": _questionnaire,
}
