"""The floor: the least that the libraries take which sachet reads and writes with, in one process.

usage: python benchmarks/floor.py FOLDER BUNDLE

Reads the Markdown of each document to its events and the front matter to its nodes, then writes the finished resources
of the bundle as JSON, without indentation, and zips these bytes. Files are in memory before the clock starts. Prints
the seconds of the fastest of three, in all and by part, as JSON.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pyromark
import yaml
from documents import sources

_TIMES = 3


def floor(texts: list[tuple[str, str]], resources: list[Any]) -> dict[str, float]:
    """Seconds of each part for the front matters and bodies, and the resources, once over."""
    clock = [time.perf_counter()]
    markdown = pyromark.Markdown(options=pyromark.Options.ENABLE_TABLES)
    for _, body in texts:
        for _event in markdown.events_with_range(body):
            pass
    clock.append(time.perf_counter())
    for front, _ in texts:
        yaml.compose(front, Loader=yaml.CSafeLoader)
    clock.append(time.perf_counter())
    encoder = msgspec.json.Encoder(decimal_format="number")
    made = [encoder.encode(resource) for resource in resources]
    clock.append(time.perf_counter())
    gzip.compress(b"".join(made), 6, mtime=0)
    clock.append(time.perf_counter())
    spent = [after - before for before, after in pairwise(clock)]
    return {"all": sum(spent), **dict(zip(("markdown", "yaml", "json", "gzip"), spent, strict=True))}


def main(folder: Path, bundle: Path) -> None:
    texts = []
    for file in sources(folder):
        _, front, body = file.read_text("utf-8").split("---\n", 2)
        texts.append((front, body))
    decoded = msgspec.json.Decoder(float_hook=Decimal).decode(bundle.read_bytes())
    resources = [entry["resource"] for entry in decoded["entry"]]
    print(json.dumps(min((floor(texts, resources) for _ in range(_TIMES)), key=lambda spent: spent["all"])))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
