"""The manifest of a package: a CRMI asset collection that names and pins everything in it."""

from __future__ import annotations

from collections.abc import Iterable

from sachet.convert.context import Context
from sachet.convert.narrative import words_body
from sachet.fhir.element import Element
from sachet.fhir.names import LIBRARY_TYPE, computable_name
from sachet.fhir.text import escape, narrative


def manifest(resources: Iterable[tuple[str, str]], identifier: str, date: str | None, context: Context) -> Element:
    """The Library of a package. `resources` are canonical urls with versions and the titles they are shown by."""
    project = context.project
    composed = [Element((), type="composed-of", display=title, resource=url) for url, title in resources]
    return Element(
        (),
        resourceType="Library",
        id=identifier,
        text=Element((), **narrative(words_body(project.title, [f"Manifest of {len(composed)} resources."]))),
        url=context.url("Library", identifier),
        version=project.version,
        name=computable_name(project.title),
        title=project.title,
        **context.status(),
        type=Element((), coding=[Element((), system=LIBRARY_TYPE, code="asset-collection")]),
        date=date,
        publisher=project.publisher,
        description=escape(f"Manifest of {project.title}: everything in the package {project.id}, with versions."),
        copyright=escape(project.licence) if project.licence else None,
        relatedArtifact=composed,
    )
