"""The commands, run as a user does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import DOCUMENTS, ROOT, SEED

FRONT = "---\nid: a\ncondition: A\nlast_updated: '2026-01-02'\n"


def sachet(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sachet", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, encoding="utf-8")


def test_build_prints_what_it_made(tmp_path: Path) -> None:
    run = sachet("build", "seeds", "-o", tmp_path)
    assert run.returncode == 0
    (flow,) = [line for line in run.stderr.splitlines() if " CON211 " in line]
    assert flow.startswith("seeds/intraosseous-access.md:203:237 CON211 warning: 300 mL/min here, but 5 L/hr")
    assert "sachet.seeds.r4.tgz: 1 document," in run.stdout
    assert "1 PlanDefinition" in run.stdout
    names = sorted(f.name for f in tmp_path.iterdir())
    assert names == [f"sachet.seeds.{r}.{x}" for r in ("r4", "r4b", "r5") for x in ("bundle.json", "tgz")]
    assert "nothing changed" in sachet("build", "seeds", "-o", tmp_path).stdout


def test_the_committed_dist_is_a_new_build(tmp_path: Path) -> None:
    sachet("build", "seeds", "-o", tmp_path)
    for bundle in tmp_path.glob("*.json"):
        assert bundle.read_bytes() == (ROOT / "dist" / bundle.name).read_bytes(), "run `make run` and commit dist/"


def test_build_of_one_document_says_its_defaults(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(f"{FRONT}---\n# A\n", "utf-8")
    run = sachet("build", "a.md", "--fhir", "r4", cwd=tmp_path)
    assert run.returncode == 0
    assert "no sachet.toml" in run.stderr
    assert "local.package" in run.stderr
    assert (tmp_path / "dist" / "local.package.r4.tgz").exists()


def test_findings_do_not_stop_a_build(tmp_path: Path) -> None:
    run = sachet("build", DOCUMENTS, "-o", tmp_path, "--fhir", "r5")
    assert run.returncode == 1
    assert "cold-injury.md:5:27 ICD101 error: R99.9 is not an ICD-10-CM code" in run.stderr
    assert list(tmp_path.glob("*.tgz"))


def test_check_prints_findings() -> None:
    run = sachet("check", DOCUMENTS)
    assert run.returncode == 1
    assert f"{DOCUMENTS.as_posix()}/cold-injury.md:5:27 ICD101 error" in run.stdout
    assert "finding" in run.stderr
    assert sachet("check", "seeds").returncode == 0
    assert sachet("check", "seeds", "--quiet").stderr == ""


def test_check_json_has_the_promised_form() -> None:
    run = sachet("check", DOCUMENTS, "--format", "json")
    found = json.loads(run.stdout)
    assert found["files"] == 1
    finding = next(f for f in found["findings"] if f["code"] == "ICD101")
    assert finding == {
        "code": "ICD101",
        "severity": "error",
        "path": f"{DOCUMENTS.as_posix()}/cold-injury.md",
        "line": 5,
        "column": 27,
        "end_line": 5,
        "end_column": 32,
        "message": finding["message"],
        "related": [],
        "fix": None,
    }


@pytest.mark.parametrize(("severity", "code"), [("error", 0), ("warning", 1), ("note", 1)])
def test_fail_on(tmp_path: Path, severity: str, code: int) -> None:
    (tmp_path / "a.md").write_text(f"{FRONT}---\n# A\n", "utf-8")
    assert sachet("check", tmp_path, "--fail-on", severity).returncode == code


def test_extract_prints_json() -> None:
    run = sachet("extract", SEED)
    assert run.returncode == 0
    assert json.loads(run.stdout)["id"] == "intraosseous-access"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["build", "nowhere"], "nowhere: there is no such file or folder"),
        (["build", "."], "there is no document here"),
        (["extract", "nowhere.md"], "nowhere.md: there is no such file"),
        (["build", "a.md", "--fhir", "r3"], "'r3' is not a release; use r4, r4b, r5"),
        (["build", "broken"], "broken/sachet.toml:1:1 SCH131 error"),
        (["build", "a.md", "-o", "a.md"], "a.md: "),
        ([], "usage: sachet"),
    ],
)
def test_a_users_mistake_is_one_line_and_no_traceback(tmp_path: Path, arguments: list[str], words: str) -> None:
    (tmp_path / "a.md" if arguments[1:] != ["."] else tmp_path / "x.txt").write_text(f"{FRONT}---\n# A\n", "utf-8")
    broken = tmp_path / "broken"
    if "broken" in arguments:
        broken.mkdir()
        (broken / "a.md").write_text(f"{FRONT}---\n", "utf-8")
        (broken / "sachet.toml").write_text("id = 3\n", "utf-8")
    run = sachet(*arguments, cwd=tmp_path)
    assert run.returncode == 2
    assert words in run.stderr
    assert "Traceback" not in run.stderr


def test_an_unreadable_document_is_exit_2(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"\x00\x01")
    run = sachet("extract", "a.md", cwd=tmp_path)
    assert run.returncode == 2
    assert run.stderr.startswith("a.md:1:1 STR102 error")


@pytest.mark.skipif(os.name == "nt", reason="needs symbolic links")
def test_a_file_named_twice_is_one_document(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(f"{FRONT}---\n# A\n", "utf-8")
    (tmp_path / "l.md").symlink_to("a.md")
    run = sachet("build", ".", "a.md", tmp_path, "--fhir", "r4", cwd=tmp_path)
    assert run.returncode == 0
    assert "1 document," in run.stdout


def test_the_same_bytes_wherever_one_calls_from(tmp_path: Path) -> None:
    project, other = tmp_path / "project", tmp_path / "other"
    for folder, name in ((project, "a"), (other, "b")):
        folder.mkdir()
        (folder / f"{name}.md").write_text(f"---\nid: {name}\ncondition: A\n---\n# A\n", "utf-8")
    (project / "sachet.toml").write_text('id = "x.y"\n', "utf-8")
    near = sachet("build", "project", "other", "-o", "near", "--fhir", "r4", cwd=tmp_path)
    sachet("build", project, other, "-o", tmp_path / "far", "--fhir", "r4", cwd=ROOT)
    assert "\nproject/a.md:2:1 SCH105" in f"\n{near.stderr}"
    assert "\nother/b.md:2:1 SCH105" in f"\n{near.stderr}"
    assert (tmp_path / "near" / "x.y.r4.tgz").read_bytes() == (tmp_path / "far" / "x.y.r4.tgz").read_bytes()


@pytest.mark.parametrize(
    "settings",
    ["title = " + "[" * 5000, "id = " + "9" * 5000, "fhir = []", "title = ' '", 'title = "\\u0007"', "id = "],
)
def test_wrong_settings_are_a_finding(tmp_path: Path, settings: str) -> None:
    (tmp_path / "a.md").write_text(f"{FRONT}---\n# A\n", "utf-8")
    (tmp_path / "sachet.toml").write_text(settings, "utf-8")
    run = sachet("build", ".", cwd=tmp_path)
    assert run.returncode == 2
    assert "SCH131" in run.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(f"{FRONT}icd10: [Ω≥]\n---\n# A\n", "utf-8")
    command = f"{sys.executable} -m sachet check {tmp_path}"
    options = {"shell": True, "capture_output": True, "encoding": "utf-8", "timeout": 60}
    full = subprocess.run(f"{command} >/dev/full", **options)
    assert (full.returncode, "No space left" in full.stderr, "Traceback" in full.stderr) == (2, True, False)
    head = subprocess.run(f"bash -c '{command} | head -c 1; exit ${{PIPESTATUS[0]}}'", **options)
    assert head.returncode == 1
    assert "Traceback" not in head.stderr
    ascii_only = subprocess.run(command, env=os.environ | {"PYTHONIOENCODING": "ascii"}, **options)
    assert "Ω≥" in ascii_only.stdout


def test_every_command_has_help_with_an_example() -> None:
    for command in ("new", "build", "check", "extract", "trace"):
        run = sachet(command, "--help")
        assert run.returncode == 0
        assert f"example:\n  sachet {command}" in run.stdout
    assert sachet("--version").stdout.startswith("sachet 0.")
