"""The addresses that sachet writes, its own definitions and the systems of others, and names that programs read."""

import re
import unicodedata

BASE = "https://w3id.org/sachet"


def extension_url(name: str) -> str:
    """The address of one of sachet's extensions."""
    return f"{BASE}/StructureDefinition/{name}"


def profile_url(name: str) -> str:
    """The address of one of sachet's profiles."""
    return f"{BASE}/StructureDefinition/{name}"


def system_url(name: str) -> str:
    """The address of one of sachet's code systems."""
    return f"{BASE}/CodeSystem/{name}"


DATA_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
UCUM = "http://unitsofmeasure.org"
PUBMED = "https://pubmed.ncbi.nlm.nih.gov"
DOI = "https://doi.org"
USAGE_CONTEXT = "http://terminology.hl7.org/CodeSystem/usage-context-type"
PLAN_TYPE = "http://terminology.hl7.org/CodeSystem/plan-definition-type"
PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
LIBRARY_TYPE = "http://terminology.hl7.org/CodeSystem/library-type"
ACTIVITY_TYPE = "http://hl7.org/fhir/uv/cpg/CodeSystem/cpg-activity-type-cs"
COMMON_PROCESS = "http://hl7.org/fhir/uv/cpg/CodeSystem/cpg-common-process-cs"


def computable_name(words: str) -> str:
    """Words as a name that passes FHIR's pdf-0 and cnl-0: PascalCase, ASCII, 2 to 255 characters."""
    flat = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    name = "".join(w[:1].upper() + w[1:] for w in re.findall(r"[A-Za-z0-9]+", flat))
    if not name[:1].isalpha() or len(name) < 2:
        name = f"Plan{name}"
    return name[:255]
