"""sachet's own StructureDefinitions and CodeSystems, which `profiles/` holds as YAML in R5's shape."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sachet.fhir.element import Element
from sachet.fhir.text import html, narrative


@cache
def definitions() -> Mapping[str, Element]:
    """Every definition by its canonical url, in the order of their files."""
    found = (
        _element(yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)) for path in sorted(_folder().glob("*.yaml"))
    )
    return {d["url"]: d for d in found}


def _folder() -> Path:
    """`profiles/` inside the installed package, or beside `src/` in a checkout."""
    here = Path(__file__).resolve()
    installed = here.parents[1] / "profiles"
    return installed if installed.is_dir() else here.parents[3] / "profiles"


def _element(definition: dict[str, Any]) -> Element:
    words = f"<p><b>{html(definition['title'])}</b></p><p>{html(definition['description'])}</p>"
    first = {"resourceType": definition.pop("resourceType"), "id": definition.pop("id")}
    return Element((), **first, text=narrative(words), **{key: _nested(value) for key, value in definition.items()})


def _nested(value: Any) -> Any:
    """Mappings as Elements, all the way down."""
    if isinstance(value, dict):
        return Element((), **{key: _nested(child) for key, child in value.items()})
    return [_nested(child) for child in value] if isinstance(value, list) else value
