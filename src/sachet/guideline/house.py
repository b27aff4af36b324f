"""A house's own keys and headings, read as those of the schema where its settings say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from sachet import schema
from sachet.document.front_matter import Entry, Fields, Sequence, Value
from sachet.finding import Findings
from sachet.project import Project


def in_schema(fields: Fields, project: Project, findings: Findings) -> Fields:
    """Front matter with the schema's keys in place of the house's own; every span stays where it was."""
    return _renamed(fields, "", project.front_matter, findings) if project.front_matter else fields


def _renamed(fields: Fields, path: str, keys: Mapping[str, str], findings: Findings) -> Fields:
    entries: list[Entry] = []
    taken = {e.key for e in fields}
    for entry in fields:
        own = f"{path}{entry.key}"
        key = keys[own].rpartition(".")[2] if own in keys else entry.key
        if key != entry.key and key in taken:
            message = f"{entry.key!r} means {key!r} in this project, which is here too; only {key!r} is read as such"
            findings.warning("SCH115", entry.key_span, message)
            key = entry.key
        taken.add(key)
        entries.append(replace(entry, key=key, value=_below(entry.value, f"{own}.", keys, findings)))
    return replace(fields, entries=tuple(entries))


def _below(value: Value, path: str, keys: Mapping[str, str], findings: Findings) -> Value:
    if isinstance(value, Fields):
        return _renamed(value, path, keys, findings)
    if isinstance(value, Sequence):
        return replace(value, items=tuple(_below(v, path, keys, findings) for v in value.items))
    return value


def section_name(heading: str, project: Project) -> str | None:
    """The schema's name of a section; None for a heading that neither the schema nor the project knows."""
    words = _folded(heading)
    own = next((meant for known, meant in project.sections.items() if _folded(known) == words), None)
    return own or _schema_headings().get(words)


@cache
def _schema_headings() -> Mapping[str, str]:
    return {heading: name for name, section in schema.sections().items() for heading in section["headings"]}


def _folded(heading: str) -> str:
    return " ".join(heading.lower().rstrip(" :").split())
