"""Checks over documents. A check is one function; `CHECKS` is the one table that they stand in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from sachet.checks import icd10, links, schema, structure
from sachet.finding import Finding
from sachet.guideline.model import Guideline

Check = Callable[[Guideline, Collection[str]], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    schema.unknown_keys,
    schema.required_keys,
    schema.kinds_and_values,
    structure.headings,
    icd10.codes_exist,
    icd10.codes_billable,
    icd10.roles_known,
    links.conditions_exist,
    links.links_lead_somewhere,
)


def check(guideline: Guideline, plans: Collection[str]) -> tuple[Finding, ...]:
    """Every finding of every check on a document; `plans` are the ids of all documents that it may point to."""
    return tuple(f for one in CHECKS for f in one(guideline, plans))
