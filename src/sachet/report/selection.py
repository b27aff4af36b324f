"""Which findings are shown: by code and family, by comments in the documents, and without those of a baseline."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sachet.document.comments import COMMENT, YAML_COMMENT
from sachet.finding import Finding, Severity, Span
from sachet.report.texts import Texts
from sachet.rules import FAMILIES, rules

# Findings of reading: what cannot be read has not been checked, and that cannot be excused.
_READING = re.compile(r"STR10\d|STR11\d|SCH10[1236]|SCH131")
_CODES = re.compile(r"[A-Z]{2,4}\d{0,3}(?:\s*,\s*[A-Z]{2,4}\d{0,3})*")


@dataclass(frozen=True, slots=True)
class Selection:
    """Codes or families that are shown (all, where it is empty), and those that are not. The longer one wins."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def shows(self, code: str) -> bool:
        """Whether findings of a code are shown."""
        chosen = max((len(one) for one in self.select if code.startswith(one)), default=0 if self.select else 1)
        left_out = max((len(one) for one in self.ignore if code.startswith(one)), default=0)
        return chosen > 0 and (chosen > left_out or _READING.fullmatch(code) is not None)


def unknown(codes: Iterable[str]) -> list[str]:
    """Those that are no code and no family."""
    known = {rule for family in FAMILIES for rule in rules(family)}
    return [code for code in codes if not any(one.startswith(code) for one in known)]


@dataclass(slots=True)
class Excuse:
    """A comment that says not to show findings: of which codes, on which line (None: in the whole document)."""

    codes: tuple[str, ...]
    line: int | None
    reason: str
    path: str
    span: Span
    used: bool = False

    def fits(self, finding: Finding) -> bool:
        """Whether it is about a finding."""
        if finding.path != self.path or not any(finding.code.startswith(code) for code in self.codes):
            return False
        on_line = self.line is None or finding.span.line <= self.line <= finding.span.end_line
        return on_line and _READING.fullmatch(finding.code) is None


def excuse(findings: Sequence[Finding], paths: Iterable[str], texts: Texts) -> tuple[list[Finding], list[Finding]]:
    """Findings without those that a comment excuses, with what is wrong with the comments; and those excused."""
    excuses = [one for path in paths for one in excuses_of(path, texts.lines(path))]
    kept: list[Finding] = []
    excused: list[Finding] = []
    for finding in findings:
        fitting = [one for one in excuses if one.fits(finding)]
        for one in fitting:
            one.used = True
        (excused if fitting else kept).append(finding)
    return [*kept, *_faults(excuses)], excused


def excuses_of(path: str, lines: Sequence[str]) -> Iterator[Excuse]:
    """The comments of a document."""
    front = _front_matter_end(lines)
    for number, line in enumerate(lines, 1):
        if "sachet:" not in line:
            continue
        for m in (YAML_COMMENT if number <= front else COMMENT).finditer(line):
            said = _CODES.match(m["said"])
            codes = tuple(re.split(r"\s*,\s*", said[0])) if said else ()
            reason = m["said"][said.end() :].strip(" :-–—") if said else m["said"].strip()
            span = Span(number, m.start() + 1, number, m.end() + 1)
            alone = not line[: m.start()].strip() and not line[m.end() :].strip()
            about = None if m["whole"] else _next(lines, number) if alone else number
            yield Excuse(codes, about, reason, path, span)


def _next(lines: Sequence[str], number: int) -> int:
    """The next line that is not blank and no comment of this kind alone."""
    for at in range(number, len(lines)):
        if COMMENT.sub("", lines[at]).strip() and not YAML_COMMENT.fullmatch(lines[at].strip()):
            return at + 1
    return number


def _front_matter_end(lines: Sequence[str]) -> int:
    marks = [number for number, line in enumerate(lines, 1) if line.rstrip() == "---"]
    return marks[1] if len(marks) > 1 else 0


def _faults(excuses: Iterable[Excuse]) -> Iterator[Finding]:
    for one in excuses:
        if not one.codes or (wrong := unknown(one.codes)):
            what = ", ".join(wrong) if one.codes else "no code"
            message = f"{what}: a comment names codes or families, like DOS101; `sachet explain` lists them"
            yield Finding("STR153", Severity.WARNING, one.path, one.span, message)
        elif not one.used:
            message = f"there is nothing of {', '.join(one.codes)} to ignore here; delete the comment"
            yield Finding("STR151", Severity.WARNING, one.path, one.span, message)
        if one.codes and not one.reason:
            message = f"why is {', '.join(one.codes)} ignored? Write the reason behind the code"
            yield Finding("STR152", Severity.NOTE, one.path, one.span, message)
