"""Definitions of our own that cases claim: profiles, extensions, a code system and value sets, from `profiles`.

A profile is written as a list of its elements by id; beside it stands a resource that keeps it, and what is put into
that resource to break it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from agreement.texts import read
from sachet.fhir.shapes import Shape, shapes

_FOLDER = Path(__file__).parent / "profiles"
_BASE = "http://example.org/fhir"
_SHORT = {"EXT": "StructureDefinition", "SD": "StructureDefinition", "VS": "ValueSet", "CS": "CodeSystem"}
_CORE = "http://hl7.org/fhir/StructureDefinition"
_VERSIONS = {"r4": "4.0.1", "r4b": "4.3.0", "r5": "5.0.0"}

Row = dict[str, Any]


@cache
def profiles() -> tuple[Row, ...]:
    """The profiles, each with its valid resource and with what breaks it."""
    return tuple(row for name in ("patients", "observations", "others") for row in _rows(name))


def definitions(release: str) -> list[dict[str, Any]]:
    """Every definition, for a release."""
    rows = [*_rows("definitions"), *profiles()]
    return [_definition(json.loads(json.dumps(row)), release) for row in rows]


def url(name: str) -> str:
    """The canonical url of a profile."""
    return f"{_BASE}/StructureDefinition/{name}"


def _rows(name: str) -> list[Row]:
    return list(_whole(read(_FOLDER / f"{name}.yaml")))


def _whole(value: Any) -> Any:
    """Short urls written out: "VS/colours"."""
    if isinstance(value, dict):
        return {key: _whole(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    found = re.match(r"(EXT|SD|VS|CS)/", value) if isinstance(value, str) else None
    return f"{_BASE}/{_SHORT[found[1]]}/{value[found.end() :]}" if found else value


def _definition(row: Row, release: str) -> dict[str, Any]:
    if row.get("resourceType", "StructureDefinition") != "StructureDefinition":
        return row
    kind = row["type"]
    made: dict[str, Any] = {
        "resourceType": "StructureDefinition",
        "id": row["id"],
        "url": row.get("url", url(row["id"])),
    }
    made |= {"version": "1.0", "name": _name(row["id"]), "status": "active", "fhirVersion": _VERSIONS[release]}
    made |= {"kind": row.get("kind", "complex-type" if kind == "Extension" else "resource"), "abstract": False}
    made |= {key: row[key] for key in ("context", "contextInvariant") if key in row}
    made |= {"type": kind, "baseDefinition": url(row["base"]) if "base" in row else f"{_CORE}/{kind}"}
    elements = list(_elements(kind, row, release))
    made |= {"derivation": "constraint", "differential": {"element": elements}}
    if row.get("snapshot"):
        made["snapshot"] = {"element": [_based(one) for one in elements]}
    return made


def _elements(kind: str, row: Row, release: str) -> Iterator[dict[str, Any]]:
    rows = {kind: {}} | row["elements"]
    order = list(rows) if row.get("in_disorder") else sorted(rows, key=lambda i: _standing(i, list(rows), release))
    for identifier in order:
        steps = identifier.split(".")
        path = ".".join(step.partition(":")[0] for step in steps)
        named = {"sliceName": steps[-1].partition(":")[2]} if ":" in steps[-1] else {}
        yield {"id": identifier, "path": path} | named | rows[identifier]


def _standing(identifier: str, every: list[str], release: str) -> list[tuple[int, int]]:
    """Where an element stands in its type, step by step; slices as they are written."""
    kind, *steps = identifier.split(".")
    shape: Shape | None = shapes(release)[kind]
    standing: list[tuple[int, int]] = []
    above = kind
    for step in steps:
        above = f"{above}.{step}"
        name = step.partition(":")[0].removesuffix("[x]")
        slots = list(shape.slots.values()) if shape else []
        at = next((n for n, slot in enumerate(slots) if slot.name == name), 0)
        shape = slots[at].shape if slots else None
        standing.append((at, every.index(above) if ":" in step else -1))
    return standing


def _based(element: dict[str, Any]) -> dict[str, Any]:
    """An element as a snapshot has it."""
    path = element["path"]
    base = {"path": path if path.count(".") != 1 or "id" not in path else "Element.id", "min": 0, "max": "*"}
    return element | {"definition": path, "base": base}


def _name(identifier: str) -> str:
    return "".join(word.capitalize() for word in identifier.split("-"))
