"""The codes of value sets, as far as the definition tables hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from sachet.fhir.tables import table


class Code(NamedTuple):
    """A code, its system, and what its system calls it where that is known."""

    system: str
    code: str
    display: str | None


@cache
def of_system(release: str, url: str) -> tuple[Code, ...]:
    """The codes of a system that is known whole; none of one that is not."""
    row = table(release, "terminology").get(f"CodeSystem {url}")
    if row is None or row.get("content") != "complete":
        return ()
    return tuple(_listed(url, row.get("concept", ())))


def _listed(system: str, concepts: Iterable[list[Any]]) -> Iterator[Code]:
    for code, display, *below in concepts:
        yield Code(system, code, display)
        yield from _listed(system, below[0] if below else ())


@cache
def of_value_set(release: str, canonical: str) -> tuple[Code, ...]:
    """The codes of a value set; none of one that has filters, excludes, or systems that are not known."""
    row = table(release, "terminology").get(f"ValueSet {canonical.partition('|')[0]}")
    if row is None or row.get("exclude"):
        return ()
    return tuple(code for rule in row.get("include", ()) for code in _included(release, rule))


def _included(release: str, rule: dict[str, Any]) -> Sequence[Code]:
    if "filter" in rule:
        return ()
    imported = [of_value_set(release, other) for other in rule.get("valueSet", ())]
    if "system" not in rule:
        return imported[0] if len(imported) == 1 else ()
    known = {code.code: code for code in of_system(release, rule["system"])}
    if "concept" not in rule:
        return tuple(known.values())
    return tuple(known.get(code, Code(rule["system"], code, None)) for code in rule["concept"])
