"""What changes in a document's resources when a word of a line changes, and what the source map says of that word."""

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from conftest import PROJECT

from sachet.fhir import digest
from sachet.fhir.releases import Release
from sachet.package.build import indexed, make
from sachet.package.documents import Input

Path_ = tuple[str, str]  # resource and FHIRPath


class Built:
    """The resources of one document: every leaf, and the spans of every element that the source map names."""

    def __init__(self, text: str, release: Release) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "document.md"
            file.write_text(text, "utf-8")
            given = Input(file, "document.md", file.parent)
            index = indexed([given], PROJECT, map)
            made = make(given, PROJECT, index, [release])
        self.leaves: dict[Path_, Any] = {}
        self.named: dict[Path_, list[tuple[int, int, int, int]]] = {}
        for number, entry in enumerate(made.entries[0] if made.id else ()):
            name = f"{number} {entry.kind}"  # ids may change
            told = json.loads(entry.content)
            told["extension"] = digest.without(told)  # the digest, which every word changes, stands last
            for path, value in _leaves(told, entry.kind):
                self.leaves[name, path] = value
            for path, spans in json.loads(b"[" + entry.elements + b"]"):
                self.named[name, path] = [tuple(s) for s in spans]

    def names(self, line: int, start: int, end: int) -> set[Path_]:
        """The elements that the source map names for columns of a line."""
        return {where for where, spans in self.named.items() if any(_meets(s, line, start, end) for s in spans)}


def _meets(span: tuple[int, int, int, int], line: int, start: int, end: int) -> bool:
    first, column, last, end_column = span
    begins_before = first < line or (first == line and column < end)
    return begins_before and (last > line or (last == line and end_column > start))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _leaves(child, f"{path}.{key}")
    elif isinstance(value, list):
        for number, child in enumerate(value):
            yield from _leaves(child, f"{path}[{number}]")
    else:
        yield path, value


def words_of(text: str) -> list[tuple[int, int, int]]:
    """Line, start and end column (exclusive) of each word that can be changed: letters, four or more."""
    return [
        (number, m.start() + 1, m.end() + 1)
        for number, line in enumerate(text.split("\n"), 1)
        for m in re.finditer(r"(?<![\w-])[A-Za-z]{4,}(?![\w-])", line)
    ]


def changed(text: str, line: int, start: int, end: int) -> str:
    """The text with one word turned into another one."""
    lines = text.split("\n")
    word = lines[line - 1][start - 1 : end - 1]
    lines[line - 1] = lines[line - 1][: start - 1] + word + "q" + lines[line - 1][end - 1 :]
    return "\n".join(lines)


def differences(before: Built, after: Built) -> set[Path_]:
    """The leaves whose value changed."""
    return {where for where, value in before.leaves.items() if after.leaves[where] != value}


def unexplained(before: Built, after: Built, line: int, start: int, end: int) -> list[str]:
    """Changed leaves that are in no named element, and named elements in which nothing changed."""
    leaves, names = differences(before, after), before.names(line, start, end)
    report = [f"changed, not named: {where}" for where in leaves if not any(_within(where, n) for n in names)]
    report += [f"named, not changed: {n}" for n in names if not any(_within(where, n) for where in leaves)]
    return sorted(map(str, report))


def _within(leaf: Path_, element: Path_) -> bool:
    return leaf[0] == element[0] and (leaf[1] == element[1] or leaf[1].startswith((f"{element[1]}.", f"{element[1]}[")))
