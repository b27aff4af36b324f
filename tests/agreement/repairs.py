"""What makes an element that was made by chance keep the invariants of its type.

A row for each type or part: a function that changes the element where it breaks a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agreement.valid import Maker

Made = dict[str, Any]
Repair = Callable[[Made, "Maker"], None]


def _one_of(*names: str) -> Repair:
    """At least one of these elements; the last is made where none is there."""

    def repair(made: Made, maker: Maker) -> None:
        keys = [k for k in made if any(k == n or k.startswith(n) for n in names)]
        if not keys:
            _add(made, maker, _shape_of(made, maker), names[-1])

    return repair


def _shape_of(made: Made, maker: Maker) -> str:
    return maker.making


def _add(made: Made, maker: Maker, shape: str, name: str) -> None:
    maker.add(made, maker.shapes[shape], name)


def _without(*names: str) -> Repair:
    """None of these elements."""

    def repair(made: Made, maker: Maker) -> None:
        for key in [k for k in made if k.lstrip("_").startswith(names)]:
            del made[key]

    return repair


def _with(**values: Any) -> Repair:
    """These elements with these values."""
    return lambda made, maker: made.update(values)


def _only_first(*names: str) -> Repair:
    """Not more than one of these elements."""

    def repair(made: Made, maker: Maker) -> None:
        there = [n for n in names if any(k.startswith(n) for k in made)]
        for name in there[1:]:
            _without(name)(made, maker)

    return repair


def _all(*steps: Repair) -> Repair:
    def repair(made: Made, maker: Maker) -> None:
        for step in steps:
            step(made, maker)

    return repair


REPAIRS: Mapping[str, Repair] = {}
