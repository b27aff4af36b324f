"""STR: does the Markdown have the sections of the schema?"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sachet.finding import Finding, Severity
from sachet.guideline.model import Guideline


def headings(guideline: Guideline, plans: Collection[str]) -> Iterator[Finding]:
    """STR133: a section that the schema does not know; it is kept. STR134: a section without words."""
    for section in guideline.sections:
        if section.name is None:
            message = f"the schema has no section {section.title.plain!r}; it is kept, as an action of its own"
            yield Finding("STR133", Severity.NOTE, guideline.path, section.title.span, message)
        if not section.items:
            message = f"the section {section.title.plain!r} has no words"
            yield Finding("STR134", Severity.WARNING, guideline.path, section.title.span, message)
