"""Findings as text with an excerpt of their line, as JSON, as SARIF and as commands of GitHub's workflows."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TextIO

from sachet import sarif
from sachet.finding import Finding, Severity, Span
from sachet.report.baseline import key
from sachet.report.texts import Texts

Format = Callable[[Sequence[Finding], Texts, TextIO, "Shown"], None]
_WIDTH = 100  # characters of an excerpt
_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.NOTE: "36"}
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


class Shown:
    """How text is shown, and how many files were checked: what else a format needs to know."""

    def __init__(self, files: int, colour: bool = False, excerpts: bool = True) -> None:
        self.files = files
        self.colour = colour
        self.excerpts = excerpts

    def paint(self, words: str, code: str) -> str:
        """Words in a colour, where there are colours."""
        return f"\x1b[{code}m{words}\x1b[0m" if self.colour else words


def text(findings: Sequence[Finding], texts: Texts, out: TextIO, shown: Shown) -> None:
    """A line for each finding, `file:line:column CODE severity: message`, and below it the line that it is about."""
    for finding in findings:
        place = f"{finding.path}:{finding.span.line}:{finding.span.column}"
        severity = shown.paint(str(finding.severity), _COLOURS[finding.severity])
        print(f"{shown.paint(place, '1')} {finding.code} {severity}: {finding.message}", file=out)
        if shown.excerpts:
            for line in _excerpt(finding, texts, shown):
                print(line, file=out)


def _excerpt(finding: Finding, texts: Texts, shown: Shown) -> Iterator[str]:
    line = texts.line(finding.path, finding.span.line)
    if line.strip():
        shown_line, carets = cut(line, finding.span)
        number = str(finding.span.line)
        yield f"  {number} | {shown_line}"
        yield f"  {' ' * len(number)} | {shown.paint(carets, _COLOURS[finding.severity])}"
    for place in finding.related[:3]:
        there = " ".join(texts.line(place.path, place.span.line).split())
        where = f"line {place.span.line}" if place.path == finding.path else f"{place.path}:{place.span.line}"
        if there:
            yield f"    = {where}: {there if len(there) <= _WIDTH else there[: _WIDTH - 1] + '…'}"


def cut(line: str, span: Span) -> tuple[str, str]:
    """A line with carets below the words of a span; a long line is cut around them."""
    start = min(span.column - 1, len(line))
    end = min(span.end_column - 1, len(line)) if span.end_line == span.line else len(line)
    end = max(end, start + 1)
    first = max(0, min(start - _WIDTH // 3, len(line) - _WIDTH)) if len(line) > _WIDTH else 0
    last = min(len(line), first + _WIDTH)
    end = min(end, last)
    before, words = line[first:start].expandtabs(1), line[start:end].expandtabs(1)
    shown = line[first:last].expandtabs(1)
    dots, more = ("…" if first else ""), ("…" if last < len(line) else "")
    return f"{dots}{shown}{more}", " " * _columns(dots + before) + "^" * max(1, _columns(words))


def _columns(words: str) -> int:
    """How many columns words take on a terminal."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in words)


def as_json(findings: Sequence[Finding], texts: Texts, out: TextIO, shown: Shown) -> None:
    """One object: the findings, and how many files were checked (a stable format)."""
    json.dump({"findings": [f.as_json() for f in findings], "files": shown.files}, out, ensure_ascii=False)
    out.write("\n")


def as_sarif(findings: Sequence[Finding], texts: Texts, out: TextIO, shown: Shown) -> None:
    """A log of SARIF 2.1.0; a result's fingerprint stays the same when its line moves."""
    json.dump(sarif.log([_result(finding, texts) for finding in findings]), out, ensure_ascii=False)
    out.write("\n")


def _result(finding: Finding, texts: Texts) -> dict[str, Any]:
    made = sarif.result(
        finding.code,
        finding.severity,
        finding.message,
        sarif.location(finding.path, finding.span),
        (sarif.location(place.path, place.span) for place in finding.related),
    )
    made["partialFingerprints"] = sarif.fingerprint(*key(finding, texts))
    return made


def github(findings: Sequence[Finding], texts: Texts, out: TextIO, shown: Shown) -> None:
    """Workflow commands, which GitHub shows beside the lines of a pull request."""
    for finding in findings:
        line, column, end_line, end_column = finding.span
        where = f"file={_escaped(finding.path, ':,')},line={line},col={column},endLine={end_line}"
        where += f",endColumn={end_column},title={finding.code}"
        print(f"::{_COMMANDS[finding.severity]} {where}::{_escaped(finding.message)}", file=out)


def _escaped(words: str, also: str = "") -> str:
    for c in f"%\r\n{also}":
        words = words.replace(c, f"%{ord(c):02X}")
    return words


FORMATS: Mapping[str, Format] = {"text": text, "json": as_json, "sarif": as_sarif, "github": github}
