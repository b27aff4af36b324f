"""The FHIR validator: whether resources are what a release and their profiles say they have to be."""
