"""Plain words as FHIR markdown and as narrative XHTML, so that no renderer takes anything away from them.

`> 100 mg` in a markdown element would render as a quotation and lose its comparator; `<lactate` would vanish as HTML.
What Markdown would read is escaped here with a backslash, and `unescape` gives back the words for the elements that
are `markdown` in R5 and `string` in R4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape as _html

from sachet.fhir.element import Element, Words
from sachet.finding import Span

XHTML = "http://www.w3.org/1999/xhtml"

_PUNCTUATION = r"!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~"
_ESCAPE = re.compile(
    rf"""
    \\(?=[{_PUNCTUATION}])            # a backslash before punctuation
    | (?<!\s)\*|\*(?!\s)              # a star that touches a word
    | (?<![^\W_])_|_(?![^\W_])         # an underscore at a word's edge
    | `
    | <(?=[A-Za-z/!?])                # a tag
    | &(?=\#?\w+;)                    # an entity
    | \](?=[(\[:])                   # the end of a link's words
    | (?<=\S)~|~(?=~)                # the end of struck out words
    """,
    re.VERBOSE,
)
_LINE_START = re.compile(
    r"(?m)^([ \t]*)(?:(?P<mark>[>#=|~]|[-+*](?=\s|$|[-*_])|_(?=[\s_]))|(?P<number>\d{1,9})(?P<dot>[.)])(?=\s|$))"
)
# What one of the two above begins with: most words have none.
_SPECIAL = re.compile(r"(?m)[\\*_`<&\]~>#=|]|^[ \t]*[-+\d]")
_UNESCAPE = re.compile(rf"\\([{_PUNCTUATION}])")


def escape(words: str) -> str:
    """Words as Markdown that renders as just these words."""
    if not _SPECIAL.search(words):
        return words
    words = _ESCAPE.sub(lambda m: "\\" + m[0], words)
    return _LINE_START.sub(_start, words)


def _start(m: re.Match[str]) -> str:
    if m["number"]:
        return f"{m[1]}{m['number']}\\{m['dot']}"
    return f"{m[1]}\\{m['mark']}"


def unescape(markdown: str) -> str:
    """The words that were escaped."""
    return _UNESCAPE.sub(r"\1", markdown)


def listing(own: str, lines: Sequence[str]) -> str:
    """Markdown of a paragraph and a list below it; reads as a list in plain text too."""
    return "\n".join([*([escape(own)] if own else []), *(f"- {escape(line)}" for line in lines)])


def narrative(body: str, spans: Iterable[Span] = ()) -> Element:
    """A generated narrative of XHTML content that was made of the words at `spans`."""
    return Element((), status="generated", div=Words(f'<div xmlns="{XHTML}">{body}</div>', spans))


def html(words: str) -> str:
    """Words as XHTML text."""
    return _html(words, quote=False)
