"""LNK: does what a document points to exist?"""

from __future__ import annotations

from collections.abc import Iterator

from sachet.checks.facts import Corpus
from sachet.checks.pointers import conditions, ids_below
from sachet.checks.subject import Subject
from sachet.document.front_matter import Scalar
from sachet.finding import Edit, Finding, Severity

# What is said of a pointer of each kind where there is no document.
_GONE = {
    "LNK101": ("LNK101", "no document has the id {!r}; the link goes out as words"),
    "LNK102": ("LNK102", "the link to {!r} leads to no document; it goes out as words"),
    "LNK103": ("LNK104", "there is no document {}, which the text refers to"),
    "LNK104": ("LNK104", "no document has the id {!r}, which the text refers to"),
}


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


def lists(subject: Subject) -> Iterator[Finding]:
    """LNK105: one document in two groups. LNK106: one that points to itself."""
    guideline = subject.guideline
    seen: dict[str, Scalar] = {}
    for condition in ids_below(guideline, "differential_categories", "conditions"):
        if (first := seen.setdefault(condition.words, condition)) is not condition:
            message = f"{condition.words!r} is listed a second time (first on line {first.span.line}); leave one"
            yield subject.warning("LNK105", condition.span, message, [first.span])
    for condition in conditions(guideline):
        if condition.words == guideline.id:
            yield subject.warning("LNK106", condition.span, "this is the document itself; name another one")
