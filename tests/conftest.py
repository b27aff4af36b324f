import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import engine
import pytest
import server
from coverage import contents
from maven import Program

from sachet.fhir.releases import RELEASES
from sachet.package.build import Built, build
from sachet.package.documents import Input
from sachet.project import Project

collect_ignore = ["hl7_engine", "hapi"]  # Maven projects
ROOT = Path(__file__).parents[1]
DOCUMENTS = Path(__file__).parent / "documents"
SEED = ROOT / "seeds" / "intraosseous-access.md"
PROJECT = Project(id="test.package", canonical="https://example.com/fhir", title="Test", publisher="Tester")


def missing(what: str) -> None:
    """Skip where a real part is missing; fail instead in CI."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


def make_ready(program: Program) -> None:
    """Build a program, or say why it cannot run here."""
    if reason := program.unavailable():
        missing(reason)
    program.build()


def inputs(*files: Path) -> list[Input]:
    return [Input(f, f.name) for f in files]


class Package:
    """A built package with its parsed bundle."""

    def __init__(self, built: Built, out: Path) -> None:
        self.built = built
        self.out = out

    def bundle(self, release: str) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.out / f"{PROJECT.id}.{release}.bundle.json").read_text("utf-8"))
        return loaded

    def resources(self, release: str, kind: str | None = None) -> list[dict[str, Any]]:
        files = contents(self.tgz(release)).items()
        found = [r for name, r in files if "/" not in name and "resourceType" in r]
        return [r for r in found if kind in (None, r["resourceType"])]

    def resource(self, release: str, kind: str, identifier: str) -> dict[str, Any]:
        return next(r for r in self.resources(release, kind) if r["id"] == identifier)

    def tgz(self, release: str) -> Path:
        return self.out / f"{PROJECT.id}.{release}.tgz"


def build_package(out: Path, *files: Path, releases: tuple[str, ...] = tuple(RELEASES)) -> Package:
    return Package(build(inputs(*files), PROJECT, [RELEASES[r] for r in releases], out), out)


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The seed and the documents of the tests, built for every release."""
    return build_package(tmp_path_factory.mktemp("package"), SEED, *sorted(DOCUMENTS.glob("*.md")))


@pytest.fixture(scope="session")
def corpus() -> list[Path]:
    """The documents of the folder that SACHET_CORPUS names."""
    folder = os.environ.get("SACHET_CORPUS")
    files = sorted(Path(folder).glob("*.md")) if folder else []
    if not files:
        missing("SACHET_CORPUS names no folder with documents")
    return files


@pytest.fixture(scope="session")
def corpus_package(corpus: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Package]:
    """All documents of the corpus, built for every release."""
    out = tmp_path_factory.mktemp("corpus")
    yield build_package(out, *corpus)
    shutil.rmtree(out)


@pytest.fixture(scope="session")
def hl7_engine() -> None:
    """HL7's engine, ready to run."""
    make_ready(engine.ENGINE)


@pytest.fixture(scope="session")
def fhir_server() -> Iterator[server.Server]:
    """HAPI FHIR JPA for R4 with a patient, one for the whole run."""
    make_ready(server.HAPI)
    with server.running() as running:
        running.put(server.PATIENT)
        yield running
