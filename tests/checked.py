"""The documents that show what a check finds: `tests/checks/CODE.md` has three parts.

    === wrong: 300 mg        has the mistake; the finding stands at words that hold "300 mg"
    === right                has it not
    === alike                looks like it and must stay silent

A part is a document. Front matter that it begins with, between two lines of ---, is added to a common one or replaces
keys of it. A part of several documents divides them by lines like `=== also other-id`; the first one has the id `a`.
Lines before the first part are the formulary, as CSV.
A code may have more than one file: `CODE-2.md`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sachet.finding import Finding
from sachet.package.checking import check_documents
from sachet.package.documents import Input
from sachet.project import Checking, Project

FOLDER = Path(__file__).parent / "checks"
_COMMON = {
    "condition": "Test Condition",
    "icd10": "[R69]",
    "esi": "2",
    "time_to_harm": '"< 1 hour"',
    "category": "cardiovascular",
    "track": "tier1",
    "sources": '\n  - type: textbook\n    ref: "Author A. A test of the condition. 2nd ed. Publisher. 2020."\n    url: "https://example.org/book"',
    "last_updated": '"2026-01-02"',
    "compiled_by": "human",
    "risk_tier": "B",
    "validation": '\n  schema_version: "2.0"',
}


@dataclass(frozen=True)
class Part:
    """A part of a file: its name, the words that the finding must hold, and its documents by id."""

    name: str
    excerpt: str
    documents: dict[str, str]


def parts(file: Path) -> Iterator[Part]:
    """The parts of a file, in their order."""
    _, *pieces = re.split(r"^=== (wrong|right|alike)(?:: (.*))?\n", file.read_text("utf-8"), flags=re.MULTILINE)
    for name, excerpt, text in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
        first, *others = re.split(r"^=== also (\S+)\n", text, flags=re.MULTILINE)
        found = {"a": first, **dict(zip(others[::2], others[1::2], strict=True))}
        yield Part(name, excerpt or "", {key: document(key, words) for key, words in found.items()})


def document(identifier: str, words: str) -> str:
    """A whole document of a part."""
    own, body = "", words
    if words.startswith("---\n"):
        _, own, body = words.split("---\n", 2)
    fields = {"id": identifier, **_COMMON}
    for entry in re.split(r"^(?=\w)", own, flags=re.MULTILINE):
        if entry.strip():
            key, _, value = entry.rstrip("\n").partition(":")
            fields[key] = value.strip(" ")
    front = "".join(f"{key}: {value}\n" for key, value in fields.items() if value != "(none)")
    heading = "" if re.search(r"^# |^<!-- no heading", body, re.MULTILINE) else "# Test Condition\n"
    return f"---\n{front}---\n{heading}{body}"


def formulary(file: Path) -> str:
    """The formulary of a file; nothing where it has none."""
    return file.read_text("utf-8").partition("=== wrong")[0]


def findings(documents: dict[str, str], folder: Path, formulary: str = "") -> tuple[Finding, ...]:
    """The findings of documents, which are written to a folder."""
    (folder / "formulary.csv").write_text(formulary, "utf-8")
    project = Project(check=Checking(formulary="formulary.csv" if formulary else None))
    given = []
    for name, text in documents.items():
        file = folder / f"{name}.md"
        file.write_text(text, "utf-8")
        given.append(Input(file, file.name, folder))
    return check_documents(given, project)


def excerpt(finding: Finding, documents: dict[str, str]) -> str:
    """The words that a finding stands at."""
    lines = documents[finding.path.removesuffix(".md")].split("\n")
    line, column, end_line, end_column = finding.span
    if line == end_line:
        return lines[line - 1][column - 1 : end_column - 1]
    return "\n".join(
        [lines[line - 1][column - 1 :], *lines[line : end_line - 1], lines[end_line - 1][: end_column - 1]]
    )
