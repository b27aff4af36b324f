"""A real FHIR server, HAPI FHIR JPA, built from the Maven project in `hapi` and run on this machine."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from maven import Program

HOME = Path(__file__).parent / "hapi"
HAPI = Program("HAPI FHIR JPA", HOME, HOME / "target" / "hapi-server.jar")
PATIENT = {"resourceType": "Patient", "id": "someone"}
_HEADERS = {"Content-Type": "application/fhir+json", "Cache-Control": "no-cache"}  # or a search is a minute old
_ENTRIES = 200  # of a transaction: HAPI needs 2 s for 200 and 2 min for 3,000


@dataclass(frozen=True)
class Loaded:
    """A resource that was sent, and what the server answered: the status, and where the resource is."""

    resource: dict[str, Any]
    status: str
    location: str  # as in PlanDefinition/1007


@dataclass(frozen=True)
class Server:
    """A running FHIR server."""

    address: str

    def put(self, resource: dict[str, Any]) -> None:
        """Store a resource at the id that it has."""
        self._ask("PUT", f"/{resource['resourceType']}/{resource['id']}", json=resource).raise_for_status()

    def delete(self, location: str) -> None:
        self._ask("DELETE", f"/{location}").raise_for_status()

    def transact(self, entries: Sequence[dict[str, Any]]) -> list[Loaded]:
        """Send entries of a bundle as one transaction; RuntimeError with the reason where it is refused."""
        answer = self._ask("POST", "", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})
        if not answer.ok:
            raise RuntimeError(f"the transaction was refused: {answer.status_code} {answer.text[:2000]}")
        responses = [e["response"] for e in answer.json()["entry"]]
        return [
            Loaded(e["resource"], r["status"], r["location"].split("/_history/")[0])
            for e, r in zip(entries, responses, strict=True)
        ]

    def load(self, entries: Sequence[dict[str, Any]]) -> list[Loaded]:
        """Send entries of a bundle in transactions of a size that HAPI takes quickly."""
        parts = [entries[i : i + _ENTRIES] for i in range(0, len(entries), _ENTRIES)]
        return [loaded for part in parts for loaded in self.transact(part)]

    def apply(self, location: str, operation: str = "$apply") -> Any:
        """What the server answers, whatever its status, when a definition is applied for PATIENT."""
        return self._ask("GET", f"/{location}/{operation}", params={"subject": f"Patient/{PATIENT['id']}"}).json()

    def validate(self, kind: str, content: bytes) -> list[dict[str, Any]]:
        """The issues that the server's `$validate` finds in a resource; it answers 200 with errors inside."""
        answer = self._ask("POST", f"/{kind}/$validate", data=content)
        found: list[dict[str, Any]] = answer.json()["issue"]
        return found

    def search(self, kind: str, url: str) -> Any:
        """The resources of a type with a canonical url, as a Bundle."""
        return self._ask("GET", f"/{kind}", params={"url": url}).json()

    def stored(self, kinds: Iterable[str]) -> dict[str, int]:
        """How many resources of these types the server holds, where there are any."""
        return {kind: count for kind in kinds if (count := self._count(kind))}

    def _count(self, kind: str) -> int:
        found = self._ask("GET", f"/{kind}", params={"_summary": "count"})
        found.raise_for_status()
        return int(found.json()["total"])

    def _ask(self, method: str, path: str, **more: Any) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False  # no proxy stands before this machine
            return session.request(method, self.address + path, headers=_HEADERS, timeout=300, **more)


@contextmanager
def running(*switches: str, memory: str = "2g", seconds: float = 300) -> Iterator[Server]:
    """A server on a free port, for as long as the context; `switches` as `Server.java` has them.

    Raises RuntimeError with the end of the log where the server does not start in time.
    """
    java = shutil.which("java") or "java"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "log"
        command = [java, f"-Xmx{memory}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        command += [f"-Djava.io.tmpdir={folder}", "-Dport=0", f"-Dparent={os.getpid()}", *switches]
        with log.open("wb") as output:
            process = subprocess.Popen([*command, "-jar", str(HAPI.jar)], stdout=output, stderr=output)
        try:
            yield Server(_address(process, log, seconds))
        finally:
            _end(process)


def _address(process: subprocess.Popen[bytes], log: Path, seconds: float) -> str:
    """Where the server serves, once it says so."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit and process.poll() is None:
        text = log.read_text("utf-8", "replace")
        if ready := re.search(r"^READY \S+ (\S+)$", text, re.MULTILINE):
            return ready[1]
        time.sleep(0.2)
    ended = f"ended with {process.returncode}" if process.poll() is not None else f"was not ready in {seconds:.0f} s"
    raise RuntimeError(f"{HAPI.title} {ended}:\n{log.read_text('utf-8', 'replace')[-2000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    HAPI.build_or_exit()
