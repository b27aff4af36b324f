"""What reading doses and warnings takes: every document read and extracted in one process, with and without it.

usage: python benchmarks/reading.py FOLDER

Prints the seconds of the faster of two rounds of each, as JSON: {"with": 6.1, "without": 3.9}.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from unittest.mock import patch

from documents import sources

from sachet import document
from sachet.guideline import extract, instruction
from sachet.guideline.understand import understand
from sachet.project import Project

_ROUNDS = 2


def seconds(folder: Path) -> float:
    """Seconds to read and extract every document of a folder."""
    started = time.perf_counter()
    instruction.doses_given.cache_clear()
    for path in sources(folder):
        read = document.read(path).value
        if read and (guideline := understand(read, Project()).value):
            extract.extract(guideline)
    return time.perf_counter() - started


def without(folder: Path) -> float:
    """The same where no amount is looked for, and no warning."""
    nothing: tuple[()] = ()
    with (
        patch.object(extract, "medications", lambda _: nothing),
        patch.object(extract, "contraindications", lambda _: nothing),
        patch.object(instruction, "has_amount", lambda _: False),
    ):
        return seconds(folder)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    rounds = [(seconds(folder), without(folder)) for _ in range(_ROUNDS)]
    print(json.dumps({"with": min(a for a, _ in rounds), "without": min(b for _, b in rounds)}))
