"""Let a FHIR server apply everything that a folder's documents become, and look whether only text comes out.

usage: python scripts/apply_corpus.py FOLDER

Prints what is wrong by document, what became of how much, and the seconds; exits with 1 if anything is wrong. The whole
corpus takes some minutes.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import server
from applied import REQUESTS, activity_faults, plan_faults

from sachet.fhir.releases import RELEASES
from sachet.package.build import build
from sachet.package.documents import Input
from sachet.project import Project


def main(folder: Path) -> int:
    server.HAPI.build_or_exit()
    documents, entries = built(sorted(folder.glob("*.md")))
    begun = time.monotonic()
    with server.running() as fhir:
        print(f"server ready: {time.monotonic() - begun:.0f} s")
        fhir.put(server.PATIENT)
        loaded = timed("loaded", fhir.load, entries)
        plans = [r for r in loaded if r.resource["resourceType"] == "PlanDefinition"]
        activities = [r for r in loaded if r.resource["resourceType"] == "ActivityDefinition"]
        wrong = timed("plans applied", wrong_plans, fhir, plans)
        wrong += timed("activities tried", wrong_activities, fhir, activities)
        wrong += [f"the server holds {count} {kind}" for kind, count in fhir.stored(REQUESTS).items()]
    if len(plans) != documents:
        wrong.append(f"{len(plans)} plans of {documents} documents")
    print(f"{len(wrong)} faults", *wrong, sep="\n  ")
    return 1 if wrong else 0


def built(files: list[Path]) -> tuple[int, list[dict[str, Any]]]:
    """How many documents were given, and the entries of the bundle for R4 that they became."""
    project = Project(id="applied.corpus", canonical="https://example.com/fhir")
    with tempfile.TemporaryDirectory() as out:
        (package,) = build([Input(f, f.name, f.parent) for f in files], project, [RELEASES["r4"]], Path(out)).packages
        return len(files), json.loads(package.bundle.read_text("utf-8"))["entry"]


def timed(what: str, work: Any, *given: Any) -> Any:
    """The result of work on a list, which comes last; prints the length of the list and the seconds."""
    begun = time.monotonic()
    result = work(*given)
    seconds, count = time.monotonic() - begun, len(given[-1])
    print(f"{count} {what}: {seconds:.0f} s, {1000 * seconds / max(1, count):.0f} ms each", flush=True)
    return result


def wrong_plans(fhir: server.Server, plans: list[server.Loaded]) -> list[str]:
    return [f"{p.resource['id']}: {fault}" for p in plans for fault in plan_faults(fhir.apply(p.location), p.resource)]


def wrong_activities(fhir: server.Server, activities: list[server.Loaded]) -> list[str]:
    return [f"{a.resource['id']}: {fault}" for a in activities for fault in activity_faults(fhir.apply(a.location))]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
