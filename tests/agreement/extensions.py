"""Extensions that HL7's definitions have, with right values."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from sachet.fhir.shapes import Binding
from sachet.fhir.tables import table

if TYPE_CHECKING:
    from agreement.valid import Maker

Row = Mapping[str, Any]


@cache
def definitions_for(release: str, name: str) -> tuple[Row, ...]:
    """The definitions of extensions, no modifiers, that may stand in an element of a type or path."""
    return tuple(row for row in definitions(release) if name in _contexts(row) and not is_modifier(row))


@cache
def definitions(release: str) -> tuple[Row, ...]:
    """The definitions of all extensions of a release."""
    rows = table(release, "profiles")
    urls = rows.keys()
    found = (rows.get(url) for url in urls)
    return tuple(row for row in found if row and row["type"] == "Extension" and not row.get("contextInvariant"))


def _contexts(row: Row) -> set[str]:
    return {c["expression"] for c in row.get("context", ()) if c["type"] == "element"}


def is_modifier(row: Row) -> bool:
    """Whether an extension has to stand in modifierExtension."""
    return any(e.get("isModifier") for e in row["elements"] if e["path"] == "Extension")


def known_extension(maker: Maker, name: str) -> dict[str, Any] | None:
    """An extension that may stand in an element of a type; None where there is none."""
    found = definitions_for(maker.release, name)
    return instance(maker, maker.random.choice(found)) if found else None


def instance(maker: Maker, row: Row) -> dict[str, Any]:
    """An extension of a definition."""
    return {"url": row["url"]} | _content(maker, row, "Extension")


def parts(row: Row) -> list[tuple[str, str, int]]:
    """The parts of a complex extension: id of the element, url, and how many there have to be."""
    by_id = {e.get("id", ""): e for e in row["elements"]}
    return [
        (i, by_id[f"{i}.url"]["fixedUri"], e.get("min", 0))
        for i, e in by_id.items()
        if i.startswith("Extension.extension:") and i.count(".") == 1 and "fixedUri" in by_id.get(f"{i}.url", {})
    ]


def _content(maker: Maker, row: Row, within: str) -> dict[str, Any]:
    inner = parts(row) if within == "Extension" else []
    if inner:
        wanted = [p for p in inner if p[2] > 0 or maker.chance(0.5)] or inner[:1]
        return {"extension": [{"url": url} | _content(maker, row, i) for i, url, _ in wanted]}
    value = next((e for e in row["elements"] if str(e.get("id", "")).startswith(f"{within}.value[x]")), {})
    allowed = value.get("types") or [{"code": "string"}]
    kind = maker.random.choice(allowed)
    code = kind["code"]
    key = f"value{code[0].upper()}{code[1:]}"
    bound = value.get("binding")
    binding = Binding(bound["strength"], bound["valueSet"], bound.get("max")) if bound else None
    if "valueSet" in (bound or {}) and code in ("code", "Coding", "CodeableConcept"):
        return {key: maker.coded(code, binding)}
    if code == "Reference":
        return {key: maker.reference(kind.get("targetProfile", ()))}
    slot = maker.shapes["Extension"].slots.get(key)
    return {key: maker.value(slot)} if slot else {}
