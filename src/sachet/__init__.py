"""sachet turns clinical documents in Markdown into FHIR content packages."""

__version__ = "0.1.0"
