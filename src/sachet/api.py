"""sachet from Python: read, check and build documents, suggest and accept, with the findings as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from sachet import document
from sachet.fhir.releases import R5, RELEASES, Release
from sachet.finding import Finding, Result
from sachet.guideline.model import Guideline
from sachet.guideline.understand import understand
from sachet.package.build import assembled
from sachet.package.checking import check_documents
from sachet.package.documents import Workspace, find
from sachet.package.validity import is_invalidity
from sachet.package.workers import map_for
from sachet.review.acceptance import load
from sachet.review.decision import Answers, decide, keep
from sachet.review.suggestion import Suggestion, suggestions


class SettingsError(ValueError):
    """The settings of a project are wrong; `findings` say where and how."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(map(str, findings)))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Content:
    """What documents became: for each release, the resources of its package as objects of fhir.resources.

    The resources stand in the order of the bundle, the manifest Library first. fhir.resources has no classes for R4;
    those of R4B read it, for the resources that sachet makes have the same elements in both.
    """

    documents: int
    resources: Mapping[str, tuple[Any, ...]]
    findings: tuple[Finding, ...]


def read(path: str | Path) -> Result[Guideline]:
    """The clinical model of a document, and what was found on the way; no value where it cannot be read.

    Raises FileNotFoundError, and SettingsError where the project that the document is in has wrong settings.
    """
    project = _workspace([path])[0].project
    found = document.read(Path(path))
    understood = understand(found.value, project) if found.value else Result(None)
    return Result(understood.value, (*found.findings, *understood.findings))


def check(*paths: str | Path) -> tuple[Finding, ...]:
    """The findings of documents, or of the documents of folders. Raises as `read` does."""
    workspace, outside = _workspace(paths)
    inputs = workspace.inputs
    return (*outside, *check_documents(inputs, workspace.project, map_for(len(inputs)), workspace.is_whole, True))


def build(*paths: str | Path, fhir: Sequence[str] | None = None) -> Content:
    """The resources of documents, or of the documents of folders; nothing is written.

    There are none where the validator finds an error; a finding says which.
    `fhir` are releases (`["r4", "r5"]`), else those of the settings. Raises as `read` does, KeyError for a release
    that does not exist.
    """
    workspace, outside = _workspace(paths)
    releases = [RELEASES[name] for name in fhir or workspace.project.fhir]
    inputs = workspace.inputs
    with assembled(inputs, workspace.project, releases, map_for(len(inputs)), workspace.is_whole) as made:
        valid = not any(map(is_invalidity, made.findings))
        packages = made.packages if valid else ()
        resources = {p.release.name: tuple(_typed(c, p.release) for c in p.contents()) for p in packages}
    return Content(made.documents, resources, (*outside, *made.findings))


def suggest(path: str | Path) -> tuple[Suggestion, ...]:
    """What the instructions of a document could become; nothing is accepted by that.

    Raises as `read` does, and ValueError where the document cannot be read.
    """
    return tuple(suggestions(_guideline(path)))


def accept(path: str | Path, step: str, answers: Answers, today: date | None = None) -> Path:
    """Accept a step of a document, by its key, as a named person answers; returns the file that it was written to.

    Raises NotAcceptableError with all that is wrong or not answered, KeyError where no instruction has that key,
    ValueError where what was accepted before cannot be read, and as `suggest` does.
    """
    guideline = _guideline(path)
    root = _workspace([path])[0].root
    one = {one.step.key: one for one in suggestions(guideline)}[step]
    held, findings = load(root, guideline.id)
    if findings.found:
        raise ValueError("; ".join(map(str, findings.found)))
    made = decide(one, answers, today or date.today())
    return keep(guideline, root, (one for one, _ in held), made)


def _guideline(path: str | Path) -> Guideline:
    found = read(path)
    if found.value is None:
        raise ValueError("; ".join(map(str, found.findings)))
    return found.value


def _workspace(paths: Sequence[str | Path]) -> tuple[Workspace, tuple[Finding, ...]]:
    found = find([Path(path) for path in paths] or [Path()])
    if found.value is None:
        raise SettingsError(found.findings)
    return found.value, found.findings


def _typed(content: bytes, release: Release) -> Any:
    package = import_module("fhir.resources" if release is R5 else "fhir.resources.R4B")
    kind = content.split(b'"resourceType": "', 1)[1].split(b'"', 1)[0].decode()
    return package.get_fhir_model_class(kind).model_validate_json(content)
