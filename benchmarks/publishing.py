"""What a push takes of the client, beside what it takes of the server: HAPI FHIR JPA on the same machine."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from measure import Bar, BenchmarkError, Figure, Run, run

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import server

from sachet.publish import content

Build = Callable[..., tuple[Run, Path]]


def figures(folder: Path, number: int, build: Build, scratch: Path) -> Iterator[Figure]:
    """The first push of the packages of the documents in a folder, and the second."""
    if not server.HAPI.jar.is_file() or not shutil.which("java"):
        raise BenchmarkError("the FHIR server is not built; run: python tests/server.py")
    _, out = build(folder, "--fhir", "r4")
    (package,) = out.glob("*.tgz")
    count = len(content.read(package).artifacts)
    with server.running(memory="3g") as hapi:
        command = [sys.executable, "-m", "sachet", "push", package, "--server", hapi.address, "--yes", "--quiet"]
        first = run([*command, "--receipt", scratch / "first.json"])
        second = run([*command, "--receipt", scratch / "second.json"])
    if (scratch / "second.json").exists():
        raise BenchmarkError("the second push changed something")
    for what, one, bar in (("push", first, Bar(0.1)), ("push again", second, None)):
        name = f"{what}, {count:,} resources of {number} documents"
        measured, peer = f"{one.cpu:.1f} s of the client's processor", f"{one.seconds:.1f} s in all"
        yield Figure(name, measured, peer, one.cpu / one.seconds, bar, "< 0.1" if bar else "")
