"""Invariants that were published with a mistake in their FHIRPath, and what they mean.

By what was published; most were mended in a later release of FHIR. HL7's engine judges by the mended ones too.
"""

from __future__ import annotations

from collections.abc import Mapping

_NAME = "[A-Z]([A-Za-z0-9_]){0,254}"
_CONTAINED = "(reference.substring(1).trace('url') in %rootResource.contained.id.trace('ids'))"
_REFERENCE = f"reference.startsWith('#').not() or {_CONTAINED}"
_REFERENCE_R4B = f"{_REFERENCE} or (reference='#' and %rootResource!=%resource)"
_PATH = (
    r"[^\\s\\.,:;\\\'\"\\/|?!@#$%&*()\\[\\]{}]{1,64}"
    r"(\\.[^\\s\\.,:;\\\'\"\\/|?!@#$%&*()\\[\\]{}]{1,64}(\\[x\\])?(\\:[^\\s\\.]+)?)*"
).replace(r"\"", '"')
_CORE_PATH = r"[A-Za-z][A-Za-z0-9]*(\\.[a-z][A-Za-z0-9]*(\\[x])?)*"

MEANT: Mapping[str, str] = {
    # cnl-0 and its like: the whole name, and only where there is one (R5)
    f"name.matches('{_NAME}')": f"name.exists() implies name.matches('^{_NAME}$')",
    # ref-1: only where there is a reference; # alone is the resource that contains this one (R5)
    _REFERENCE: f"reference.exists() implies (reference = '#' or {_REFERENCE})",
    _REFERENCE_R4B: f"reference.exists() implies ({_REFERENCE_R4B})",
    # bdl-8: only where there is a fullUrl (R4B)
    "fullUrl.contains('/_history/').not()": "fullUrl.exists() implies fullUrl.contains('/_history/').not()",
    # que-7: the type of FHIR, not the one of FHIRPath (R4B)
    "operator = 'exists' implies (answer is Boolean)": "operator = 'exists' implies (answer is boolean)",
    # que-12: two are more than one (R4B)
    "enableWhen.count() > 2 implies enableBehavior.exists()": "enableWhen.count() > 1 implies enableBehavior.exists()",
    # ras-2: only where there is a probability (R5)
    "probability is decimal implies (probability as decimal) <= 100": (
        "probability.exists($this is decimal) implies (probability as decimal) <= 100"
    ),
    # rng-2: where both are of one unit; others are not converted here
    "low.empty() or high.empty() or (low <= high)": (
        "low.empty() or high.empty() or (low.code.exists() and high.code.exists() and low.code != high.code)"
        " or (low <= high)"
    ),
    # tim-9: each of the events (R5)
    "offset.empty() or (when.exists() and ((when in ('C' | 'CM' | 'CD' | 'CV')).not()))": (
        "offset.empty() or (when.exists() and when.select($this in ('C' | 'CM' | 'CD' | 'CV')).allFalse())"
    ),
    # opd-3: a resource type has targets too (R5)
    "targetProfile.exists() implies (type = 'Reference' or type = 'canonical')": (
        "targetProfile.exists() implies (type = 'Reference' or type = 'canonical'"
        " or type.memberOf('http://hl7.org/fhir/ValueSet/resource-types'))"
    ),
    # eld-19, eld-20: the whole path (R4B)
    f"path.matches('{_PATH}')": f"path.matches('^{_PATH}$')",
    f"path.matches('{_CORE_PATH}')": f"path.matches('^{_CORE_PATH}$')",
    # ing-1: the value of a primitive is itself (R5)
    "(Ingredient.allergenicIndicator.where(value='true').count() + Ingredient.substance.code.reference.count())  < 2": (
        "Ingredient.where(allergenicIndicator=true).count() + Ingredient.substance.code.reference.count() < 2"
    ),
    # con-3: a code is below a Coding (R4B)
    "clinicalStatus.exists() or verificationStatus.coding.where(system='http://terminology.hl7.org/CodeSystem/"
    "condition-ver-status' and code = 'entered-in-error').exists() or category.select($this='problem-list-item')"
    ".empty()": (
        "category.coding.where(system='http://terminology.hl7.org/CodeSystem/condition-category' and"
        " code='problem-list-item').exists() implies (clinicalStatus.exists() or verificationStatus.coding.where("
        "system='http://terminology.hl7.org/CodeSystem/condition-ver-status' and code='entered-in-error').exists())"
    ),
}
