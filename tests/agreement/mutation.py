"""The table of mutations: each breaks one rule of a resource."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

Resource = dict[str, Any]
Change = Callable[[Random, Resource, str], "Resource | str | None"]


@dataclass(frozen=True)
class Mutation:
    """Breaks one rule; the name is that of a family and its own ("date:february-30").

    Given chance, a resource and its release, `change` makes the changed resource or its text, or None, which
    says that the resource has nothing to break. `having` is a data type that the resource should have
    somewhere, `of` are the resource types that it fits, `releases` those that have the rule.
    """

    name: str
    change: Change
    having: str | None = None
    of: tuple[str, ...] = ()
    releases: tuple[str, ...] = ("r4", "r4b", "r5")

    @property
    def family(self) -> str:
        """What is in its name before the colon: mutations of a family take turns."""
        return self.name.partition(":")[0]


MUTATIONS: dict[str, Mutation] = {}


def mutation(
    name: str, having: str | None = None, of: str = "", releases: str = "r4 r4b r5"
) -> Callable[[Change], Change]:
    """Register a function as a mutation."""

    def register(change: Change) -> Change:
        add(name, change, having, of, releases)
        return change

    return register


def add(name: str, change: Change, having: str | None = None, of: str = "", releases: str = "r4 r4b r5") -> None:
    """Register a mutation."""
    if name in MUTATIONS:
        raise ValueError(f"two mutations are called {name}")
    MUTATIONS[name] = Mutation(name, change, having, tuple(of.split()), tuple(releases.split()))
