"""Coded values: bindings, codes that their systems have, units, and what an Attachment says of its data."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sachet.fhir.fhirpath import Node
from sachet.fhir.shapes import Binding, Slot
from sachet.finding import Severity
from sachet.terminology import icd10cm, ucum
from sachet.validation.codes import Codes
from sachet.validation.element import Held, Resource
from sachet.validation.issue import Issues, Where
from sachet.validation.primitives import shown

if TYPE_CHECKING:
    from sachet.validation.walk import Walk


def check_binding(codes: Codes, value: Any, kind: str, binding: Binding, where: Where, issues: Issues) -> None:
    """A coded value against the value set that it is bound to, and the widest one that it may be of."""
    if binding.strength in ("required", "extensible"):
        _check_in(codes, value, kind, binding.value_set, binding.strength == "required", where, issues)
    if binding.widest:
        _check_in(codes, value, kind, binding.widest, True, where, issues, widest=True)


def _check_in(
    codes: Codes,
    value: Any,
    kind: str,
    canonical: str,
    required: bool,
    where: Where,
    issues: Issues,
    widest: bool = False,
) -> None:
    code = "FHIR140" if required else "FHIR141"
    found = list(codings(value, kind))
    held = [codes.in_value_set(canonical, system, one) for system, one in found]
    if not found and required and not widest and kind in ("CodeableConcept", "Coding"):
        if not codes.knows_value_set(canonical):
            return
        issues.add(code, where, f"no code, and one of {canonical} has to be")
    elif held and all(h is False for h in held):
        issues.add(code, where, f"{', '.join(shown(one) for _, one in found)} is not in {canonical}")
    elif held and True not in held and required:
        issues.add("FHIR144", where, f"{canonical} cannot be expanded here, so the code was not checked")


def member_of(codes: Codes, node: Node, canonical: str) -> bool | None:
    """FHIRPath's memberOf: whether a coded value has a code of a value set; None where that cannot be known."""
    held = {codes.in_value_set(canonical, system, code) for system, code in codings(node[0], node[1].name)}
    return True if True in held else None if None in held else False


def codings(value: Any, kind: str) -> Iterator[tuple[str | None, str]]:
    """The system and code of each coding in a coded value; no system where the type has none."""
    match kind:
        case "CodeableConcept":
            found = value.get("coding")
            candidates = [c for c in found if isinstance(c, dict)] if isinstance(found, list) else []
        case "CodeableReference":
            concept = value.get("concept")
            if isinstance(concept, dict):
                yield from codings(concept, "CodeableConcept")
            return
        case _ if isinstance(value, dict):
            candidates = [value]
        case _:
            if value is not None:
                yield None, str(value)
            return
    for coding in candidates:
        if isinstance(code := coding.get("code"), str):
            system = coding.get("system")
            yield system if isinstance(system, str) else "", code


def check_coding(walk: Walk, held: Held, slot: Slot, within: Resource) -> None:
    """A Coding: its system has its code, and calls it so."""
    system, code, display = (held.value.get(key) for key in ("system", "code", "display"))
    codes, where = walk.definitions.codes, held.where
    in_concept = walk.frames[-1].shape.name == "CodeableConcept"  # where HL7's engine asks for less, and for a code
    if not isinstance(system, str) or not system.strip("\t\r\n"):
        return
    if not _is_whole(system):
        walk.issues.add("FHIR150", where, _partial(system), Severity.WARNING if in_concept or code is None else None)
        return
    if codes.knows_value_set(system) and not codes.knows_system(system):
        what = f"{system} is a ValueSet: a system is a CodeSystem"
        walk.issues.add("FHIR150", where, what, Severity.WARNING if in_concept else None)
        return
    if not isinstance(code, str):
        if code is None and in_concept and codes.code_system(system) is not None:
            walk.issues.add("FHIR142", where, f"no code of {system}")
        return
    if codes.has(system, code) is False:
        near = icd10cm.near(code) if system == icd10cm.SYSTEM else None
        hint = f"; did you mean {near}?" if near else ""
        severity = Severity.WARNING if system.startswith("urn:ietf:") else None  # a form, not a list
        walk.issues.add("FHIR142", where, f"{shown(code)} is no code of {system}{hint}", severity)
        return
    if not codes.knows_system(system):
        walk.issues.add("FHIR144", where, f"the code system {system} is not known here, so the code was not checked")
    if system == icd10cm.SYSTEM and (found := icd10cm.look_up(code)) is not None and not found.billable:
        walk.issues.add("FHIR145", where, f"{code} is a category, not billable: choose a code below it")
    right = codes.display(system, code)
    if right and isinstance(display, str) and not _same_words(display, right):
        walk.issues.add("FHIR143", where, f"{code} is called {right!r}, not {display!r}")


def check_identifier(walk: Walk, held: Held, slot: Slot, within: Resource) -> None:
    """An Identifier: its system is a whole url, and so is its value where it says that it is one."""
    system, value = held.value.get("system"), held.value.get("value")
    if not isinstance(system, str):
        return
    if not _is_whole(system, "ldap:"):
        walk.issues.add("FHIR150", held.where, _partial(system))
    if system == "urn:ietf:rfc:3986" and isinstance(value, str) and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", value):
        walk.issues.add("FHIR150", held.where, f"{shown(value)} is no url, as its system says")


def _is_whole(system: str, *more: str) -> bool:
    """Whether a system is a whole url."""
    return system.startswith(("http:", "https:", "urn:", *more))


def _partial(system: str) -> str:
    return f"the system {shown(system)} is no whole url: it begins with http:, https: or urn:"


def _same_words(one: str, other: str) -> bool:
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())


def check_quantity(walk: Walk, held: Held, slot: Slot, within: Resource) -> None:
    """A Quantity: a unit that UCUM has, where it says that its unit is UCUM's."""
    system, code = held.value.get("system"), held.value.get("code")
    if isinstance(system, str) and not _is_whole(system):
        walk.issues.add("FHIR150", held.where, _partial(system))
    elif isinstance(system, str) and system != ucum.SYSTEM and walk.definitions.codes.knows_value_set(system):
        walk.issues.add("FHIR150", held.where, f"{system} is a ValueSet: a system is a CodeSystem")
    if system == ucum.SYSTEM and isinstance(code, str) and walk.definitions.codes.has(system, code) is False:
        walk.issues.add("FHIR142", held.where, f"{shown(code)} is no unit of UCUM{_unit_hint(code)}")


def _unit_hint(code: str) -> str:
    right = _USUAL.get(code)
    return f": write {right}" if right else ""


# What is often written for a unit of UCUM.
_USUAL = {
    "mcg": "ug",
    "IU": "[iU]",
    "iu": "[iU]",
    "mmHg": "mm[Hg]",
    "mEq": "meq",
    "cc": "mL",
    "degC": "Cel",
    "hr": "h",
    "hrs": "h",
    "sec": "s",
    "puff": "{puff}",
    "tablet": "{tbl}",
}


def check_base64(walk: Walk, held: Held, slot: Slot, within: Resource) -> None:
    """Base64 in lines: R5 says that there may be none."""
    if held.value != "".join(held.value.split()):
        severity = None if walk.definitions.release == "r5" else Severity.WARNING
        walk.issues.add("FHIR108", held.where, "white space in base64: leave it out", severity)


def _decoded(text: str) -> bytes | None:
    """What base64 stands for; None where it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


def check_attachment(walk: Walk, held: Held, slot: Slot, within: Resource) -> None:
    """An Attachment: its size and SHA-1 are those of its data."""
    data, size, digest = (held.value.get(key) for key in ("data", "size", "hash"))
    for name in ("data", "hash"):
        if isinstance(text := held.value.get(name), str) and _decoded(text) is None:
            what = f"its {name} cannot be decoded: write base64 without white space, filled up with ="
            walk.issues.add("FHIR108", (held.where, name, None), what)
    content = _decoded(data) if isinstance(data, str) else None
    if content is None:
        return
    if isinstance(size, int | str) and str(size) != str(len(content)):
        walk.issues.add("FHIR108", held.where, f"its size is {size}, but its data has {len(content)} bytes")
    right = base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode()
    if isinstance(digest, str) and digest != right:
        walk.issues.add("FHIR108", held.where, f"its hash is {digest}, but the SHA-1 of its data is {right}")
