"""From a Document to a Guideline: the clinical meaning, as far as it is certain."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date

from sachet import schema
from sachet.document import Document
from sachet.document.front_matter import Fields, Scalar, Sequence, Value
from sachet.document.markdown import Block, Heading, Text
from sachet.finding import Findings, Result
from sachet.guideline import items, keys
from sachet.guideline.house import in_schema, section_name
from sachet.guideline.keys import Key
from sachet.guideline.model import Code, Guideline, Item, Reference, Section
from sachet.guideline.reference import read_reference
from sachet.guideline.title import anchor, fit, slug
from sachet.project import Project
from sachet.terminology import icd10cm

# FHIR's id without capitals, for systems that fold case, and without dots, which divide the parts of a key.
_ID = re.compile(r"(?=.*[a-z])[a-z0-9][a-z0-9-]{0,63}")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]{0,63}")
_CRITICAL_ACTIONS = "Critical Actions"


@dataclass(frozen=True, slots=True)
class About:
    """What a document's front matter says that other documents need."""

    id: Scalar
    version: str
    updated: str | None
    track: Scalar | None
    references: tuple[Reference, ...]


def summarize(fields: Fields, project: Project, findings: Findings) -> About | None:
    """The summary of a document's front matter; None where it has no usable id or title."""
    fields = in_schema(fields, project, findings)
    identifier, title = _id(fields, findings), _required_text(fields, "condition", findings)
    if identifier is None or title is None:
        return None
    updated, track = _day(fields, "last_updated"), fields.scalar("track")
    version, _ = _version(fields, project, findings)
    return About(identifier, version, updated, track, _references(fields, findings))


def understand(document: Document, project: Project) -> Result[Guideline]:
    """Read a document's meaning. No Guideline, with the finding that says why, where it has no usable id or title."""
    findings = Findings(document.path)
    fields = in_schema(document.fields, project, findings)
    identifier = _id(fields, findings)
    title = _required_text(fields, "condition", findings)
    body = _Body(document.blocks, identifier.words if identifier else "document", project, findings)
    if identifier is None or title is None:
        return Result(None, tuple(findings.found))
    version, stated = _version(fields, project, findings)
    guideline = Guideline(
        identifier=identifier,
        path=document.path,
        source=document.source,
        fields=fields,
        body_line=document.body_line,
        title=title,
        heading=body.heading,
        version=version,
        version_stated=stated,
        codes=tuple(_codes(fields, findings)),
        references=_references(fields, findings),
        preamble=body.preamble,
        sections=body.sections,
    )
    return Result(guideline, tuple(findings.found))


def parse_date(words: str) -> date | None:
    """A day written as 2026-03-01; None for anything else."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", words):
        return None
    try:
        return date.fromisoformat(words)
    except ValueError:
        return None


def _day(fields: Fields, key: str) -> str | None:
    value = fields.scalar(key)
    return value.words if value and parse_date(value.words) else None


def _id(fields: Fields, findings: Findings) -> Scalar | None:
    value = _required_text(fields, "id", findings)
    if value is None:
        return None
    if not _ID.fullmatch(value.words):
        message = (
            f"the id {value.words!r} cannot be a FHIR id: use at most 64 lower-case letters, digits and hyphens, at "
            "least one letter"
        )
        findings.error("SCH102", value.span, message)
        return None
    return value


def _required_text(fields: Fields, key: str, findings: Findings) -> Scalar | None:
    entry = fields.get(key)
    if entry is None:
        findings.error("SCH101", fields.span, f"the key {key!r} is missing; without it the document cannot be built")
        return None
    if not isinstance(entry.value, Scalar) or entry.value.is_null or not entry.value.words.strip():
        message = f"{key!r} must be words; without it the document cannot be built"
        findings.error("SCH103", entry.span, message)
        return None
    return entry.value


def _version(fields: Fields, project: Project, findings: Findings) -> tuple[str, Scalar | None]:
    """The document's own version: its `version` key, else the day of its last change ("2026.3.1").

    The package's version where the project says that all of it has one. With it comes what it was made of.
    """
    if project.versions == "package":
        return project.version, None
    own, updated = fields.get("version"), fields.get("last_updated")
    if own and isinstance(own.value, Scalar) and _VERSION.fullmatch(own.value.words):
        return own.value.words, own.value
    if own:
        findings.warning("SCH104", own.span, "this is no version; write it like 1.2.0 (letters, digits, dots, hyphens)")
    if updated and isinstance(updated.value, Scalar) and (day := parse_date(updated.value.words)):
        return f"{day.year}.{day.month}.{day.day}", updated.value
    where = updated.span if updated else fields.span
    findings.warning("SCH105", where, "no `last_updated` day (like 2026-03-01), so the document's version is 0.0.0")
    return "0.0.0", None


def _values(fields: Fields, key: str) -> tuple[Value, ...]:
    entry = fields.get(key)
    if entry is None:
        return ()
    return entry.value.items if isinstance(entry.value, Sequence) else (entry.value,)


def _codes(fields: Fields, findings: Findings) -> list[Code]:
    found: dict[str, Code] = {}
    for value in _values(fields, "icd10"):
        words: Value | None = value
        role: Value | None = None
        if isinstance(value, Fields):
            words = entry.value if (entry := value.get("code")) else None
            role = entry.value if (entry := value.get("role")) else None
        if not isinstance(words, Scalar) or words.is_null:
            findings.error("ICD100", value.span, "an ICD-10-CM code is missing here; write it like E87.5")
            continue
        if words.words in found:
            message = f"the code {words.words} is listed twice"
            findings.warning("ICD104", words.span, message, [found[words.words].words.span])
            continue
        code = icd10cm.look_up(words.words)
        found[words.words] = Code(
            words,
            role if isinstance(role, Scalar) else None,
            code.title if code else None,
            bool(code and code.billable),
        )
    return list(found.values())


def _references(fields: Fields, findings: Findings) -> tuple[Reference, ...]:
    read = (read_reference(value, findings) for value in _values(fields, "sources"))
    return tuple(r for r in read if r is not None)


class _Body:
    """The Markdown: title, preamble, sections in any order, unknown ones kept."""

    def __init__(self, blocks: tuple[Block, ...], document: str, project: Project, findings: Findings) -> None:
        self.project = project
        self.findings = findings
        self.document = document
        self.heading: Text | None = None
        before, parts = self.split(blocks)
        self.preamble = self.items(before, Key(f"{document}.preamble", ()), None)
        seen: Counter[str] = Counter()
        sections: list[Section] = []
        for heading, content in parts:
            title = replace(heading.text, plain=anchor(heading.text.plain)[0] or items.UNTITLED)
            name = section_name(title.plain, project)
            lead = slug(name or title.plain, 8) or "section"
            seen[lead] += 1
            if seen[lead] > 1:
                message = f"the heading {heading.text.plain!r} is here a second time"
                findings.warning("STR132", heading.span, message)
                lead = f"{lead}-{seen[lead]}"
            key = Key(f"{document}.{lead}", (title.span,))
            sections.append(Section(name, fit(key.name, lead), title, self.items(content, key, name)))
        self.sections = tuple(sections)

    def split(self, blocks: tuple[Block, ...]) -> tuple[list[Block], list[tuple[Heading, list[Block]]]]:
        """What stands before the first section, and the sections."""
        before: list[Block] = []
        parts: list[tuple[Heading, list[Block]]] = []
        for block in blocks:
            if isinstance(block, Heading) and block.level == 1 and self.heading is None and not parts:
                self.heading = block.text
            elif isinstance(block, Heading) and block.level <= 2:
                parts.append((block, []))
            else:
                (parts[-1][1] if parts else before).append(block)
        return before, parts

    def items(self, blocks: list[Block], key: Key, name: str | None) -> tuple[Item, ...]:
        orders = name is not None and bool(schema.sections()[name].get("orders"))
        drafts = items.drafts(blocks, orders, name == _CRITICAL_ACTIONS)
        return keys.items(drafts, key, orders, name == "Workup", self.findings)
