"""Let real servers validate everything that a folder's documents become, with HAPI's `$validate`.

usage: python scripts/validate_on_server.py FOLDER [R4|R4B|R5 ...]

The packages are pushed first, so that profiles and code systems are known. Prints the errors, and the seconds; exits
with 1 if there is any. Some ten minutes for 250 documents and a release.
"""

import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import server
from server import Server

from sachet.fhir.releases import RELEASES
from sachet.package.build import build
from sachet.package.documents import Input
from sachet.project import Project
from sachet.publish import Connection, content, push
from sachet.publish.content import Artifact


def main(folder: Path, releases: list[str]) -> int:
    server.HAPI.build_or_exit()
    project = Project(id="validated.corpus", canonical="https://example.com/fhir")
    files = [Input(f, f.name, folder) for f in sorted(folder.glob("*.md"))]
    wrong: list[str] = []
    for release in releases:
        with server.running(f"-Dfhir={release}", memory="3g") as fhir, tempfile.TemporaryDirectory() as out:
            (package,) = build(files, project, [RELEASES[release.lower()]], Path(out)).packages
            given = content.read(package.package)
            begun = time.monotonic()
            push([package.package], Connection(fhir.address), Path(out) / "receipt.json")
            stored = time.monotonic()
            with ThreadPoolExecutor(2) as pool:
                found = list(pool.map(lambda a, fhir=fhir: errors(fhir, a), given.artifacts))
            wrong += [f"{release}: {one}" for some in found for one in some]
            kinds = dict(Counter(a.kind for a in given.artifacts))
            took = f"stored in {stored - begun:.0f} s, validated in {time.monotonic() - stored:.0f} s"
            print(f"{release}: {len(given.artifacts)} resources {kinds}: {took}", flush=True)
    print(f"{len(wrong)} errors", *wrong[:200], sep="\n  ")
    return 1 if wrong else 0


def errors(fhir: Server, one: Artifact) -> list[str]:
    """What the server calls an error in a resource."""
    issues = fhir.validate(one.kind, one.content)
    wrong = (i for i in issues if i["severity"] in ("error", "fatal"))
    return [f"{one.name}: {i.get('location')} {i.get('diagnostics')}" for i in wrong]


if __name__ == "__main__":
    if len(sys.argv) < 2 or not Path(sys.argv[1]).is_dir():
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), [r.upper() for r in sys.argv[2:]] or ["R4", "R4B", "R5"]))
