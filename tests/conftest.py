import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import engine
import pytest
import server
from agreement.fixtures import definitions
from coverage import contents
from maven import Program

from sachet.fhir.definitions import definitions as own_definitions
from sachet.fhir.releases import RELEASES, lower
from sachet.package.build import Built, build
from sachet.package.documents import Input
from sachet.project import Project

collect_ignore = ["hl7_engine", "hapi"]  # Maven projects
ROOT = Path(__file__).parents[1]
DOCUMENTS = Path(__file__).parent / "documents"
SEED = ROOT / "seeds" / "intraosseous-access.md"
REVIEWED = Path(__file__).parent / "reviewed" / "wheeze.md"
PROJECT = Project(id="test.package", canonical="https://example.com/fhir", title="Test", publisher="Tester")


# What takes long to start or to make: the tests that use one of these run in one process (`make test` has two), so that
# there is one of each in a run.
_SHARED = {"fhir_server": "servers", "fhir_server_r5": "servers", "hl7_engine": "judges", "corpus_package": "judges"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        used = {_SHARED[name] for name in getattr(item, "fixturenames", ()) if name in _SHARED}
        if used:
            assert len(used) == 1, f"{item.nodeid} would start {used} in two processes"
            item.add_marker(pytest.mark.xdist_group(used.pop()))


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
    return [Input(f, f.name, f.parent) for f in files]


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
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A document of which a named person accepted steps, built for every release."""
    return build_package(tmp_path_factory.mktemp("reviewed"), REVIEWED)


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
def hl7_engine(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[engine.Engines]:
    """HL7's engine for each release, with sachet's own definitions and those of the agreement corpus.

    The package has those of sachet's that it uses, as they are in its release.
    """
    make_ready(engine.ENGINE)
    known = {name: [package.tgz(name), tmp_path_factory.mktemp(f"definitions-{name}")] for name in RELEASES}
    for name, (_, folder) in known.items():
        used = {resource.get("url") for resource in package.resources(name)}
        unused = [lower(d, RELEASES[name]) for url, d in own_definitions().items() if url not in used]
        # HL7's engine fails on profiles of other types where it holds one of a type that the release does not have.
        beside = [d for d in unused if d and (RELEASES[name].has_citation or d.get("type") != "Citation")]
        # … and on every definition where the base of one is not known.
        fixtures = [d for d in definitions(name) if d.get("id") != "patient-unknown-base"]
        for number, definition in enumerate([*beside, *fixtures]):
            (folder / f"{number:03}.json").write_text(json.dumps(definition), "utf-8")
    engines = engine.Engines(known)
    yield engines
    engines.close()


@pytest.fixture(scope="session")
def fhir_server_r5() -> Iterator[server.Server]:
    """The same for R5, which cannot apply, and validates whatever is written."""
    make_ready(server.HAPI)
    with server.running("-Dfhir=R5", "-Dvalidate=true") as running:
        yield running


@pytest.fixture(scope="session")
def fhir_server() -> Iterator[server.Server]:
    """HAPI FHIR JPA for R4 with a patient, one for the whole run."""
    make_ready(server.HAPI)
    with server.running() as running:
        running.put(server.PATIENT)
        yield running
