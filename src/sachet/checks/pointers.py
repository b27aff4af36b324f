"""What of a document leads to other documents and files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sachet.checks.subject import Subject
from sachet.document.front_matter import Fields, Scalar, Sequence, scalars
from sachet.finding import Span
from sachet.guideline.model import Guideline

# A document's file in the text, in back-ticks or bare; not in a link, which leads to the file.
_FILE = re.compile(r"(?<![\w/(\[.-])`?(?:[\w.-]+/)*(?P<id>[a-z0-9]+(?:-[a-z0-9]+)+)\.md\b(?!\])`?")
# A document's id in back-ticks that the text refers to: "see `x-y`", "(`x-y`)".
_NAMED = re.compile(r"(?:\b(?:[Ss]ee|refer to|per)\s|\()`(?P<id>[a-z0-9]+(?:-[a-z0-9]+)+)`")
# What a provenance link can be beside a document or a file: an address, a name of another system, a commit.
_ELSEWHERE = re.compile(r"https?://[^\s/]+\.[^\s]+|(?!https?:)[A-Za-z][\w.+-]*:\S+|[0-9a-f]{7,64}|10\.\d{4,9}/\S+")


@dataclass(frozen=True, slots=True)
class Pointer:
    """What leads to another document: its id, the code that says in what way, and the words."""

    id: str
    code: str
    words: str
    span: Span


def pointers(subject: Subject) -> Iterator[Pointer]:
    """Everything of a document that leads to another."""
    for condition in conditions(subject.guideline):
        yield Pointer(condition.words, "LNK101", condition.words, condition.span)
    for item in subject.guideline.walk():
        for text in (*item.words, *item.facts):
            for link in text.links:
                if "://" not in link.destination:
                    name = link.destination.rsplit("/", 1)[-1].removesuffix(".md")
                    yield Pointer(name, "LNK102", link.destination, text.place(link.start, link.end))
    guideline = subject.guideline
    for number, line in enumerate(guideline.source.text.split("\n")[guideline.body_line :], guideline.body_line + 1):
        for m in _NAMED.finditer(line) if "`" in line else ():
            yield Pointer(m["id"], "LNK104", m["id"], Span(number, m.start("id") + 1, number, m.end("id") + 1))
        for m in _FILE.finditer(line):
            yield Pointer(m["id"], "LNK103", m[0], Span(number, m.start() + 1, number, m.end() + 1))


def provenance_links(subject: Subject) -> Iterator[Pointer]:
    """The links of the validation block that lead to a document or a file of the project."""
    block = subject.guideline.fields.get("validation")
    entry = block.value.get("provenance_links") if block and isinstance(block.value, Fields) else None
    for link in scalars(entry.value) if entry else ():
        if not link.is_null and not _ELSEWHERE.fullmatch(link.words.strip()):
            yield Pointer(link.words.strip(), "LNK107", link.words, link.span)


def conditions(guideline: Guideline) -> Iterator[Scalar]:
    """The ids of documents that the front matter names."""
    yield from ids_below(guideline, "confusion_pairs", "condition")
    yield from ids_below(guideline, "differential_categories", "conditions")


def ids_below(guideline: Guideline, key: str, member: str) -> Iterator[Scalar]:
    """The ids below a key of the front matter, by the name that each entry gives them."""
    entry = guideline.fields.get(key)
    for value in entry.value.items if entry and isinstance(entry.value, Sequence) else ():
        found = value.get(member) if isinstance(value, Fields) else None
        if found is not None:
            yield from (s for s in scalars(found.value) if not s.is_null)
