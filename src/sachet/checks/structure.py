"""STR: does the Markdown have the structure that readers of it need?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sachet.checks.subject import Subject
from sachet.finding import Edit, Finding, Span
from sachet.terminology.words import stems

# A list item, or a line with a number, that begins with a comparator.
_COMPARATOR = re.compile(r"^(?:\s*(?:[-*+]|\d{1,3}[.)])\s+)(>)=?\s?\S|^\s{0,3}(>)=?\s?\d")


# A comparator that is none: two in a row, one turned round, one torn apart, or one with nothing behind it.
_MALFORMED = re.compile(
    r"[<>≥≤]=?\s?[<>≥≤]=?\s?(?=\d)|(?<![<>=-])=[<>]\s?(?=\d)|[<>]\s=\s?(?=\d)|[≥≤]\s?=\s?(?=\d)|[<>]/=?\s?(?=\d)"
    r"|(?<=\s)[<>≥≤]=?(?=\s?(?:%|mg|mcg|mL|mmHg|mmol|mEq|bpm|hours?|hrs?|minutes?|min|days?|[,;)]|\.?$))"
)


def headings(subject: Subject) -> Iterator[Finding]:
    """STR133: a section that the schema does not know; it is kept. STR134: a section without words."""
    for section in subject.guideline.sections:
        if section.name is None:
            message = f"the schema has no section {section.title.plain!r}; it is kept, as an action of its own"
            yield subject.note("STR133", section.title.span, message)
        if not section.items:
            message = f"the section {section.title.plain!r} has no words"
            yield subject.warning("STR134", section.title.span, message)


def title(subject: Subject) -> Iterator[Finding]:
    """STR135: no heading of level 1. STR137: one that is of something else."""
    guideline = subject.guideline
    names = " ".join(name.words for name in (guideline.title, *guideline.aliases, guideline.identifier))
    if guideline.heading is None:
        line = guideline.body_line + 1
        here = Span(line, 1, line, 1)
        message = f"no title: the text begins without a heading of level 1; write # {guideline.title.words}"
        yield subject.warning("STR135", here, message, fix=Edit(here, f"# {guideline.title.words}\n\n"))
    elif not set(stems(guideline.heading.plain)) & set(stems(names)):
        message = f"the title {guideline.heading.plain!r} shares no word with the condition ({guideline.title.words})"
        yield subject.warning("STR137", guideline.heading.span, message, [guideline.title.span])


def comparators(subject: Subject) -> Iterator[Finding]:
    """STR136: a line that begins with > or >=, which Markdown takes for a quotation; sachet alone keeps it."""
    lines = subject.guideline.source.text.split("\n")
    for number, line in enumerate(lines[subject.guideline.body_line :], subject.guideline.body_line + 1):
        if m := _COMPARATOR.match(line):
            column = (m.start(1) if m[1] else m.start(2)) + 1
            span = Span(number, column, number, column + 1)
            message = "Markdown readers take this > for a quotation, and the comparator is lost; write \\>"
            yield subject.warning("STR136", span, message, fix=Edit(span, "\\>"))


def malformed_comparators(subject: Subject) -> Iterator[Finding]:
    """STR138: a comparator that is none, so that nobody knows on which side of the number is meant."""
    for statement in subject.statements:
        for m in _MALFORMED.finditer(statement.plain) if any(c in statement.plain for c in "<>≥≤") else ():
            written = m[0].strip()
            message = f"{written!r} is no comparator: write <, <=, > or >=, and the number behind it"
            yield subject.warning("STR138", statement.place(m.start(), m.start() + len(m[0].rstrip())), message)
