"""The corpus: valid resources of every type, and valid ones of which one rule is broken."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import cache
from itertools import chain, count
from random import Random
from typing import Any, TypeVar

from agreement.bases import base, types_having
from agreement.bundles import KINDS, bundle
from agreement.case import Case, written
from agreement.mutation import MUTATIONS, Mutation
from agreement.valid import Maker, resource_types

T = TypeVar("T")

_FILES = (
    "structure",
    "primitives",
    "codes",
    "narrative",
    "references",
    "extensions",
    "bundles",
    "invariants",
    "profiles",
)
for _file in _FILES:
    importlib.import_module(f"agreement.break_{_file}")

_VALID_EVERY = 8  # cases one is a valid resource
_ROUNDS = 12  # until every member of a family has had its turn
_TRIES = 12  # resources for one mutation


def generate(release: str, seed: int, limit: int) -> Iterator[Case]:
    """Cases of a release: the same ones for the same seed; of a longer run the first ones are those of a shorter."""
    random = Random(f"{release} {seed}")
    broken, valid = _broken(release, random), _valid(release, random)
    for number in range(limit):
        rule, resource = next(valid if number % _VALID_EVERY == 0 else broken)
        name = f"{release}-{number:05}-{rule.replace(':', '-')}"
        yield Case(name, release, rule, written(_identified(resource, number)))


def _identified(resource: Any, number: int) -> Any:
    """The resource with an id that no reference leads to, for the engine looks at all cases of a run."""
    if isinstance(resource, dict) and resource.get("id") == "one":
        resource["id"] = f"case-{number}"
    return resource


def _valid(release: str, random: Random) -> Iterator[tuple[str, Any]]:
    for richness in chain((0.0, 0.6, 1.0), (random.choice((0.3, 0.6, 1.0)) for _ in count())):
        for name in _shuffled(resource_types(release), random):
            yield "valid", base(release, random, name, richness)
        for kind in _shuffled(KINDS, random)[:3]:
            yield "valid", {"resourceType": "Bundle", "id": "one"} | bundle(Maker(release, random), kind)


def _broken(release: str, random: Random) -> Iterator[tuple[str, Any]]:
    """Rounds in which every family of mutations has its turn, with a part of its members."""
    families: dict[str, list[Mutation]] = {}
    for mutation in MUTATIONS.values():
        if release in mutation.releases:
            families.setdefault(mutation.family, []).append(mutation)
    turns = {name: _again_and_again(members, random) for name, members in families.items()}
    shares = [name for name, members in families.items() for _ in range(-(-len(members) // _ROUNDS))]
    while True:
        for name in _shuffled(shares, random):
            mutation = next(turns[name])
            made = _apply(mutation, release, random)
            if made is not None:
                yield mutation.name, made


def _again_and_again(members: Sequence[Mutation], random: Random) -> Iterator[Mutation]:
    while True:
        yield from _shuffled(members, random)


def _apply(mutation: Mutation, release: str, random: Random) -> Any | None:
    for _ in range(_TRIES):
        name = random.choice(_types(mutation, release))
        resource = base(release, random, name, random.choice((0.0, 0.4, 0.8)), mutation.having)
        before = deepcopy(resource)
        made = mutation.change(random, resource, release)
        if made is not None and made != before:
            return made
    return None


@cache
def _types(mutation: Mutation, release: str) -> tuple[str, ...]:
    known = resource_types(release)
    if mutation.of:
        return tuple(t for t in mutation.of if t in known)
    return types_having(release, mutation.having) if mutation.having else known


def _shuffled(values: Sequence[T], random: Random) -> list[T]:
    return random.sample(values, len(values))
