"""Others judge what sachet emits: HL7's engine, and fhir.resources where it knows the release."""

import json
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Package
from coverage import contents
from engine import Engine, Engines
from test_cli import sachet

from sachet.finding import Severity
from sachet.validation.validator import Validator

# Every kind of warning that may remain, with its reason: docs/warnings.md lists the same.
KNOWN_WARNINGS = {
    "Terminology_PassThrough_TX_Message": ("icd-10-cm", "cpg-common-process-cs", "cpg-activity-type-cs"),
    "Terminology_TX_NoValid_13": ("/CodeSystem/context-type#",),
    "Terminology_TX_Code_ValueSet_Ext": ("cited-artifact-classification-type", "provenance-agent-type"),
    "none": ("icd-10-cm' which has status 'not-present'",),
}


def judge(
    engine: Engine, package: Package, release: str, folder: Path, keep: Any = lambda r: True
) -> tuple[list[str], Counter[str]]:
    """HL7's errors, and how often each kind of warning came."""
    folder.mkdir(parents=True)
    beside = [r for r in contents(package.tgz(release)).values() if r.get("resourceType") == "Provenance"]
    for resource in filter(keep, [*package.resources(release), *beside]):
        name = f"{resource['resourceType']}-{resource['id']}.json"
        (folder / name).write_text(json.dumps(resource), "utf-8")
    rows, _ = engine.judge([folder])
    assert rows
    errors: list[str] = []
    warnings: Counter[str] = Counter()
    for row in rows:
        for issue in row["issues"]:
            line = f"{Path(row['file']).name} {issue['location']}: {issue['message']}"
            kind = issue["messageId"] or "none"
            known = KNOWN_WARNINGS.get(kind, ())
            if issue["severity"] == "warning" and any(k in issue["message"] for k in known):
                warnings[kind] += 1
            else:
                errors.append(f"{issue['severity']} {issue['messageId']} {line}")
    return errors, warnings


@pytest.mark.parametrize("release", ["r4", "r4b", "r5"])
def test_hl7s_engine_finds_no_error_and_no_new_kind_of_warning(
    hl7_engine: Engines, package: Package, release: str, tmp_path: Path
) -> None:
    errors, _ = judge(hl7_engine[release], package, release, tmp_path / release)
    assert errors == []


@pytest.mark.parametrize("release", ["r4", "r4b", "r5"])
def test_hl7s_engine_finds_no_error_in_what_was_accepted(
    hl7_engine: Engines, reviewed: Package, release: str, tmp_path: Path
) -> None:
    assert len([a for a in reviewed.resources(release, "ActivityDefinition") if "kind" in a]) == 7
    errors, _ = judge(hl7_engine[release], reviewed, release, tmp_path / release)
    # No terminology server is asked about the reviewer's codes.
    assert [e for e in errors if not e.startswith("warning Terminology_PassThrough_TX_Message ")] == []


def test_hl7s_engine_would_find_an_error(hl7_engine: Engines, package: Package, tmp_path: Path) -> None:
    broken = package.resource("r4", "PlanDefinition", "cold-injury") | {"status": "ready", "fee": 3}
    (tmp_path / "broken.json").write_text(json.dumps(broken), "utf-8")
    rows, summary = hl7_engine["r4"].judge([tmp_path])
    assert summary["errors"] >= 2
    assert any("ready" in i["message"] for i in rows[0]["issues"])


# What sachet's own profiles promise, each broken once.
_ICD = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "T33.99XA"}
_CATEGORY = {"system": "https://w3id.org/sachet/CodeSystem/category", "code": "x"}
BROKEN: list[tuple[str, str, dict[str, Any]]] = [
    ("ActivityDefinition", "sachet-kind", {"kind": "ServiceRequest", "intent": "proposal", "code": {"text": "x"}}),
    ("PlanDefinition", "sachet-draft", {"experimental": False}),
    ("PlanDefinition", "sachet-accepted", {"action": [{"action": [{"definitionCanonical": "http://example.com/a|1"}]}]}),
    ("PlanDefinition", "sachet-icd", {"useContext": [
        {"code": {"system": "http://terminology.hl7.org/CodeSystem/usage-context-type", "code": "focus"},
         "valueCodeableConcept": {"coding": [_ICD]}}]}),
    ("PlanDefinition", "ValueSet/category", {"useContext": [
        {"code": {"system": "https://w3id.org/sachet/CodeSystem/context-type", "code": "category"},
         "valueCodeableConcept": {"coding": [_CATEGORY]}}]}),
    ("Library", "sachet-pins", {"relatedArtifact": [{"type": "composed-of", "resource": "http://example.com/a"}]}),
    ("Citation", "identifier", {"citedArtifact": {"note": [{"text": "x"}]}}),
]  # fmt: skip


def broken(package: Package, release: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for kind, promise, fields in BROKEN:
        if found := package.resources(release, kind):
            yield promise, found[0] | fields


@pytest.mark.parametrize("release", ["r4", "r4b", "r5"])
def test_sachets_own_profiles_hold_in_hl7s_engine(
    hl7_engine: Engines, package: Package, release: str, tmp_path: Path
) -> None:
    cases = list(broken(package, release))
    for number, (_, resource) in enumerate(cases):
        (tmp_path / f"{number}.json").write_text(json.dumps(resource), "utf-8")
    rows, _ = hl7_engine[release].judge([tmp_path])
    for number, (promise, _) in enumerate(cases):
        row = next(r for r in rows if Path(r["file"]).stem == str(number))
        assert any(promise in i["message"] for i in row["issues"] if i["severity"] == "error"), (promise, row["issues"])


@pytest.mark.parametrize("release", ["r4", "r4b", "r5"])
def test_sachets_own_profiles_hold_in_its_validator(package: Package, release: str) -> None:
    cases = list(broken(package, release))
    assert len(cases) >= 6
    for promise, resource in cases:
        errors = [i for i in Validator(release).validate(resource) if i.severity is Severity.ERROR]
        assert any(promise in f"{i.expression} {i.message}" for i in errors), (promise, errors)


@pytest.mark.parametrize("release", ["r4", "r4b", "r5"])
def test_the_validator_finds_no_error_in_a_package(package: Package, release: str) -> None:
    run = sachet("validate", package.tgz(release), "--fail-on", "error")
    assert (run.returncode, run.stdout.count(" error: ")) == (0, 0)


def test_the_warnings_that_remain_are_documented() -> None:
    text = (ROOT / "docs" / "warnings.md").read_text("utf-8")
    for kind in KNOWN_WARNINGS:
        assert f"`{kind}`" in text


def read_with_fhir_resources(resources: list[dict[str, Any]], release: str) -> None:
    package = import_module("fhir.resources.R4B" if release == "r4b" else "fhir.resources")
    get_fhir_model_class = package.get_fhir_model_class
    for resource in resources:
        model = get_fhir_model_class(resource["resourceType"])
        read = model.model_validate(resource)
        assert json.loads(read.model_dump_json(exclude_none=True)) == resource


@pytest.mark.parametrize("release", ["r4b", "r5"])
def test_fhir_resources_reads_all_and_writes_it_back(package: Package, release: str) -> None:
    read_with_fhir_resources(package.resources(release), release)


@pytest.mark.parametrize("release", ["r4b", "r5"])
def test_the_corpus_is_read_by_fhir_resources(corpus_package: Package, release: str) -> None:
    read_with_fhir_resources(corpus_package.resources(release), release)


# Every twenty-fifth document: among them a procedure, a presentation, and conditions with and without steps.
SAMPLE = 25


@pytest.mark.parametrize("release", ["r4", "r4b", "r5"])
def test_hl7s_engine_on_a_sample_of_the_corpus(
    hl7_engine: Engines, corpus: list[Path], corpus_package: Package, release: str, tmp_path: Path
) -> None:
    stems = [f.stem for f in corpus[::SAMPLE]]

    def keep(resource: dict[str, Any]) -> bool:
        return any(resource["id"] == s or resource["id"].startswith(f"{s}.") for s in stems)

    errors, _ = judge(hl7_engine[release], corpus_package, release, tmp_path / release, keep)
    assert errors == []
