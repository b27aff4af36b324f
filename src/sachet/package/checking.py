"""The check of documents: one at a time, then all together from what is left of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sachet import checks, document
from sachet.checks import Facts, formulary
from sachet.checks.formulary import Entry
from sachet.finding import Finding, Span
from sachet.guideline.model import Guideline
from sachet.guideline.understand import understand
from sachet.package.cache import Cache, keys
from sachet.package.documents import Input
from sachet.package.index import Index, Summary, build_index
from sachet.package.workers import Map
from sachet.project import Project
from sachet.review.acceptance import Acceptance
from sachet.review.decision import fitting, without_document


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in a document, and what is left of it for the others; nothing where it cannot be built."""

    findings: tuple[Finding, ...]
    summary: Summary | None
    facts: Facts | None


def check_documents(
    inputs: Sequence[Input], project: Project, map_: Map = map, is_whole: bool = False, is_kept: bool = False
) -> tuple[Finding, ...]:
    """Every finding of every document and of all together, by file and line.

    `is_whole` says that these are all documents of the project, `is_kept` that what was found in a document may be
    taken from the cache of the project, and is kept there.
    """
    entries, wrong = formulary_of(inputs, project)
    one = partial(check_document, project=project, entries=entries)
    checked = _kept(inputs, project, one, map_) if is_kept and inputs else list(map_(one, inputs))
    index = with_acceptances(build_index(one.summary for one in checked if one.summary), inputs, is_whole)
    across = checks.check_across((one.facts for one in checked if one.facts), root_of(inputs))
    return in_order((*wrong, *index.findings, *across, *(f for one in checked for f in one.findings)))


def _kept(inputs: Sequence[Input], project: Project, check_one: Callable[[Input], Checked], map_: Map) -> list[Checked]:
    """What was found in each document, from the cache where it holds."""
    cache = Cache(inputs[0].root, Checked)
    by_key = list(zip(inputs, keys(inputs, project), strict=True))
    known = {given.name: held for given, key in by_key if key and (held := cache.get(given.name, key))}
    missing = [(given, key) for given, key in by_key if given.name not in known]
    found = list(map_(check_one, [given for given, _ in missing]))
    cache.put((given.name, key, one) for (given, key), one in zip(missing, found, strict=True) if key)
    made = {given.name: one for (given, _), one in zip(missing, found, strict=True)}
    return [known.get(given.name) or made[given.name] for given in inputs]


def root_of(inputs: Sequence[Input]) -> Path:
    """The folder of the project that documents are in."""
    return inputs[0].root if inputs else Path()


def formulary_of(inputs: Sequence[Input], project: Project) -> tuple[tuple[Entry, ...], tuple[Finding, ...]]:
    """The formulary of a project, and what is wrong with it; empty where the settings name none."""
    if project.check.formulary is None or not inputs:
        return (), ()
    loaded = formulary.load(inputs[0].root / project.check.formulary)
    wrong = tuple(replace(finding, path=project.check.formulary) for finding in loaded.findings)
    return loaded.value or (), wrong


def check_document(given: Input, project: Project, entries: Sequence[Entry] = ()) -> Checked:
    """What is found in one document."""
    guideline, _, findings = understood(given, project)
    if guideline is None:
        return Checked(findings, None, None)
    found, facts = checks.check(guideline, entries)
    return Checked((*findings, *found), Summary.of(guideline), facts)


def understood(
    given: Input, project: Project
) -> tuple[Guideline | None, Mapping[str, Acceptance], tuple[Finding, ...]]:
    """A document, what was accepted of it and fits, and every finding of reading both."""
    read = document.read(given.file, given.name)
    made = understand(read.value, project) if read.value else None
    guideline = made.value if made else None
    found = (*read.findings, *(made.findings if made else ()))
    if guideline is None:
        return None, {}, found
    accepted, unfit = fitting(guideline, given.root)
    return guideline, accepted, (*found, *unfit)


def with_acceptances(index: Index, inputs: Sequence[Input], is_whole: bool) -> Index:
    """The index with a finding for everything that was accepted of a document that is not there."""
    if not is_whole or not inputs:
        return index
    return replace(index, findings=(*index.findings, *without_document(inputs[0].root, index.plans)))


def in_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings by file, place and code."""
    return tuple(sorted(findings, key=_order))


def _order(finding: Finding) -> tuple[str, Span, str]:
    return finding.path, finding.span, finding.code
