"""The build: documents in, a package for each release out.

Work over documents is a map, one document at a time with everything it needs passed in; between the two maps stands
one small reduce over summaries. No document waits in memory for another: what is made waits in a spool on disk.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sachet import document
from sachet.checks import check
from sachet.convert.activity_definition import activity_definitions
from sachet.convert.citation import citation
from sachet.convert.context import Context
from sachet.convert.library import manifest
from sachet.convert.plan_definition import plan_definition
from sachet.convert.value_set import value_set
from sachet.document import front_matter, source
from sachet.fhir.definitions import definitions
from sachet.fhir.element import Element
from sachet.fhir.releases import Release
from sachet.finding import Finding, Findings, Span
from sachet.guideline.model import Guideline
from sachet.guideline.understand import summarize, understand
from sachet.package.encode import Entry, dump, entry
from sachet.package.index import Index, Summary, build_index
from sachet.package.pack import (
    Change,
    Outputs,
    Packed,
    changes,
    index_json,
    package_json,
    package_name,
    write_bundle,
    write_tgz,
)
from sachet.package.spool import Spool
from sachet.project import Project

Map = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]


@dataclass(frozen=True, slots=True)
class Input:
    """A document of a build: its file, and the name that findings and the source map give it."""

    file: Path
    name: str


@dataclass(frozen=True, slots=True)
class BuiltPackage:
    """A package that was written."""

    release: Release
    package: Path
    bundle: Path
    resources: Counter[str]  # by resource type
    change: Change


@dataclass(frozen=True, slots=True)
class Built:
    """What a build made."""

    documents: int
    packages: tuple[BuiltPackage, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """What became of one document: its resources in each release, in the order of `releases`."""

    name: str
    id: str | None
    sha256: str | None
    entries: tuple[tuple[Entry, ...], ...]
    findings: tuple[Finding, ...]


def scan(given: Input) -> Summary | None:
    """The summary of a document, from its front matter alone; None where it cannot be built."""
    quiet = Findings(given.name)
    text = source.load(given.file, quiet)
    parts = front_matter.split(text.text, quiet) if text else None
    fields = front_matter.parse(parts[0], parts[1], quiet) if parts else None
    about = summarize(fields, quiet) if fields else None
    if about is None:
        return None
    return Summary(
        given.name, about.id.words, about.id.span, about.version, about.updated, about.track, about.references
    )


def make(given: Input, project: Project, index: Index, releases: Sequence[Release]) -> Made:
    """Read, understand, check and convert one document."""
    guideline, findings = _understood(given, index.plans)
    if guideline is None or given.name in index.left_out:
        return Made(given.name, None, None, tuple(() for _ in releases), findings)
    context = Context(project, index.plans, index.citations)
    resources = [plan_definition(guideline, context), *activity_definitions(guideline, context)]
    if (codes := value_set(guideline, context)) is not None:
        resources.append(codes)
    entries = tuple(_entries(resources, release) for release in releases)
    return Made(given.name, guideline.id, guideline.source.sha256, entries, findings)


def check_documents(inputs: Sequence[Input], map_: Map = map) -> tuple[Finding, ...]:
    """Every finding of every document and of all together, by file and line."""
    index = build_index(s for s in map_(scan, inputs) if s is not None)
    found = [*index.findings, *(f for fs in map_(partial(_check, plans=index.plans), inputs) for f in fs)]
    return tuple(sorted(found, key=_order))


def _check(given: Input, plans: Collection[str]) -> tuple[Finding, ...]:
    return _understood(given, plans)[1]


def _understood(given: Input, plans: Collection[str]) -> tuple[Guideline | None, tuple[Finding, ...]]:
    read = document.read(given.file, given.name)
    understood = understand(read.value) if read.value else None
    guideline = understood.value if understood else None
    checked = check(guideline, plans) if guideline else ()
    return guideline, (*read.findings, *(understood.findings if understood else ()), *checked)


def _order(finding: Finding) -> tuple[str, Span, str]:
    return finding.path, finding.span, finding.code


def _entries(resources: Iterable[Element], release: Release) -> tuple[Entry, ...]:
    return tuple(e for r in resources if (e := entry(r, release)) is not None)


def build(inputs: Sequence[Input], project: Project, releases: Sequence[Release], out: Path, map_: Map = map) -> Built:
    """Build the packages of a project into the folder `out`, which is made where it is missing.

    `map_` runs the work over documents: `map` in this process, or an executor's.
    Raises OSError where a package cannot be written; the packages that were there stay as they were.
    """
    index = build_index(s for s in map_(scan, inputs) if s is not None)
    findings: list[Finding] = list(index.findings)
    with Spool() as spool:
        assemblies = [_Assembly(release, project, spool) for release in releases]
        documents = 0
        for made in map_(partial(make, project=project, index=index, releases=releases), inputs):
            findings.extend(made.findings)
            if made.id is None:
                continue
            documents += 1
            for assembly, entries in zip(assemblies, made.entries, strict=True):
                assembly.add_document(made, entries)
        findings.sort(key=_order)
        out.mkdir(parents=True, exist_ok=True)
        with Outputs() as outputs:
            packages = tuple(a.write(index, findings, out, outputs) for a in assemblies)
    return Built(documents, packages, tuple(findings))


class _Assembly:
    """One package being put together."""

    def __init__(self, release: Release, project: Project, spool: Spool) -> None:
        self.release = release
        self.project = project
        self.spool = spool
        self.resources: list[Packed] = []
        self.documents: list[dict[str, Any]] = []
        self.uses: set[str] = set()

    def add_document(self, made: Made, entries: Iterable[Entry]) -> None:
        """Add what became of a document, and keep where its lines went."""
        for one in entries:
            self.add(one)
        elements = {f"{e.kind}/{e.id}": _elements(e) for e in entries if e.elements}
        slot = self.spool.put(dump(elements))
        self.documents.append({"id": made.id, "path": made.name, "sha256": made.sha256, "slot": slot})

    def add(self, one: Entry) -> None:
        slot = self.spool.put(one.content)
        digest = hashlib.sha256(one.content).hexdigest()
        self.resources.append(Packed(one.kind, one.id, one.url, one.version, one.title, slot, digest))
        self.uses |= one.uses

    def write(self, index: Index, findings: Sequence[Finding], out: Path, outputs: Outputs) -> BuiltPackage:
        """Add what belongs to the package as a whole, and write it."""
        name = package_name(self.project, self.release)
        context = Context(self.project, index.plans, index.citations)
        for shared in index.shared:
            if (one := entry(citation(shared.id, shared.reference, context), self.release)) is not None:
                self.add(one)
        for url, definition in definitions().items():
            if url in self.uses and (one := entry(definition, self.release)) is not None:
                self.add(one)
        composed = sorted((f"{r.url}|{r.version}", r.title) for r in self.resources)
        library = entry(manifest(composed, self.project.id.replace(".", "-"), index.updated, context), self.release)
        assert library is not None  # every release has Library
        self.add(library)
        package, bundle = out / f"{name}.tgz", out / f"{name}.bundle.json"
        change = changes(package, self.resources)
        write_tgz(outputs, package, self.head(index, findings), self.resources, self.spool.get)
        write_bundle(outputs, bundle, name, self.resources, self.spool.get)
        return BuiltPackage(self.release, package, bundle, Counter(r.kind for r in self.resources), change)

    def head(self, index: Index, findings: Sequence[Finding]) -> Iterator[tuple[str, bytes]]:
        """The files of the package that are no resources."""
        yield "package.json", dump(package_json(self.project, self.release))
        yield ".index.json", dump(index_json(self.resources))
        yield "other/findings.json", dump({"findings": [f.as_json() for f in findings]})
        yield "other/source-map.json", b"".join(self.source_map(index))

    def source_map(self, index: Index) -> Iterator[bytes]:
        """Where each line went: for each document, the FHIRPath and lines of each element, resource by resource."""
        shared = {s.id: list(s.documents) for s in index.shared} if self.release.has_citation else {}
        yield b'{"version": 1, "fhirVersion": ' + dump(self.release.version).strip() + b',\n"documents": ['
        for number, one in enumerate(sorted(self.documents, key=lambda d: str(d["id"]))):
            about = {key: one[key] for key in ("id", "path", "sha256")}
            yield b"," if number else b""
            yield (
                b'\n{"about": ' + dump(about).strip() + b',\n"resources": ' + self.spool.get(one["slot"]).strip() + b"}"
            )
        yield b'\n],\n"citations": ' + dump(shared).strip() + b"}\n"


def _elements(one: Entry) -> list[list[Any]]:
    """Rows of FHIRPath and spans; a span is line, column, end line, end column."""
    return [[path, [list(span) for span in spans]] for path, spans in one.elements]
