"""What a project says of itself: `sachet.toml` beside its documents, or defaults that are said."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from sachet import schema
from sachet.finding import START, Findings, Result, Span

SETTINGS = "sachet.toml"
# Words that a FHIR string can hold: not blank, no control characters.
_Words = Annotated[
    str, Meta(pattern=r"^[^\x00-\x1f\x7f\ufffe\uffff]*[^\x00-\x1f\x7f\ufffe\uffff\s][^\x00-\x1f\x7f\ufffe\uffff]*\Z")
]
_PACKAGE_ID = r"^[a-z][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)+\Z"
_CANONICAL = r"^https?://[^\s|#?]+[^\s|#?/]\Z"
_VERSION = r"^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?\Z"


class Checking(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How documents are checked: codes or families that are shown or not, and files beside the settings."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    baseline: str | None = None
    formulary: str | None = None


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a project. Every resource's url begins with `canonical`.

    `front_matter` maps a house's own keys to those of the schema ("references.citation" to "sources.ref"), `sections`
    its own headings to the schema's sections.
    """

    id: Annotated[str, Meta(pattern=_PACKAGE_ID, max_length=60)] = "local.package"
    canonical: Annotated[str, Meta(pattern=_CANONICAL)] = "https://w3id.org/sachet/local"
    version: Annotated[str, Meta(pattern=_VERSION)] = "0.1.0"
    title: _Words = "Clinical content"
    publisher: _Words = "Unnamed publisher"
    licence: _Words | None = None
    fhir: Annotated[tuple[Literal["r4", "r4b", "r5"], ...], Meta(min_length=1)] = ("r4", "r4b", "r5")
    documents: Annotated[tuple[str, ...], Meta(min_length=1)] = ("**/*.md",)
    versions: Literal["document", "package"] = "document"
    claim_profiles: bool = True
    front_matter: Mapping[str, str] = {}
    sections: Mapping[str, str] = {}
    check: Checking = Checking()


# What each setting must be, for whom it is wrong.
_MUST = {
    "id": 'two or more lower-case parts with dots between them, at most 60 characters, like "org.content"',
    "canonical": 'an http or https address without a slash at its end, like "https://example.org/fhir"',
    "version": 'a version of three numbers, like "1.0.0"',
    "title": "words in quotes",
    "publisher": "words in quotes",
    "licence": 'words in quotes, like "CC-BY-4.0"',
    "fhir": 'a list of releases: "r4", "r4b", "r5"',
    "documents": 'a list of patterns below this folder, like ["guidelines/**/*.md"]',
    "versions": '"document" (each has its own) or "package" (all have the package\'s)',
    "claim_profiles": "true or false",
    "front_matter": 'own keys and the schema\'s, like icd_10_cm = "icd10"',
    "sections": 'own headings and the schema\'s, like "Management" = "Treatment"',
    "check": 'select and ignore as lists of codes, like ["DOS", "CON211"], baseline and formulary as names of files',
}


def load(folder: Path) -> Result[Project]:
    """The project of a folder; the defaults where it has no `sachet.toml`. A mistake is a finding with its line."""
    path = folder / SETTINGS
    if not (path.exists() or path.is_symlink()):
        return Result(Project())
    findings = Findings(path.as_posix())
    try:
        text = path.read_bytes().decode("utf-8-sig")
        data = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as e:  # TOML and UTF-8 errors are ValueErrors
        findings.error("SCH131", _error_place(str(e)), f"the settings cannot be read: {e}")
        return Result(None, tuple(findings.found))
    project = read(text, data, findings)
    return Result(None if findings.found else project, tuple(findings.found))


def read(text: str, data: Mapping[str, Any], findings: Findings) -> Project | None:
    """The project of settings that were parsed; None, with findings, where one is wrong."""
    types = {field.name: field.type for field in msgspec.structs.fields(Project)}
    settings: dict[str, Any] = {}
    wrong: list[tuple[str, ...]] = []
    for name, value in data.items():
        if name not in types:
            wrong.append((name,))
            continue
        try:
            settings[name] = msgspec.convert(value, types[name])
        except msgspec.ValidationError as e:
            wrong += [(name, *below) for below in _wrong_below(value, str(e))]
    for path in wrong:
        findings.error("SCH131", _place(text, path), _message(path, data))
    if wrong:
        return None
    project = Project(**settings)
    for pattern in project.documents:
        if problem := _pattern_problem(pattern):
            findings.error("SCH131", _place(text, ("documents",)), f"documents: {pattern!r} {problem}")
    for own, meant in project.front_matter.items():
        if problem := _key_problem(own, meant, project.front_matter):
            findings.error("SCH131", _place(text, ("front_matter", own)), f"front_matter: {problem}")
    for heading, meant in project.sections.items():
        if meant not in schema.sections():
            message = f"sections: {heading!r} cannot be {meant!r}, for the schema has no such section"
            findings.error("SCH131", _place(text, ("sections", heading)), message + _near(meant, schema.sections()))
    return project


def _wrong_below(value: Any, error: str) -> list[tuple[str, ...]]:
    """The paths of what is wrong inside of a setting."""
    if isinstance(value, dict):
        return [(key,) for key, below in value.items() if not isinstance(below, str)]
    index = re.search(r"\$\[(\d+)\]", error)
    return [(index[1],) if index else ()]


def _message(path: tuple[str, ...], data: Mapping[str, Any]) -> str:
    setting = path[0]
    if setting not in _MUST:
        return f"there is no setting {setting!r}{_near(setting, _MUST) or '; there are ' + ', '.join(_MUST)}"
    value: Any = data.get(setting)
    for part in path[1:]:
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit():
            value = value[int(part)]
    shown = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:59]}…"
    return f"{setting}: {shown} is wrong; write {_MUST[setting]}"


def _near(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, list(known), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _pattern_problem(pattern: str) -> str | None:
    if pattern.startswith(("/", "\\")) or ":" in pattern or ".." in re.split(r"[/\\]", pattern):
        return "leads out of this folder; write a pattern below it"
    if not pattern.strip() or not pattern.isprintable():
        return "is no pattern of file names"
    if "**" in re.sub(r"(?:^|(?<=/))\*\*(?=/|$)", "", pattern):
        return "has ** beside other characters; write it as a folder of its own, like **/*.md"
    return None


def _key_problem(own: str, meant: str, mapped: Mapping[str, str]) -> str | None:
    """What is wrong with mapping one key to another, or None."""
    first, *members = meant.split(".")
    known = schema.keys()
    rule = known.get(first)
    if rule is None:
        return f"{own!r} cannot be {meant!r}, for the schema has no such key{_near(first, known)}"
    if own in known:
        return f"{own!r} is a key of the schema itself; a document must be able to use it"
    if members and members not in ([m] for m in rule.get("members", ())):
        members = [f"{first}.{m}" for m in rule.get("members", ())]
        return f"{own!r} cannot be {meant!r}; below {first!r} there is {', '.join(members) or 'nothing to map'}"
    parent, _, _ = own.rpartition(".")
    if mapped.get(parent, parent) != ".".join([first] if members else []):
        return f"{own!r} and {meant!r} do not stand below the same key; map {parent or own!r} too"
    twins = [k for k, v in mapped.items() if v == meant]
    return f"{' and '.join(map(repr, twins))} are both {meant!r}" if twins[0] != own else None


def _error_place(message: str) -> Span:
    """The place that a TOML error names."""
    m = re.search(r"\(at line (\d+), column (\d+)\)", message)
    line, column = (int(m[1]), int(m[2])) if m else (1, 1)
    return Span(line, column, line, column + 1)


def _place(text: str, path: tuple[str, ...]) -> Span:
    """Where a setting stands: its line, or that of the setting above it."""
    table: tuple[str, ...] = ()
    found = START
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#|$)", line):
            table = _names(header[1])
            names = table
        elif key := re.match(r"""\s*((?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'|\s*\.\s*)+?)\s*=""", line):
            names = (*table, *_names(key[1]))
        else:
            continue
        if names == path[: len(names)] and (found is START or len(names) > 1):
            column = len(line) - len(line.lstrip()) + 1
            found = Span(number, column, number, len(line.rstrip()) + 1)
    return found


def _names(key: str) -> tuple[str, ...]:
    """The parts of a TOML key."""
    try:
        value: Any = tomllib.loads(f"{key} = 0")
    except ValueError:
        return (key,)
    names: list[str] = []
    while isinstance(value, dict):
        ((name, value),) = value.items()
        names.append(name)
    return tuple(names)
