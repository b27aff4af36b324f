"""Publish everything that a folder's documents become to a real server, as a user does, and look whether it holds.

usage: python scripts/publish_corpus.py FOLDER [R4|R4B|R5 ...]

Per release: push, push again, a changed document, an edit by hand, a rollback, and a push that is killed three times.
Prints what is wrong, the seconds and the share of the client's own processor time; exits with 1 if anything is wrong.
Some ten minutes for 250 documents and a release.
"""

import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import server
from measure import Run, run

from sachet.fhir.exact import encoded
from sachet.publish import content, receipt
from sachet.publish.connection import Connection
from sachet.publish.server import Server

_KILLS = 3


class Trial:
    """A server of a release, and the packages of the documents."""

    def __init__(self, release: str, folder: Path, address: str, scratch: Path) -> None:
        self.release = release.lower()
        self.address = address
        self.scratch = scratch
        self.documents = scratch / "documents"
        shutil.copytree(folder, self.documents, ignore=lambda _, names: [n for n in names if not n.endswith(".md")])
        self.server = Server(Connection(address))
        self.wrong: list[str] = []

    def build(self, canonical: str) -> Path:
        settings = f'id = "published.corpus"\ncanonical = "{canonical}"\nversion = "1.0.0"\ntitle = "Corpus"\n'
        (self.documents / "sachet.toml").write_text(settings + 'publisher = "Tester"\n', "utf-8")
        out = self.scratch / "dist"
        self.sachet("build", self.documents, "--fhir", self.release, "-o", out, "--quiet", accept=(0, 1))
        return next(out.glob("*.tgz"))

    def sachet(self, *arguments: str | Path, accept: tuple[int, ...] = (0,)) -> Run:
        return run([sys.executable, "-m", "sachet", *arguments], accept=accept, cwd=self.scratch)

    def push(self, package: Path, what: str, *more: str) -> receipt.Receipt | None:
        path = self.scratch / f"{what.replace(' ', '-')}.json"
        done = self.sachet("push", package, "--server", self.address, "--yes", "--receipt", path, *more)
        made = receipt.read(path) if path.exists() else None
        rows = made.rows if made else []
        share = f"own processor time {done.cpu:.1f} s, {done.cpu / done.seconds:.0%} of it"
        print(f"  {what}: {len(rows)} written in {done.seconds:.1f} s; {share}", flush=True)
        return made

    def states(self, package: Path) -> dict[str, int]:
        planned = self.sachet("plan", package, "--server", self.address, "--format", "json", accept=(0, 1))
        counts: dict[str, int] = json.loads(planned.output)["summary"]
        return counts

    def check(self, what: str, found: Any, wanted: Any) -> None:
        if found != wanted:
            self.wrong.append(f"{self.release}: {what}: {found}, not {wanted}")

    def whole_way(self) -> None:
        package = self.build("https://example.com/corpus")
        count = len(content.read(package).artifacts)
        first = self.push(package, "first push")
        self.check("the first push", first and first.count("done"), count)
        self.check("the second push", self.push(package, "second push"), None)
        self.check("the plan after it", self.states(package), {"unchanged": count})
        document = next(f for f in sorted(self.documents.glob("*.md")) if "mL" in f.read_text("utf-8"))
        name = re.search(r"^id:\s*(\S+)", document.read_text("utf-8"), re.MULTILINE)
        document.write_text(document.read_text("utf-8").replace("mL", "mL (changed)", 1), "utf-8")
        changed = self.push(self.build("https://example.com/corpus"), "one changed document")
        foreign = [r.url for r in changed.rows if name and f"/{name[1]}" not in r.url] if changed else ["nothing"]
        self.check("a changed document changed others too", foreign, [])
        self.edit_by_hand(package, changed)
        self.rollback(changed)

    def edit_by_hand(self, package: Path, changed: receipt.Receipt | None) -> None:
        assert changed is not None
        row = next(r for r in changed.rows if r.kind == "PlanDefinition")
        held = self.server.read(row.kind, str(row.id))
        assert held is not None
        section, *others = held.resource["action"]
        another = dict(held.resource) | {"action": [section | {"description": "Give 20 mL, not 30 mL."}, *others]}
        self.server.connection.send("PUT", held.name, body=encoded(another))
        drift = self.sachet("drift", self.scratch / "dist" / package.name, "--server", self.address, accept=(1,))
        found = [line for line in drift.output.splitlines() if line.startswith("changed ")]
        self.check("the edit by hand is found", len(found), 1)
        self.server.connection.send("PUT", held.name, body=encoded(held.resource))

    def rollback(self, changed: receipt.Receipt | None) -> None:
        back = self.scratch / "back.json"
        old = self.scratch / "one-changed-document.json"
        self.sachet("rollback", old, "--yes", "--receipt", back)
        self.check("the rollback", changed and receipt.read(back).count("done"), changed and len(changed.rows))
        first = receipt.read(self.scratch / "first-push.json")
        for row in first.rows:
            held = self.server.read(row.kind, str(row.id))
            if held is None or row.after is None or held.digest != row.after.digest:
                self.wrong.append(f"{self.release}: {row.kind} {row.url} is not as it was before")

    def killed(self) -> None:
        package = self.build("https://example.com/killed")
        command = [sys.executable, "-m", "sachet", "push", str(package), "--server", self.address, "--yes", "--quiet"]
        for number in range(_KILLS):
            process = subprocess.Popen([*command, "--receipt", f"killed-{number}.json"], cwd=self.scratch)
            time.sleep(4 + 5 * number)
            process.send_signal(signal.SIGKILL)
            print(f"  killed: exit code {process.wait()}", flush=True)
        self.push(package, "after three kills")
        artifacts = content.read(package).artifacts
        self.check("the plan after the kills", self.states(package), {"unchanged": len(artifacts)})
        for kind in {a.kind for a in artifacts}:
            urls = [a.url for a in artifacts if a.kind == kind]
            there = sum(1 for _ in self.server.search(kind, urls))
            self.check(f"{kind} after the kills", there, len(urls))


def main(folder: Path, releases: list[str]) -> int:
    server.HAPI.build_or_exit()
    wrong: list[str] = []
    for release in releases:
        print(f"{release}:", flush=True)
        with server.running(f"-Dfhir={release}", memory="3g") as fhir, tempfile.TemporaryDirectory() as scratch:
            trial = Trial(release, folder, fhir.address, Path(scratch))
            trial.whole_way()
            trial.killed()
            wrong += trial.wrong
    print(f"{len(wrong)} faults", *wrong, sep="\n  ")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or not Path(sys.argv[1]).is_dir():
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), [r.upper() for r in sys.argv[2:]] or ["R4", "R5"]))
