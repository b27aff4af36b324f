"""The manifest of a package: a CRMI asset collection that names and pins everything in it."""

from __future__ import annotations

from collections.abc import Iterable

from sachet.convert.context import Context
from sachet.convert.narrative import words_body
from sachet.fhir.element import Element
from sachet.fhir.names import LIBRARY_TYPE, computable_name
from sachet.fhir.releases import Release
from sachet.fhir.text import escape, narrative
from sachet.terminology import icd10cm


def manifest(resources: Iterable[tuple[str, str]], date: str | None, context: Context, release: Release) -> Element:
    """The Library of a package. `resources` are canonical urls with versions and the titles they are shown by.

    What the package stands on is pinned too: ICD-10-CM by the day of its release, for it has no version of its own in
    HL7's terminology, and the code systems of FHIR's core by their versions in `release`.
    """
    project = context.project
    identifier = context.package_id
    composed = [{"type": "composed-of", "display": title, "resource": url} for url, title in resources]
    pins = {icd10cm.SYSTEM: icd10cm.release(), **release.systems}
    depends = [{"type": "depends-on", "resource": f"{url}|{version}"} for url, version in sorted(pins.items())]
    return Element(
        (),
        resourceType="Library",
        id=identifier,
        meta=context.claims("sachet-manifest"),
        text=narrative(words_body(project.title, [f"Manifest of {len(composed)} resources."])),
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
        relatedArtifact=[*composed, *depends],
    )
