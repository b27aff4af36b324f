"""The validator by itself: each code once wrong and once right, profiles, bundles, inputs and the command."""

import io
import json
import re
import subprocess
import sys
import tarfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Package
from hypothesis import given, settings
from hypothesis import strategies as st
from test_cli import sachet

import sachet as sachet_package
from sachet.fhir.shapes import shapes
from sachet.finding import Severity
from sachet.rules import rules
from sachet.validation.issue import Issue
from sachet.validation.positions import position
from sachet.validation.validator import Validator, validate

XHTML = "http://www.w3.org/1999/xhtml"
BASE = "http://example.org/fhir"
Json = dict[str, Any]


def plan(**more: Any) -> Json:
    return {"resourceType": "PlanDefinition", "status": "draft", **more}


def patient(**more: Any) -> Json:
    return {"resourceType": "Patient", **more}


def observation(**more: Any) -> Json:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **more}


def narrative(words: str) -> Json:
    return {"status": "generated", "div": f'<div xmlns="{XHTML}">{words}</div>'}


def coded(system: str, code: str, **more: Any) -> Json:
    return observation() | {"code": {"coding": [{"system": system, "code": code, **more}]}}


ICD = "http://hl7.org/fhir/sid/icd-10-cm"
UCUM = "http://unitsofmeasure.org"
GENDER = "http://hl7.org/fhir/administrative-gender"
CONTAINED = {"resourceType": "Organization", "id": "o", "name": "x"}
MANAGED = {"reference": "#o"}


def collection(*entries: Json, kind: str = "collection") -> Json:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def extended(url: str, **value: Any) -> Json:
    return {"extension": [{"url": url, **value}]}


BIRTH_PLACE = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
# Code → a resource that is wrong, and one that is right.
EXAMPLES: dict[str, tuple[Json | str, Json | str]] = {
    "FHIR100": ('{"resourceType": "Patient",}', '{"resourceType": "Patient"}'),
    "FHIR101": ('{"resourceType": "Patient", "id": "a", "id": "b"}', '{"resourceType": "Patient", "id": "a"}'),
    "FHIR102": ({"resourceType": "Citation", "status": "draft"}, patient()),
    "FHIR103": (patient(fee=3), patient(active=True)),
    "FHIR104": (patient(name="x"), patient(name=[{"text": "x"}])),
    "FHIR105": (patient(gender=None), patient(gender="male")),
    "FHIR106": ({"resourceType": "PlanDefinition"}, plan()),
    "FHIR108": (patient(birthDate="1 March"), patient(birthDate="2026-03-01")),
    "FHIR109": (
        observation(valueString="x", valueInteger=1),
        observation(valueString="x"),
    ),
    "FHIR110": (
        patient(name=[{"id": "a", "text": "x"}, {"id": "a", "text": "y"}]),
        patient(name=[{"id": "a", "text": "x"}, {"id": "b", "text": "y"}]),
    ),
    "FHIR111": (patient(name=[{"text": "  "}]), patient(name=[{"text": "x"}])),
    "FHIR120": (
        patient(contact=[{"gender": "male"}]),
        patient(contact=[{"name": {"text": "x"}}]),
    ),
    "FHIR121": (plan(name="a name"), plan(name="AName")),
    "FHIR130": (patient(text=narrative("<script>x</script>")), patient(text=narrative("<p>x</p>"))),
    "FHIR140": (patient(gender="f"), patient(gender="female")),
    "FHIR141": (
        patient(maritalStatus={"coding": [{"system": "http://example.org/codes", "code": "x"}]}),
        patient(maritalStatus={"text": "x"}),
    ),
    "FHIR142": (coded(GENDER, "f"), coded(GENDER, "female")),
    "FHIR143": (coded(ICD, "R42", display="Headache"), coded(ICD, "R42", display="Dizziness and giddiness")),
    "FHIR144": (coded("http://example.org/codes", "x"), coded(GENDER, "male")),
    "FHIR145": (coded(ICD, "T33.99"), coded(ICD, "T33.99XA")),
    "FHIR150": (
        patient(managingOrganization={"reference": "a b"}),
        patient(managingOrganization={"reference": "Organization/a"}),
    ),
    "FHIR151": (
        patient(contained=[CONTAINED, CONTAINED], managingOrganization=MANAGED),
        patient(contained=[CONTAINED], managingOrganization=MANAGED),
    ),
    "FHIR152": (
        plan(action=[{"relatedAction": [{"actionId": "b", "relationship": "after"}]}]),
        plan(action=[{"id": "b"} | {"title": "x"}, {"relatedAction": [{"actionId": "b", "relationship": "after"}]}]),
    ),
    "FHIR154": (plan(library=[f"{BASE}/Library/a"]), plan(library=[f"{BASE}/Library/a|1.0.0"])),
    "FHIR155": (
        plan(id="a", url=f"{BASE}/PlanDefinition/b"),
        plan(id="a", url=f"{BASE}/PlanDefinition/a"),
    ),
    "FHIR160": (
        collection({"fullUrl": f"{BASE}/Patient/a", "resource": patient(id="b")}),
        collection({"fullUrl": f"{BASE}/Patient/a", "resource": patient(id="a")}),
    ),
    "FHIR170": (patient(**extended("http://example.org/x", valueString="x")), patient()),
    "FHIR171": (
        observation(**extended(BIRTH_PLACE, valueAddress={"text": "x"})),
        patient(**extended(BIRTH_PLACE, valueAddress={"text": "x"})),
    ),
    "FHIR180": (patient(meta={"profile": [f"{BASE}/StructureDefinition/none"]}), patient()),
    "FHIR181": (
        patient(**extended(BIRTH_PLACE, valueString="x")),
        patient(**extended(BIRTH_PLACE, valueAddress={"text": "x"})),
    ),
}  # fmt: skip


CODES = rules("FHIR")
# Those that need more than one resource, or a profile, have tests of their own.
ELSEWHERE = {"FHIR122", "FHIR153"}


def codes(issues: list[Issue]) -> set[str]:
    return {issue.code for issue in issues}


@pytest.mark.parametrize("code", EXAMPLES)
def test_each_code_is_given_for_what_is_wrong_alone(code: str) -> None:
    wrong, right = (text if isinstance(text, str) else json.dumps(text) for text in EXAMPLES[code])
    found = [issue for issue in validate(wrong) if issue.code == code]
    assert [issue.severity for issue in found][:1] == [CODES[code].severity]
    assert all(issue.message for issue in found)
    assert codes(validate(right)) <= {"FHIR144"} - {code}


def test_every_code_has_an_example() -> None:
    assert set(EXAMPLES) | ELSEWHERE == set(CODES)


def test_a_value_is_judged_as_it_is_written() -> None:
    quantity = (
        '{"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "valueQuantity": {"value": %s}}'
    )
    assert validate(quantity % "1.50") == []
    assert codes(validate(quantity % '"1.50"')) == {"FHIR108"}
    assert codes(validate(quantity % "NaN")) == {"FHIR100"}
    assert codes(validate(json.dumps(patient(multipleBirthInteger=1.0)))) == {"FHIR108"}


def test_where_an_issue_is_and_what_to_do() -> None:
    (issue,) = validate(patient(name=[{}, {"text": "x"}, {"familly": "y"}]) | {"name": [{"familly": "y"}]})
    assert issue.expression == "Patient.name[0]"
    assert "did you mean 'family'?" in issue.message
    (issue,) = validate(observation(valueQuantity={"value": 1, "system": UCUM, "code": "mcg"}))
    assert issue.expression == "Observation.value.ofType(Quantity)"
    assert issue.message.endswith("write ug")


@pytest.mark.parametrize("release", ["R4", "R4B", "R5"])
def test_releases_differ_by_their_definitions(release: str) -> None:
    citation = {"resourceType": "Citation", "status": "draft"}
    assert bool(validate(citation, release)) == (release == "R4")
    action = plan(action=[{"linkId": "a"}])
    assert bool(validate(action, release)) == (release != "R5")


def test_the_examples_of_the_docs_are_real() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (code,) = re.findall(r"    (issues = sachet\.validate.*?\n    \[.*?\])\n", readme, re.DOTALL)
    found: Json = {"sachet": sachet_package}
    exec(code.replace("\n    [", "\nshown = ["), found)
    assert [(str(s), c, e) for s, c, e in found["shown"]] == [("error", "FHIR140", "Patient.gender")]


def test_a_release_that_is_none() -> None:
    with pytest.raises(ValueError, match="R4, R4B or R5"):
        validate(patient(), "STU3")


PROFILE = {
    "resourceType": "StructureDefinition",
    "url": f"{BASE}/StructureDefinition/named",
    "version": "1.0.0",
    "name": "Named",
    "status": "draft",
    "fhirVersion": "4.0.1",
    "kind": "resource",
    "abstract": False,
    "type": "Patient",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
    "derivation": "constraint",
    "differential": {
        "element": [
            {"id": "Patient", "path": "Patient", "constraint": [
                {"key": "n-1", "severity": "error", "human": "a woman", "expression": "gender = 'female'"},
                {"key": "n-2", "severity": "error", "human": "odd", "expression": "gender.oddly()"}]},
            {"id": "Patient.name", "path": "Patient.name", "min": 1},
            {"id": "Patient.identifier", "path": "Patient.identifier",
             "slicing": {"discriminator": [{"type": "value", "path": "system"}], "rules": "closed"}},
            {"id": "Patient.identifier:own", "path": "Patient.identifier", "sliceName": "own", "max": "1"},
            {"id": "Patient.identifier:own.system", "path": "Patient.identifier.system", "fixedUri": "urn:x:own"},
            {"id": "Patient.identifier:own.value", "path": "Patient.identifier.value", "min": 1},
        ]
    },
}  # fmt: skip


def test_a_profile_that_is_claimed_or_given() -> None:
    url = PROFILE["url"]
    good = patient(gender="female", name=[{"text": "x"}], identifier=[{"system": "urn:x:own", "value": "1"}])
    for more in ({"profiles": [url]}, {}):
        claims = {} if more else {"meta": {"profile": [url]}}
        found = validate(good | claims, definitions=[PROFILE], **more)
        assert [(i.code, i.severity) for i in found] == [("FHIR122", Severity.NOTE)]
        bad = patient(gender="male", identifier=[{"system": "urn:x:own"}, {"system": "urn:x:other"}])
        messages = " ".join(i.message for i in validate(bad | claims, definitions=[PROFILE], **more))
        for words in ("'name' is missing", "n-1: a woman", "'value' is missing", "none of the slices own"):
            assert words in messages
        assert url in messages


def test_one_validator_for_many_resources_gives_what_new_ones_give() -> None:
    made = Validator("r4", definitions=[PROFILE])
    for wrong, _ in EXAMPLES.values():
        text = wrong if isinstance(wrong, str) else json.dumps(wrong)
        assert made.validate(text) == validate(text, definitions=[PROFILE])


# Inputs and the command


def write(folder: Path, name: str, content: Any) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), "utf-8")
    return file


def test_the_command_names_file_line_and_column(tmp_path: Path) -> None:
    write(tmp_path, "patient.json", patient(name=[{"text": "x"}, {"family": ""}]))
    run = sachet("validate", "patient.json", cwd=tmp_path)
    assert run.returncode == 1
    assert run.stdout.startswith("patient.json:8:14 FHIR105 error: Patient.name[1].family: ")
    readme = (ROOT / "README.md").read_text("utf-8")
    assert f"    $ sachet validate patient.json\n    {run.stdout}" in readme
    assert "1 resource: 1 error, 0 warnings, 0 notes" in run.stderr
    assert "--fhir" in run.stderr


def test_the_command_reads_ndjson_folders_and_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "\n".join(json.dumps(r) for r in (patient(id="a"), patient(id="b", gender="f")))
    write(tmp_path, "in/all.ndjson", lines + "\n")
    write(tmp_path, "in/deep/c.json", patient(id="c"))
    write(tmp_path, "in/package.json", {"name": "x.y", "fhirVersions": ["4.0.1"]})
    run = sachet("validate", "in", "--format", "json", cwd=tmp_path)
    results = json.loads(run.stdout)["results"]
    assert [(r["id"], r["errors"]) for r in results] == [("a", 0), ("b", 1), ("c", 0)]
    (issue,) = results[1]["issues"]
    assert (issue["line"], issue["expression"], issue["severity"]) == (2, "Patient.gender", "error")
    with tarfile.open(tmp_path / "x.tgz", "w:gz") as tar:
        tar.add(tmp_path / "in" / "package.json", "package/package.json")
        tar.add(tmp_path / "in" / "deep" / "c.json", "package/c.json")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    run = sachet("validate", "x.tgz", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (0, "")
    assert "1 resource: 0 errors" in run.stderr
    assert not list((tmp_path / "tmp").iterdir())  # what was unpacked is gone


def test_the_command_says_which_line_of_a_document_an_element_is_of(package: Package, tmp_path: Path) -> None:
    broken = tmp_path / "broken.tgz"
    with tarfile.open(package.tgz("r4")) as old, tarfile.open(broken, "w:gz") as new:
        for member in old:
            content = old.extractfile(member).read()  # type: ignore[union-attr]
            if member.name == "package/PlanDefinition-cold-injury.json":
                content = content.replace(b'"title": "', b'"title": " ', 1).replace(b'"draft"', b'"ready"', 1)
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    run = sachet("validate", str(broken))
    assert run.returncode == 1
    (line,) = [one for one in run.stdout.splitlines() if "FHIR140" in one]
    assert "#PlanDefinition-cold-injury.json FHIR140 error: PlanDefinition.status: " in line
    assert "cold-injury.md:" in line


def test_sarif_names_the_place_and_the_rule(tmp_path: Path) -> None:
    write(tmp_path, "a.json", patient(gender="f"))
    log = json.loads(sachet("validate", "a.json", "--format", "sarif", cwd=tmp_path).stdout)
    (result,) = log["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("FHIR140", "error")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a.json"
    assert place["region"] == {"startLine": 3, "startColumn": 12}
    assert {rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]} == {"FHIR140"}


def test_a_package_may_hold_no_resource(tmp_path: Path) -> None:
    about = json.dumps({"name": "x", "version": "1.0.0", "fhirVersions": ["4.0.1"]}).encode()
    with tarfile.open(tmp_path / "x.tgz", "w:gz") as tar:
        member = tarfile.TarInfo("package/package.json")
        member.size = len(about)
        tar.addfile(member, io.BytesIO(about))
    run = sachet("validate", "x.tgz", "--format", "json", cwd=tmp_path)
    assert json.loads(run.stdout) == {"results": []}
    assert run.returncode == 0


@pytest.mark.parametrize("name", ["none.json", "empty.tgz", "text.tgz"])
def test_what_cannot_be_read_is_said(name: str, tmp_path: Path) -> None:
    if name == "text.tgz":
        write(tmp_path, name, "no archive")
    if name == "empty.tgz":
        tarfile.open(tmp_path / name, "w:gz").close()
    run = sachet("validate", name, cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert name in run.stderr
    assert "Traceback" not in run.stderr


def test_a_canonical_into_a_folder_has_to_lead_somewhere(tmp_path: Path) -> None:
    write(tmp_path, "l.json", {"resourceType": "Library", "id": "a", "url": f"{BASE}/Library/a", "version": "2"})
    for name, library in (("1", "a|2"), ("2", "a|1"), ("3", "b|1")):
        write(tmp_path, f"p{name}.json", plan(id=name, library=[f"{BASE}/Library/{library}"]))
    run = sachet("validate", ".", cwd=tmp_path)
    warned = [line.partition(":")[0] for line in run.stdout.splitlines() if " FHIR153 " in line]
    assert warned == ["p2.json", "p3.json"]


def test_a_profile_from_a_file_and_from_the_package_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "p.json", patient(gender="female"))
    file = write(tmp_path, "profile.json", PROFILE)
    assert "'name' is missing" in sachet("validate", "p.json", "--profile", file.name, cwd=tmp_path).stdout
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    cached = tmp_path / ".fhir" / "packages" / "org.profiles#1.0.0" / "package"
    write(cached, "package.json", {"name": "org.profiles", "version": "1.0.0", "fhirVersions": ["4.0.1"]})
    write(cached, "named.json", PROFILE)
    claims = patient(gender="female", meta={"profile": [PROFILE["url"]]})
    write(tmp_path, "claims.json", claims)
    assert " FHIR180 " in sachet("validate", "claims.json", cwd=tmp_path).stdout
    run = sachet("validate", "claims.json", "--profile", "org.profiles#1.0.0", cwd=tmp_path)
    assert "'name' is missing" in run.stdout
    assert " FHIR180 " not in run.stdout
    write(tmp_path, "pack/package.json", {"fhirVersions": ["4.0.1"], "dependencies": {"org.profiles": "1.0.0"}})
    write(tmp_path, "pack/claims.json", claims)
    assert "'name' is missing" in sachet("validate", "pack", cwd=tmp_path).stdout


def test_position_of_an_element() -> None:
    text = '{\n "a": {"b": [1,\n  {"valueString": "x", "c": 2}]}}'
    assert position(text, "X.a.b[1].c") == (3, 29)
    assert position(text, "X.a.b[1].value.ofType(string)") == (3, 19)
    assert position(text, "X.a.none") == (2, 7)
    assert position(text[:-1], "X.z") is None


# What nobody would write


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000 + "]" * 100_000,
        '{"resourceType": "PlanDefinition", "action": ' + '[{"action": ' * 10_000 + "1" + "}]" * 10_000 + "}",
        '{"resourceType": "Basic", "extension": ' + '[{"url": "x", "extension": ' * 120 + "[]" + "}]" * 120 + "}",
        '{"resourceType": "Observation", "valueQuantity": {"value": 1' + "0" * 10_000_000 + "}}",
        '{"resourceType": "Observation", "valueQuantity": {"value": 1e999999999}}',
        '{"resourceType": "Patient", "name": [{"text": "' + "x" * 100_000_000 + '"}]}',
        '{"resourceType": "Patient", "text": {"status": "generated", "div": "<div>' + "<b>" * 500_000 + '"}}',
        '{"resourceType": "Patient", "birthDate": "' + "9" * 1_000_000 + '"}',
        '"\\ud800"',
        "\0",
        "",
    ],
    ids="lists actions extensions digits exponent string elements date surrogate nul nothing".split(),
)  # fmt: skip
def test_hostile_json_is_an_error_soon(text: str) -> None:
    found = validate(text)
    assert found
    assert all(len(issue.message) < 2000 for issue in found)


_SHAPES = shapes("r5")
_TYPES = """Bundle Bundle.entry Patient PlanDefinition PlanDefinition.action Extension Reference CodeableConcept Coding
    Quantity Narrative Meta Attachment Identifier""".split()
_NAMES = sorted({key for name in _TYPES for key in _SHAPES[name].slots} | {"resourceType", "_status", "fee"})
_VALUES = st.sampled_from(
    ["", " ", "Patient", "draft", "#a", "#", "a|1", "http://hl7.org/fhir/StructureDefinition/Patient", "urn:uuid:x",
     f'<div xmlns="{XHTML}"><p>x</p></div>', "<div>", "2026-02-30", "\ud800", "\x00", "9" * 400, UCUM, "mg", "A/a?b"]
)  # fmt: skip
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12) | _VALUES,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.sampled_from(_NAMES), below, max_size=6),
    max_leaves=40,
)


@given(st.sampled_from(["Patient", "Bundle", "PlanDefinition", "Basic", "Parameters"]), _JSON)
@settings(max_examples=400, deadline=None)
def test_any_json_is_judged(kind: str, value: Any) -> None:
    resource = {"resourceType": kind} | value if isinstance(value, dict) else value
    for release in ("R4", "R5"):
        for issue in validate(resource, release):
            assert issue.code in CODES
            assert issue.message
            assert issue.message.isprintable()


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes | str) -> None:
    text = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    assert validate(text)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_resource_with_something_else_in_it_is_judged(data: st.DataObject) -> None:
    """Any value in any place of a real resource; and what was well elsewhere is still well."""
    resource = json.loads(json.dumps(_seed()))
    at: Any = resource
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(at[key], dict | list) or not at[key] or data.draw(st.booleans()):
            break
        at = at[key]
    at[key] = data.draw(_JSON)
    for issue in validate(resource, "R4"):
        assert issue.code in CODES


@cache
def _seed() -> Json:
    bundle = json.loads((ROOT / "dist" / "sachet.seeds.r4.bundle.json").read_text("utf-8"))
    plan: Json = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "PlanDefinition")
    return plan


def test_ndjson_is_read_line_by_line(tmp_path: Path) -> None:
    """The memory does not grow with the number of resources."""
    line = json.dumps(patient(name=[{"text": "x" * 1000}])) + "\n"
    peaks = []
    for count in (1_000, 30_000):
        (tmp_path / "all.ndjson").write_text(line * count, "utf-8")
        code = (
            "import resource, sys; from sachet.cli import main; main(['validate', 'all.ndjson', '--quiet']);"
            "print(sum(resource.getrusage(w).ru_maxrss for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))"
        )
        run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
        peaks.append(int(run.stdout))
    assert peaks[1] < peaks[0] * 1.5
