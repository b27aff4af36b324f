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
from sachet.package.build import indexed, make
from sachet.package.documents import Input
from sachet.project import Project

_RESOURCE = re.compile(rb'\n("(?:[^"\\]|\\.)*"): \[\n')  # where a resource begins in a source map
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
        for path, spans in _rows(entry.elements):
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
    at_or_below = [spans for row, spans in rows if _within(row, path)]
    above = [spans for row, spans in rows if _within(path, row)]
    # What knows no line of its own was made with what it is in.
    spans = [s for spans in at_or_below or above[-1:] for s in spans]
    return [Came(name, span, text) for name, lines in files.documents(resource) for span, text in _lines(spans, lines)]


class Origins:
    """The source map of a package, unparsed: what it says of a resource is read when that is asked for."""

    def __init__(self, package: Path) -> None:
        """Raises tarfile.ReadError where the package has no source map."""
        try:
            with tarfile.open(package, "r:gz") as tar:
                file = tar.extractfile("package/other/source-map.json")
                self._map = file.read() if file else b""
        except (tarfile.TarError, EOFError, zlib.error, KeyError) as e:
            raise tarfile.ReadError("this is no package of sachet with a source map") from e
        self._last: tuple[str, list[tuple[str, tuple[Span, ...]]]] = "", []  # what was asked for before
        self._starts = {found[1]: found.start() for found in _RESOURCE.finditer(self._map)}

    def origin(self, resource: str, expression: str) -> tuple[str, Span] | None:
        """The document and the first words that an element was made of; None where it was made of none.

        An element that knows no words of its own was made with what it is in.
        """
        start = self._starts.get(json.dumps(resource, ensure_ascii=False).encode())
        if start is None:
            return None
        if self._last[0] != resource:
            end = self._map.index(b"\n]", start)
            self._last = resource, _rows(self._map[self._map.index(b"[", start) + 1 : end])
        above = [spans for path, spans in self._last[1] if _within(expression, path)]
        about = self._map.rfind(b'{"about": ', 0, start) + len(b'{"about": ')
        document = json.loads(self._map[about : self._map.index(b"\n", about)].rstrip(b","))
        return (document["path"], min(above[-1])) if above else None


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

    def rows(self, resource: str) -> list[tuple[str, tuple[Span, ...]]]:
        """What the source map says of a resource."""
        found = (d["resources"][resource] for d in self.map["documents"] if resource in d["resources"])
        return _spans(next(found, []))

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


def _rows(elements: bytes) -> list[tuple[str, tuple[Span, ...]]]:
    return _spans(json.loads(b"[" + elements + b"]"))


def _spans(rows: Iterable[Any]) -> list[tuple[str, tuple[Span, ...]]]:
    return [(path, tuple(Span(*span) for span in spans)) for path, spans in rows]


def _holds(span: Span, line: int, column: int | None) -> bool:
    """True where a span has a part of a line, or the character at its column."""
    if column is None:
        return span.line <= line <= span.end_line and (span.end_line, span.end_column) > (line, 1)
    return (span.line, span.column) <= (line, column) < (span.end_line, span.end_column)


def _within(path: str, element: str) -> bool:
    return path == element or path.startswith((f"{element}.", f"{element}["))


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
