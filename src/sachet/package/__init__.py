"""From resources to FHIR packages and bundles."""
