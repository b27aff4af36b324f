"""Is what a server made of a definition nothing but text? Shown for any answer to `$apply`."""

from collections.abc import Iterator, Sequence
from typing import Any

# What a definition could ask for: the kinds of https://hl7.org/fhir/R4/valueset-request-resource-types.html, and
# the two requests of R4 that it leaves out.
REQUESTS = (
    "Appointment",
    "AppointmentResponse",
    "CarePlan",
    "Claim",
    "CommunicationRequest",
    "Contract",
    "CoverageEligibilityRequest",
    "DeviceRequest",
    "EnrollmentRequest",
    "ImmunizationRecommendation",
    "MedicationRequest",
    "NutritionOrder",
    "RequestGroup",
    "ServiceRequest",
    "SupplyRequest",
    "Task",
    "VisionPrescription",
)
_TEXT = {"id", "extension", "prefix", "title", "description", "code", "documentation", "action"}


def plan_faults(answer: Any, plan: Any, holds: Sequence[str] = ("CarePlan", "RequestGroup")) -> list[str]:
    """What an answer to a PlanDefinition's `$apply` has beside, or lacks of, the text of the plan; none is the promise.

    `holds` are the types of the resources in it, however deep: these and no others, each once.
    """
    found = list(_resources(answer))
    kinds = sorted(r["resourceType"] for r in found)
    report = [] if kinds == sorted(holds) else [f"the answer holds {', '.join(kinds)}"]
    report += _errors(found)
    requests = [r for r in found if r["resourceType"] in ("CarePlan", "RequestGroup")]
    groups = [r for r in requests if r["resourceType"] == "RequestGroup"]
    for request in requests:
        report += _not_of_the_plan(request, plan)
        report += _pointing_elsewhere(request, {f"#{g['id']}" for g in groups})
    for group in groups:
        report += _more_than_text(group)
        if _outline(group) != _outline(plan):
            report.append("the actions of the RequestGroup are not those of the plan")
    return report


def activity_faults(answer: Any) -> list[str]:
    """What an answer to an ActivityDefinition's `$apply` is, beside a refusal; none is the promise."""
    found = list(_resources(answer))
    report = [f"the answer holds a {r['resourceType']}" for r in found if r["resourceType"] != "OperationOutcome"]
    return report if _errors(found) else [*report, "the answer is no refusal"]


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object in a value, itself included."""
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _dicts(child)


def _resources(value: Any) -> Iterator[dict[str, Any]]:
    return (d for d in _dicts(value) if "resourceType" in d)


def _errors(found: Sequence[dict[str, Any]]) -> list[str]:
    """The reasons of failures: HAPI answers 200 and contains them in what it answers."""
    issues = [i for r in found if r["resourceType"] == "OperationOutcome" for i in r["issue"]]
    return [f"{i['severity']}: {i.get('diagnostics')}" for i in issues if i["severity"] in ("error", "fatal")]


def _not_of_the_plan(request: dict[str, Any], plan: dict[str, Any]) -> Iterator[str]:
    if request.get("instantiatesCanonical") != [f"{plan['url']}|{plan['version']}"]:
        yield f"a {request['resourceType']} of {request.get('instantiatesCanonical')}"
    if request.get("intent") != "proposal":
        yield f"a {request['resourceType']} with the intent {request.get('intent')}"


def _pointing_elsewhere(request: dict[str, Any], groups: set[str]) -> Iterator[str]:
    """A request refers to patients and to the RequestGroup in it, and its activities are nothing else."""
    pointed = {d["reference"] for d in _dicts(request) if isinstance(d.get("reference"), str)} - groups
    if elsewhere := sorted(p for p in pointed if not p.startswith("Patient/")):
        yield f"a {request['resourceType']} refers to {', '.join(elsewhere)}"
    if any(activity.keys() != {"reference"} for activity in request.get("activity", [])):
        yield f"a {request['resourceType']} has an activity in detail"


def _more_than_text(group: dict[str, Any]) -> Iterator[str]:
    for action in group.get("action", []):
        if more := sorted(action.keys() - _TEXT):
            yield f"the action {action.get('title')!r} has {', '.join(more)}"
        yield from _more_than_text(action)


def _outline(actions: dict[str, Any]) -> list[Any]:
    """The words of the actions below a plan, a group or an action."""
    return [(a.get("title"), a.get("description"), _outline(a)) for a in actions.get("action", [])]
