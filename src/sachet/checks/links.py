"""LNK: does what a document points to exist?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sachet.checks.subject import Subject
from sachet.document.front_matter import Fields, Scalar, Sequence, scalars
from sachet.finding import Edit, Finding, Severity, Span
from sachet.guideline.model import Guideline

if TYPE_CHECKING:
    from sachet.checks.facts import Corpus


# A document's file in the text, in back-ticks or bare; not in a link, which leads to the file.
_FILE = re.compile(r"(?<![\w/(\[.-])`?(?:[\w.-]+/)*(?P<id>[a-z0-9]+(?:-[a-z0-9]+)+)\.md\b(?!\])`?")


# A document's id in back-ticks that the text refers to: "see `x-y`", "(`x-y`)".
_NAMED = re.compile(r"\b(?:[Ss]ee|refer to|per)\s`(?P<id>[a-z0-9]+(?:-[a-z0-9]+)+)`")


@dataclass(frozen=True, slots=True)
class Pointer:
    """What leads to another document: its id, the code that says in what way, and the words."""

    id: str
    code: str
    words: str
    span: Span


def pointers(subject: Subject) -> Iterator[Pointer]:
    """Everything of a document that leads to another."""
    for condition in _conditions(subject.guideline):
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


def lead_somewhere(corpus: Corpus) -> Iterator[Finding]:
    """LNK101: the front matter names a condition that has no document. LNK102: a link, LNK104: the text does.

    LNK103: the text names a document that is there by its file.
    """
    for document in corpus.documents:
        for one in document.pointers:
            path = document.path
            if one.id not in corpus.by_id:
                code, message = _GONE[one.code]
                yield Finding(code, Severity.WARNING, path, one.span, message.format(one.words))
            elif one.code == "LNK103":
                message = f"write `{one.id}`: a document is named by its id, files move"
                fix = Edit(one.span, f"`{one.id}`")
                yield Finding("LNK103", Severity.WARNING, path, one.span, message, fix=fix)


# What is said of a pointer of each kind where there is no document.
_GONE = {
    "LNK101": ("LNK101", "no document has the id {!r}; the link goes out as words"),
    "LNK102": ("LNK102", "the link to {!r} leads to no document; it goes out as words"),
    "LNK103": ("LNK104", "there is no document {}, which the text refers to"),
    "LNK104": ("LNK104", "no document has the id {!r}, which the text refers to"),
}


# What a provenance link can be beside a document or a file: an address, a name of another system, a commit.
_ELSEWHERE = re.compile(r"https?://[^\s/]+\.[^\s]+|(?!https?:)[A-Za-z][\w.+-]*:\S+|[0-9a-f]{7,64}|10\.\d{4,9}/\S+")


def provenance_links(subject: Subject) -> Iterator[Pointer]:
    """The links of the validation block that lead to a document or a file of the project."""
    block = subject.guideline.fields.get("validation")
    entry = block.value.get("provenance_links") if block and isinstance(block.value, Fields) else None
    for link in scalars(entry.value) if entry else ():
        if not link.is_null and not _ELSEWHERE.fullmatch(link.words.strip()):
            yield Pointer(link.words.strip(), "LNK107", link.words, link.span)


def provenance_resolves(corpus: Corpus) -> Iterator[Finding]:
    """LNK107: a provenance link that is no address, no commit, no document and no file of the project."""
    for document in corpus.documents:
        for link in document.provenance_links:
            if link.id not in corpus.by_id and not corpus.has_file(link.id):
                message = (
                    f"{link.words!r} leads nowhere: no document has this id, the project no such file; write an "
                    "address, a commit, or the name of another system and its key (agent:1234)"
                )
                yield Finding(link.code, Severity.WARNING, document.path, link.span, message)


def _conditions(guideline: Guideline) -> Iterator[Scalar]:
    yield from _listed(guideline, "confusion_pairs", "condition")
    yield from _listed(guideline, "differential_categories", "conditions")


def _listed(guideline: Guideline, key: str, member: str) -> Iterator[Scalar]:
    """The ids below a key of the front matter, by the name that each entry gives them."""
    entry = guideline.fields.get(key)
    for value in entry.value.items if entry and isinstance(entry.value, Sequence) else ():
        found = value.get(member) if isinstance(value, Fields) else None
        if found is not None:
            yield from (s for s in scalars(found.value) if not s.is_null)


def lists(subject: Subject) -> Iterator[Finding]:
    """LNK105: one document in two groups. LNK106: one that points to itself."""
    guideline = subject.guideline
    seen: dict[str, Scalar] = {}
    for condition in _listed(guideline, "differential_categories", "conditions"):
        if (first := seen.setdefault(condition.words, condition)) is not condition:
            message = f"{condition.words!r} is listed a second time (first on line {first.span.line}); leave one"
            yield subject.warning("LNK105", condition.span, message, [first.span])
    for condition in _conditions(guideline):
        if condition.words == guideline.id:
            yield subject.warning("LNK106", condition.span, "this is the document itself; name another one")
