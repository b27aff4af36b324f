"""What makes an element that was made by chance keep the invariants of its type.

A row for each type or part: the steps that change the element where it breaks a rule. The keys of the invariants stand
beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agreement.valid import Maker

Made = dict[str, Any]
Repair = Callable[[Made, "Maker", str], None]  # the element, what made it, and the name of its shape


def has(made: Made, maker: Maker, shape: str, name: str) -> bool:
    """Whether an element has a part."""
    return any(key in made or f"_{key}" in made for key in maker.shapes[shape].keys(name))


def drop(made: Made, maker: Maker, shape: str, name: str) -> None:
    """Take a part from an element."""
    for key in maker.shapes[shape].keys(name):
        made.pop(key, None)
        made.pop(f"_{key}", None)


def some(*names: str) -> Repair:
    """At least one of these parts; the first is made where none is there."""

    def repair(made: Made, maker: Maker, shape: str) -> None:
        known = [n for n in names if maker.shapes[shape].keys(n)]
        if known and not any(has(made, maker, shape, n) for n in known):
            maker.add(made, maker.shapes[shape], known[0])

    return repair


def most_one(*names: str) -> Repair:
    """Not more than one of these parts."""

    def repair(made: Made, maker: Maker, shape: str) -> None:
        for name in [n for n in names if has(made, maker, shape, n)][1:]:
            drop(made, maker, shape, name)

    return repair


def one(*names: str) -> Repair:
    """Exactly one of these parts."""
    return steps(most_one(*names), some(*names))


def never(*names: str) -> Repair:
    """None of these parts."""

    def repair(made: Made, maker: Maker, shape: str) -> None:
        for name in names:
            drop(made, maker, shape, name)

    return repair


def be(**values: Any) -> Repair:
    """These parts with these values."""

    def repair(made: Made, maker: Maker, shape: str) -> None:
        made.update({k: deepcopy(v) for k, v in values.items() if k in maker.shapes[shape].slots})

    return repair


def if_there(name: str, then: Repair) -> Repair:
    """A step for elements that have a part."""

    def repair(made: Made, maker: Maker, shape: str) -> None:
        if has(made, maker, shape, name):
            then(made, maker, shape)

    return repair


def unless(key: str, values: tuple[Any, ...], then: Repair) -> Repair:
    """A step for elements whose part has none of some values."""

    def repair(made: Made, maker: Maker, shape: str) -> None:
        if made.get(key) not in values:
            then(made, maker, shape)

    return repair


def steps(*repairs: Repair) -> Repair:
    """One step after the other."""

    def repair(made: Made, maker: Maker, shape: str) -> None:
        for step in repairs:
            step(made, maker, shape)

    return repair


def apart(key: str) -> Repair:
    """The objects of a list are told apart by a part of theirs; only the first of each kind stays."""

    def in_lists(made: Made, maker: Maker, shape: str) -> None:
        for name, value in made.items():
            if isinstance(value, list) and value and isinstance(value[0], dict) and key in value[0]:
                made[name] = list({str(v.get(key)): v for v in value}.values())

    return in_lists


def _linkage(made: Made, maker: Maker, shape: str) -> None:
    slot = maker.shapes[shape].slots["item"]
    made["item"] = [maker.value(slot), maker.value(slot)]


def _percent(made: Made, maker: Maker, shape: str) -> None:
    unit = {"system": "http://unitsofmeasure.org", "code": "%"}
    if "probabilityRange" in made:
        made["probabilityRange"] = {"low": {"value": 1} | unit, "high": {"value": 2} | unit}
    if "probabilityDecimal" in made:
        made["probabilityDecimal"] = 50


def _status(element: str, system: str, code: str) -> Repair:
    coding = {"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}
    return be(**{element: {"coding": [coding]}})


_CONFIRMED = _status("verificationStatus", "allergyintolerance-verification", "confirmed")
_CAPABLE = steps(  # cpb-1, cpb-2, cpb-14 to cpb-16
    be(kind="requirements", description="what it does"), never("implementation", "software", "messaging")
)
_TEST_OPERATION = steps(one("targetId", "url", "params"), be(encodeRequestUrl=True))
_TEST_ASSERT = steps(  # tst-5, tst-10, tst-12
    one("contentType", "expression", "headerField", "minimumId", "path", "requestMethod", "resource", "responseCode",
        "response", "validateProfileId", "navigationLinks", "requestURL", "defaultManualCompletion"),
    never("direction", "compareToSourceId", "compareToSourceExpression", "compareToSourcePath", "operator", "value"),
    be(warningOnly=False, stopTestOnFail=False),
)  # fmt: skip

REPAIRS: Mapping[str, Repair] = {
    "Account.diagnosis": never("dateOfDiagnosis"),
    "Account.procedure": never("dateOfService"),
    "AdministrableProductDefinition": never("formOf"),
    "AllergyIntolerance": steps(_CONFIRMED, _status("clinicalStatus", "allergyintolerance-clinical", "active")),
    "Appointment": steps(  # app-2 to app-7
        some("start"), some("end"), unless("status", ("cancelled", "noshow"), never("cancelationReason")),
        unless("status", ("cancelled", "noshow"), never("cancellationReason", "cancellationDate")),
    ),
    "Appointment.participant": some("actor", "type"),
    "AppointmentResponse": some("actor"),
    "AuditEvent.entity": most_one("name", "query"),
    "Availability.availableTime": if_there("allDay", never("availableStartTime", "availableEndTime")),
    "CapabilityStatement": steps(_CAPABLE, some("rest")),
    "CapabilityStatement.rest": apart("type"),
    "CapabilityStatement.rest.resource": apart("name"),
    "CarePlan.activity": most_one("detail", "reference"),
    "CareTeam.participant": never("onBehalfOf"),
    "ClinicalUseDefinition": most_one("indication", "contraindication", "interaction", "undesirableEffect", "warning"),
    "CodeSystem": steps(be(content="complete"), never("supplements", "count", "valueSet")),
    "CodeSystem.concept.designation": never("additionalUse"),
    "Composition.section": steps(some("text"), most_one("entry", "emptyReason"), never("emptyReason")),
    "ConceptMap.group.element": steps(one("code", "valueSet"), never("noMap")),
    "ConceptMap.group.element.target": steps(one("code", "valueSet"), some("comment")),
    "ConceptMap.group.element.target.dependsOn": one("value", "valueSet"),
    "ConceptMap.group.unmapped": steps(be(mode="fixed", code="a"), never("valueSet", "url", "otherMap"),
        some("relationship")),
    "ConceptMap.property": some("system"),
    "Condition": steps(  # con-3 to con-5
        _status("clinicalStatus", "condition-clinical", "inactive"),
        _status("verificationStatus", "condition-ver-status", "confirmed"),
    ),
    "Condition.evidence": some("code", "detail"),
    "Condition.stage": some("summary"),
    "Consent": some("policyRule", "decision"),
    "CoverageEligibilityResponse.insurance.item": one("category", "productOrService"),
    "DetectedIssue.evidence": some("code"),
    "Device.name": never("display"),
    "Encounter.participant": steps(some("type"), never("actor")),
    "EvidenceVariable.characteristic": most_one(
        "definitionReference", "definitionCanonical", "definitionCodeableConcept", "definitionExpression",
        "definitionId", "definitionByTypeAndValue", "definitionByCombination"),
    "ExampleScenario": be(status="draft"),
    "ExampleScenario.instance": steps(some("structureVersion"), never("version", "containedInstance")),
    "ExampleScenario.process.step": one("operation", "workflow", "process"),
    "ExampleScenario.process.step.operation": never("initiator", "receiver"),
    "Extension": one("value", "extension"),
    "FamilyMemberHistory": steps(most_one("age", "born", "deceased"), never("estimatedAge")),
    "Goal.target": steps(some("measure"), some("detail")),
    "Group": be(actual=True),
    "Immunization.education": some("documentType"),
    "ImmunizationRecommendation.recommendation": some("vaccineCode"),
    "ImplementationGuide.definition.resource": never("fhirVersion", "groupingId"),
    "Ingredient": never("allergenicIndicator"),
    "InsurancePlan": some("name"),
    "Linkage": _linkage,
    "List": steps(be(mode="working"), most_one("entry", "emptyReason")),
    "List.entry": never("deleted"),
    "Measure.group.stratifier": one("criteria", "component"),
    "MeasureReport": be(type="summary"),
    "MeasureReport.group.stratifier.stratum": one("value", "component"),
    "MedicationAdministration.dosage": some("dose", "rate"),
    "MedicationDispense": most_one("whenPrepared", "whenHandedOver"),
    "MolecularSequence": be(coordinateSystem=0),
    "MolecularSequence.referenceSeq": steps(
        one("referenceSeqString", "referenceSeqId", "referenceSeqPointer"), never("genomeBuild", "chromosome")),
    "MolecularSequence.relative.startingSequence": steps(one("sequence"), never("genomeAssembly", "chromosome")),
    "NamingSystem": steps(be(kind="codesystem"), apart("type")),
    "Observation": steps(most_one("value", "dataAbsentReason"), most_one("bodySite", "bodyStructure"),
        never("component")),
    "Observation.component": most_one("value", "dataAbsentReason"),
    "Observation.referenceRange": some("text"),
    "ObservationDefinition": never("permittedUnit"),
    "ObservationDefinition.component": never("permittedUnit"),
    "OperationDefinition": steps(be(kind="operation"), never("inputProfile", "outputProfile")),
    "OperationDefinition.parameter": steps(
        be(type="string", use="in"), never("searchType", "targetProfile", "part", "referencedFrom", "binding")),
    "Organization": steps(some("name"), never("contact", "address")),
    "OrganizationAffiliation": never("contact"),
    "Parameters.parameter": one("value", "resource", "part"),
    "Patient.contact": some("name"),
    "PlanDefinition.action.input": one("requirement", "relatedData"),
    "PlanDefinition.action.output": one("requirement", "relatedData"),
    "PlanDefinition.action": never("goalId", "relatedAction"),
    "Procedure.performer": never("onBehalfOf"),
    "Questionnaire.item": steps(  # que-1 to que-13
        be(type="string"), never("enableWhen", "item", "answerConstraint", "answerValueSet", "answerOption", "initial",
                                 "maxLength", "definition"),
    ),
    "QuestionnaireResponse.item": most_one("answer", "item"),
    "RequestGroup.action": one("resource", "action"),
    "RequestOrchestration.action": steps(one("resource", "action"), never("relatedAction")),
    "RequestOrchestration.action.input": one("requirement", "relatedData"),
    "RequestOrchestration.action.output": one("requirement", "relatedData"),
    "RiskAssessment.prediction": _percent,
    "SearchParameter": steps(
        be(type="string", code="a", base=["Patient"], processingMode="normal"),
        never("xpath", "expression", "chain", "comparator", "component", "derivedFrom", "target"),
        if_there("xpathUsage", never("xpathUsage"))),
    "ServiceRequest": steps(most_one("bodySite", "bodyStructure"), if_there("orderDetail", some("code"))),
    "MessageDefinition.focus": be(min=0, max="1"),
    "StructureMap.group": be(name="One", input=[{"name": "a", "mode": "source"}, {"name": "b", "mode": "target"}]),
    "StructureMap.group.rule": never("rule", "dependent"),
    "StructureMap.group.rule.source": be(context="a"),
    "StructureMap.group.rule.target": steps(be(context="b", contextType="variable"), never("transform", "parameter")),
    "Subscription.filterBy": most_one("comparator", "modifier"),
    "SubscriptionStatus": steps(be(type="heartbeat", status="active")),
    "Task": steps(never("restriction"), most_one("authoredOn", "lastModified")),
    "TerminologyCapabilities": steps(
        be(kind="requirements", description="what it knows"), never("implementation", "software"), apart("uri")),
    "TerminologyCapabilities.codeSystem": never("version"),
    "TestReport.setup.action": one("operation", "assert"),
    "TestReport.test.action": one("operation", "assert"),
    "TestScript": never("setup", "teardown"),
    "TestScript.setup.action": one("operation", "assert"),
    "TestScript.test.action": one("operation", "assert"),
    "TestScript.setup.action.operation": _TEST_OPERATION,
    "TestScript.setup.action.assert": _TEST_ASSERT,
    "TestScript.metadata.capability": be(required=True, validated=False),
    "TestScript.variable": most_one("expression", "headerField", "path"),
    "ValueSet": never("expansion"),
    "ValueSet.compose.include": steps(be(system="http://example.org/codes"), most_one("concept", "filter")),
    "ValueSet.compose.include.concept.designation": never("additionalUse"),
    "ValueSet.expansion.contains": steps(some("code"), some("system")),
}  # fmt: skip
