"""Markdown to a tree whose leaves own the lines of the file.

pulldown-cmark (through pyromark) reads CommonMark with tables. Five things that Markdown would take away from a
clinical text are masked before it reads, each by a character of the same width, and put back afterwards:

- a comparator at the start of a list item (`- > 100 mg`, `- >= 2`), which would become a block quote;
- the same at the start of a line, where a number follows;
- a plus at the start of a list item (`- + Kernig sign`), which would become a second list;
- a bracket that would define a link (`[Na+]: 135`), which would take the whole line;
- a star between two terms (`2*Na + glucose*10`), which would become emphasis.

And three kinds of lines get a blank line before them, because they would become part of what stands above, or take it:
a line that begins with bold words directly below a list, a numbered list that does not begin with 1 directly below a
label, and a line of dashes below a paragraph of several lines.

Whatever line no node owns in the end becomes a paragraph of its own: every
non-blank line belongs to exactly one leaf.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pyromark

from sachet.document.comments import without as without_comments
from sachet.document.source import CONTROL, REPLACEMENT
from sachet.finding import Findings, Span

# Possessive throughout: what a line begins with is read one way only, so no line takes more than linear time.
_MARKER = r"(?:[-*+]|\d{1,9}[.)])[ \t]++"
_ITEM = rf"[ \t]*+(?:>[ \t]?+)*+(?:[ \t]*+{_MARKER})++"
_MASKED = {"\x01": ">", "\x02": "+", "\x03": "*", "\x04": "["}
_NUMBER_NEXT = r"(?=[ \t\xa0]*+=?[ \t\xa0]*+[-+~$*.(]*+\d)"
_MASKS = (
    (re.compile(rf"(?m)^({_ITEM})>"), "\\1\x01"),
    (re.compile(rf"(?m)^([ \t]*+(?:>[ \t]?+(?=>))*+)>{_NUMBER_NEXT}"), "\\1\x01"),
    (re.compile(r"(?m)^([ \t]{2,})>"), "\\1\x01"),
    (re.compile(rf"(?m)^({_ITEM.replace('[-*+]', '[-*]')}|[ \t]*+\+[ \t]++)\+(?=[ \t])"), "\\1\x02"),
    (re.compile(rf"(?m)^((?:[ \t>]|{_MARKER})*+)\[(?=[^\]\n]*+\]:)"), "\\1\x04"),
    (re.compile(r"(?<=[\w)\]])\*\*(?=[\d(])"), "\x03\x03"),
    (re.compile(r"(?<=[\w)\]%°])\*(?![\s*])(?=[\w(\[])"), "\x03"),
)
_IN_LIST = re.compile(rf"[ \t]*{_MARKER}|[ \t]+\S")
_LABEL_END = re.compile(r":[ \t]*\**[ \t]*$")
_NUMBERED = re.compile(r"[ \t]*\d{1,9}[.)][ \t]")
_UNDERLINE = re.compile(r" {0,3}-+[ \t]*")
_NO_HEADING = re.compile(r"#{1,6}[^\W\d]")
_UNMASK = str.maketrans(_MASKED)
_MAX_DEPTH = 40
_PARSER = pyromark.Markdown(options=pyromark.Options.ENABLE_TABLES)


@dataclass(frozen=True, slots=True)
class Link:
    """A link in a text: its range in `Text.plain`, its destination as written, its title, and where it stands."""

    start: int
    end: int
    destination: str
    title: str
    span: Span


@dataclass(frozen=True, slots=True)
class Text:
    """Words without markup. `strong` are ranges of `plain`; `segments` say where each part of `plain` stands."""

    plain: str
    span: Span
    strong: tuple[tuple[int, int], ...] = ()
    links: tuple[Link, ...] = ()
    segments: tuple[tuple[int, int, int], ...] = ()  # start in `plain`, line, column

    @property
    def lead(self) -> str:
        """The bold words that the text begins with, or nothing."""
        if self.strong and self.strong[0][0] == 0:
            return self.plain[: self.strong[0][1]].strip()
        return ""

    @property
    def is_strong(self) -> bool:
        """True where all the words are bold."""
        covered = sum(end - start for start, end in self.strong)
        return bool(self.plain) and covered >= len(self.plain.strip())

    def place(self, start: int, end: int) -> Span:
        """The span of `plain[start:end]` in the file."""
        line, column = self._position(start)
        end_line, end_column = self._position(max(start, end - 1))
        return Span(line, column, end_line, end_column + 1)

    def _position(self, index: int) -> tuple[int, int]:
        if not self.segments:
            return self.span.line, self.span.column + index
        start, line, column = self.segments[max(0, bisect_right(self.segments, (index, 1 << 60, 0)) - 1)]
        return line, column + index - start


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 to 6."""

    level: int
    text: Text
    span: Span


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, line by line; `emphasis` where all of it is in italics."""

    lines: tuple[Text, ...]
    span: Span
    emphasis: bool = False


@dataclass(frozen=True, slots=True)
class ListItem:
    """An item of a list: its marker as written ("-", "1."), its words, and the blocks below them."""

    marker: str
    text: Paragraph | None
    blocks: tuple[Block, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ListBlock:
    """A bulleted or numbered list."""

    ordered: bool
    items: tuple[ListItem, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table."""

    cells: tuple[Text, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Table:
    """A table. The header owns the line of dashes below it."""

    header: Row
    rows: tuple[Row, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Quote:
    """A block quote."""

    blocks: tuple[Block, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Code, raw HTML, or a line that Markdown gives no words to: kept as it is written."""

    lines: tuple[Text, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Rule:
    """A thematic break (`---`), which has no words."""

    span: Span


Block = Heading | Paragraph | ListBlock | Table | Quote | Verbatim | Rule


def joined(lines: tuple[Text, ...]) -> Text | None:
    """Lines as one text, with a space between them; None where there are none."""
    if len(lines) < 2:
        return lines[0] if lines else None
    plain = ""
    strong: list[tuple[int, int]] = []
    links: list[Link] = []
    segments: list[tuple[int, int, int]] = []
    for line in lines:
        at = len(plain) + 1 if plain else 0
        plain = f"{plain} {line.plain}" if plain else line.plain
        strong += [(a + at, b + at) for a, b in line.strong]
        links += [replace(x, start=x.start + at, end=x.end + at) for x in line.links]
        segments += [(a + at, row, column) for a, row, column in line.segments]
    return Text(plain, lines[0].span.to(lines[-1].span), tuple(strong), tuple(links), tuple(segments))


def leaves(blocks: tuple[Block, ...]) -> Iterator[Span]:
    """The span of every leaf: together they own each non-blank line once."""
    for block in blocks:
        if isinstance(block, ListBlock):
            for item in block.items:
                if item.text:
                    yield item.text.span
                elif not item.blocks or item.blocks[0].span.line > item.span.line:
                    yield Span(*item.span[:2], item.span.line, item.span.column + 1)
                yield from leaves(item.blocks)
        elif isinstance(block, Quote):
            yield from leaves(block.blocks)
        elif isinstance(block, Table):
            yield block.header.span
            yield from (row.span for row in block.rows)
        else:
            yield block.span


def parse(text: str, first_line: int, findings: Findings) -> tuple[Block, ...]:
    """Read Markdown whose first line is line `first_line` of the file."""
    text = without_comments(text)
    text_apart, added = _apart(text)
    masked = text_apart
    for pattern, replacement in _MASKS:
        if _MASKED[replacement[-1]] in text:
            masked = pattern.sub(replacement, masked)
    events = list(_PARSER.events_with_range(masked))
    builder = _Builder(text_apart.encode(), first_line, added, events, findings)
    blocks = builder.blocks(None, 0)
    return _with_unowned(blocks, text, first_line)


def _apart(text: str) -> tuple[str, list[int]]:
    """The text with the blank lines that keep lines apart, and at which bytes these begin."""
    lines: list[str] = []
    added: list[int] = []
    offset = 0
    before = above = ""
    for line in text.split("\n"):
        if before.strip() and _keeps_apart(above, before, line):
            lines.append("")
            added.append(offset)
            offset += 1
        lines.append(line)
        offset += len(line.encode()) + 1
        above, before = before, line
    return "\n".join(lines), added


def _keeps_apart(above: str, before: str, line: str) -> bool:
    """True where a blank line has to stand between `before`, which is not blank, and `line`."""
    if line.startswith("**"):
        return line[2:3].strip() != "" and bool(_IN_LIST.match(before))
    if _NUMBERED.match(line):
        return bool(_LABEL_END.search(before))
    return bool(_UNDERLINE.fullmatch(line)) and above.strip() != ""


def _with_unowned(blocks: tuple[Block, ...], text: str, first_line: int) -> tuple[Block, ...]:
    owned: set[int] = set()
    for span in leaves(blocks):
        owned.update(range(span.line, span.end_line + 1))
    left: list[Block] = []
    for number, line in enumerate(text.split("\n"), first_line):
        words = line.strip()
        if words and number not in owned and not (number == first_line and set(words) == {"-"}):
            column = line.index(words) + 1
            span = Span(number, column, number, column + len(words))
            left.append(Verbatim((Text(words, span),), span))
    return tuple(sorted((*blocks, *left), key=lambda b: b.span.line)) if left else blocks


class _Builder:
    """Turns pulldown-cmark's events, which carry byte ranges, into blocks with lines and columns."""

    def __init__(self, raw: bytes, first_line: int, added: list[int], events: list[Any], findings: Findings) -> None:
        self.raw = raw
        self.first = first_line
        self.added = added
        self.events = events
        self.findings = findings
        self.at = 0
        self.ascii = raw.isascii()
        self.starts = [0, *(m.end() for m in re.finditer(b"\n", raw))]
        self.too_deep = False

    def position(self, offset: int) -> tuple[int, int]:
        index = bisect_right(self.starts, offset) - 1
        start = self.starts[index]
        column = offset - start if self.ascii else len(self.raw[start:offset].decode("utf-8", "replace"))
        above = bisect_left(self.added, offset) if self.added else 0
        return self.first + index - above, column + 1

    def span(self, start: int, end: int) -> Span:
        """The span of a byte range, without the white space around it."""
        piece = self.raw[start:end]
        start += len(piece) - len(piece.lstrip())
        end = max(start, start + len(piece.strip()))
        return Span(*self.position(start), *self.position(end))

    def blocks(self, until: str | None, depth: int) -> tuple[Block, ...]:
        """Blocks up to the end event of `until` (or of the text)."""
        found: list[Block] = []
        while self.at < len(self.events):
            name, _ = _named(self.events[self.at][0], "End")
            if name is not None and name == until:
                break
            if block := self.block(depth):
                found.append(block)
        return tuple(found)

    def block(self, depth: int) -> Block | None:
        event, where = self.events[self.at]
        start, end = where["start"], where["end"]
        name, detail = _named(event, "Start")
        if name is None:
            self.at += 1
            return Rule(self.span(start, end)) if event == "Rule" else None
        self.at += 1
        if name == "Heading":
            text = joined(self.inline(name)) or Text("", self.span(start, end))
            block: Block = Heading(int(detail["level"][1]), text, self.span(start, end))
        elif name == "Paragraph":
            emphasis = _named(self.events[self.at][0], "Start")[0] == "Emphasis" and self.closes(self.at, end)
            block = Paragraph(self.inline(name), self.span(start, end), emphasis)
            for line in block.lines:
                if _NO_HEADING.match(line.plain):
                    message = "no heading: a space is missing after #; it is read as words"
                    self.findings.warning("STR123", line.span, message)
        elif name == "List":
            block = self.list_block(detail is not None, start, end, depth)
        elif name == "Table":
            block = self.table(start, end)
        elif name == "BlockQuote" and depth > _MAX_DEPTH:
            block = self.verbatim(name, start, end)
        elif name == "BlockQuote":
            if depth == 0:
                self.findings.note("STR124", self.span(start, end), "read as a quotation, because it begins with >")
            block = Quote(self.blocks(name, depth + 1), self.span(start, end))
        else:
            block = self.verbatim(name, start, end)
        self.at += 1  # the end event
        return block

    def closes(self, at: int, end: int) -> bool:
        """True where the inline that starts at event `at` reaches the paragraph's end."""
        return not self.raw[self.events[at][1]["end"] : end].strip()

    def list_block(self, ordered: bool, start: int, end: int, depth: int) -> ListBlock:
        items: list[ListItem] = []
        if depth > _MAX_DEPTH and not self.too_deep:
            self.too_deep = True
            message = f"the list is nested more than {_MAX_DEPTH} deep; what is deeper is kept as written"
            self.findings.warning("STR121", self.span(start, end), message)
        if depth > _MAX_DEPTH:
            self.skip_to_end("List")
            span = self.span(start, end)
            item = ListItem("-", Paragraph(self.raw_lines(start, end), span), (), span)
            return ListBlock(ordered, (item,), span)
        while _named(self.events[self.at][0], "Start")[0] == "Item":
            where = self.events[self.at][1]
            self.at += 1
            items.append(self.item(where["start"], where["end"], depth))
            self.at += 1
        return ListBlock(ordered, tuple(items), self.span(start, end))

    def item(self, start: int, end: int, depth: int) -> ListItem:
        marker = re.match(rb"\s*([-*+]|\d+[.)])", self.raw[start:end])
        text: Paragraph | None = None
        blocks: list[Block] = []
        while _named(self.events[self.at][0], "End")[0] != "Item":
            event, where = self.events[self.at]
            if not _is_block(event):
                lines = self.inline("Item", tight=True)
                first = lines[0].span if lines else self.span(where["start"], where["end"])
                block: Block | None = Paragraph(lines, first.to(lines[-1].span) if lines else first)
            else:
                block = self.block(depth + 1)
            if isinstance(block, Paragraph) and text is None and not blocks:
                text = block
            elif block is not None:
                blocks.append(block)
        return ListItem(marker[1].decode() if marker else "-", text, tuple(blocks), self.span(start, end))

    def table(self, start: int, end: int) -> Table:
        rows: list[Row] = []
        while _named(self.events[self.at][0], "End")[0] != "Table":
            event, where = self.events[self.at]
            name, _ = _named(event, "Start")
            self.at += 1
            if name not in ("TableHead", "TableRow"):  # pulldown-cmark gives up a table that is mostly empty cells
                self.skip_to_end(str(name))
                self.at += 1
                continue
            cells: list[Text] = []
            while _named(self.events[self.at][0], "Start")[0] == "TableCell":
                cell = self.events[self.at][1]
                self.at += 1
                cells.append(joined(self.inline("TableCell")) or Text("", self.span(cell["start"], cell["end"])))
                self.at += 1
            if rows and len(cells) == len(rows[0].cells):
                cells.extend(self.excess(cell["end"], where["end"]))
            rows.append(Row(tuple(cells), self.span(where["start"], where["end"])))
            self.at += 1
        header, *body = rows
        below = Span(header.span.line, header.span.column, header.span.line + 1, header.span.end_column)
        return Table(Row(header.cells, below), tuple(body), self.span(start, end))

    def excess(self, start: int, end: int) -> list[Text]:
        """What stands in a row behind the last cell that has a header, which CommonMark drops."""
        words = self.raw[start:end].strip().strip(b"|").strip()
        if not words:
            return []
        start = self.raw.index(words, start)
        span = self.span(start, start + len(words))
        message = "the row has more cells than its table has headers; write a | inside a cell as \\|"
        self.findings.warning("STR122", span, message)
        return [Text(words.decode("utf-8", "replace"), span)]

    def verbatim(self, name: str, start: int, end: int) -> Verbatim:
        self.skip_to_end(name)
        return Verbatim(self.raw_lines(start, end), self.span(start, end))

    def raw_lines(self, start: int, end: int) -> tuple[Text, ...]:
        found: list[Text] = []
        offset = start
        for line in self.raw[start:end].split(b"\n"):
            if line.strip():
                span = self.span(offset, offset + len(line))
                found.append(Text(line.strip().decode("utf-8", "replace"), span))
            offset += len(line) + 1
        return tuple(found)

    def skip_to_end(self, name: str) -> None:
        """Move to the end event that closes the block begun just before."""
        depth = 0
        while True:
            event = self.events[self.at][0]
            if _named(event, "Start")[0] == name:
                depth += 1
            elif _named(event, "End")[0] == name:
                if depth == 0:
                    return
                depth -= 1
            self.at += 1

    def inline(self, until: str, tight: bool = False) -> tuple[Text, ...]:
        """The words up to the end event of `until`, a Text for each line.

        In a tight list item the words end where a block begins.
        """
        line = _Line(self)
        lines: list[Text] = []
        strong = 0
        while self.at < len(self.events):
            event, where = self.events[self.at]
            end, _ = _named(event, "End")
            if end == until or (tight and _is_block(event)):
                break
            self.at += 1
            if event in ("SoftBreak", "HardBreak"):
                lines.extend(line.done())
                line = _Line(self, strong > 0)
                continue
            begin, detail = _named(event, "Start")
            if begin == "Strong":
                strong += 1
                line.strong_from()
            elif end == "Strong":
                strong -= 1
                line.strong_to()
            elif begin in ("Link", "Image"):
                line.link_from(detail["dest_url"], detail["title"], where["start"])
            elif end in ("Link", "Image"):
                line.link_to(where["end"])
            elif isinstance(event, dict) and begin is None and end is None:
                (words,) = event.values()
                line.add(str(words), where["start"], where["end"])
        lines.extend(line.done())
        return tuple(lines)


class _Line:
    """One line of words under construction."""

    def __init__(self, builder: _Builder, strong: bool = False) -> None:
        self.builder = builder
        self.words: list[str] = []
        self.length = 0
        self.start = self.end = -1
        self.segments: list[tuple[int, int, int]] = []
        self.strong: list[tuple[int, int]] = []
        self.links: list[Link] = []
        self.open_strong = 0 if strong else -1
        self.open_link: tuple[int, str, str, int] | None = None

    def add(self, words: str, start: int, end: int) -> None:
        raw = self.builder.raw[start:end]
        # A character reference is no mask, whatever character it stands for.
        words = CONTROL.sub(REPLACEMENT, words) if raw[:1] == b"&" else words.translate(_UNMASK)
        if raw[:1] == b"`":
            start += len(raw) - len(raw.lstrip(b"` "))
        if self.start < 0:
            self.start = start
        self.end = end
        self.segments.append((self.length, *self.builder.position(start)))
        self.words.append(words)
        self.length += len(words)

    def strong_from(self) -> None:
        self.open_strong = self.length

    def strong_to(self) -> None:
        if self.open_strong >= 0:
            self.strong.append((self.open_strong, self.length))
        self.open_strong = -1

    def link_from(self, destination: str, title: str, start: int) -> None:
        self.open_link = (self.length, destination, title, start)

    def link_to(self, end: int) -> None:
        if self.open_link:
            at, destination, title, start = self.open_link
            if at == self.length and destination:  # nothing to read: the destination is its words
                self.add(destination, start, end)
            self.links.append(Link(at, self.length, destination, title, self.builder.span(start, end)))
        self.open_link = None

    def done(self) -> tuple[Text, ...]:
        if self.start < 0:
            return ()
        self.strong_to()
        plain = "".join(self.words)
        shift = len(plain) - len(plain.lstrip())
        span = self.builder.span(self.start, self.end)
        plain = plain.strip()

        def cut(at: int) -> int:
            return min(max(0, at - shift), len(plain))

        strong = tuple((cut(a), cut(b)) for a, b in self.strong if cut(b) > cut(a))
        links = tuple(replace(x, start=cut(x.start), end=cut(x.end)) for x in self.links)
        segments = tuple((max(0, a - shift), line, col + max(0, shift - a)) for a, line, col in self.segments)
        return (Text(plain, span, _merged(strong), links, segments),) if plain else ()


def _merged(ranges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for start, end in ranges:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return tuple(found)


_INLINE = frozenset({"Strong", "Emphasis", "Link", "Image", "Strikethrough"})


def _named(event: Any, kind: str) -> tuple[str | None, Any]:
    """Name and details of a Start or End event; (None, None) for any other event."""
    if not isinstance(event, dict) or kind not in event:
        return None, None
    tag = event[kind]
    if isinstance(tag, str):
        return tag, None
    ((name, detail),) = tag.items()
    return name, detail


def _is_block(event: Any) -> bool:
    """True for the start of a block, the end of a list item, and a rule."""
    if event == "Rule" or _named(event, "End")[0] == "Item":
        return True
    name, _ = _named(event, "Start")
    return name is not None and name not in _INLINE
