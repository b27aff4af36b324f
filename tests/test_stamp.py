"""The stamp: what `sachet stamp` writes into the validation block, and what becomes of it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checked import FOLDER, parts
from checked import document as a_document
from coverage import contents
from hypothesis import given
from hypothesis import strategies as st

from sachet import document
from sachet.checks import CHECKS
from sachet.package.checking import check_documents
from sachet.package.documents import Input
from sachet.package.stamping import NOTHING, REST, stamp_documents
from sachet.project import Project
from sachet.review.stamp import DATED, FLAG, content_hash, read
from sachet.rules import FAMILIES, rule, rules

TIME = "2026-11-28T09:30:00Z"
SEVEN = (*DATED, FLAG)
DOSES = "## Treatment\n- Morphine 4 mg IV\n"


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "sachet", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, encoding="utf-8", env=environment)


def project_of(folder: Path, documents: dict[str, str]) -> list[Input]:
    for name, text in documents.items():
        (folder / f"{name}.md").write_text(text, "utf-8", newline="")
    return [Input(folder / f"{name}.md", f"{name}.md", folder) for name in documents]


def test_the_seven_checks_are_those_of_the_table_and_of_the_rules() -> None:
    of_rules = {rule.check for family in FAMILIES for rule in rules(family).values() if rule.check}
    assert set(SEVEN) <= {checks.name for checks in CHECKS}
    assert {checks.name for checks in CHECKS} == of_rules


def test_a_clean_document_is_stamped_and_the_stamp_holds(tmp_path: Path) -> None:
    inputs = project_of(tmp_path, {"a": a_document("a", "## Treatment\n- Rest.\n")})
    (one,) = stamp_documents(inputs, {"a.md"}, Project(), TIME)
    assert one.is_new
    text = (tmp_path / "a.md").read_text("utf-8")
    for check in DATED:
        assert f'\n  {check}: "2026-11-28"\n' in text
    assert f"\n  {FLAG}: clear\n" in text
    stamp = read(document.read(tmp_path / "a.md").value.fields)
    assert stamp == one.stamp
    assert stamp.results == dict.fromkeys((*SEVEN, REST), NOTHING)
    assert check_documents(inputs, Project()) == ()


def test_what_was_found_is_counted_beside_its_check(tmp_path: Path) -> None:
    ceiling = "## Treatment\n- Ketorolac 60 mg IV (max 30 mg)\n- Digoxin 0.25 mg QD\n"
    inputs = project_of(tmp_path, {"a": a_document("a", ceiling)})
    (one,) = stamp_documents(inputs, {"a.md"}, Project(), TIME)
    assert one.stamp.results["dose_range_validator"] == "1 error"
    assert one.stamp.results["unit_normalization_check"] == "1 warning"
    excused = ceiling.replace("QD\n", "QD <!-- sachet: ignore UNI101 a quotation -->\n")
    (tmp_path / "a.md").write_text(a_document("a", excused), "utf-8")
    (one,) = stamp_documents(inputs, {"a.md"}, Project(), TIME)
    assert one.stamp.results["unit_normalization_check"] == "1 ignored"


# A code of each of the seven checks: `tests/checks` has documents that have its mistake, and documents that have not.
OF_SEVEN = {
    "automated_consistency_check": "CON202",
    "dose_range_validator": "DOS103",
    "unit_normalization_check": "UNI101",
    "cross_file_consistency_check": "XFI113",
    "citation_presence_check": "CIT111",
    "duplicate_content_check": "DUP104",
    "outlier_detection_flag": "OUT101",
}


@pytest.mark.parametrize(("check", "code"), OF_SEVEN.items())
def test_each_of_the_seven_is_stamped_on_documents_that_pass_and_that_fail(
    check: str, code: str, tmp_path: Path
) -> None:
    assert rule(code).check == check
    found = {part.name: part.documents for part in parts(FOLDER / f"{code}.md")}
    for name, passes in (("wrong", False), ("right", True)):
        folder = tmp_path / name
        folder.mkdir()
        inputs = project_of(folder, found[name])
        made = stamp_documents(inputs, {i.name for i in inputs}, Project(), TIME)
        assert all(set(one.stamp.results) == {*SEVEN, REST} for one in made)
        assert all(one.stamp.results[check] == NOTHING for one in made) == passes
        day = "clear" if check == FLAG else '"2026-11-28"'
        text = (folder / "a.md").read_text("utf-8")
        assert f"\n  {check}: {day}\n" in text or (check == FLAG and not passes)


def test_an_outlier_is_flagged(tmp_path: Path) -> None:
    usual = {f"d{n}": a_document(f"d{n}", "## Treatment\n- Ketorolac 15 mg IV\n") for n in range(12)}
    inputs = project_of(tmp_path, usual | {"a": a_document("a", "## Treatment\n- Ketorolac 150 mg IV\n")})
    stamped = {one.name: one.stamp for one in stamp_documents(inputs, {i.name for i in inputs}, Project(), TIME)}
    assert f"\n  {FLAG}: flagged\n" in (tmp_path / "a.md").read_text("utf-8")
    assert stamped["a.md"].results[FLAG] == "1 warning"
    assert stamped["d1.md"].results[FLAG] == NOTHING
    assert stamped["a.md"].documents == 13


def test_a_stamp_of_the_same_content_stays_and_of_other_content_does_not_hold(tmp_path: Path) -> None:
    inputs = project_of(tmp_path, {"a": a_document("a", "## Treatment\n- Rest.\n")})
    stamp_documents(inputs, {"a.md"}, Project(), TIME)
    first = (tmp_path / "a.md").read_bytes()
    (again,) = stamp_documents(inputs, {"a.md"}, Project(), "2027-01-01T00:00:00Z")
    assert not again.is_new
    assert (tmp_path / "a.md").read_bytes() == first
    (tmp_path / "a.md").write_bytes(first.replace(b"Rest.", b"Rest a day."))
    assert [f.code for f in check_documents(inputs, Project())] == ["SCH145"]
    (anew,) = stamp_documents(inputs, {"a.md"}, Project(), "2027-01-01T00:00:00Z")
    assert anew.is_new
    assert anew.stamp.day == "2027-01-01"
    assert check_documents(inputs, Project()) == ()


def test_what_cannot_be_read_is_not_stamped(tmp_path: Path) -> None:
    inputs = project_of(tmp_path, {"a": "---\nid: [\n---\n# A\n", "b": "---\ncondition: B\n---\n# B\n"})
    before = [i.file.read_bytes() for i in inputs]
    made = stamp_documents(inputs, {"a.md", "b.md"}, Project(), TIME)
    assert [one.stamp for one in made] == [None, None]
    assert [i.file.read_bytes() for i in inputs] == before


BLOCKS = st.lists(
    st.sampled_from(
        [
            "  dose_range_validator: null",
            "  unit_normalization_check:",
            '  citation_presence_check: "2026-01-01"   # by hand',
            "  duplicate_content_check: >-\n    folded\n    words",
            "  outlier_detection_flag: flagged",
            "  provenance_links: []",
            "  provenance_links:\n    - abc1234 # the commit",
            '  schema_version: "2.0"',
            "  # a remark",
            "",
            "  stamp: by hand",
            "  stamp:\n    tool: x\n    results: {a: b}",
        ]
    ),
    max_size=8,
    unique_by=lambda line: line.strip().partition(":")[0],
)


@given(block=BLOCKS, braces=st.booleans(), last=st.booleans(), end=st.sampled_from(["\n", "\r\n"]), mark=st.booleans())
def test_a_stamp_changes_nothing_but_the_block(block, braces, last, end, mark, tmp_path_factory) -> None:
    members = "validation:\n" + "".join(f"{line}\n" for line in block)
    if braces:
        members = 'validation: {schema_version: "2.0", dose_range_validator: null}\n'
    elif not any(line.strip() and not line.strip().startswith("#") for line in block):
        members = ""
    rest = "id: a\ncondition: A\n"
    front = rest + members if last else members + rest
    text = ("\ufeff" if mark else "") + f"---\n{front}---\n# A\n\n## Treatment\n- Rest \u2028 now.\n".replace("\n", end)
    folder = tmp_path_factory.mktemp("stamp")
    (folder / "a.md").write_bytes(text.encode())
    before = document.read(folder / "a.md").value
    (one,) = stamp_documents([Input(folder / "a.md", "a.md", folder)], {"a.md"}, Project(), TIME)
    assert one.stamp is not None
    after = document.read(folder / "a.md").value
    assert read(after.fields) == one.stamp
    assert content_hash(after.source.text, after.fields) == content_hash(before.source.text, before.fields)
    whole = (folder / "a.md").read_bytes().decode()
    for part in (rest.replace("\n", end), text[text.index("# A") :], "\ufeff" if mark else ""):
        assert part in whole
    assert ("\r\n" in whole) == (end == "\r\n")
    assert whole.count("\n") == whole.count(end)
    for line in block if members and not braces else ():
        if "provenance" in line or "remark" in line or "schema" in line or ("by hand" in line and "cit" in line):
            assert line.partition("#")[2].strip() in whole


@given(st.text(alphabet="ab\n #:é", max_size=30))
def test_the_hash_is_of_everything_but_the_block(words: str) -> None:
    def hashed(block: str, body: str) -> str:
        found = document.read_bytes("a.md", f"---\nid: a\nvalidation:\n  {block}\nesi: 1\n---\n{body}".encode()).value
        return content_hash(found.source.text, found.fields)

    assert hashed("a: 1", words) == hashed("b: 2\n  c: 3", words)
    assert hashed("a: 1", words) != hashed("a: 1", words + "!")


def test_the_command_stamps_and_says_what_was_found(tmp_path: Path) -> None:
    project_of(tmp_path, {"a": a_document("a", DOSES), "b": a_document("b", DOSES)})
    done = run("stamp", "a.md", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "a.md: stamped: nothing found\n"
    assert "stamp:" not in (tmp_path / "b.md").read_text("utf-8")
    shown = json.loads(run("stamp", "a.md", "--format", "json", cwd=tmp_path).stdout)["stamped"]
    assert [(one["path"], one["written"]) for one in shown] == [("a.md", False)]
    (tmp_path / "c.md").write_text("---\nid: [\n---\n", "utf-8")
    broken = run("stamp", "c.md", cwd=tmp_path)
    assert broken.returncode == 1
    assert "c.md: not stamped" in broken.stderr
    assert "Traceback" not in broken.stderr


def test_the_build_carries_a_stamp_that_holds_as_provenance(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parents[1] / "seeds" / "intraosseous-access.md", tmp_path)
    assert run("stamp", ".", "--quiet", cwd=tmp_path).returncode == 0
    assert run("build", ".", "--fhir", "r4,r5", "--quiet", cwd=tmp_path).returncode == 0
    name = "other/Provenance-intraosseous-access.checks.json"
    files = contents(tmp_path / "dist" / "local.package.r4.tgz")
    found = document.read(tmp_path / "intraosseous-access.md").value
    stamp = read(found.fields)
    assert files[name]["recorded"] == stamp.time
    assert files[name]["agent"][0]["who"]["display"] == stamp.tool
    assert stamp.content.removeprefix("sha256:") in files[name]["entity"][0]["what"]["identifier"]["value"]
    results = {e["extension"][0]["valueString"]: e["extension"][1]["valueString"] for e in files[name]["extension"]}
    assert results == stamp.results
    text = (tmp_path / "intraosseous-access.md").read_text("utf-8")
    (tmp_path / "intraosseous-access.md").write_text(text.replace("trocar", "stylet"), "utf-8")
    run("build", ".", "--fhir", "r4", "--quiet", cwd=tmp_path)
    assert name not in contents(tmp_path / "dist" / "local.package.r4.tgz")
