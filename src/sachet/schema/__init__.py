"""The schema of documents (OpenEM 2.0): its front-matter keys and sections, as tables that anyone can read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def keys() -> Mapping[str, Mapping[str, Any]]:
    """The keys of the front matter: `kind`, and where it applies `required` and `values`."""
    return _table("keys")


@cache
def sections() -> Mapping[str, Mapping[str, Any]]:
    """The sections by name: `headings` that mean it, and `orders` where its lines may be instructions."""
    return {section["name"]: section for section in _table("sections")["section"]}


@cache
def source_types() -> frozenset[str]:
    """What kinds of publication a source may be."""
    return frozenset(_table("source_types")["values"])


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__name__) / f"{name}.toml").read_text("utf-8"))
