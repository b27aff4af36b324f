"""LNK: does what a document points to exist?"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sachet.document.front_matter import Fields, Scalar, Sequence, scalars
from sachet.finding import Finding, Severity
from sachet.guideline.model import Guideline


def conditions_exist(guideline: Guideline, plans: Collection[str]) -> Iterator[Finding]:
    """LNK101: `confusion_pairs` or `differential_categories` name a condition that has no document."""
    for condition in _conditions(guideline):
        if condition.words not in plans:
            message = f"no document has the id {condition.words!r}; the link goes out as words"
            yield Finding("LNK101", Severity.WARNING, guideline.path, condition.span, message)


def links_lead_somewhere(guideline: Guideline, plans: Collection[str]) -> Iterator[Finding]:
    """LNK102: a link in the text leads to no document."""
    for item in guideline.walk():
        for text in (*item.words, *item.facts):
            for link in text.links:
                name = link.destination.rsplit("/", 1)[-1].removesuffix(".md")
                if "://" not in link.destination and name not in plans:
                    message = f"the link to {link.destination!r} leads to no document; it goes out as words"
                    yield Finding("LNK102", Severity.WARNING, guideline.path, text.place(link.start, link.end), message)


def _conditions(guideline: Guideline) -> Iterator[Scalar]:
    for key, member in (("confusion_pairs", "condition"), ("differential_categories", "conditions")):
        entry = guideline.fields.get(key)
        for value in entry.value.items if entry and isinstance(entry.value, Sequence) else ():
            found = value.get(member) if isinstance(value, Fields) else None
            if found is not None:
                yield from (s for s in scalars(found.value) if not s.is_null)
