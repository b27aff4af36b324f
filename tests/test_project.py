"""The settings: every mistake with its line, a house of other words, and a project that builds at once."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from coverage import contents, lost_words
from hypothesis import given
from hypothesis import strategies as st
from test_cli import FRONT, sachet

from sachet import project, schema
from sachet.fhir import digest
from sachet.finding import Findings
from sachet.project import Project

HOUSE = ROOT / "tests" / "house"


def findings(folder: Path, settings: str) -> list[tuple[int, int, str]]:
    (folder / "sachet.toml").write_text(settings, "utf-8")
    return [(f.span.line, f.span.column, f.message) for f in project.load(folder).findings]


@pytest.mark.parametrize(
    ("settings", "line", "words"),
    [
        ("id = 3", 3, 'id: 3 is wrong; write two or more lower-case parts with dots between them'),
        ('id = "One"', 3, "id: 'One' is wrong"),
        ('\n\ntitel = "x"', 5, "there is no setting 'titel'; did you mean 'title'?"),
        ('zzz = "x"', 3, "there is no setting 'zzz'; there are id, canonical"),
        ('version = "1"', 3, 'like "1.0.0"'),
        ('title = " "', 3, "words in quotes"),
        ('fhir = ["r4", "r6"]', 3, 'fhir: \'r6\' is wrong; write a list of releases: "r4", "r4b", "r5"'),
        ("fhir = []", 3, "fhir: [] is wrong"),
        ('versions = "both"', 3, '"document" (each has its own)'),
        ('claim_profiles = "no"', 3, "true or false"),
        ('documents = ["../*.md"]', 3, "leads out of this folder"),
        ('documents = ["/etc/*.md"]', 3, "leads out of this folder"),
        ('documents = ["a**.md"]', 3, "has ** beside other characters"),
        ('[front_matter]\na = "icd10"\nb = "icd1o"', 5, "the schema has no such key; did you mean 'icd10'?"),
        ('[front_matter]\na = 3', 4, "front_matter: 3 is wrong"),
        ('[front_matter]\nesi = "track"', 4, "'esi' is a key of the schema itself"),
        ('[front_matter]\na = "icd10"\n"b" = "icd10"', 5, "'a' and 'b' are both 'icd10'"),
        ('[front_matter]\n"a.b" = "sources.ref"', 4, "do not stand below the same key; map 'a' too"),
        ('[front_matter]\na = "sources"\n"a.b" = "sources.title"', 5, "below 'sources' there is sources.type"),
        ('[sections]\n"Plan" = "Treatment"\n\'Do\' = "Treatments"', 5, "did you mean 'Treatment'?"),
        ("sections = 3", 3, "sections: 3 is wrong"),
        ('title = "x', 3, "the settings cannot be read"),
        ('[x]\ny = 1', 3, "there is no setting 'x'"),
    ],
)  # fmt: skip
def test_a_mistake_is_a_finding_with_its_line(tmp_path: Path, settings: str, line: int, words: str) -> None:
    ((found, _, message),) = findings(tmp_path, f"# a\n# b\n{settings}\n")
    assert words in message
    assert found == line


def test_every_mistake_is_found(tmp_path: Path) -> None:
    found = findings(tmp_path, 'id = 1\nversion = "x"\nfhir = "r4"\n')
    assert [line for line, _, _ in found] == [1, 2, 3]
    assert findings(tmp_path, 'title = "x"\n') == []


def test_every_setting_is_documented_and_has_a_hint() -> None:
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    for name in Project.__struct_fields__:
        assert f"`{name}`" in text
        assert name in project._MUST


def test_the_settings_in_the_docs_are_read(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert findings(tmp_path, example) == []


_TOML = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=8), below, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*Project.__struct_fields__, "other"]), _TOML, max_size=4))
def test_any_settings_are_a_project_or_findings(data: dict[str, Any]) -> None:
    found = Findings("sachet.toml")
    read = project.read("", data, found)
    assert (read is None) or not found.found or all(f.code == "SCH131" for f in found.found)
    assert read is not None or found.found


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("settings")
    (folder / "sachet.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    loaded = project.load(folder)
    assert (loaded.value is None) == bool(loaded.findings)


def in_the_schemas_words(text: str) -> str:
    """The house's document as the schema would have it."""
    settings = project.load(HOUSE).value
    assert settings
    for own, meant in settings.front_matter.items():
        name, by = own.rpartition(".")[2], meant.rpartition(".")[2]
        text = re.sub(rf"(?m)^(\s*(?:- )?){name}:", rf"\g<1>{by}:", text)
    for own, meant in settings.sections.items():
        text = text.replace(f"## {own}\n", f"## {meant}\n")
    return text


def test_a_second_house_builds_through_settings_alone(tmp_path: Path) -> None:
    run = sachet("build", HOUSE, "-o", tmp_path / "house")
    assert (run.returncode, [line for line in run.stderr.splitlines() if " note: " not in line]) == (0, [])
    assert "ward_note" in run.stderr
    assert "House Rules" in run.stderr
    tgz = tmp_path / "house" / "other.house.r5.tgz"
    assert lost_words(tgz, HOUSE) == []
    (tmp_path / "sachet.toml").write_text(
        (HOUSE / "sachet.toml").read_text("utf-8").split("[front_matter]")[0], "utf-8"
    )
    (tmp_path / "guidance").mkdir()
    text = in_the_schemas_words((HOUSE / "guidance" / "snow-blindness.md").read_text("utf-8"))
    assert "icd10:" in text
    assert "## Treatment" in text
    (tmp_path / "guidance" / "snow-blindness.md").write_text(text, "utf-8")
    assert sachet("build", tmp_path, "-o", tmp_path / "schema").returncode == 0
    house, same = (contents(f) for f in (tgz, tmp_path / "schema" / "other.house.r5.tgz"))
    assert house.keys() == same.keys()
    for name, resource in house.items():
        if name.startswith(("ActivityDefinition", "Citation", "ValueSet")):
            assert _without_headings(resource) == _without_headings(same[name]), name
    ours, theirs = house["PlanDefinition-snow-blindness.json"], same["PlanDefinition-snow-blindness.json"]
    assert ours["useContext"] == theirs["useContext"]
    assert ours["relatedArtifact"][:-1] == theirs["relatedArtifact"][:-1]
    assert [a["id"] for a in ours["action"]] == [a["id"] for a in theirs["action"]]
    assert [a["code"] for a in ours["action"]] == [a["code"] for a in theirs["action"]]
    assert sachet("extract", HOUSE / "guidance" / "snow-blindness.md").stdout == (
        sachet("extract", tmp_path / "guidance" / "snow-blindness.md").stdout
    )


def _without_headings(resource: dict[str, Any]) -> str:
    """A resource without the words of the sections above it, which are the house's own."""
    settings = project.load(HOUSE).value
    assert settings
    text = json.dumps(resource | {"extension": digest.without(resource)})
    for own, meant in settings.sections.items():
        text = re.sub(rf"(?:&gt;|>) (?:{own}|{meant})\b", "> SECTION", text)
    return text


def test_own_and_schema_key_together_are_a_finding(tmp_path: Path) -> None:
    (tmp_path / "sachet.toml").write_text('[front_matter]\nurgency = "esi"\n', "utf-8")
    (tmp_path / "a.md").write_text(
        "---\nid: a\ncondition: A\nesi: 2\nurgency: 3\nlast_updated: '2026-01-02'\n---\n# A\n", "utf-8"
    )
    run = sachet("check", tmp_path)
    assert "a.md:5:1 SCH115 warning: 'urgency' means 'esi' in this project, which is here too" in run.stdout
    assert sachet("build", tmp_path, "-o", tmp_path, "--fhir", "r5").returncode == 0
    plan = contents(tmp_path / "local.package.r5.tgz")["PlanDefinition-a.json"]
    assert "urgency" in json.dumps(plan["extension"])


def test_versions_of_the_package(tmp_path: Path) -> None:
    (tmp_path / "sachet.toml").write_text('version = "3.1.4"\nversions = "package"\n', "utf-8")
    (tmp_path / "a.md").write_text(f"{FRONT}---\n# A\n## Treatment\n- Warm the hand\n", "utf-8")
    assert "SCH105" not in sachet("build", tmp_path, "-o", tmp_path).stderr
    for release in ("r4", "r4b", "r5"):
        files = contents(tmp_path / f"local.package.{release}.tgz")
        own = [r for name, r in files.items() if name.startswith(("PlanDefinition", "ActivityDefinition", "Library"))]
        assert {r["version"] for r in own} == {"3.1.4"}


def test_only_the_documents_of_the_settings_are_built(tmp_path: Path) -> None:
    (tmp_path / "sachet.toml").write_text('documents = ["a/**/*.md"]\n', "utf-8")
    for name in ("a/one.md", "a/b/two.md", "c/three.md", "a/.hidden/four.md", "a/README.md"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"---\nid: {file.stem.lower()}\ncondition: A\n---\n# A\n", "utf-8")
    assert "2 documents" in sachet("build", tmp_path, "-o", tmp_path / "dist", "--fhir", "r4").stdout
    assert "1 document," in sachet("build", tmp_path / "a" / "b", "-o", tmp_path / "dist", "--fhir", "r4").stdout
    assert "1 document," in sachet("build", tmp_path / "c" / "three.md", "-o", tmp_path, "--fhir", "r4").stdout


def test_a_new_project_builds_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "content"
    assert sachet("new", folder).returncode == 0
    assert sachet("check", folder, "--fail-on", "note").returncode == 0
    run = sachet("build", folder, "-o", tmp_path / "dist", "--fail-on", "note")
    assert (run.returncode, run.stderr) == (0, "")
    assert sorted(f.name for f in (tmp_path / "dist").glob("*.tgz")) == [
        f"my.content.{r}.tgz" for r in ("r4", "r4b", "r5")
    ]
    again = sachet("new", folder)
    assert again.returncode == 2
    assert "needs an empty one" in again.stderr
    document = (folder / "example-condition.md").read_text("utf-8")
    for name in schema.sections():
        assert f"## {name}" in document or name in ("When NOT to Escalate", "Operational Substitution Risks")
