"""`sachet check` as people use it: what is shown, what is ignored and why, what is mended, and in which form."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from checked import document as a_document

from sachet import sarif
from sachet.rules import FAMILIES, rules

ROOT = Path(__file__).parents[1]
BODY = "## Treatment\n- Digoxin 0.25 mg QD\n- Heparin 5000 U SC\n- Morphine 4 MG IV\n"


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sachet", *arguments]
    env = {**os.environ, "PYTHONUTF8": "1", **environment}
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, encoding="utf-8", env=env)


def codes(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [f["code"] for f in json.loads(done.stdout)["findings"]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.md").write_text(a_document("a", BODY), "utf-8")
    return tmp_path


def settings(folder: Path, words: str) -> None:
    (folder / "sachet.toml").write_text(words, "utf-8")


def test_select_and_ignore_take_codes_and_families_and_the_longer_one_wins(folder: Path) -> None:
    assert codes(run("check", "--format", "json", cwd=folder)) == ["UNI101", "UNI101", "UNI104"]
    assert codes(run("check", "--format", "json", "--select", "UNI104", cwd=folder)) == ["UNI104"]
    assert codes(run("check", "--format", "json", "--select", "UNI", "--ignore", "UNI101", cwd=folder)) == ["UNI104"]
    assert codes(run("check", "--format", "json", "--ignore", "UNI", cwd=folder)) == []
    settings(folder, '[check]\nignore = ["UNI"]\nselect = ["UNI104"]\n')
    assert codes(run("check", "--format", "json", cwd=folder)) == ["UNI104"]
    wrong = run("check", "--select", "UNI999", cwd=folder)
    assert wrong.returncode == 2
    assert "UNI999" in wrong.stderr


def test_a_comment_ignores_with_a_reason_and_one_for_nothing_is_a_finding(folder: Path) -> None:
    excused = BODY.replace("QD\n", "QD <!-- sachet: ignore UNI101 a quotation -->\n")
    excused = excused.replace("- Morphine", "<!-- sachet: ignore UNI104 as the label has it -->\n- Morphine")
    excused += "- Rest <!-- sachet: ignore DOS101 nothing here -->\n"
    (folder / "a.md").write_text(a_document("a", excused), "utf-8")
    done = run("check", "--format", "json", cwd=folder)
    assert codes(done) == ["UNI101", "STR151"]
    assert "2 findings ignored in the documents" in run("check", cwd=folder).stderr


def test_a_comment_ignores_in_a_whole_document(folder: Path) -> None:
    whole = BODY.replace("## Treatment", "<!-- sachet: ignore-file UNI an old house style -->\n## Treatment")
    (folder / "a.md").write_text(a_document("a", whole), "utf-8")
    assert codes(run("check", "--format", "json", cwd=folder)) == []


def test_what_cannot_be_read_cannot_be_ignored(folder: Path) -> None:
    (folder / "b.md").write_text("---\nid: [\n---\n", "utf-8")
    assert codes(run("check", "b.md", "--format", "json", "--ignore", "STR", cwd=folder)) == ["STR113"]


def test_a_baseline_hides_what_was_there_and_shows_what_is_new(folder: Path) -> None:
    settings(folder, '[check]\nbaseline = "old.json"\n')
    written = run("check", "--write-baseline", cwd=folder)
    assert "3 findings" in written.stderr
    hidden = run("check", "--fail-on", "note", cwd=folder)
    assert hidden.returncode == 0
    assert "3 findings of the baseline not shown" in hidden.stderr
    (folder / "a.md").write_text(
        a_document("a", BODY.replace("## T", "Words above.\n\n## T") + "- Insulin 4 U SC\n"), "utf-8"
    )
    assert codes(run("check", "--format", "json", cwd=folder)) == ["UNI101"]
    (folder / "old.json").write_text("[]", "utf-8")
    assert run("check", cwd=folder).returncode == 2


def test_fix_does_what_is_safe_and_never_a_clinical_value(folder: Path) -> None:
    before = (folder / "a.md").read_text("utf-8")
    shown = run("check", "--diff", cwd=folder)
    assert "+- Morphine 4 mg IV" in shown.stdout
    assert (folder / "a.md").read_text("utf-8") == before
    run("check", "--fix", cwd=folder)
    after = (folder / "a.md").read_text("utf-8")
    assert after == before.replace("4 MG", "4 mg")
    assert re.findall(r"\d+(?:\.\d+)?", after) == re.findall(r"\d+(?:\.\d+)?", before)


def test_a_fix_hits_its_line_whatever_ends_the_lines_above_it(folder: Path) -> None:
    for end in ("\n", "\r\n", "\r"):
        odd = a_document("a", BODY.replace("## T", "A line separator \u2028 and a form feed is none.\n\n## T"))
        (folder / "a.md").write_bytes(odd.replace("\n", end).encode())
        run("check", "--fix", cwd=folder)
        assert (folder / "a.md").read_bytes() == odd.replace("4 MG", "4 mg").replace("\n", end).encode()


def test_text_has_an_excerpt_with_carets_and_colours_where_asked(folder: Path) -> None:
    done = run("check", "--select", "UNI104", cwd=folder)
    line, excerpt, carets = done.stdout.splitlines()[:3]
    assert line.startswith("a.md:")
    assert " UNI104 warning: " in line
    assert excerpt.index("MG") == carets.index("^^")
    assert "\x1b[" not in done.stdout
    assert "\x1b[33mwarning\x1b[0m" in run("check", "--color", "always", cwd=folder).stdout
    assert "\x1b[" not in run("check", cwd=folder, NO_COLOR="1").stdout
    assert len(run("check", "--concise", cwd=folder).stdout.splitlines()) == 3


def test_sarif_names_rules_places_and_fingerprints(folder: Path) -> None:
    log = json.loads(run("check", "--format", "sarif", cwd=folder).stdout)
    assert log["version"] == "2.1.0" == sarif.log([])["version"]
    (made,) = log["runs"]
    results = made["results"]
    assert [r["ruleId"] for r in results] == ["UNI101", "UNI101", "UNI104"]
    assert {r["id"] for r in made["tool"]["driver"]["rules"]} >= {"UNI101", "UNI104"}
    region = results[2]["locations"][0]["physicalLocation"]["region"]
    line = (folder / "a.md").read_text("utf-8").splitlines()[region["startLine"] - 1]
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == "MG"
    assert all(r["partialFingerprints"] for r in results)


def test_github_format_is_a_command_a_finding(folder: Path) -> None:
    lines = run("check", "--format", "github", cwd=folder).stdout.splitlines()
    assert len(lines) == 3
    assert all(
        re.match(r"::warning file=a\.md,line=\d+,col=\d+,endLine=\d+,endColumn=\d+,title=UNI10\d::", one)
        for one in lines
    )


def test_statistics_count_by_code(folder: Path) -> None:
    assert [line.split()[:2] for line in run("check", "--statistics", cwd=folder).stdout.splitlines()] == [
        ["2", "UNI101"],
        ["1", "UNI104"],
    ]


def test_of_a_project_all_documents_are_checked_and_those_asked_for_are_shown(folder: Path) -> None:
    settings(folder, "")
    (folder / "b.md").write_text(a_document("a", "## Treatment\n- Rest.\n"), "utf-8")
    shown = run("check", "b.md", "--format", "json", cwd=folder)
    assert {f["path"] for f in json.loads(shown.stdout)["findings"]} == {"b.md"}
    assert any(p["path"] == "a.md" for f in json.loads(shown.stdout)["findings"] for p in f["related"])


def test_a_formulary_of_the_project_judges_doses_in_check_and_in_build(folder: Path) -> None:
    settings(folder, '[check]\nformulary = "formulary.csv"\n')
    (folder / "formulary.csv").write_text(
        "drug,route,basis,low,high,unit,population,source\nmorphine,IV,dose,1,3,mg,adult,House\n"
    )
    assert "DOS111" in codes(run("check", "--format", "json", cwd=folder))
    assert "DOS111" in run("build", "--fhir", "r4", cwd=folder).stderr
    (folder / "formulary.csv").write_text("drug,low\nmorphine,1\n")
    broken = run("check", "--format", "json", cwd=folder)
    assert codes(broken)[-1] == "DOS110"
    assert broken.returncode == 1


def test_explain_knows_every_code() -> None:
    every = [code for family in FAMILIES for code in rules(family)]
    told = json.loads(run("explain", "--format", "json", cwd=ROOT).stdout)
    assert [one["code"] for one in told] == every
    assert "Wrong:" in run("explain", "dos101", cwd=ROOT).stdout
    missing = run("explain", "DOS999", cwd=ROOT)
    assert missing.returncode == 2
    assert "Traceback" not in missing.stderr


def test_the_pre_commit_hooks_find_and_mend(folder: Path) -> None:
    """With pre-commit itself; the hooks run the installed sachet, so that nothing is fetched."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    for hook in hooks:
        hook["entry"] = f"{sys.executable} -m {hook['entry']}"
        hook["language"] = "system"
    (folder / ".pre-commit-config.yaml").write_text(json.dumps({"repos": [{"repo": "local", "hooks": hooks}]}), "utf-8")
    (folder / "README.md").write_text("# No document\n", "utf-8")
    (folder / "a.md").write_text(
        a_document(
            "a",
            BODY.replace("# Test", "# Test"),
        ).replace("[R69]", "[R42.0]"),
        "utf-8",
    )
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    subprocess.run(["git", "add", "."], cwd=folder, check=True)
    command = [sys.executable, "-m", "pre_commit", "run", "--all-files"]
    env = {**os.environ, "PRE_COMMIT_HOME": str(folder / ".cache"), "PYTHONUTF8": "1"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", env=env)
    assert done.returncode == 1
    assert "ICD101" in done.stdout
    assert "README.md:" not in done.stdout
    assert "4 mg IV" in (folder / "a.md").read_text("utf-8")
    validated = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml"]
    )
    assert validated.returncode == 0
