"""References and canonicals: what they lead to, and whether they may (https://hl7.org/fhir/references.html)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sachet.fhir.shapes import Shape, Slot
from sachet.finding import Severity
from sachet.validation.element import Held, Resource
from sachet.validation.issue import Where

if TYPE_CHECKING:
    from sachet.validation.walk import Walk

_CORE = "http://hl7.org/fhir/StructureDefinition/"
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_LOCAL = re.compile(r"([A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/([A-Za-z0-9.-]{1,64}))?$")
# Conformance resources name others without a version as a rule; who runs content cannot leave it to chance.
_CONTENT = frozenset(
    """ActivityDefinition CarePlan GuidanceResponse Library Measure PlanDefinition Questionnaire QuestionnaireResponse
    RequestGroup RequestOrchestration ServiceRequest Task""".split()
)


def resolve(reference: object, within: Resource) -> Held | None:
    """The resource that a reference leads to; None where it is not at hand."""
    if not isinstance(reference, str):
        return None
    root = within.root
    if reference == "#":
        return root.held if within is not root else None
    if reference.startswith("#"):
        return root.contained.get(reference[1:])
    group = root.group
    while group is not None and group.held.shape.name != "Bundle":
        group = group.root.group
    if group is None:
        return None
    full_url = within.full_url
    if not _ABSOLUTE.match(reference):
        if full_url is None:
            return None
        reference = _beside(full_url, reference)
    found = group.entries.get(reference.partition("/_history/")[0], ())
    return found[0][1] if found else None


def _beside(full_url: str, reference: str) -> str:
    """What a relative reference means in an entry: the same base, or for a URN the id alone."""
    if full_url.startswith("urn:"):
        return full_url.rpartition(":")[0] + ":" + reference.partition("/")[2].partition("/")[0]
    return "/".join(full_url.split("/")[:-2]) + "/" + reference


def check_reference(walk: Walk, held: Held, slot: Slot, within: Resource) -> None:
    """A Reference: its form, and the type of what it leads to."""
    reference, where = held.value.get("reference"), held.where
    if not isinstance(reference, str) or not reference:
        return
    if re.search(r"\s", reference, re.ASCII):
        walk.issues.add("FHIR150", where, f"{reference!r} is no reference: it has white space")
        return
    kind, _, query = reference.partition("?")
    if query and walk.definitions.shapes.resource(kind) is not None:
        if "=" not in query:
            walk.issues.add("FHIR150", where, f"{reference!r} is no search: write {kind}?NAME=VALUE")
        return
    if reference == "#" and within is within.root:
        walk.issues.add("FHIR152", where, "# alone is the resource that contains this one, and none does")
        return
    _check_in_bundle(walk, reference, where, within)
    target = resolve(reference, within)
    said = held.value.get("type")
    actual = target.shape.name if target else _type_in(walk, reference)
    types = {t for url in slot.targets if (t := walk.definitions.type_of(url))}
    anything = not types or "Resource" in types
    if isinstance(said, str) and said:
        name = said.removeprefix(_CORE)
        if not anything and name not in types:
            walk.issues.add("FHIR150", where, f"its type is {said}: it may lead to {_listed(types)}")
        if actual is not None and actual != said:
            walk.issues.add("FHIR150", where, f"its type is {said}, but it leads to a {actual}")
    if anything or actual is None or actual in types:
        return
    severity = None if target else Severity.WARNING  # nobody has seen what it leads to
    walk.issues.add("FHIR150", where, f"it leads to a {actual}: it may lead to {_listed(types)}", severity)


def wrong_target(walk: Walk, held: Held, targets: Sequence[str], within: Resource) -> str | None:
    """What is wrong with where a Reference or canonical leads, by the profiles that it may lead to."""
    reference = held.value.get("reference") if isinstance(held.value, dict) else held.value
    target = resolve(reference, within)
    types = {url: walk.definitions.type_of(url) for url in targets}
    if target is None or "Resource" in types.values():
        return None
    name = target.shape.name
    fitting = [url for url, kind in types.items() if kind == name]
    if not fitting:
        return f"it leads to a {name}: it may lead to {_listed({t for t in types.values() if t})}"
    profiles = [url for url in fitting if not url.startswith(_CORE)]
    if profiles and not any(walk.conformance(within).keeps(target, url) for url in fitting):
        return f"what it leads to keeps none of {', '.join(profiles)}"
    return None


def _check_in_bundle(walk: Walk, reference: str, where: Where, within: Resource) -> None:
    """What a Bundle asks of the references in its entries."""
    root = within.root
    if root.group is None or root.group.held.shape.name != "Bundle" or reference.startswith("#"):
        return
    kind = root.group.value.get("type")
    full_url = within.full_url
    if full_url is None:
        if kind not in ("batch-response", "transaction-response"):
            walk.issues.add("FHIR160", where, "the entry has no fullUrl, so nobody knows what its references mean")
        return
    if _ABSOLUTE.match(reference):
        found = root.group.entries.get(reference.partition("/_history/")[0], [])
        if len(found) > 1:
            walk.issues.add("FHIR160", where, f"{len(found)} entries have the fullUrl {reference}")
        elif not found and reference.startswith("urn:"):
            walk.issues.add("FHIR152", where, f"no entry has the fullUrl {reference}", Severity.WARNING)
        return
    if reference.count("/") not in (1, 3):
        walk.issues.add("FHIR150", where, f"{reference!r} is no reference: write TYPE/ID")
    elif full_url.startswith("urn:"):
        target = resolve(reference, within)
        if target is not None and target.shape.name != reference.partition("/")[0]:
            walk.issues.add("FHIR150", where, f"{reference} leads to a {target.shape.name}")


def _type_in(walk: Walk, reference: str) -> str | None:
    """The type that a RESTful reference names."""
    found = _LOCAL.search(reference[-300:])  # more is no id, and would take long
    shape = walk.definitions.shapes.resource(found[1]) if found else None
    return shape.name if shape else None


def _listed(types: set[str]) -> str:
    return " or ".join(sorted(types))


def check_canonical(walk: Walk, held: Held, slot: Slot, within: Resource) -> None:
    """A canonical: a url, with a version where content is run by it."""
    value, where = held.value, held.where
    types = {t for target in slot.targets if (t := walk.definitions.type_of(target))}
    if value.startswith("#"):
        within.root.links.append((where, value[1:]))
        inside = within.root.contained.get(value[1:])
        _check_kind(walk, value, inside.shape.name if inside else None, types, where)
        return
    if not _ABSOLUTE.match(value):
        walk.issues.add("FHIR150", where, f"{value!r} is no canonical: write a whole url, or # and an id")
        return
    url, _, version = value.partition("|")
    url = url.partition("#")[0]
    _check_kind(walk, value, walk.definitions.kind_of(value) if types else None, types, where)
    versions = walk.known.versions(url)
    if version and versions and version.partition("#")[0] not in versions:
        here = ", ".join(sorted(versions)) or "none"
        walk.issues.add("FHIR153", where, f"{value}: the version here is {here}")
    elif not versions and walk.known.is_own(url):
        walk.issues.add("FHIR153", where, f"{value} leads nowhere: no resource here has this url")
    if not version and within.held.shape.name in _CONTENT and slot.name not in ("profile", "valueSet"):
        walk.issues.add("FHIR154", where, f"{value}: add |VERSION, or a server chooses one")


def _check_kind(walk: Walk, canonical: str, kind: str | None, types: set[str], where: Where) -> None:
    """The type of what a canonical leads to, where that is at hand."""
    if kind is not None and types and not types & {kind, "Resource", "CanonicalResource", "MetadataResource"}:
        walk.issues.add("FHIR150", where, f"{canonical} is a {kind}: it may be a {_listed(types)}")


def check_uri(walk: Walk, held: Held, slot: Slot, within: Resource) -> None:
    """A uri: the url of a resource is a whole one."""
    value = held.value
    above = walk.frames[-1].shape
    if value.startswith("#"):
        if above.name != "Extension" or slot.name != "url":
            within.root.links.append((held.where, value[1:]))
    elif slot.name == "url" and _is_definitional(above) and not _ABSOLUTE.match(value):
        walk.issues.add("FHIR150", held.where, f"{value!r} is no url of a resource: write a whole one")


def _is_definitional(shape: Shape) -> bool:
    """Whether a type is of resources that others name by a canonical."""
    version = shape.slots.get("version")
    return shape.kind == "resource" and version is not None and version.type == "string" and "status" in shape.slots


def check_resource(walk: Walk, resource: Resource) -> None:
    """What concerns the resource as a whole: what it contains, its links, and its id beside its url."""
    _check_contained(walk, resource)
    if resource.links and resource is resource.root:
        ids = _ids(resource.held)
        for where, wanted in resource.links:
            if wanted not in ids:
                walk.issues.add("FHIR152", where, f"nothing in this resource has the id {wanted!r}")
    identifier, url = resource.value.get("id"), resource.value.get("url")
    shape = resource.held.shape
    if isinstance(identifier, str) and isinstance(url, str) and _is_definitional(shape):
        tail = re.search(rf"/{shape.name}/([A-Za-z0-9.-]+)$", url)
        if tail and tail[1] != identifier:
            walk.issues.add("FHIR155", resource.held.where, f"its id is {identifier}, its url ends in {tail[1]}")
    labels: set[tuple[object, object]] = set()
    for meta in resource.held.children("meta"):
        for label in meta.children("security"):
            if isinstance(label.value, dict):
                named = (str(label.value.get("system")), str(label.value.get("code")))
                if named in labels:
                    walk.issues.add("FHIR110", label.where, f"the security label {named[1]} stands twice")
                labels.add(named)


def _check_contained(walk: Walk, resource: Resource) -> None:
    """What is contained has an id of its own, and is there for something: the resource leads to it, or it to that."""
    seen: set[str] = set()
    unused = _unused(resource)
    for held in resource.held.children("contained"):
        if not isinstance(held.value, dict):
            continue
        identifier = held.value.get("id")
        if not isinstance(identifier, str):
            walk.issues.add("FHIR151", held.where, "a contained resource needs an id, so that it can be referred to")
        elif identifier in seen:
            walk.issues.add("FHIR151", held.where, f"another contained resource has the id {identifier!r}")
        elif identifier in unused:
            walk.issues.add("FHIR151", held.where, f"nothing in this resource leads to {identifier!r} (dom-3)")
        if isinstance(identifier, str):
            seen.add(identifier)


def _unused(resource: Resource) -> set[str]:
    """The ids of contained resources that neither the resource nor one that it uses leads to."""
    if "contained" not in resource.value:
        return set()
    leads = {name: _local(held.value) for name, held in resource.contained.items()}
    used = {name for name, links in leads.items() if "" in links}
    todo = _local({key: value for key, value in resource.value.items() if key != "contained"})
    while todo:
        name = todo.pop()
        if name in leads and name not in used:
            used.add(name)
            todo |= leads[name]
    return set(leads) - used


def _local(value: object) -> set[str]:
    """The ids that the local references below a value lead to; "" for the containing resource."""
    found: set[str] = set()
    todo: list[object] = [value]
    while todo:
        at = todo.pop()
        if isinstance(at, str) and at.startswith("#"):
            found.add(at[1:])
        elif isinstance(at, Mapping):
            todo += at.values()
        elif isinstance(at, list):
            todo += at
    return found


def _ids(held: Held) -> set[str]:
    """Every id in a resource, those in its narratives and in what it contains too."""
    from sachet.validation import narrative

    found: set[str] = set()
    todo: list[object] = [held.value]
    while todo:
        at = todo.pop()
        if isinstance(at, Mapping):
            if isinstance(identifier := at.get("id"), str):
                found.add(identifier)
            if isinstance(div := at.get("div"), str):
                found |= narrative.read(div).ids
            todo += at.values()
        elif isinstance(at, list):
            todo += at
    return found
