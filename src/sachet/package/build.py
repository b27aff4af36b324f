"""The build: documents in, a package for each release out.

Work over documents is a map, one document at a time with everything it needs passed in; between the two maps stands
one small reduce over summaries. No document waits in memory for another: what is made waits in a spool on disk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sachet.checks import Facts, check, check_across
from sachet.checks.formulary import Entry as Allowed
from sachet.convert.activity_definition import activity_definitions
from sachet.convert.citation import citation
from sachet.convert.context import Context
from sachet.convert.plan_definition import plan_definition
from sachet.convert.provenance import provenances
from sachet.convert.value_set import value_set
from sachet.document import front_matter, source
from sachet.fhir.releases import Release
from sachet.finding import Finding, Findings
from sachet.guideline.understand import summarize
from sachet.package.assembly import Assembly
from sachet.package.checking import formulary_of, in_order, root_of, understood, with_acceptances
from sachet.package.documents import Input
from sachet.package.encode import Entry, Shared, dump, entries, plain
from sachet.package.index import Cited, Index, Summary, build_index
from sachet.package.pack import Change, Outputs
from sachet.package.spool import Spool
from sachet.package.validity import errors, invalid, invalid_beside, is_invalidity
from sachet.package.workers import Map
from sachet.project import SETTINGS, Project


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
    entries: tuple[list[Entry], ...]
    provenances: Mapping[str, bytes]  # by their ids
    findings: tuple[Finding, ...]
    facts: Facts | None


def scan(given: Input, project: Project) -> Summary | None:
    """The summary of a document, from its front matter alone; None where it cannot be built."""
    quiet = Findings(given.name)
    text = source.load(given.file, quiet)
    parts = front_matter.split(text.text, quiet) if text else None
    fields = front_matter.parse(parts[0], parts[1], quiet) if parts else None
    about = summarize(fields, project, quiet) if fields else None
    if about is None:
        return None
    cited = tuple(map(Cited.of, about.references))
    return Summary(given.name, about.id.words, about.id.span, about.version, about.updated, about.track, cited)


def make(
    given: Input, project: Project, index: Index, releases: Sequence[Release], allowed: Sequence[Allowed] = ()
) -> Made:
    """Read, understand, check (against the rows of a formulary, too) and convert one document."""
    guideline, accepted, findings = understood(given, project)
    if guideline is None:
        return Made(given.name, None, None, (), {}, findings, None)
    checked, facts = check(guideline, allowed)
    findings = (*findings, *checked)
    if given.name in index.left_out:
        return Made(given.name, None, None, (), {}, findings, facts)
    context = Context(project, index.plans, index.citations, accepted)
    resources = [plan_definition(guideline, context), *activity_definitions(guideline, context)]
    if (codes := value_set(guideline, context)) is not None:
        resources.append(codes)
    cited = ((index.shared.get((guideline.id, r.words.span)), r) for r in guideline.references)
    resources.extend(citation(shared.id, reference, context) for shared, reference in cited if shared)
    shared: Shared = {}
    made = tuple(entries(resources, release, shared) for release in releases)
    origins = provenances(guideline, context)
    faults = [fault for one in made for fault in invalid(one, given.name)]
    for origin in origins:
        found = (issue for release in releases for issue in errors(plain(origin)[0], release))
        faults += invalid_beside(found, given.name, f"Provenance/{origin['id']}")
    digest = guideline.source.sha256
    beside = {origin["id"]: dump(origin) for origin in origins}
    return Made(given.name, guideline.id, digest, made, beside, (*findings, *faults), facts)


def indexed(inputs: Sequence[Input], project: Project, map_: Map = map, is_whole: bool = False) -> Index:
    """What the documents say of each other."""
    index = build_index(s for s in map_(partial(scan, project=project), inputs) if s is not None)
    return with_acceptances(index, inputs, is_whole)


def build(
    inputs: Sequence[Input],
    project: Project,
    releases: Sequence[Release],
    out: Path,
    map_: Map = map,
    is_whole: bool = False,
) -> Built:
    """Build the packages of a project into the folder `out`, which is made where it is missing.

    `map_` runs the work over documents: `map` in this process, or an executor's. `is_whole` says that these are all
    documents of the project.
    Where a resource is not valid nothing is written, and no package returned. Raises OSError where a package cannot be
    written; the packages that were there stay as they were.
    """
    with assembled(inputs, project, releases, map_, is_whole) as made:
        if any(map(is_invalidity, made.findings)):
            return Built(made.documents, (), made.findings)
        out.mkdir(parents=True, exist_ok=True)
        with Outputs() as outputs:
            write = partial(_write, findings=made.findings, out=out, outputs=outputs)
            packages = tuple(map(write, made.packages) if map_ is map else _beside_each_other(write, made.packages))
    return Built(made.documents, packages, made.findings)


@dataclass(frozen=True, slots=True)
class Assembled:
    """Packages that are complete, but not written yet."""

    documents: int
    packages: tuple[Assembly, ...]
    findings: tuple[Finding, ...]


@contextmanager
def assembled(
    inputs: Sequence[Input],
    project: Project,
    releases: Sequence[Release],
    map_: Map = map,
    is_whole: bool = False,
) -> Iterator[Assembled]:
    """Everything of a build but the writing. The contents of the packages are there until the context ends."""
    index = indexed(inputs, project, map_, is_whole)
    allowed, wrong = formulary_of(inputs, project)
    findings: list[Finding] = [*wrong, *index.findings]
    with ExitStack() as stack:
        packages = tuple(Assembly(release, project, stack.enter_context(Spool())) for release in releases)
        documents = 0
        facts: list[Facts] = []
        one = partial(make, project=project, index=index, releases=releases, allowed=allowed)
        for made in map_(one, inputs):
            findings.extend(made.findings)
            if made.facts:
                facts.append(made.facts)
            if made.id is None:
                continue
            documents += 1
            for package, resources in zip(packages, made.entries, strict=True):
                about = {"id": made.id, "path": made.name, "sha256": made.sha256}
                package.add_document(about, resources, made.provenances)
        findings.extend(check_across(facts, root_of(inputs)))
        for package in packages:
            findings += invalid(package.complete(index), SETTINGS)
        yield Assembled(documents, packages, in_order(findings))


def _beside_each_other(
    write: Callable[[Assembly], BuiltPackage], packages: Sequence[Assembly]
) -> Iterator[BuiltPackage]:
    """Write packages at once: most of the time goes to zlib, which needs no interpreter."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(packages)) as pool:
        yield from pool.map(write, packages)


def _write(assembly: Assembly, findings: Sequence[Finding], out: Path, outputs: Outputs) -> BuiltPackage:
    package, bundle = out / f"{assembly.name}.tgz", out / f"{assembly.name}.bundle.json"
    change = assembly.write(package, bundle, findings, outputs)
    return BuiltPackage(assembly.release, package, bundle, Counter(r.kind for r in assembly.resources), change)
