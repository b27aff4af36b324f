"""XFI: do the documents put a limit at the same place?

A limit is compared with those of a document that its line names, and with those of other documents on the same word, in
lines that speak of the same thing. A document that has the other value somewhere knows of it, and is not named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sachet.checks.facts import Corpus, Facts
from sachet.checks.limits import Limit
from sachet.finding import Finding, Place, Severity

_RARE, _FEW = 8, 2  # documents that name the quantity at all, and how many then have to agree
_ENOUGH = 3  # documents that agree, so that another one stands out
_SAME = 5  # stems that two lines share where they speak of the same thing


def disagreements(corpus: Corpus) -> Iterator[Finding]:
    """XFI113: a limit other than that of the document that its line names. XFI114: than those of others on the same."""
    by_key: dict[tuple[str, str], dict[str, list[Limit]]] = defaultdict(lambda: defaultdict(list))
    for document in corpus.documents:
        for limit in document.limits:
            by_key[limit.key][document.id].append(limit)
    for document in corpus.documents:
        told: set[tuple[str, str]] = set()
        for limit in document.limits:
            others = {i: some for i, some in by_key[limit.key].items() if i != document.id}
            own = {one.value for one in by_key[limit.key][document.id]}
            if limit.key in told or not (against := _against(limit, own, others)):
                continue
            told.add(limit.key)
            yield _finding(document, limit, against, corpus.by_id)


def _against(limit: Limit, own: set[float], others: Mapping[str, Sequence[Limit]]) -> dict[str, Limit]:
    """A limit of each of the other documents that agree, where none of them has a value of this document's own."""
    for identifier in limit.named:
        theirs = [one for one in others.get(identifier, ()) if _one_unit(limit, one)]
        if theirs and not own & {one.value for one in theirs}:
            return {identifier: theirs[0]}
    alike = {i: [one for one in some if _alike(limit, one)] for i, some in others.items()}
    near = {i: some for i, some in alike.items() if some}
    if len(near) < (_FEW if len(others) <= _RARE else _ENOUGH):
        return {}
    common = set.intersection(*({one.value for one in some} for some in near.values()))
    if not common or common & own:
        return {}
    return {i: next(one for one in some if one.value in common) for i, some in near.items()}


def _alike(one: Limit, other: Limit) -> bool:
    """Whether two lines speak of the same thing, and of the same fluid."""
    said, others = set(one.said), set(other.said)
    return _one_unit(one, other) and len(said & others) >= _SAME and ("urin" in said) == ("urin" in others)


def _one_unit(one: Limit, other: Limit) -> bool:
    return one.unit == other.unit or not (one.unit and other.unit)


def _finding(document: Facts, limit: Limit, against: Mapping[str, Limit], by_id: Mapping[str, Facts]) -> Finding:
    (identifier, other), *more = against.items()
    who = f"{len(more) + 1} documents say" if more else f"{by_id[identifier].path} says"
    message = f"{limit.words!r} here, but {who} {other.words!r}; make them agree, or say what makes the difference"
    related = tuple(Place(by_id[i].path, one.span) for i, one in against.items())[:3]
    code, severity = ("XFI113", Severity.WARNING) if identifier in limit.named else ("XFI114", Severity.NOTE)
    return Finding(code, severity, document.path, limit.span, message, related)
