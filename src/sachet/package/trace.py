"""Where a line of a document went, and where an element of a package came from."""

from __future__ import annotations

import base64
import json
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sachet.fhir.releases import Release
from sachet.finding import Result, Span
from sachet.package import source_map
from sachet.package.build import indexed, make
from sachet.package.documents import Input
from sachet.project import Project

_STEP = re.compile(r"\.([A-Za-z_]+)|\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Went:
    """An element that words of a line are in: its resource, its FHIRPath, and its value where it is one."""

    resource: str
    expression: str
    value: str | None
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Came:
    """A line that an element was made of, with the path that its document has in the project, and its words."""

    path: str
    span: Span
    text: str


class NoSuchElementError(Exception):
    """A package does not hold the element that was asked for."""


def trace_line(
    document: Input, line: int, column: int | None, inputs: Sequence[Input], project: Project, release: Release
) -> Result[list[Went]]:
    """Every element of a release in which a line (or the word at its column, both from 1) of a document is.

    `inputs` are the documents of the project, for some elements depend on the others. No value where the document
    cannot be built.
    """
    index = indexed(inputs, project)
    made = make(document, project, index, [release])
    if made.id is None:
        return Result(None, made.findings)
    found: list[Went] = []
    for entry in made.entries[0]:
        content = json.loads(entry.content)
        for path, spans in source_map.rows(entry.elements).items():
            if any(_holds(span, line, column) for span in spans):
                found.append(Went(f"{entry.kind}/{entry.id}", path, _shown(_at(content, path)), spans))
    return Result(found, ())


def trace_element(package: Path, element: str) -> list[Came]:
    """The lines that an element of a package was made of; none where sachet made it from no line.

    `element` is a resource and what is in it ("PlanDefinition/burns.action[1].title"), or the id of an action. Raises
    NoSuchElementError where the package has none such, tarfile.ReadError where the file is no package.
    """
    files = _Files(package)
    resource, path = files.locate(element)
    rows = files.rows(resource)
    at_or_below = [spans for row, spans in rows.items() if source_map.within(row, path)]
    above = [spans for row, spans in rows.items() if source_map.within(path, row)]
    # What knows no line of its own was made with what it is in.
    spans = [s for spans in at_or_below or above[-1:] for s in spans]
    return [Came(name, span, text) for name, lines in files.documents(resource) for span, text in _lines(spans, lines)]


def _lines(spans: Iterable[Span], lines: Sequence[str]) -> Iterator[tuple[Span, str]]:
    for span in dict.fromkeys(sorted(spans)):
        yield span, lines[span.line - 1] if span.line <= len(lines) else ""


class _Files:
    """The resources and the source map of a package."""

    def __init__(self, package: Path) -> None:
        self.contents: dict[str, Any] = {}
        try:
            with tarfile.open(package, "r:gz") as tar:
                for member in tar:
                    file = tar.extractfile(member)
                    if file is not None and member.name.endswith(".json"):
                        self.contents[member.name.removeprefix("package/")] = json.load(file)
            self.map = self.contents["other/source-map.json"]
            assert self.map["version"] == 2
        except (tarfile.TarError, EOFError, zlib.error, ValueError, KeyError, AssertionError) as e:
            raise tarfile.ReadError("this is no package of sachet with a source map") from e

    def locate(self, element: str) -> tuple[str, str]:
        """The resource of an element, and its FHIRPath."""
        resources = {f"{r['resourceType']}/{r['id']}": r for r in self.contents.values() if "id" in r}
        named = [name for name in resources if element == name or element.startswith((f"{name}.", f"{name}#"))]
        if named:
            name = max(named, key=len)
            kind = name.partition("/")[0]
            path = element[len(name) :].lstrip("#").removeprefix(kind)
            path = kind + (f".{path}" if path and not path.startswith((".", "[")) else path)
            if _at(resources[name], path) is None:
                raise NoSuchElementError(f"{name} has no element {path}")
            return name, path
        for name, resource in resources.items():
            for path, action in _actions(resource, resource["resourceType"]):
                if action.get("id") == element:
                    return name, path
        raise NoSuchElementError(f"no resource or action is called {element!r}; write it like PlanDefinition/ID.title")

    def rows(self, resource: str) -> source_map.Rows:
        """What the source map says of a resource."""
        found = (d["resources"][resource] for d in self.map["documents"] if resource in d["resources"])
        return source_map.spans_of(next(found, []))

    def documents(self, resource: str) -> Iterator[tuple[str, list[str]]]:
        """Path and lines of the document that a resource was made of."""
        for document in self.map["documents"]:
            about = document["about"]
            if resource in document["resources"]:
                artifacts = self.contents[f"PlanDefinition-{about['id']}.json"]["relatedArtifact"]
                text = base64.b64decode(artifacts[-1]["document"]["data"]).decode("utf-8-sig")
                yield about["path"], text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _actions(value: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, action in enumerate(value.get("action", ())):
        below = f"{path}.action[{number}]"
        yield below, action
        yield from _actions(action, below)


def _holds(span: Span, line: int, column: int | None) -> bool:
    """True where a span has a part of a line, or the character at its column."""
    if column is None:
        return span.line <= line <= span.end_line and (span.end_line, span.end_column) > (line, 1)
    return (span.line, span.column) <= (line, column) < (span.end_line, span.end_column)


def _at(resource: Any, path: str) -> Any:
    """The element at a FHIRPath of names and indices; None where there is none."""
    for name, index in _STEP.findall(path):
        try:
            resource = resource[name] if name else resource[int(index)]
        except (KeyError, IndexError, TypeError):
            return None
    return resource


def _shown(value: Any) -> str | None:
    return value if isinstance(value, str) else None
