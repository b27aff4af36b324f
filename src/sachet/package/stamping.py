"""What `sachet stamp` does: run every check over the documents, and write into each what was run and what was found."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sachet import document
from sachet.finding import Edit, Finding, Findings, Severity, Span
from sachet.guideline.house import in_schema
from sachet.guideline.understand import summarize
from sachet.package.checking import check_documents
from sachet.package.documents import Input
from sachet.package.workers import Map
from sachet.project import Project
from sachet.report.fixing import fixed, lines_of
from sachet.report.selection import excuse
from sachet.report.texts import Texts
from sachet.review import stamp
from sachet.review.stamp import DATED, FLAG, Stamp
from sachet.rules import rule
from sachet.version import VERSION
from sachet.whole_file import replace as replace_file

REST = "structure_schema_and_codes"  # what is checked beside the seven checks of the validation block
NOTHING = "nothing found"


@dataclass(frozen=True, slots=True)
class Stamped:
    """What became of a document: its stamp and whether that is new; no stamp where nothing was written, with why."""

    name: str
    stamp: Stamp | None
    is_new: bool = False
    why: str = ""
    findings: tuple[Finding, ...] = ()


def stamp_documents(
    inputs: Sequence[Input], asked: set[str], project: Project, time: str, map_: Map = map, is_whole: bool = False
) -> tuple[Stamped, ...]:
    """Check all documents, and stamp those that were asked for, by name; `time` is now, as YYYY-MM-DDThh:mm:ssZ.

    A stamp that says the same of the same content, but for its time, stays as it is. Raises OSError where a file cannot
    be written.
    """
    by_path: dict[str, list[Finding]] = defaultdict(list)
    for finding in check_documents(inputs, project, map_, is_whole, is_kept=True):
        by_path[finding.path].append(finding)
    number = len(inputs)
    return tuple(_stamp(one, by_path[one.name], project, time, number) for one in inputs if one.name in asked)


def _stamp(given: Input, found: Sequence[Finding], project: Project, time: str, documents: int) -> Stamped:
    """Stamp one document by what was found in it."""
    read = document.read(given.file, given.name).value
    quiet = Findings(given.name)
    if read is None or summarize(read.fields, project, quiet) is None:
        return Stamped(given.name, None, why="it cannot be read, so it was not checked", findings=tuple(found))
    fields, text = in_schema(read.fields, project, quiet), read.source.text
    about_text = [f for f in found if not stamp.stands_in_block(f.span, text, fields)]
    kept, excused = excuse(about_text, [given.name], Texts(given.root))
    content = stamp.content_hash(text, fields)
    results = _results(kept, excused)
    made = Stamp(f"sachet {VERSION}", time, content, documents, results, project.check.formulary)
    old = stamp.read(fields)
    if old is not None and replace(old, time=time) == made:
        return Stamped(given.name, old, findings=tuple(kept))
    block, written = stamp.written(text, fields, made)
    lines = lines_of(read.source.content)
    after = fixed(read.source.content, [_edit(block, written, lines)])
    again = document.read_bytes(given.name, after).value
    if again is None or stamp.read(in_schema(again.fields, project, quiet)) != made:
        why = "its validation block is written in a way that a stamp does not fit into; write each key on a line"
        return Stamped(given.name, None, why=why, findings=tuple(kept))
    replace_file(given.file, after)
    return Stamped(given.name, made, True, findings=tuple(kept))


def _edit(block: range, written: Sequence[str], lines: Sequence[str]) -> Edit:
    """The edit that puts lines in the place of others (from 0)."""
    last = max(block.start, block.stop - 1)
    width = len(lines[last].rstrip("\r\n")) if block else 0
    return Edit(Span(block.start + 1, 1, last + 1, width + 1), "\n".join(written) + ("" if block else "\n"))


def _results(found: Sequence[Finding], excused: Sequence[Finding]) -> dict[str, str]:
    """What each check found, in words: "1 error, 2 warnings, 1 ignored"."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for finding in found:
        counts[_check(finding)][finding.severity] += 1
    for finding in excused:
        counts[_check(finding)]["ignored"] += 1
    return {check: _counted(counts[check]) for check in (*DATED, FLAG, REST)}


def _check(finding: Finding) -> str:
    name = rule(finding.code).check
    return name if name in (*DATED, FLAG) else REST


def _counted(counts: Counter[str]) -> str:
    words = [f"{counts[s]} {s}{'s' if counts[s] > 1 else ''}" for s in Severity if counts[s]]
    return ", ".join([*words, *([f"{counts['ignored']} ignored"] if counts["ignored"] else [])]) or NOTHING
