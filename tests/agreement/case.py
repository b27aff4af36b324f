"""A case: the text of one resource, and the one rule that it breaks."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

Resource = dict[str, Any]

_RAW = re.compile(r'"⟦(.*?)⟧"')


@dataclass(frozen=True)
class Case:
    """The text of a resource for a release; `rule` is "valid" or the name of the mutation that broke it."""

    name: str
    release: str
    rule: str
    text: bytes


def raw(json_text: str) -> str:
    """A value that stands in the text as it is written here: `raw("1e3")`."""
    return f"⟦{json_text}⟧"


def written(resource: Resource | list[Any] | str) -> bytes:
    """The text of a resource; a string is a text already."""
    if isinstance(resource, str):
        return resource.encode("utf-8", "surrogatepass")
    text = json.dumps(resource, ensure_ascii=False, indent=1)
    return _RAW.sub(lambda found: found[1].replace('\\"', '"'), text).encode("utf-8", "surrogatepass")
