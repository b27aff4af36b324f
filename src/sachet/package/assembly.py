"""One package being put together, release by release."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from sys import intern
from typing import Any

from sachet.convert.context import Context
from sachet.convert.implementation_guide import implementation_guide
from sachet.convert.library import manifest
from sachet.fhir.definitions import definitions
from sachet.fhir.element import Element
from sachet.fhir.exact import encoded
from sachet.fhir.releases import Release
from sachet.finding import Finding
from sachet.package.encode import Entry, dump, entry, unjudged
from sachet.package.index import Index
from sachet.package.pack import (
    Change,
    Content,
    Outputs,
    Packed,
    changes,
    in_order,
    index_json,
    package_json,
    package_name,
    write_bundle,
    write_tgz,
)
from sachet.package.spool import Slot, Spool
from sachet.project import Project


class Assembly:
    """The resources of a package, and what stands beside them. Their bytes wait in the spool."""

    def __init__(self, release: Release, project: Project, spool: Spool) -> None:
        self.release = release
        self.name = package_name(project, release)
        self.resources: list[Packed] = []
        self._project = project
        self._spool = spool
        self._documents: dict[str, Slot] = {}  # by id: where its lines went
        self._cited: Mapping[str, Sequence[str]] = {}  # Citation → the documents that cite it
        self._provenances: dict[str, Slot] = {}
        self._uses: set[str] = set()

    def add_document(
        self, about: Mapping[str, Any], resources: Iterable[Entry], provenances: Mapping[str, bytes]
    ) -> None:
        """Add what became of a document; `about` is its id, its path and the SHA-256 of its bytes."""
        rows: list[bytes] = []
        for one in resources:
            self._add(one)
            rows.append(encoded(f"{one.kind}/{one.id}") + b": [\n" + one.elements + b"\n]")
        self._documents[about["id"]] = self._spool.put(
            b'{"about": ' + encoded(about) + b',\n"resources": {\n' + b",\n".join(rows) + b"\n}}"
        )
        for identifier, provenance in provenances.items():
            self._provenances[identifier] = self._spool.put(provenance)

    def complete(self, index: Index) -> list[Entry]:
        """Add what belongs to the package as a whole: definitions, manifest, implementation guide. Returns these."""
        added: list[Entry] = []
        context = Context(self._project, index.plans, index.citations)
        self._cited = {s.id: s.documents for s in index.shared.values()} if self.release.has_citation else {}
        empty = unjudged(manifest((), None, context, self.release), self.release)
        self._define({*self._uses, *(empty.uses if empty else ())}, added)
        composed = sorted((f"{r.url}|{r.version}", r.title) for r in self.resources)
        self._add_own(manifest(composed, index.updated, context, self.release), added)
        held = sorted((r.kind, r.id, r.title) for r in self.resources)
        self._add_own(implementation_guide(held, index.updated, context, self.release), added)
        return added

    def _define(self, uses: set[str], added: list[Entry]) -> None:
        """Add each of sachet's own definitions that is used, and those that these use."""
        defined: set[str] = set()
        while wanted := [url for url in definitions() if url in uses - defined]:
            for url in wanted:
                defined.add(url)
                if (one := unjudged(definitions()[url], self.release)) is not None:
                    self._add(one)
                    added.append(one)
                    uses |= one.uses

    def _add(self, one: Entry) -> None:
        slot = self._spool.put(one.content)
        base = one.url.removesuffix(f"/{one.kind}/{one.id}")
        kind, base, version = (intern(words) for words in (one.kind, base, one.version))  # many have the same
        self.resources.append(Packed(kind, one.id, base, version, one.title, slot))
        self._uses |= one.uses

    def _add_own(self, resource: Element, added: list[Entry]) -> None:
        one = entry(resource, self.release)
        assert one is not None  # every release has what stands for a package
        self._add(one)
        added.append(one)

    def write(self, package: Path, bundle: Path, findings: Sequence[Finding], outputs: Outputs) -> Change:
        """Write the package and its bundle; returns how it differs from the package that was there."""
        change = changes(package, self.resources, self._spool)
        write_tgz(outputs, package, self._head(findings), self.resources, self._spool)
        write_bundle(outputs, bundle, self.name, self.resources, self._spool)
        return change

    def contents(self) -> Iterator[bytes]:
        """The JSON of each resource, in the order of the bundle."""
        return (self._spool.get(resource.slot) for resource in in_order(self.resources))

    def _head(self, findings: Sequence[Finding]) -> Iterator[tuple[str, Content]]:
        """The files of the package that are no resources of its own."""
        yield "package.json", dump(package_json(self._project, self.release))
        yield ".index.json", dump(index_json(self.resources))
        yield "other/findings.json", dump({"findings": [f.as_json() for f in findings]})
        for identifier, slot in sorted(self._provenances.items()):
            yield f"other/Provenance-{identifier}.json", slot
        yield "other/source-map.json", self._source_map()

    def _source_map(self) -> Slot:
        """Where each line went: for each document, the FHIRPath and lines of each element, resource by resource.

        A Citation has its words from the first document that cites it, and stands there.
        """
        slots = [
            self._spool.put(b'{"version": 2, "fhirVersion": ' + encoded(self.release.version) + b',\n"documents": [\n')
        ]
        for number, (_, slot) in enumerate(sorted(self._documents.items())):
            slots.append(self._spool.put((b",\n" if number else b"") + self._spool.get(slot)))
        rows = (encoded(identifier) + b": " + encoded(by) for identifier, by in sorted(self._cited.items()))
        slots.append(self._spool.put(b'\n],\n"citations": {\n' + b",\n".join(rows) + b"\n}}\n"))
        return Slot(slots[0].offset, sum(slot.length for slot in slots))
