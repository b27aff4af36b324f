"""DUP: passages and documents that are there twice; XFI: those that are there twice with other numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

from sachet.checks.facts import Corpus, Facts
from sachet.checks.passages import Passage, passages, share_of_sketches
from sachet.checks.subject import Subject
from sachet.finding import Finding, Place, Severity, Span
from sachet.terminology.words import stems

_CERTAIN = 14  # words of a passage that nobody writes twice by chance
_SAME = 0.5  # so much of two documents is the same, that they are one
_NAMES = 3  # that two documents share, so that they are on one thing
_SHARED = 3  # documents that have a passage, so that it is no slip


def lines(subject: Subject) -> Iterator[Finding]:
    """DUP101: a line that stands twice in a document."""
    seen: dict[tuple[int, str], Span] = {}
    for passage in passages(subject):
        key = passage.hash, passage.numbers
        if (first := seen.setdefault(key, passage.span)) != passage.span:
            message = f"this line stands on line {first.line} too; leave one of them, so that an edit changes both"
            yield subject.note("DUP101", passage.span, message, [first])


def shared(corpus: Corpus) -> Iterator[Finding]:
    """DUP102: a passage that another document has word for word. XFI131: with other numbers."""
    found: dict[int, list[tuple[Facts, Passage]]] = defaultdict(list)
    for document in corpus.documents:
        for passage in document.passages:
            found[passage.hash].append((document, passage))
    for places in found.values():
        documents = {document.id for document, _ in places}
        if len(documents) < 2:
            continue
        (first, one), (second, other) = places[0], next(p for p in places if p[0] is not places[0][0])
        odd = [(d, p) for d, p in places if p.numbers != one.numbers and d is not first and p.words >= _CERTAIN]
        for document, passage in odd:
            message = (
                f"the same words as in {first.path}:{one.span.line}, with other numbers ({passage.numbers} here, "
                f"{one.numbers} there); which are right?"
            )
            place = Place(first.path, one.span)
            yield Finding("XFI131", Severity.WARNING, document.path, passage.span, message, (place,))
        if not odd and len(documents) < _SHARED:
            message = f"the same words as in {first.path}:{one.span.line}; an edit of one has to change the other"
            yield Finding("DUP102", Severity.NOTE, second.path, other.span, message, (Place(first.path, one.span),))


def documents(corpus: Corpus) -> Iterator[Finding]:
    """DUP103: a document that is mostly the same as another one."""
    by_hash: dict[int, list[Facts]] = defaultdict(list)
    for document in corpus.documents:
        for one in document.sketch:
            by_hash[one].append(document)
    pairs = {(a.id, b.id): (a, b) for group in by_hash.values() for a, b in combinations(group, 2)}
    for first, second in pairs.values():
        same = share_of_sketches(first.sketch, second.sketch)
        if same >= _SAME:
            message = f"about {same:.0%} of this document is the same as {first.path}; make one document of the two"
            place = Place(first.path, first.id_span)
            yield Finding("DUP103", Severity.WARNING, second.path, second.id_span, message, (place,))


def names(corpus: Corpus) -> Iterator[Finding]:
    """DUP104: a document that has the names of another one."""
    by_name: dict[tuple[str, ...], list[Facts]] = defaultdict(list)
    for document in corpus.documents:
        for name in dict.fromkeys(tuple(stems(words)) for words in document.names):
            by_name[name].append(document)
    shared: dict[tuple[str, str], list[tuple[str, ...]]] = defaultdict(list)
    for name, having in by_name.items():
        for one, other in combinations(having, 2):
            shared[one.id, other.id].append(name)
    for (first, second), same in shared.items():
        if first != second and len(same) >= _NAMES:
            document, other = corpus.by_id[second], corpus.by_id[first]
            told = [words for words in document.names if tuple(stems(words)) in same]
            message = (
                f"{', '.join(told)}: so is {other.path} called; who looks for one of these finds two documents. Make "
                "one of the two, or let each have its own names"
            )
            place = Place(other.path, other.title_span)
            yield Finding("DUP104", Severity.WARNING, document.path, document.title_span, message, (place,))
