"""plan, push, drift and rollback as a user calls them."""

import json
import re
import signal
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import requests
from server import Server as Hapi
from test_cli import sachet


@pytest.fixture(scope="module")
def package_of(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Builds a project with one document, at an address of its own: the package for a release, and its folder."""
    folder = tmp_path_factory.mktemp("project")

    def build(name: str, words: str = "Give 30 mL.", release: str = "r4") -> Path:
        project = folder / name
        project.mkdir(exist_ok=True)
        settings = f'id = "test.{name}"\ncanonical = "https://example.com/{name}"\nversion = "1.0.0"\n'
        (project / "sachet.toml").write_text(f'{settings}title = "Test"\npublisher = "Tester"\n', "utf-8")
        front = f"---\nid: {name}-fever\ncondition: Fever\nicd10: [R50.9]\nesi: 3\nlast_updated: '2026-01-02'\n---\n"
        (project / "fever.md").write_text(f"{front}# Fever\n\n## Treatment\n\n- **Fluids:** {words}\n", "utf-8")
        run = sachet("build", project, "--fhir", release, "-o", project / "dist")
        assert "error" not in run.stderr, run.stderr
        return next((project / "dist").glob(f"*.{release}.tgz"))

    return build


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """Of a project for a test alone."""
    return re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[5:40].strip("-")


def test_what_was_reviewed_is_pushed_and_put_back(
    fhir_server: Hapi, package_of: Any, name: str, tmp_path: Path
) -> None:
    at = ("--server", fhir_server.address)
    package = package_of(name)
    shown = sachet("plan", package, *at)
    assert shown.returncode == 1
    assert f"create        PlanDefinition/{name}-fever 2026.1.2  Fever" in shown.stdout
    reviewed = sachet("plan", package, *at, "--format", "json")
    (tmp_path / "plan.json").write_text(reviewed.stdout, "utf-8")
    assert json.loads(reviewed.stdout)["summary"].keys() <= {"create", "unchanged"}
    done = sachet("push", package, *at, "--plan", "plan.json", "--receipt", "first.json", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert sachet("plan", package, *at).returncode == 0
    assert sachet("drift", package, *at).stdout.endswith(" as in the packages\n")

    package = package_of(name, "Give 20 mL.")
    changed = sachet("plan", package, *at)
    assert re.search(
        r"Treatment > Fluids > description\n      - .*Give 30 mL\.\n      \+ .*Give 20 mL\.\n", changed.stdout
    )
    late = sachet("push", package, *at, "--plan", "plan.json", cwd=tmp_path)
    assert late.returncode == 2
    assert "plan.json is not what would be done now" in late.stderr
    unasked = sachet("push", package, *at, cwd=tmp_path)
    assert unasked.returncode == 2
    assert "nothing was sent" in unasked.stderr
    assert sachet("push", package, *at, "--yes", "--receipt", "second.json", cwd=tmp_path).returncode == 0
    assert "Give 20 mL" in of_plan(fhir_server, name)

    back = sachet("rollback", "second.json", "--yes", cwd=tmp_path)
    assert (back.returncode, "restore" in back.stdout) == (0, True)
    assert "Give 30 mL" in of_plan(fhir_server, name)
    assert len(list(tmp_path.glob("sachet-rollback-*.json"))) == 1


def of_plan(server: Hapi, name: str) -> str:
    """The plan of a document, as the server has it."""
    found = server.search("PlanDefinition", f"https://example.com/{name}/PlanDefinition/{name}-fever")
    return json.dumps(found["entry"][0]["resource"])


def test_a_dose_edited_by_hand_is_drift(fhir_server: Hapi, package_of: Any, name: str, tmp_path: Path) -> None:
    at = ("--server", fhir_server.address)
    package = package_of(name)
    assert sachet("push", package, *at, "--yes", cwd=tmp_path).returncode == 0
    fhir_server.put(json.loads(of_plan(fhir_server, name).replace("Give 30 mL", "Give 300 mL")))
    drift = sachet("drift", package, *at)
    assert drift.returncode == 1
    assert "changed       PlanDefinition/" in drift.stdout
    assert re.search(
        r"Treatment > Fluids > description\n      - .*Give 30 mL\.\n      \+ .*Give 300 mL\.\n", drift.stdout
    )
    (row,) = json.loads(sachet("drift", package, *at, "--format", "json").stdout)["drift"]
    assert (row["state"], row["differences"][0]["where"][-1]) == ("changed", "description")
    refused = sachet("push", package, *at, "--yes", cwd=tmp_path)
    assert refused.returncode == 2
    assert "1 conflict: PlanDefinition/" in refused.stderr
    assert "somebody changed it on the server" in refused.stderr


MISTAKES = [
    (["--server", "fhir.example.org"], "write an address like https://"),
    (["--server", "http://127.0.0.1:9/fhir"], "cannot be reached"),
    (["--server", "https://me:word@example.org"], "an address holds no credentials"),
    (["--server", "http://fhir.example.org", "--auth", "bearer", "--secret", "env:PATH"], "sent over https only"),
    (["--server", "SERVER", "--auth", "bearer", "--secret", "s3cret"], "a secret is not written in the call"),
    (["--server", "SERVER", "--auth", "bearer"], "--auth bearer needs --secret"),
    (
        ["--server", "SERVER", "--auth", "bearer", "--secret", "env:NO_SUCH_NAME"],
        "env:NO_SUCH_NAME: there is no secret",
    ),
    (
        ["--server", "SERVER", "--auth", "smart", "--client-id", "x", "--key", "env:PATH"],
        "no private key that SMART takes",
    ),
    (["--server", "SERVER", "--header", "Tenant"], "write NAME=VALUE"),
    (["--server", "SERVER", "--ca", "nowhere.pem"], "nowhere.pem"),
    (["--server", "SERVER/nothing"], "404"),
]


@pytest.mark.parametrize(("arguments", "words"), MISTAKES, ids=[words for _, words in MISTAKES])
def test_a_mistake_is_one_line(fhir_server: Hapi, package_of: Any, arguments: list[str], words: str) -> None:
    given = [a.replace("SERVER", fhir_server.address) for a in arguments]
    run = sachet("plan", package_of("mistakes"), *given)
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (2, "", 1), run.stderr
    assert words in run.stderr
    assert "s3cret" not in run.stderr


def test_a_package_of_another_release_is_an_error(fhir_server: Hapi, package_of: Any, name: str) -> None:
    run = sachet("plan", package_of(name, release="r5"), "--server", fhir_server.address)
    assert (run.returncode, run.stderr.count("\n")) == (2, 1)
    assert "speaks R4, and the packages given are of R5" in run.stderr


@pytest.mark.parametrize("name", ["none.tgz", "text.tgz", "foreign.tgz"])
def test_what_is_no_package_is_an_error(fhir_server: Hapi, tmp_path: Path, name: str) -> None:
    if name == "text.tgz":
        (tmp_path / name).write_text("x", "utf-8")
    if name == "foreign.tgz":
        (tmp_path / "package.json").write_text('{"name": "a.b", "version": "1", "fhirVersions": ["4.0.1"]}', "utf-8")
        (tmp_path / "a.json").write_text('{"resourceType": "Patient", "id": "a"}', "utf-8")
        with tarfile.open(tmp_path / name, "w:gz") as tar:
            for file in ("package.json", "a.json"):
                tar.add(tmp_path / file, f"package/{file}")
    run = sachet("plan", name, "--server", fhir_server.address, cwd=tmp_path)
    assert (run.returncode, run.stderr.count("\n")) == (2, 1), run.stderr
    assert name in run.stderr


def test_a_server_for_a_first_try(package_of: Any, name: str, tmp_path: Path) -> None:
    package = package_of(name)
    command = [sys.executable, "-m", "sachet", "push", str(package), "--server", "embedded", "--yes"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # what runs in a background ignores it
    )
    assert process.stderr
    for line in process.stderr:
        if found := re.search(r"serving (http\S+) until", line):
            break
    else:
        pytest.fail(f"it did not serve: {process.wait()}")
    with requests.Session() as session:
        session.trust_env = False
        plan = session.get(f"{found[1]}/PlanDefinition/{name}-fever").json()
    assert plan["action"][0]["title"] == "Treatment"
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    process.stderr.close()
