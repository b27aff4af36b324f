"""Data types whose parts have to fit each other, made by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from agreement import primitives
from agreement.bundles import bundle
from agreement.case import raw
from agreement.codes import Code
from sachet.fhir.shapes import Binding, Slot

if TYPE_CHECKING:
    from agreement.valid import Maker

Made = dict[str, Any]

UCUM = "http://unitsofmeasure.org"
XHTML = "http://www.w3.org/1999/xhtml"
_UNITS = ("mg", "kg", "mL", "mm[Hg]", "/min", "Cel", "10*9/L", "mg/dL", "{tbl}", "ug/kg/h", "[iU]", "%")
_DIVS = (
    "<p>{}</p>",
    "<p>{}<br/><b>b</b> &amp; <i>i</i> &lt; 3</p>",
    "<table><thead><tr><th>{}</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>",
    "<ul><li>{}</li><li>two</li></ul>",
    '<h2 id="top">{}</h2><a href="#top">up</a> <a href="http://example.org/a">a</a>',
    '<p style="color: red" class="x" title="t">{}</p>',
)


def div(maker: Maker, inner: str | None = None) -> str:
    """A narrative's div."""
    body = inner or maker.random.choice(_DIVS).format(primitives.words(maker.random))
    return f'<div xmlns="{XHTML}">{body}</div>'


def narrative(maker: Maker) -> Made:
    """A Narrative."""
    return {"status": maker.random.choice(("generated", "additional")), "div": div(maker)}


def meta(maker: Maker) -> Made:
    """A Meta, without profiles."""
    label = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    made: Made = {"lastUpdated": primitives.instant(maker.random)}
    if maker.chance(0.5):
        made["versionId"] = "1"
    if maker.chance(0.5):
        made["security"] = [{"system": label, "code": "N"}]
    if maker.chance(0.5):
        made["tag"] = [{"system": "http://example.org/tags", "code": "one"}]
    return made


def absent(maker: Maker) -> Made:
    """The extension that says why there is no value."""
    return {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}


def coded(kind: str, code: Code, named: bool) -> Any:
    """A coded value of a type; `named` gives its display."""
    if kind not in ("Coding", "CodeableConcept"):
        return code.code
    coding = {"system": code.system, "code": code.code}
    if named and code.display:
        coding["display"] = code.display
    return coding if kind == "Coding" else {"coding": [coding]}


def uncoded(maker: Maker, kind: str, slot: Slot | None, binding: Binding | None) -> Any:
    """A coded value where no value set says what it may be."""
    if kind == "code":
        return code(maker, slot, binding)
    if kind in ("uri", "string"):
        return primitives.VALUES[kind](maker.random)
    coding = {"system": "http://example.org/codes", "code": "one", "display": "One"}
    if binding and binding.strength == "required" and (system := _grammar(binding.value_set)):
        coding = {"system": system, "code": code(maker, slot, binding)}
        return coding if kind == "Coding" else {"coding": [coding]}
    if kind == "Coding":
        return coding
    text = {"text": primitives.words(maker.random)}
    return text if binding or maker.chance(0.7) else text | {"coding": [coding]}


_GRAMMARS = {"languages": "urn:ietf:bcp:47", "ucum": UCUM, "currenc": "urn:iso:std:iso:4217"}


def _grammar(value_set: str) -> str | None:
    return next((system for word, system in _GRAMMARS.items() if word in value_set), None)


def code(maker: Maker, slot: Slot | None, binding: Binding | None) -> str:
    """A code of a value set that has a grammar, or of none."""
    bound = binding.value_set if binding else ""
    if "mimetype" in bound:
        return maker.random.choice(("text/plain", "application/pdf", "image/png"))
    if "language" in bound:
        return maker.random.choice(("en", "de", "fr-CH"))
    if "currenc" in bound:
        return maker.random.choice(("EUR", "USD"))
    if "ucum" in bound:
        return maker.random.choice(_UNITS)
    return f"code-{maker.random.randint(1, 999)}"


def quantity(maker: Maker) -> Made:
    """A Quantity of UCUM, of another system, or without a unit."""
    made = simple_quantity(maker)
    if maker.chance(0.2):
        made["comparator"] = maker.random.choice(("<", ">="))
    return made


def simple_quantity(maker: Maker) -> Made:
    """A Quantity without a comparator."""
    unit = maker.random.choice(_UNITS)
    made: Made = {"value": raw(maker.random.choice(("1", "0.5", "37.2", "120.00")))}
    match maker.random.randint(0, 4):
        case 0:
            return made | {"unit": "pieces"}
        case 1:
            return made | {"unit": "pieces", "system": "http://example.org/units", "code": "pcs"}
    return made | {"unit": unit, "system": UCUM, "code": unit}


def _of_unit(*units: str) -> Callable[[Maker], Made]:
    def made(maker: Maker) -> Made:
        unit = maker.random.choice(units)
        return {"value": maker.random.randint(1, 40), "unit": unit, "system": UCUM, "code": unit}

    return made


def period(maker: Maker) -> Made:
    """A Period with a start, an end or both."""
    whole = {"start": "2023-01-05", "end": maker.random.choice(("2023-01-05", "2023-02-01T10:00:00Z", "2024"))}
    kept = maker.random.choice((("start", "end"), ("start",), ("end",)))
    return {key: whole[key] for key in kept}


def range_(maker: Maker) -> Made:
    """A Range."""
    unit = {"unit": "mg", "system": UCUM, "code": "mg"}
    whole = {"low": {"value": 1} | unit, "high": {"value": raw("2.50")} | unit}
    kept = maker.random.choice((("low", "high"), ("low",), ("high",)))
    return {key: whole[key] for key in kept}


def ratio(maker: Maker) -> Made:
    """A Ratio."""
    return {"numerator": simple_quantity(maker), "denominator": simple_quantity(maker)}


def ratio_range(maker: Maker) -> Made:
    """A RatioRange."""
    low, high = _of_unit("mg")(maker), _of_unit("mg")(maker) | {"value": 50}
    return {"lowNumerator": low, "highNumerator": high, "denominator": simple_quantity(maker)}


def identifier(maker: Maker) -> Made:
    """An Identifier."""
    made: Made = {"system": "http://example.org/ids", "value": str(maker.random.randint(1, 10**6))}
    if maker.chance(0.3):
        made["use"] = maker.random.choice(("usual", "official", "old"))
    if maker.chance(0.2):
        made["period"] = period(maker)
    return made


def human_name(maker: Maker) -> Made:
    """A HumanName."""
    made: Made = {"family": "Muster", "given": ["Ada", "B."][: maker.random.randint(1, 2)]}
    if maker.chance(0.4):
        made["use"] = maker.random.choice(("official", "nickname"))
    if maker.chance(0.3):
        made["text"] = "Ada Muster"
    return made


def contact_point(maker: Maker) -> Made:
    """A ContactPoint."""
    made: Made = {"system": "phone", "value": "+41 44 000 00 00"}
    if maker.chance(0.4):
        made |= {"use": "work", "rank": 1}
    return made


def address(maker: Maker) -> Made:
    """An Address."""
    made: Made = {"line": ["Weg 1"], "city": "Zug", "country": "CH"}
    return made | ({"use": "work", "type": "both"} if maker.chance(0.4) else {})


def contact_detail(maker: Maker) -> Made:
    """A ContactDetail."""
    return {"name": "Ada"} | ({"telecom": [contact_point(maker)]} if maker.chance(0.4) else {})


def attachment(maker: Maker) -> Made:
    """An Attachment with data, or with a url."""
    if maker.chance(0.5):
        return {"contentType": "text/plain", "url": "http://example.org/file.txt", "title": "File"}
    made: Made = {"contentType": "text/plain", "data": "aGVsbG8="}
    if maker.chance(0.5):
        made |= {"size": "5" if maker.release == "r5" else 5, "hash": "qvTGHdzF6KLavt4PO0gs2a6pQ00="}
    return made


def coding(maker: Maker) -> Made:
    """A Coding of a system that nobody knows."""
    return {"system": "http://example.org/codes", "code": "one"}


def timing(maker: Maker) -> Made:
    """A Timing."""
    match maker.random.randint(0, 3):
        case 0:
            return {"event": ["2023-01-05T10:00:00Z"]}
        case 1:
            return {"repeat": {"boundsPeriod": period(maker), "frequency": 1, "period": 8, "periodUnit": "h"}}
        case 2:
            return {"repeat": {"when": ["MORN"], "offset": 30, "dayOfWeek": ["mon", "fri"]}}
    return {"repeat": {"count": 3, "duration": 5, "durationUnit": "min", "timeOfDay": ["08:00:00"]}}


def dosage(maker: Maker) -> Made:
    """A Dosage."""
    made: Made = {"text": "one a day", "timing": timing(maker)}
    if maker.chance(0.5):
        made["doseAndRate"] = [{"doseQuantity": {"value": 1, "unit": "mg", "system": UCUM, "code": "mg"}}]
    if maker.chance(0.3) and maker.release != "r5":
        made["asNeededBoolean"] = True
    return made


def sampled_data(maker: Maker) -> Made:
    """A SampledData."""
    made: Made = {"origin": {"value": 0}, "dimensions": 1, "data": "1 2 E 3"}
    return made | ({"interval": 10, "intervalUnit": "ms"} if maker.release == "r5" else {"period": 10})


def expression(maker: Maker) -> Made:
    """An Expression of FHIRPath."""
    return {"language": "text/fhirpath", "expression": "%resource.id.exists()"}


def trigger(maker: Maker) -> Made:
    """A TriggerDefinition by name."""
    return {"type": "named-event", "name": "example"}


def data_requirement(maker: Maker) -> Made:
    """A DataRequirement."""
    made: Made = {"type": "Observation"}
    if maker.chance(0.5):
        made["codeFilter"] = [{"path": "code", "code": [coding(maker)]}]
    return made


def annotation(maker: Maker) -> Made:
    """An Annotation."""
    return {"text": primitives.words(maker.random)} | ({"authorString": "Ada"} if maker.chance(0.3) else {})


def signature(maker: Maker) -> Made:
    """A Signature."""
    kind = {"system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.1"}
    made: Made = {"type": [kind], "when": primitives.instant(maker.random), "who": maker.reference(("Practitioner",))}
    return made | {"sigFormat": "application/jose", "data": "aGVsbG8="}


def usage_context(maker: Maker) -> Made:
    """A UsageContext."""
    system = "http://terminology.hl7.org/CodeSystem/usage-context-type"
    return {"code": {"system": system, "code": "focus"}, "valueCodeableConcept": {"text": "frost"}}


def element_definition(maker: Maker) -> Made:
    """An ElementDefinition of Basic.code."""
    return {"id": "Basic.code", "path": "Basic.code", "short": "what", "min": 1, "max": "1"}


def structure_definition(maker: Maker) -> Made:
    """A profile of Basic, with a differential."""
    core = "http://hl7.org/fhir/StructureDefinition"
    first: Made = {"id": "Basic", "path": "Basic"}
    made: Made = {"url": "http://example.org/fhir/StructureDefinition/a", "name": "Example", "status": "draft"}
    made |= {"kind": "resource", "abstract": False, "type": "Basic", "baseDefinition": f"{core}/Basic"}
    made |= {"derivation": "constraint", "differential": {"element": [first, element_definition(maker)]}}
    if maker.chance(0.3):
        made |= {"title": "Example", "version": "1.0", "experimental": True}
    return made


BY_HAND: Mapping[str, Callable[[Maker], Made]] = {
    "Address": address,
    "Age": _of_unit("a", "mo", "d"),
    "Annotation": annotation,
    "Attachment": attachment,
    "Coding": coding,
    "Bundle": bundle,
    "ContactDetail": contact_detail,
    "ContactPoint": contact_point,
    "Count": _of_unit("1"),
    "DataRequirement": data_requirement,
    "Distance": _of_unit("m", "km"),
    "Dosage": dosage,
    "Duration": _of_unit("h", "min", "s"),
    "ElementDefinition": element_definition,
    "Expression": expression,
    "HumanName": human_name,
    "Identifier": identifier,
    "Meta": meta,
    "Money": lambda maker: {"value": raw("12.50"), "currency": "EUR"},
    "Narrative": narrative,
    "Period": period,
    "Quantity": quantity,
    "Range": range_,
    "Ratio": ratio,
    "RatioRange": ratio_range,
    "SampledData": sampled_data,
    "Signature": signature,
    "StructureDefinition": structure_definition,
    "Timing": timing,
    "TriggerDefinition": trigger,
    "UsageContext": usage_context,
}
# Elements that mean more than their type says.
BY_NAME: Mapping[tuple[str, str], Callable[[Maker], Any]] = {
    ("name", "string"): lambda maker: f"Name{maker.random.randint(1, 99)}",
    ("name", "id"): lambda maker: f"name{maker.random.randint(1, 99)}",
    ("url", "uri"): lambda maker: f"http://example.org/fhir/thing-{maker.random.randint(1, 99)}",
    ("linkId", "string"): lambda maker: maker.new_id(),
    ("expression", "string"): lambda maker: "id.exists()",
    ("xpath", "string"): lambda maker: "f:id",
    ("max", "string"): lambda maker: "1",
    ("start", "dateTime"): lambda maker: "2023-01-05",
    ("end", "dateTime"): lambda maker: "2023-01-06",
    ("start", "instant"): lambda maker: "2023-01-05T10:00:00Z",
    ("end", "instant"): lambda maker: "2023-01-05T11:00:00Z",
    ("recorded", "instant"): lambda maker: "2023-01-05T10:00:00Z",
}
