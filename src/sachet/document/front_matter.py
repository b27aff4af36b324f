"""Strict YAML front matter: every key and value with its place, and never a silent value.

YAML 1.1, which PyYAML reads, turns `no` into false, `12:30` into 750 and `017` into 15. A clinical document must not
depend on that: such a value keeps its words and gets a finding. Duplicate keys, anchors and aliases are findings too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from frontmatter.default_handlers import BaseHandler

from sachet.document.source import CONTROL, REPLACEMENT
from sachet.finding import Findings, Span

_MAX_DEPTH = 64
_YAML_BREAK = re.compile("[\x85\u2028\u2029]")
_RESOLVER: Any = yaml.resolver.Resolver()
_TRAP = re.compile(
    r"""(?xi) (?P<boolean> y|yes|n|no|on|off)
    | (?P<sexagesimal> [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)
    | (?P<octal> [-+]?0[0-9_]+ | 0o[0-7]+) | (?P<hex> [-+]?0x[0-9a-f_]+) | (?P<binary> [-+]?0b[01_]+)
    | (?P<separator> [-+]?[0-9]+_[0-9_.]*) | (?P<special> [-+]?\.(inf|nan)) | (?P<merge> <<|=)"""
)
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]+)?")
_NULL = {"", "~", "null", "Null", "NULL"}
_BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value as written. `value` is None for null, a bool, an int, a float, or the words."""

    words: str
    value: str | int | float | bool | None
    span: Span
    plain: bool  # written without quotes

    @property
    def is_null(self) -> bool:
        """True for `null`, `~` and an empty value, in quotes too."""
        return self.value is None or not self.words.strip()

    def place(self, start: int, end: int) -> Span:
        """The span of `words[start:end]`; of the whole value where it is not written on one line as it reads."""
        line, column, end_line, end_column = self.span
        quotes = end_column - column - len(self.words)
        if line != end_line or quotes not in (0, 2):
            return self.span
        column += quotes // 2
        return Span(line, column + start, line, column + end)


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list of values."""

    items: tuple[Value, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping with its value; `key_span` is the place of the key, `span` of key and value."""

    key: str
    key_span: Span
    value: Value
    span: Span


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping; keys are unique, in the order of the file."""

    entries: tuple[Entry, ...]
    span: Span

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def get(self, key: str) -> Entry | None:
        """The entry of that key, or None."""
        return next((e for e in self.entries if e.key == key), None)

    def scalar(self, key: str) -> Scalar | None:
        """The value of that key, where it is one value and not null."""
        entry = self.get(key)
        return entry.value if entry and isinstance(entry.value, Scalar) and not entry.value.is_null else None


Value = Scalar | Sequence | Fields


def scalars(value: Value) -> Iterator[Scalar]:
    """Every scalar below a value, in order."""
    if isinstance(value, Scalar):
        yield value
    elif isinstance(value, Sequence):
        for item in value.items:
            yield from scalars(item)
    else:
        for entry in value.entries:
            yield from scalars(entry.value)


def plain(value: Value) -> Any:
    """The value as Python data: dict, list, str, int, float, bool or None."""
    if isinstance(value, Scalar):
        return value.value
    if isinstance(value, Sequence):
        return [plain(v) for v in value.items]
    return {e.key: plain(e.value) for e in value.entries}


class FrontMatterHandler(BaseHandler):
    """python-frontmatter's split into front matter and text, for strict YAML.

    `frontmatter.loads(text, handler=FrontMatterHandler())` gives the plain data; sachet itself reads with places.
    """

    FM_BOUNDARY = re.compile(r"^---[ \t]*$", re.MULTILINE)
    START_DELIMITER = END_DELIMITER = "---"

    def load(self, fm: str, **_: object) -> Mapping[str, Any]:  # type: ignore[override]
        """The front matter as plain data; what is doubtful in it stays as words."""
        fields = parse(fm, 1, Findings("front matter"))
        return plain(fields) if fields else {}


def split(text: str, findings: Findings) -> tuple[str, int, str, int] | None:
    """Front matter, its first line, the Markdown, its first line; None, with a finding, where there is none."""
    handler = FrontMatterHandler()
    lead = len(text) - len(text.lstrip())
    first = text.count("\n", 0, lead) + 1
    here = Span(first, 1, first, 4)
    if not handler.detect(text[lead:]):
        findings.error(
            "STR110", here, "no front matter: a document begins with a line of ---, its YAML, and a line of ---"
        )
        return None
    try:
        yaml_text, body = handler.split(text[lead:])
    except ValueError:
        findings.error("STR111", here, "the front matter is not closed: a second line of --- is missing")
        return None
    # Both texts begin with the line end of their delimiter, so they begin on the delimiter's own line.
    return yaml_text, first, body, first + yaml_text.count("\n")


def parse(text: str, first_line: int, findings: Findings, what: str = "the front matter") -> Fields | None:
    """Parse YAML that begins on `first_line` of its file; None, with a finding, if it is no mapping.

    `what` findings call it.
    """
    reader = _Reader(first_line, findings)
    for m in _YAML_BREAK.finditer(text):
        line, column = first_line + text.count("\n", 0, m.start()), m.start() - text.rfind("\n", 0, m.start())
        message = f"U+{ord(m[0]):04X} ends a line for YAML readers; it is read as a space here, replace it"
        findings.warning("STR105", Span(line, column, line, column + 1), message)
    text = _YAML_BREAK.sub(" ", text)
    if depth_span := _too_deep(text, first_line):
        findings.error("STR112", depth_span, f"{what} is nested more than {_MAX_DEPTH} deep")
        return None
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        span = Span(first_line, 1, first_line, 2)
        if mark is not None:
            span = Span(first_line + mark.line, mark.column + 1, first_line + mark.line, mark.column + 2)
        findings.error("STR113", span, f"{what} is not valid YAML: {_problem(e)}")
        return None
    except yaml.YAMLError as e:
        findings.error("STR113", Span(first_line, 1, first_line, 2), f"{what} is not valid YAML: {e}")
        return None
    if node is None:
        findings.error("STR114", Span(first_line, 1, first_line, 4), f"{what} is empty")
        return None
    value = reader.value(node)
    if not isinstance(value, Fields):
        findings.error("STR114", value.span, f"{what} is not a mapping of keys to values")
        return None
    return value


def _problem(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "it cannot be read"
    if "cannot start any token" in problem and "\\t" in problem:
        return "a tab; indent with spaces"
    return f"{problem} {error.context}".strip() if error.context else problem


def _too_deep(text: str, first_line: int) -> Span | None:
    """Where nesting passes the bound, judged by tokens alone, before anything recurses."""
    flow = text.count("[") + text.count("{") > _MAX_DEPTH
    depth = 0
    for number, line in enumerate(text.split("\n"), first_line):
        if len(line) > 2 * _MAX_DEPTH and not line[: 2 * _MAX_DEPTH].strip(" -?"):
            return Span(number, 1, number, len(line) + 1)
        for column, c in enumerate(line if flow else "", 1):
            depth += (c in "[{") - (c in "]}")
            if depth > _MAX_DEPTH:
                return Span(number, column, number, column + 1)
    return None


class _Reader:
    """Turns PyYAML's nodes into values with places."""

    def __init__(self, first_line: int, findings: Findings) -> None:
        self.first = first_line
        self.findings = findings
        self.seen: set[int] = set()

    def span(self, node: yaml.Node) -> Span:
        start, end = node.start_mark, node.end_mark
        return Span(self.first + start.line, start.column + 1, self.first + end.line, end.column + 1)

    def value(self, node: yaml.Node) -> Value:
        span = self.span(node)
        if id(node) in self.seen:
            self.findings.error("STR115", span, "a YAML alias (*name); write the value out, aliases are not read")
            return Scalar("", None, span, True)
        self.seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node, span)
        if node.tag not in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            self.findings.error("STR116", span, f"the YAML tag {node.tag} is not read; remove it")
        if isinstance(node, yaml.SequenceNode):
            items = tuple(self.value(n) for n in node.value)
            return Sequence(items, _trim(span, [i.span for i in items]))
        return self.mapping(node, span)

    def mapping(self, node: yaml.Node, span: Span) -> Fields:
        entries: dict[str, Entry] = {}
        for key_node, value_node in node.value:
            key_span = self.span(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self.findings.error("STR117", key_span, "a key must be a word, not a list or a mapping")
                continue
            if id(key_node) in self.seen:
                self.findings.error("STR115", key_span, "a YAML alias (*name); write the key out, aliases are not read")
                continue
            self.seen.add(id(key_node))
            key = CONTROL.sub(REPLACEMENT, str(key_node.value))
            value = self.value(value_node)
            entry = Entry(key, key_span, value, key_span.to(value.span))
            if key in entries:
                first = entries[key].key_span
                message = f"the key {key!r} is here a second time (first on line {first.line}); only the first is read"
                self.findings.error("STR118", key_span, message, [first])
                continue
            entries[key] = entry
        return Fields(tuple(entries.values()), _trim(span, [e.span for e in entries.values()]))

    def scalar(self, node: yaml.ScalarNode, span: Span) -> Scalar:
        words = str(node.value)
        if control := CONTROL.search(words):
            message = f"control character U+{ord(control[0]):04X}, which no FHIR string can hold; delete it"
            self.findings.error("STR104", span, message)
            words = CONTROL.sub(REPLACEMENT, words)
        is_plain = not node.style  # the C loader says "" where the Python one says None
        implicit = _RESOLVER.resolve(yaml.ScalarNode, str(node.value), (is_plain, not is_plain))
        if node.tag != implicit:
            self.findings.error("STR116", span, f"the YAML tag {node.tag} is not read; remove it")
        if not is_plain:
            if not words.strip():
                self.findings.warning("STR120", span, "an empty value; it is read as missing")
            return Scalar(words, words, span, False)
        if words in _NULL:
            return Scalar(words, None, span, True)
        if words in _BOOLEAN:
            return Scalar(words, _BOOLEAN[words], span, True)
        if m := _TRAP.fullmatch(words):
            kind = m.lastgroup
            message = f'{words} without quotes is a {kind} to some YAML readers; write "{words}" if you mean the words'
            self.findings.warning("STR119", span, message)
            return Scalar(words, words, span, True)
        if _INTEGER.fullmatch(words) and len(words) < 19:
            return Scalar(words, int(words), span, True)
        if _DECIMAL.fullmatch(words):
            return Scalar(words, float(words), span, True)
        return Scalar(words, words, span, True)


def _trim(span: Span, children: list[Span]) -> Span:
    """A block's end as YAML marks it is the start of what follows it; end it with its last child."""
    return span.to(children[-1]) if children else span
