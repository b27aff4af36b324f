"""FHIR JSON that knows where in a document it came from.

An :class:`Element` is a dict, :class:`Words` a str; both carry the spans of the lines that they were made of. The
edits for older releases keep these objects, so a span survives them; packing writes the spans into the source map.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from sachet.finding import Span

Spans = tuple[Span, ...]


class Element(dict[str, Any]):
    """A FHIR element or resource in JSON form. Fields that are None or empty are left out.

    What stands below it is made of Elements, lists, Words and plain values, or of dicts that know no lines at all.
    """

    __slots__ = ("spans",)

    def __init__(self, spans: Iterable[Span] = (), /, **fields: Any) -> None:
        super().__init__({k: v for k, v in fields.items() if v or isinstance(v, int | float | Decimal)})
        self.spans: Spans = tuple(spans)


class Words(str):
    """A FHIR string with the spans of the words that it was made of."""

    __slots__ = ("spans",)
    spans: Spans

    def __new__(cls, words: str, spans: Iterable[Span]) -> Words:
        """A string with its spans."""
        made = super().__new__(cls, words)
        made.spans = tuple(spans)
        return made


def spans_of(value: Any) -> Spans:
    """The spans that a value carries itself."""
    return value.spans if isinstance(value, Element | Words) else ()


def elements(value: Any) -> Iterator[tuple[Any, Spans]]:
    """Every element of a resource that knows its lines, with its spans."""
    if spans := spans_of(value):
        yield value, spans
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from elements(child)
