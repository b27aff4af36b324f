"""The narrative of a document: its words in their order, as escaped XHTML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sachet.fhir.text import html
from sachet.finding import Span
from sachet.guideline.model import Guideline, Item


def plan_body(guideline: Guideline) -> str:
    """The narrative of a PlanDefinition."""
    parts = [f"<h1>{html(guideline.title.words)}</h1>", _list(guideline.preamble)]
    parts += [f"<h2>{html(section.title.plain)}</h2>{_list(section.items)}" for section in guideline.sections]
    return "".join(parts)


def plan_spans(guideline: Guideline) -> Iterator[Span]:
    """Where the words of the narrative stand."""
    yield guideline.title.span
    yield from (section.title.span for section in guideline.sections)
    for item in guideline.walk():
        yield from (text.span for text in (*item.words, *(c.header for c in item.cells), *item.facts))


def words_body(title: str, lines: Iterable[str]) -> str:
    """The narrative of anything that is a title and some lines."""
    return f"<p><b>{html(title)}</b></p>" + "".join(f"<p>{html(line)}</p>" for line in lines)


def _list(items: tuple[Item, ...]) -> str:
    return f"<ul>{''.join(map(_item, items))}</ul>" if items else ""


def _item(item: Item) -> str:
    if item.cells:
        own = "; ".join(f"<i>{html(c.header.plain)}:</i> {html(c.text.plain)}" for c in item.cells)
    else:
        own = html(" ".join(filter(None, (item.prefix if item.ordered else None, item.plain))))
    facts = f"<ul>{''.join(f'<li>{html(f.plain)}</li>' for f in item.facts)}</ul>" if item.facts else ""
    return f"<li>{own}{facts}{_list(item.children)}</li>"
