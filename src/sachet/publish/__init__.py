"""Publishing: a FHIR client, and what would change on a server, changing it, and putting it back."""
