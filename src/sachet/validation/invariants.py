"""Invariants: those that nearly every element has by hand, all others by their FHIRPath.

A hand-written one stands for an expression, word for word: where a release writes it otherwise, its FHIRPath is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sachet.fhir import fhirpath
from sachet.fhir.fhirpath import Environment, Node
from sachet.fhir.shapes import Invariant
from sachet.validation.errata import MEANT

Holds = Callable[[Node, Environment], bool]
Judges = Sequence[tuple[Invariant, Holds | None]]
# By the identity of a sequence of invariants, which is kept so that no other one gets it.
_JUDGES: dict[int, tuple[Sequence[Invariant], Judges]] = {}

# HL7's engine leaves these to taste ("best practice"); a resource without them is as good.
_BEST_PRACTICE = frozenset({"dom-6"})


def judges(invariants: Sequence[Invariant]) -> Judges:
    """Invariants, each with what tells whether an element keeps it; None where its FHIRPath cannot be read.

    Those that are asked elsewhere are left out.
    """
    found = _JUDGES.get(id(invariants))
    if found is None:
        asked = (i for i in invariants if i.key not in _BEST_PRACTICE and i.expression not in _ASKED_ELSEWHERE)
        found = _JUDGES[id(invariants)] = invariants, [(i, _readable(i.expression)) for i in asked]
    return found[1]


def _readable(expression: str) -> Holds | None:
    try:
        return _judge(MEANT.get(expression, expression))
    except fhirpath.FHIRPathError:
        return None


@lru_cache(None)
def _judge(expression: str) -> Holds:
    by_hand = _BY_HAND.get(expression)
    if by_hand is not None:
        return lambda node, _: by_hand(node[0]) if isinstance(node[0], dict) else True
    holds = fhirpath.compile(expression).holds
    if expression.startswith("contained."):  # of dom-2 to dom-5: nothing contained, nothing to hold
        return lambda node, environment: "contained" not in node[0] or holds(node, environment)
    return holds


def extension_or_value(element: Mapping[str, Any]) -> bool:
    """ext-1: an Extension has either extensions or a value."""
    value = any(key.startswith(("value", "_value")) for key in element)
    return bool(element.get("extension")) != value


_BY_HAND: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "extension.exists() != value.exists()": extension_or_value,
}
# ele-1 is asked by the walk, of every element; txt-1 and txt-2 where narratives are read.
_ASKED_ELSEWHERE = frozenset(
    {
        "htmlChecks()",
        "hasValue() or (children().count() > id.count())",
        "hasValue() or (children().count() > id.count()) or $this is Parameters",
    }
)
