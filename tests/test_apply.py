"""A real server applies what sachet emits, and what comes out is text: the first promise of docs/safety.md."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from applied import REQUESTS, activity_faults, plan_faults
from conftest import REVIEWED, Package, build_package
from server import PATIENT, Loaded, Server, running

UNSAFE = "https://example.com/unsafe"


def of(kind: str, loaded: list[Loaded]) -> list[Loaded]:
    return [one for one in loaded if one.resource["resourceType"] == kind]


def faults_of_plans(server: Server, loaded: list[Loaded]) -> dict[str, list[str]]:
    """What is wrong with the answers, by the id of the plan."""
    plans = of("PlanDefinition", loaded)
    assert plans
    assert all(p.resource["action"] for p in plans)
    found = {p.resource["id"]: plan_faults(server.apply(p.location), p.resource) for p in plans}
    return {plan: faults for plan, faults in found.items() if faults}


@pytest.fixture(scope="module")
def loaded(fhir_server: Server, package: Package) -> list[Loaded]:
    """The bundle for R4, sent as it is."""
    return fhir_server.transact(package.bundle("r4")["entry"])


def test_the_bundle_as_it_is_creates_every_resource(loaded: list[Loaded], package: Package) -> None:
    assert len(loaded) == len(package.bundle("r4")["entry"])
    assert {one.status for one in loaded} == {"201 Created"}
    assert len({one.location for one in loaded}) == len(loaded)


def test_the_bundle_sent_again_creates_nothing(fhir_server: Server, loaded: list[Loaded], package: Package) -> None:
    again = fhir_server.transact(package.bundle("r4")["entry"])
    assert {one.status for one in again} == {"200 OK"}
    assert [one.location for one in again] == [one.location for one in loaded]


def test_a_plan_nobody_accepted_anything_in_yields_only_text(fhir_server: Server, loaded: list[Loaded]) -> None:
    assert faults_of_plans(fhir_server, loaded) == {}
    assert fhir_server.stored(REQUESTS) == {}


def test_the_operation_after_r5s_manner_yields_only_text(fhir_server: Server, loaded: list[Loaded]) -> None:
    for plan in of("PlanDefinition", loaded):
        answer = fhir_server.apply(plan.location, "$r5.apply")
        assert plan_faults(answer, plan.resource, ("Parameters", "Bundle", "RequestGroup")) == []


def test_an_activity_without_a_kind_is_refused(fhir_server: Server, loaded: list[Loaded]) -> None:
    """HAPI looks for the kind, finds none and fails."""
    activities = of("ActivityDefinition", loaded)
    assert activities
    for activity in activities:
        answer = fhir_server.apply(activity.location)
        assert activity_faults(answer) == []
        assert "ActivityDefinition.getKind()" in answer["issue"][0]["diagnostics"]
    assert fhir_server.stored(REQUESTS) == {}


# Every twenty-fifth document.
SAMPLE = 25


def test_a_sample_of_the_corpus_yields_only_text(fhir_server: Server, corpus: list[Path], tmp_path: Path) -> None:
    sample = corpus[::SAMPLE]
    loaded = fhir_server.load(build_package(tmp_path, *sample, releases=("r4",)).bundle("r4")["entry"])
    assert len(of("PlanDefinition", loaded)) == len(sample)
    assert faults_of_plans(fhir_server, loaded) == {}
    assert fhir_server.stored(REQUESTS) == {}


# That each of these assertions can fail.


def entry(resource: dict[str, Any]) -> dict[str, Any]:
    return {"resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}


def plan_of(name: str, action: dict[str, Any]) -> dict[str, Any]:
    url = f"{UNSAFE}/PlanDefinition/{name}"
    return {"resourceType": "PlanDefinition", "url": url, "version": "1", "status": "draft", "action": [action]}


def test_an_order_would_be_found(fhir_server: Server) -> None:
    """A step whose definition has a kind becomes an active order, however deep it stands."""
    activity = {
        "resourceType": "ActivityDefinition",
        "url": f"{UNSAFE}/ActivityDefinition/order",
        "version": "1",
        "status": "draft",
        "kind": "MedicationRequest",
        "productCodeableConcept": {"text": "A drug"},
    }
    step = {"title": "Give it", "definitionCanonical": f"{activity['url']}|1"}
    plan = plan_of("order", {"title": "Treatment", "action": [step]})
    stored_activity, stored_plan = fhir_server.transact([entry(activity), entry(plan)])
    faults = plan_faults(fhir_server.apply(stored_plan.location), plan)
    assert "the answer holds CarePlan, MedicationRequest, RequestGroup" in faults
    assert "the action 'Give it' has resource" in faults
    assert "the answer holds a MedicationRequest" in activity_faults(fhir_server.apply(stored_activity.location))


def test_a_failure_that_is_answered_with_200_would_be_found(fhir_server: Server) -> None:
    step = {"title": "Give it", "definitionCanonical": f"{UNSAFE}/ActivityDefinition/missing|1"}
    (plan,) = fhir_server.transact([entry(plan_of("missing", step))])
    faults = plan_faults(fhir_server.apply(plan.location), plan.resource)
    assert any(f.startswith("error: ") and "No resource of type ActivityDefinition" in f for f in faults)


def test_a_refusal_would_be_found(fhir_server: Server, loaded: list[Loaded]) -> None:
    plan = of("PlanDefinition", loaded)[0].resource
    assert "the answer holds OperationOutcome" in plan_faults(fhir_server.apply("PlanDefinition/missing"), plan)


def test_a_stored_request_would_be_found(fhir_server: Server) -> None:
    task = {"resourceType": "Task", "id": "stored", "status": "draft", "intent": "proposal"}
    fhir_server.put(task)
    try:
        assert fhir_server.stored(REQUESTS) == {"Task": 1}
    finally:
        fhir_server.delete("Task/stored")


Answer = dict[str, Any]
CHANGES: list[tuple[str, Callable[[Answer, Answer], Any]]] = [
    ("holds CarePlan, RequestGroup, Task", lambda plan, group: plan["contained"].append({"resourceType": "Task"})),
    ("holds CarePlan, Goal, RequestGroup", lambda plan, group: group.update(contained=[{"resourceType": "Goal"}])),
    ("has resource", lambda plan, group: group["action"][0]["action"][0].update(resource={"reference": "Task/1"})),
    ("has condition", lambda plan, group: group["action"][0].update(condition=[{"kind": "start"}])),
    ("refers to Task/1", lambda plan, group: plan["activity"].append({"reference": {"reference": "Task/1"}})),
    ("an activity in detail", lambda plan, group: plan["activity"].append({"detail": {"kind": "Task"}})),
    ("CarePlan with the intent order", lambda plan, group: plan.update(intent="order")),
    ("RequestGroup of ['x']", lambda plan, group: group.update(instantiatesCanonical=["x"])),
    ("not those of the plan", lambda plan, group: group["action"].pop()),
    ("not those of the plan", lambda plan, group: group["action"][0]["action"][0].update(title="Other")),
]


@pytest.mark.parametrize(("fault", "change"), CHANGES)
def test_a_change_of_the_answer_would_be_found(
    fhir_server: Server, loaded: list[Loaded], fault: str, change: Callable[[Answer, Answer], Any]
) -> None:
    plan = of("PlanDefinition", loaded)[0]
    answer = fhir_server.apply(plan.location)
    change(answer, answer["contained"][0])
    assert any(fault in found for found in plan_faults(answer, plan.resource))


@pytest.mark.usefixtures("fhir_server")
def test_a_server_that_does_not_start_says_why() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)ended with 1.*must be R4, R4B or R5, not R9"), running("-Dfhir=R9"):
        pass


# What a named person accepted.


@pytest.fixture(scope="module")
def girl(fhir_server: Server) -> Iterator[None]:
    """The patient is one whom a condition can be about."""
    fhir_server.put({**PATIENT, "gender": "female"})
    yield
    fhir_server.put(PATIENT)


def applied(server: Server, tmp_path: Path, document: Path, name: str) -> tuple[Answer, Answer]:
    """What the server makes of a document's plan, and the plan; its resources get urls of their own."""
    bundle = build_package(tmp_path / "package", document, releases=("r4",)).bundle("r4")
    text = json.dumps(bundle["entry"]).replace("https://example.com/fhir/", f"https://example.com/{name}/")
    (plan,) = of("PlanDefinition", server.load(json.loads(text)))
    return server.apply(plan.location), plan.resource


@pytest.mark.usefixtures("girl")
def test_what_was_accepted_becomes_drafts_with_the_accepted_dose_and_nothing_else(
    fhir_server: Server, tmp_path: Path
) -> None:
    answer, _ = applied(fhir_server, tmp_path, REVIEWED, "accepted")
    assert [r for r in answer["contained"] if r["resourceType"] == "OperationOutcome"] == []
    made = [r for r in answer["contained"] if r["resourceType"] != "RequestGroup"]
    assert {r["status"] for r in made} == {"draft"}
    assert {r["intent"] for r in made} == {"proposal"}
    assert {r.get("doNotPerform", False) for r in made} == {False}
    orders = {r["medicationCodeableConcept"]["text"]: r["dosageInstruction"] for r in made if "dosageInstruction" in r}
    assert {drug: [_given(dosage) for dosage in dosages] for drug, dosages in orders.items()} == {
        "Salbutamol (albuterol)": ["2.5-5 mg"],
        "Prednisolone": ["1 mg/kg at most 40 mg"],
        "Magnesium sulfate": ["40 mg/kg"],  # she is a girl; aminophylline was accepted for boys
        "Normal saline": ["10 mL/kg"],  # one of two
    }
    others = [(r["resourceType"], r["code"]["text"]) for r in made if "dosageInstruction" not in r]
    assert sorted(others) == [("ServiceRequest", "Pulse oximetry: on arrival"), ("Task", "Keep the child upright")]
    (group,) = [r for r in answer["contained"] if r["resourceType"] == "RequestGroup"]
    assert _choices(group) == [["Normal saline", "Lactated Ringer's"]]
    assert fhir_server.stored(REQUESTS) == {}


def _given(dosage: Answer) -> str:
    (one,) = dosage["doseAndRate"]
    sizes = one["doseRange"] if "doseRange" in one else {"low": one["doseQuantity"]}
    assert {size["system"] for size in sizes.values()} == {"http://unitsofmeasure.org"}
    words = f"{'-'.join(str(size['value']) for size in sizes.values())} {sizes['low']['code']}"
    most = dosage.get("maxDosePerAdministration")
    return f"{words} at most {most['value']} {most['code']}" if most else words


def _choices(action: Answer) -> list[list[str]]:
    """The titles below each action that says to do one of them."""
    below = action.get("action", [])
    own = [[a["title"] for a in below]] if action.get("selectionBehavior") == "at-most-one" else []
    return own + [choice for a in below for choice in _choices(a)]


@pytest.mark.usefixtures("girl")
def test_after_a_change_by_a_word_in_each_list_nothing_is_left(fhir_server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "changed"
    shutil.copytree(REVIEWED.parent, folder)
    file = folder / REVIEWED.name
    text = file.read_text("utf-8")
    for old, new in (("on arrival", "at arrival"), ("heart rate", "pulse rate"), ("saline 10 mL", "saline 20 mL")):
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, "utf-8")
    answer, plan = applied(fhir_server, tmp_path, file, "changed")
    assert plan_faults(answer, plan) == []
