"""The clinical model as JSON: what `sachet extract` prints. The format is stable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sachet.guideline.contraindication import contraindications
from sachet.guideline.disposition import level_of
from sachet.guideline.instruction import workup_kind
from sachet.guideline.medication import medications
from sachet.guideline.model import Guideline, Item, Kind, Reference, Section
from sachet.guideline.target import read_deadline
from sachet.guideline.title import step_prefix


def extract(guideline: Guideline) -> dict[str, Any]:
    """One JSON object for a document; lines are 1-based lines of its file."""
    return {
        "id": guideline.id,
        "critical_actions": list(_critical_actions(guideline)),
        "medications": [m.as_json() for m in medications(guideline)],
        "contraindications": [w.as_json() for w in contraindications(guideline)],
        "workup": list(_workup(guideline)),
        "dispositions": list(_dispositions(guideline)),
        "pitfalls": [{"line": i.span.line} for i in _pitfalls(guideline)],
        "citations": [_citation(r) for r in guideline.references],
    }


def _critical_actions(guideline: Guideline) -> Iterator[dict[str, Any]]:
    section = guideline.section("Critical Actions")
    if section is None:
        return
    for row in section.walk():
        if row.kind is Kind.TARGET:
            yield _action(row, "table")
    listed = list(section.top_level())
    ordered = [i for i in listed if i.ordered]
    for item in ordered or listed:
        yield _action(item, "list" if item.ordered else "bullet")


def _action(item: Item, origin: str) -> dict[str, Any]:
    inline = None
    if item.words and origin != "table":
        lead = item.words[0].lead or step_prefix(item.plain)[1].split(" — ")[0].split(". ")[0]
        inline = read_deadline(lead.rstrip(" :"))
    return {
        "line": item.span.line,
        "origin": origin,
        "target": item.target.as_json() if item.target else None,
        "inline_target": inline.as_json() if inline else None,
    }


def _grouped(section: Section) -> Iterator[tuple[str, Item]]:
    """Each top-level list item with the words of the heading or label nearest to it."""

    def visit(items: tuple[Item, ...], group: str) -> Iterator[tuple[str, Item]]:
        for item in items:
            if item.kind is Kind.ITEM:
                yield group, item
            else:
                yield from visit(item.children, item.plain)

    return visit(section.items, "")


def _workup(guideline: Guideline) -> Iterator[dict[str, Any]]:
    if section := guideline.section("Workup"):
        for group, item in _grouped(section):
            yield {"line": item.span.line, "kind": workup_kind(group, item.plain)}


def _dispositions(guideline: Guideline) -> Iterator[dict[str, Any]]:
    if section := guideline.section("Disposition"):
        for group, item in _grouped(section):
            label = item.words[0].lead if item.words else ""
            yield {"line": item.span.line, "level": level_of(label, group, item.plain[len(label) :])}


def _pitfalls(guideline: Guideline) -> Iterator[Item]:
    if section := guideline.section("Pitfalls"):
        yield from (i for i in section.top_level() if i.ordered and i.words and i.words[0].lead)


def _citation(reference: Reference) -> dict[str, Any]:
    return {
        "pmid": reference.pmid.words if reference.pmid else None,
        "doi": reference.doi.words if reference.doi else None,
        "url": reference.url.words if reference.url else None,
        "year": reference.year,
        "journal": reference.journal,
        "type": reference.type,
    }
