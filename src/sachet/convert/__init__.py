"""The converters: from a Guideline to FHIR resources in R5's shape, each a pure function."""
