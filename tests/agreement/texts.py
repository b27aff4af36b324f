"""YAML as JSON has it: no dates, every scalar a text, a number or a truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


class _Texts(yaml.CSafeLoader):
    pass


_Texts.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def read(file: Path) -> Any:
    """The content of a YAML file."""
    return yaml.load(file.read_text("utf-8"), Loader=_Texts)
