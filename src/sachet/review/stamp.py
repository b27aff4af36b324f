"""The stamp of a document: what a run of the checks found in it, kept in its validation block.

    validation:
      dose_range_validator: "2026-11-28"    # the day on which each of the seven checks was run
      outlier_detection_flag: clear
      stamp:
        tool: "sachet 0.1.0"
        time: "2026-11-28T09:30:00Z"
        content: "sha256:…"                 # of the whole file but this block
        documents: 250                      # that were checked together
        results:
          dose_range_validator: "1 warning, 1 ignored"

It holds while the content is the same. What it says is what was found, not that somebody approves of it.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from sachet.document.front_matter import Entry, Fields, Scalar, plain
from sachet.finding import Span

BLOCK = "validation"
KEY = "stamp"
# The checks of the validation block that carry the day on which they were run, and the one that carries what it found.
DATED = (
    "automated_consistency_check",
    "dose_range_validator",
    "unit_normalization_check",
    "cross_file_consistency_check",
    "citation_presence_check",
    "duplicate_content_check",
)
FLAG = "outlier_detection_flag"
CLEAR, FLAGGED = "clear", "flagged"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_CONTENT = re.compile(r"sha256:[0-9a-f]{64}")
_WIDTH = 1000  # of a line of YAML, so that none is folded


@dataclass(frozen=True, slots=True)
class Stamp:
    """What was run: by which version, when (UTC), on which content, among how many documents, with which results.

    `results` has what each check found, in words, by its name; `formulary` is the name of the file, if there was one.
    """

    tool: str
    time: str
    content: str
    documents: int
    results: Mapping[str, str]
    formulary: str | None = None

    @property
    def day(self) -> str:
        """The day of `time`, as YYYY-MM-DD."""
        return self.time[:10]

    @property
    def is_flagged(self) -> bool:
        """Whether the check for outliers found an error or a warning."""
        return bool(re.search(r"error|warning", self.results.get(FLAG, "")))

    def as_fields(self) -> dict[str, Any]:
        """What stands below `stamp:`, as plain data."""
        named = {"formulary": self.formulary} if self.formulary else {}
        first = {"tool": self.tool, "time": self.time, "content": self.content, "documents": self.documents}
        return {**first, **named, "results": dict(self.results)}


def content_hash(text: str, fields: Fields) -> str:
    """The hash of a document but its validation block, with LF line ends and in NFC: "sha256:" and 64 hex digits."""
    lines = text.split("\n")
    if (block := _block(lines, fields)) is not None:
        del lines[block.start : block.stop]
    content = unicodedata.normalize("NFC", "\n".join(lines))
    return f"sha256:{hashlib.sha256(content.encode('utf-8', 'surrogatepass')).hexdigest()}"


def stamp_entry(fields: Fields) -> Entry | None:
    """The entry of the stamp in a document's front matter; None where there is none."""
    entry = fields.get(BLOCK)
    return entry.value.get(KEY) if entry and isinstance(entry.value, Fields) else None


def read(fields: Fields) -> Stamp | None:
    """The stamp of a document's front matter; None where there is none, or where it is not as it should be."""
    entry = stamp_entry(fields)
    said = plain(entry.value) if entry and isinstance(entry.value, Fields) else {}
    results = said.get("results")
    whole = (
        isinstance(said.get("tool"), str)
        and _TIME.fullmatch(str(said.get("time")))
        and _CONTENT.fullmatch(str(said.get("content")))
        and isinstance(said.get("documents"), int)
        and isinstance(results, dict)
        and all(isinstance(words, str) for words in results.values())
        and isinstance(said.get("formulary", ""), str)
    )
    return Stamp(**{key: said[key] for key in said if key in Stamp.__slots__}) if whole else None


def stands_in_block(span: Span, text: str, fields: Fields) -> bool:
    """Whether a place of a document is in its validation block."""
    block = _block(text.split("\n"), fields)
    return block is not None and span.line - 1 in block


def written(text: str, fields: Fields, stamp: Stamp) -> tuple[range, list[str]]:
    """The lines (from 0) of a document that a stamp replaces, and those that take their place: its validation block.

    What else stands in the block stays, with its comments. The range is empty where there is no block yet.
    """
    lines = text.split("\n")
    block, entry = _block(lines, fields), fields.get(BLOCK)
    if block is None or entry is None:
        end = next(n for n, line in enumerate(lines) if n >= fields.span.line and line.rstrip() == "---")
        return range(end, end), [f"{BLOCK}:", *_members({}, stamp)]
    value = entry.value
    if not isinstance(value, Fields) or not value.entries or _is_in_braces(lines, value):
        others = plain(value) if isinstance(value, Fields) else {}
        return block, [f"{lines[block.start][: entry.key_span.end_column - 1]}:", *_members(others, stamp)]
    return block, _members_in_place(lines, block, value, stamp)


def _is_in_braces(lines: list[str], value: Fields) -> bool:
    return lines[value.span.line - 1][value.span.column - 1] == "{"


def _members_in_place(lines: list[str], block: range, value: Fields, stamp: Stamp) -> list[str]:
    """The lines of a validation block, with the values of the checks and the stamp in place of older ones."""
    starts = [member.key_span.line - 1 for member in value]
    indent = lines[starts[0]][: value.entries[0].key_span.column - 1]
    news = _news(stamp)
    made = lines[block.start : starts[0]]
    for member, start, stop in zip(value, starts, [*starts[1:], block.stop], strict=True):
        end = next((n for n in range(start + 1, stop) if not lines[n].startswith(f"{indent} ")), stop)  # of its own
        if member.key in news and isinstance(member.value, Scalar):
            is_short = member.value.span.end_line == start + 1
            comment = lines[start][member.value.span.end_column - 1 :] if is_short else ""
            made.append(f"{lines[start][: member.key_span.end_column - 1]}: {news.pop(member.key)}{comment}")
        elif member.key != KEY:
            made += lines[start:end]
        made += lines[end:stop]
    made += [f"{indent}{key}: {value}" for key, value in news.items()]
    return [*made, *_dumped({KEY: stamp.as_fields()}, indent)]


def _members(others: Mapping[str, Any], stamp: Stamp) -> list[str]:
    """The lines below `validation:`, all of them new."""
    news = _news(stamp)
    kept = {key: value for key, value in others.items() if key not in news and key != KEY}
    lines = [f"  {key}: {value}" for key, value in news.items()]
    return [*lines, *(_dumped(kept, "  ") if kept else ()), *_dumped({KEY: stamp.as_fields()}, "  ")]


def _news(stamp: Stamp) -> dict[str, str]:
    """The values of the seven checks as YAML."""
    return {**dict.fromkeys(DATED, f'"{stamp.day}"'), FLAG: FLAGGED if stamp.is_flagged else CLEAR}


def _dumped(data: Mapping[str, Any], indent: str) -> list[str]:
    words = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return [f"{indent}{line}" for line in words.splitlines()]


class _Dumper(yaml.SafeDumper):
    """Writes words in quotes and keys without."""

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        node = super().represent_mapping(tag, mapping, flow_style)
        for key, value in node.value:
            key.style = None
            if isinstance(value, yaml.ScalarNode) and value.tag.endswith(":str"):
                value.style = '"'
        return node


def _block(lines: list[str], fields: Fields) -> range | None:
    """The lines (from 0) of the validation block: its key and all that is indented below it; None without one."""
    entry = fields.get(BLOCK)
    if entry is None:
        return None
    start = stop = entry.key_span.line - 1
    for number, line in _below(lines, start):
        if line.strip():
            stop = number
    return range(start, stop + 1)


def _below(lines: list[str], start: int) -> Iterator[tuple[int, str]]:
    for number in range(start + 1, len(lines)):
        line = lines[number]
        if line.strip() and not line.startswith((" ", "\t")):
            return
        yield number, line
