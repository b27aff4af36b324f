"""The package as an ImplementationGuide: what servers and publishers show of it."""

from __future__ import annotations

from collections.abc import Iterable

from sachet.convert.context import Context
from sachet.convert.narrative import words_body
from sachet.fhir.element import Element
from sachet.fhir.names import computable_name
from sachet.fhir.releases import Release
from sachet.fhir.text import escape, narrative


def implementation_guide(
    resources: Iterable[tuple[str, str, str]], date: str | None, context: Context, release: Release
) -> Element:
    """The ImplementationGuide of a package; `resources` are types, ids and titles of all that it holds."""
    project = context.project
    listed = [
        {"reference": {"reference": f"{kind}/{identifier}"}, "name": title} for kind, identifier, title in resources
    ]
    return Element(
        (),
        resourceType="ImplementationGuide",
        id=context.package_id,
        text=narrative(
            words_body(project.title, [f"A package of {len(listed)} resources for FHIR {release.version}."])
        ),
        url=context.url("ImplementationGuide", context.package_id),
        version=project.version,
        name=computable_name(project.title),
        title=project.title,
        **context.status(),
        date=date,
        publisher=project.publisher,
        description=escape(f"{project.title}, a package made of clinical documents."),
        copyright=escape(project.licence) if project.licence else None,
        packageId=f"{project.id}.{release.name}",
        fhirVersion=[release.version],
        definition=Element((), resource=listed),
    )
