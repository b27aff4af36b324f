"""Resources that claim one of the profiles in `profiles`, valid and broken."""

from __future__ import annotations

import json
from functools import partial
from random import Random
from typing import Any

from agreement.break_invariants import lay
from agreement.fixtures import profiles, url
from agreement.mutation import Resource, add


def _change(row: dict[str, Any], values: dict[str, Any], random: Random, resource: Resource, release: str) -> Resource:
    made: Resource = {"resourceType": row["type"], "id": "one", "meta": {"profile": [url(row["id"])]}}
    made |= json.loads(json.dumps(row["valid"]))
    lay(made, json.loads(json.dumps(values)))
    return made


for _row in profiles():
    for _name, _values in ({"kept": {}} | _row["broken"]).items():
        add(f"profile-{_row['id']}:{_name}", partial(_change, _row, _values), of="Basic")
