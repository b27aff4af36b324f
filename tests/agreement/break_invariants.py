"""Mutations of invariants, from the table in `invariants.yaml`."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from agreement.mutation import Resource, add
from agreement.texts import read
from agreement.valid import Maker
from agreement.walk import of_type
from sachet.fhir.shapes import shapes

_RELEASES = "r4 r4b r5"


def _change(rows: list[list[Any]], random: Random, resource: Resource, release: str) -> Resource | None:
    fitting = [row for row in rows if _fits(row, release)]
    if not fitting:
        return None
    kind, values, *_ = random.choice(fitting)
    values = json.loads(json.dumps(values))
    if shapes(release).resource(kind) is not None:
        made = Maker(release, random).resource(kind)
        lay(made, values)
        return made
    if "." in kind:
        name, _, part = kind.partition(".")
        made = Maker(release, random).resource(name)
        made[part] = [values]
        return made
    found = of_type(resource, release, kind)
    if not found:
        return None
    place = random.choice(found)
    place.put(values)
    return resource


def lay(made: Resource, values: dict[str, Any]) -> None:
    """Put elements into a resource; None takes one out."""
    for key, value in values.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = value


def _fits(row: list[Any], release: str) -> bool:
    """Whether a release has the type, the part, and the elements of a row."""
    kind, values, *only = row
    name, _, part = kind.partition(".")
    shape = shapes(release).get(name)
    if shape is None or release not in (only[0] if only else _RELEASES).split():
        return False
    if part:
        return part in shape.slots
    return all(key.lstrip("_") in shape.slots for key, value in values.items() if value is not None)


def _register() -> None:
    for key, rows in read(Path(__file__).with_name("invariants.yaml")).items():
        kind = rows[0][0]
        releases = " ".join(r for r in _RELEASES.split() if any(_fits(row, r) for row in rows))
        resource = shapes("r5").resource(kind) or shapes("r4").resource(kind) or "." in kind
        add(f"invariant-{key}", partial(_change, rows), having=None if resource else kind, releases=releases)


_register()
