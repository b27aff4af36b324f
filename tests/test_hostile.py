"""What a careless or malicious author, or a full disk, can do: a finding or one line, soon, in bounded memory."""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from coverage import contents
from test_cli import FRONT

SECONDS, BYTES = 60, 3 << 30  # bounds that a slow machine keeps too


def front(more: str = "") -> str:
    return f"{FRONT}{more}---\n# A\n"


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`sachet` with bounds on its time and memory."""

    def bounds() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))

    command = [sys.executable, "-m", "sachet", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, encoding="utf-8", timeout=SECONDS, preexec_fn=bounds
    )


TREATMENT = "## Treatment\n"
INPUTS: dict[str, tuple[str, str]] = {
    "anchors": (front("b: &a [x, x]\nc: *a\n"), "STR115"),
    "a bomb": (front("a: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 9))), "STR115"),
    "a merge key": (front("b: &b {x: 1}\nc:\n  <<: *b\n"), "STR115"),
    "a Python object": (front("b: !!python/object/apply:os.system [echo x]\n"), "STR116"),
    "brackets a thousand deep": (front("b: " + "[" * 1000 + "]" * 1000 + "\n"), "STR112"),
    "mappings a thousand deep": (front("".join(f"{' ' * n}k:\n" for n in range(1000))), "STR112"),
    "dashes a thousand deep": (front("b:\n  " + "- " * 1000 + "x\n"), "STR112"),
    "lists a thousand deep": (front() + TREATMENT + "".join(f"{'  ' * n}- item {n}\n" for n in range(1000)), "STR121"),
    "dashes in a line": (front() + TREATMENT + "- " * 5000 + "x\n", ""),
    "quotations a hundred thousand deep": (front() + TREATMENT + ">" * 100_000 + " x\n", ""),
    "a ten-megabyte line": (front() + TREATMENT + "word " * 2_000_000, "STR107"),
    "a line as long as a document may be": (front() + TREATMENT + "- Give " + "word " * 200_000, ""),
    "a hundred thousand list items": (front() + TREATMENT + "- Give it\n" * 100_000, "STR107"),
    "as many list items as there may be": (front() + TREATMENT + "".join(f"- Give {n}x\n" for n in range(15_000)), ""),
    "a paragraph of many lines": (front() + TREATMENT + "words of a line\n" * 19_000, ""),
    "a thousand columns": (front() + TREATMENT + "|h" * 1000 + "|\n" + "|-" * 1000 + "|\n" + "|x|\n" * 3000, ""),
    "brackets": (front() + TREATMENT + "[" * 500_000 + "\n", ""),
    "stars": (front() + TREATMENT + "*" * 900_000 + "\n", ""),
    "underscores": (front() + TREATMENT + "_a" * 400_000 + "\n", ""),
    "backticks": (front() + TREATMENT + "`" * 900_000 + "\n", ""),
    "many keys": (front("".join(f"k{n}: v\n" for n in range(10_000))), "SCH111"),
    "many sources": (front("sources:\n" + "".join(f"  - ref: 'Book {n}x.'\n" for n in range(8_000))), ""),
    "many codes": (front(f"icd10: [{', '.join(f'Q{n:05}' for n in range(15_000))}]\n"), "ICD101"),
}  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="needs limits of the system")
@pytest.mark.parametrize("name", INPUTS)
def test_hostile_input_ends_soon_and_is_a_finding(name: str, tmp_path: Path) -> None:
    text, code = INPUTS[name]
    (tmp_path / "a.md").write_text(text, "utf-8")
    started = time.monotonic()
    done = run("build", "a.md", "--fhir", "r4", "-o", "dist", cwd=tmp_path)
    assert done.returncode in (0, 1), done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert f" {code} " in done.stderr if code else True
    assert time.monotonic() - started < SECONDS
    assert (tmp_path / "dist" / "local.package.r4.tgz").exists()


def test_markup_and_scripts_are_words(tmp_path: Path) -> None:
    hostile = '<script>alert(1)</script> <img src=x onerror="alert(2)"> <a href="javascript:alert(3)">x</a> &lt;b&gt;'
    for place in (f"## Treatment\n- Give {hostile}\n", f"## Pitfalls\n{hostile}\n", f"## {hostile}\n- x\n"):
        (tmp_path / "a.md").write_text(
            front() + place + f"\n[x](javascript:alert(4))\n\n| {hostile} |\n|---|\n| y |\n", "utf-8"
        )
        run("build", "a.md", "--fhir", "r5", "-o", "dist", cwd=tmp_path)
        files = contents(tmp_path / "dist" / "local.package.r5.tgz")
        plan = files["PlanDefinition-a.json"]
        divs = [f["text"]["div"] for f in files.values() if "text" in f]
        assert not any(tag in div for div in divs for tag in ("<script", "<img", "<a "))
        assert "alert(1)" in plan["text"]["div"]
        assert "javascript:" not in json.dumps([a.get("document", {}).get("url", "") for a in _artifacts(plan)])


def _artifacts(action: dict) -> list[dict]:  # type: ignore[type-arg]
    found = [*action.get("relatedArtifact", ()), *action.get("documentation", ())]
    return found + [a for below in action.get("action", ()) for a in _artifacts(below)]


@pytest.mark.parametrize("identifier", ["../../x", "a/b", "..", "a\\b", ".a", "con:", "a\u0000b"])
def test_an_id_never_leaves_the_folder(tmp_path: Path, identifier: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.md").write_text(front().replace("id: a", f"id: {json.dumps(identifier)}"), "utf-8")
    done = run("build", "in", "--fhir", "r4", "-o", "in/dist", cwd=tmp_path)
    assert "SCH102" in done.stderr
    assert sorted(f.name for f in tmp_path.rglob("*") if f.is_file()) == [
        "a.md", "local.package.r4.bundle.json", "local.package.r4.tgz",
    ]  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="needs symbolic links")
def test_links_out_of_the_project_are_findings(tmp_path: Path) -> None:
    outside, project = tmp_path / "outside", tmp_path / "project"
    for folder in (outside, project):
        folder.mkdir()
    (outside / "secret.md").write_text(front().replace("id: a", "id: secret"), "utf-8")
    (project / "a.md").write_text(f"{front()}[x](../outside/secret.md) [y](../../../etc/passwd)\n", "utf-8")
    (project / "link.md").symlink_to(outside / "secret.md")
    (project / "loop.md").symlink_to(project / "loop.md")
    (project / "folder").symlink_to(outside, target_is_directory=True)
    done = run("build", "project", "--fhir", "r4", "-o", "dist", cwd=tmp_path)
    assert "project/link.md:1:1 STR106 error" in done.stderr
    assert "project/loop.md:1:1 STR100 error" in done.stderr
    assert "LNK102" in done.stderr
    assert "1 document," in done.stdout
    plan = contents(tmp_path / "dist" / "local.package.r4.tgz")["PlanDefinition-a.json"]
    assert "/passwd" in json.dumps(plan["relatedArtifact"])  # as words
    assert "secret.md" in json.dumps(plan["relatedArtifact"])
    assert not any("resource" in a for a in plan["relatedArtifact"])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_file_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(front(), "utf-8")
    (tmp_path / "a.md").chmod(0)
    assert "STR100" in run("check", ".", cwd=tmp_path).stdout


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit of file sizes")
def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(front(), "utf-8")
    run("build", "a.md", "-o", "dist", cwd=tmp_path)
    before = {f.name: f.read_bytes() for f in (tmp_path / "dist").iterdir()}
    (tmp_path / "a.md").write_text(front() + TREATMENT + "".join(f"- Give {n}x\n" for n in range(2000)), "utf-8")

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # no file can grow beyond that

    program = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); from sachet.cli import main; "
    command = [sys.executable, "-c", program + "raise SystemExit(main(['build', 'a.md', '-o', 'dist']))"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", preexec_fn=full)
    assert done.returncode == 2
    assert "nothing was replaced" in done.stderr
    assert "Traceback" not in done.stderr
    assert {f.name: f.read_bytes() for f in (tmp_path / "dist").iterdir()} == before
