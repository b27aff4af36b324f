"""From the blocks of a section to a tree of items: what stands under what.

A label, or a paragraph that ends in a colon, governs what follows up to the next label or heading of the same or a
higher level; it governs headings only where a heading is the very next block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from sachet.document.markdown import Block, Heading, ListBlock, ListItem, Paragraph, Quote, Rule, Table, Text, Verbatim
from sachet.finding import Span
from sachet.guideline.instruction import is_fact
from sachet.guideline.model import Cell, Kind
from sachet.guideline.title import clip, step_prefix, title_of

UNTITLED = "(no title)"
_LABEL, _ITALIC, _PLAIN = 10.0, 11.0, 12.0  # below every heading level
_TARGET_HEADERS = {"target", "target time", "time target", "time"}


@dataclass(slots=True)
class Draft:
    """An item under construction."""

    kind: Kind
    title: str
    words: tuple[Text, ...]
    span: Span
    prefix: str | None = None
    ordered: bool = False
    scope: bool = False  # governs headings: says when, not where
    cells: tuple[Cell, ...] = ()
    facts: list[Text] = field(default_factory=list)
    children: list[Draft] = field(default_factory=list)

    @property
    def plain(self) -> str:
        """All its own words on one line."""
        return " ".join(t.plain for t in self.words)


def drafts(blocks: Sequence[Block], orders: bool, targets: bool) -> list[Draft]:
    """The items of a section's blocks; `orders` where its lines may be instructions, `targets` where its tables of
    actions and targets are target times.
    """
    root = Draft(Kind.NOTE, "", (), Span(0, 0, 0, 0))
    _Tree(root, targets).add(blocks)
    if orders:
        _fold_facts(root)
    return root.children


def _fold_facts(parent: Draft) -> None:
    kept: list[Draft] = []
    for child in parent.children:
        _fold_facts(child)
        of_step = parent.kind in (Kind.ITEM, Kind.STEP) and (parent.kind is Kind.STEP or not parent.plain.endswith(":"))
        describes = child.kind is Kind.ITEM and not child.ordered and not child.children and is_fact(child.plain)
        if describes and of_step:
            parent.facts.extend((*child.words, *child.facts))
        else:
            kept.append(child)
    parent.children = kept


class _Tree:
    """Places blocks under the headings and labels that govern them."""

    def __init__(self, root: Draft, targets: bool) -> None:
        self.open: list[tuple[float, Draft]] = [(0.0, root)]
        self.targets = targets

    @property
    def top(self) -> Draft:
        return self.open[-1][1]

    def close(self, level: float) -> None:
        """End every scope of this level and below."""
        while len(self.open) > 1 and self.open[-1][0] >= level:
            self.open.pop()

    def push(self, level: float, draft: Draft) -> None:
        self.close(level)
        self.top.children.append(draft)
        self.open.append((level, draft))

    def add(self, blocks: Sequence[Block]) -> None:
        for block, following in zip_longest(blocks, blocks[1:]):
            if isinstance(block, Heading):
                prefix, title = _heading(block.text.plain)
                draft = Draft(Kind.HEADING, title, (block.text,), block.span, prefix)
                self.push(float(block.level), draft)
            elif isinstance(block, Paragraph):
                self.paragraph(block, following)
            elif isinstance(block, ListBlock):
                self.top.children.extend(self.item(i, block.ordered) for i in block.items)
            elif isinstance(block, Table):
                self.table(block)
            elif isinstance(block, Quote):
                self.add(block.blocks)
            elif isinstance(block, Verbatim):
                self.note(block.lines)
            else:
                assert isinstance(block, Rule)

    def paragraph(self, block: Paragraph, following: Block | None) -> None:
        groups = _nodes(block.lines)
        for group in groups:
            after = following if group is groups[-1] else None
            level = _label_level(group, after, block.emphasis)
            if level is None:
                self.note(group)
                continue
            scope = isinstance(after, Heading) and group[-1].plain.rstrip().endswith(":")
            if scope:
                assert isinstance(after, Heading)
                level = after.level - 0.5
            self.push(level, _label(group, scope))

    def note(self, group: tuple[Text, ...]) -> None:
        bold = bool(group[0].lead)
        self.close(_LABEL if bold else _PLAIN)
        prefix = step_prefix(group[0].plain)[0] if bold else None
        kind = Kind.STEP if prefix else Kind.NOTE
        self.top.children.append(Draft(kind, title_of(group[0]), group, _span(group), prefix))

    def item(self, item: ListItem, ordered: bool) -> Draft:
        lines = item.text.lines if item.text else ()
        own, *more = _nodes(lines) or [()]
        title = title_of(own[0]) if own else item.marker
        span = _span(own) if own else item.span
        draft = Draft(Kind.ITEM, title, own, span, item.marker if ordered else None, ordered)
        below = _Tree(draft, False)
        for group in more:
            below.note(group)
        blocks = list(item.blocks)
        while blocks and isinstance(blocks[0], Paragraph) and not _is_label(blocks[0], blocks[1:]):
            draft.words += blocks.pop(0).lines  # type: ignore[union-attr]
        below.add(blocks)
        return draft

    def table(self, block: Table) -> None:
        headers = block.header.cells
        names = [h.plain.strip().lower() for h in headers]
        is_targets = self.targets and len(names) == 2 and names[0] == "action" and names[1] in _TARGET_HEADERS
        parent = self.top
        if is_targets or not block.rows:
            parent = Draft(Kind.TARGETS if is_targets else Kind.ROW, "Time targets", headers, block.header.span)
            if not is_targets:
                parent.title = title_of(headers[0]) if headers else ""
            self.top.children.append(parent)
        none = Text("", block.header.span)
        unused = tuple(
            h
            for i, h in enumerate(headers)
            if h.plain and not any(r.cells[i : i + 1] and r.cells[i].plain for r in block.rows)
        )
        if unused and block.rows and not is_targets:
            parent.children.append(Draft(Kind.ROW, title_of(unused[0]), unused, block.header.span))
        for row in block.rows:
            pairs = zip_longest(headers, row.cells, fillvalue=none)
            cells = tuple(Cell(h, c) for h, c in pairs if c.plain)
            if not cells:
                continue
            kind = Kind.TARGET if is_targets else Kind.ROW
            words = tuple(c.text for c in cells)
            parent.children.append(Draft(kind, clip(words[0].plain), words, row.span, cells=cells))


def _nodes(lines: tuple[Text, ...]) -> list[tuple[Text, ...]]:
    """A paragraph's lines as nodes: each line that begins with bold words begins one."""
    groups: list[list[Text]] = []
    for line in lines:
        if groups and not line.lead:
            groups[-1].append(line)
        else:
            groups.append([line])
    return [tuple(group) for group in groups]


def _span(group: tuple[Text, ...]) -> Span:
    return group[0].span.to(group[-1].span)


def _label(group: tuple[Text, ...], scope: bool) -> Draft:
    prefix, title = _heading(" ".join(t.plain for t in group))
    kind = Kind.STEP if prefix else Kind.LABEL
    return Draft(kind, title, group, _span(group), prefix, scope=scope)


def _heading(words: str) -> tuple[str | None, str]:
    """Prefix and title of a heading or label: all its words; a mere number is in the prefix alone."""
    prefix, rest = step_prefix(words)
    is_step = prefix is None or prefix.lower().startswith("step")
    return prefix, clip((words if is_step else rest).rstrip(" :") or words or UNTITLED)


def _is_label(block: Paragraph, after: Sequence[Block]) -> bool:
    group = _nodes(block.lines)[-1] if block.lines else ()
    return bool(group) and _label_level(group, after[0] if after else None, block.emphasis) is not None


def _label_level(group: tuple[Text, ...], following: Block | None, emphasis: bool) -> float | None:
    """The level of a label, or None for words that govern nothing."""
    last = group[-1].plain.rstrip()
    governs = isinstance(following, ListBlock | Table)
    if last.endswith(":"):
        return _LABEL if group[0].lead else _ITALIC if emphasis else _PLAIN
    whole = all(t.is_strong for t in group)
    sentence = last.endswith((".", "!", "?"))
    if whole and not sentence and (governs or step_prefix(group[0].plain)[0]):
        return _LABEL
    return _ITALIC if emphasis and governs and not sentence else None
