"""sachet from Python."""

from pathlib import Path

import pytest
from conftest import DOCUMENTS, REVIEWED, SEED

import sachet
from sachet.api import SettingsError
from sachet.review.decision import Answers, NotAcceptableError


def test_build_gives_typed_objects() -> None:
    content = sachet.build(SEED)
    assert content.documents == 1
    assert list(content.resources) == ["r4", "r4b", "r5"]
    for release, resources in content.resources.items():
        assert type(resources[0]).__name__ == "Library"
        assert ".R4B." in type(resources[0]).__module__ or release == "r5"
        (plan,) = (r for r in resources if type(r).__name__ == "PlanDefinition")
        assert plan.title == "Intraosseous Access"
        assert plan.action[0].title == "Recognition"
    r5 = sachet.build(DOCUMENTS, fhir=["r5"])
    assert list(r5.resources) == ["r5"]
    assert "ICD101" in [f.code for f in r5.findings]


def test_read_and_check() -> None:
    guideline = sachet.read(SEED).value
    assert guideline is not None
    assert guideline.id == "intraosseous-access"
    assert {f.code for f in sachet.check(SEED)} == {"CIT103", "CON211", "CON241", "ICD107", "SCH143"}
    assert "ICD101" in [f.code for f in sachet.check(DOCUMENTS)]


def test_what_cannot_be_read_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sachet.build(tmp_path / "nowhere")
    (tmp_path / "sachet.toml").write_text("id = 3\n", "utf-8")
    (tmp_path / "a.md").write_text("", "utf-8")
    with pytest.raises(SettingsError, match="SCH131"):
        sachet.check(tmp_path)
    with pytest.raises(AttributeError, match="no attribute 'push'"):
        sachet.push  # noqa: B018


def test_a_step_is_accepted(tmp_path: Path) -> None:
    file = tmp_path / "wheeze.md"
    file.write_bytes(REVIEWED.read_bytes())
    (one,) = (s for s in sachet.suggest(file) if s.step.title == "Prednisolone")
    answers = Answers(reviewer="Dr D", condition="unconditional", alternatives=("none",), reading=1, maximum="40 mg")
    kept = sachet.accept(file, one.step.key, answers)
    assert kept == tmp_path / "accepted" / "wheeze.yaml"
    made = sachet.build(file, fhir=["r5"]).resources["r5"]
    (order,) = (r for r in made if type(r).__name__ == "ActivityDefinition" and r.kind)
    assert order.productCodeableConcept.text == "Prednisolone"
    assert order.dosage[0].doseAndRate[0].doseQuantity.code == "mg/kg"
    with pytest.raises(NotAcceptableError, match="reviewer"):
        sachet.accept(file, one.step.key, Answers())
    with pytest.raises(KeyError):
        sachet.accept(file, "wheeze.nothing", answers)
    kept.write_text("accepted: [", "utf-8")
    with pytest.raises(ValueError, match="STR113"):
        sachet.accept(file, one.step.key, answers)
