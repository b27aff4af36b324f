"""From a file to a Document: strict front matter, and a Markdown tree that knows its lines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sachet.document import front_matter, markdown, source
from sachet.document.front_matter import Fields
from sachet.document.markdown import Block
from sachet.document.source import Source
from sachet.finding import Findings, Result

__all__ = ["Document", "read", "read_bytes"]


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it is written: nothing interpreted, nothing lost."""

    path: str
    source: Source
    fields: Fields
    body_line: int  # the line on which the Markdown begins
    blocks: tuple[Block, ...]


def read_bytes(path: str, content: bytes) -> Result[Document]:
    """Read a document from a file's bytes; `path` is what findings call it."""
    findings = Findings(path)
    return _document(source.decode(path, content, findings), findings)


def read(path: Path, name: str | None = None) -> Result[Document]:
    """Read a document from a file; findings call it `name`, or its path."""
    findings = Findings(name or path.as_posix())
    return _document(source.load(path, findings), findings)


def _document(text: Source | None, findings: Findings) -> Result[Document]:
    parts = front_matter.split(text.text, findings) if text else None
    if text is None or parts is None:
        return Result(None, tuple(findings.found))
    yaml_text, first_line, body, body_line = parts
    fields = front_matter.parse(yaml_text, first_line, findings)
    blocks = markdown.parse(body, body_line, findings)
    if fields is None:
        return Result(None, tuple(findings.found))
    return Result(Document(text.path, text, fields, body_line, blocks), tuple(findings.found))
