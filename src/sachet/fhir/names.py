"""The addresses that sachet writes: its own definitions, and the systems of others."""

BASE = "https://w3id.org/sachet"


def extension_url(name: str) -> str:
    """The address of one of sachet's extensions."""
    return f"{BASE}/StructureDefinition/{name}"


def system_url(name: str) -> str:
    """The address of one of sachet's code systems."""
    return f"{BASE}/CodeSystem/{name}"


UCUM = "http://unitsofmeasure.org"
PUBMED = "https://pubmed.ncbi.nlm.nih.gov"
DOI = "https://doi.org"
USAGE_CONTEXT = "http://terminology.hl7.org/CodeSystem/usage-context-type"
PLAN_TYPE = "http://terminology.hl7.org/CodeSystem/plan-definition-type"
LIBRARY_TYPE = "http://terminology.hl7.org/CodeSystem/library-type"
COMMON_PROCESS = "http://hl7.org/fhir/uv/cpg/CodeSystem/cpg-common-process-cs"
