"""Bytes of a file to text whose lines and columns can be named."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from sachet.finding import START, Findings, Span

# What FHIR's `string` and XHTML forbid: control characters other than tab, line feed and carriage return, and two
# characters that are none.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
REPLACEMENT = "�"
# No document for people to read is longer; what is longer is not read.
MOST_BYTES = 1024 * 1024
MOST_LINES = 20_000
_TOO_LONG = f"more than {MOST_BYTES} bytes or {MOST_LINES} lines, which no document for people to read has; divide it"


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a file with LF line ends, and the bytes that it was made from."""

    path: str
    text: str
    content: bytes

    @property
    def sha256(self) -> str:
        """SHA-256 of the file's bytes, in hex."""
        return hashlib.sha256(self.content).hexdigest()


def decode(path: str, content: bytes, findings: Findings) -> Source | None:
    """Decode a file's bytes as UTF-8; None, with a finding, if it is no text.

    A byte order mark is dropped; CRLF and CR become LF (columns stay); control characters become U+FFFD, because
    no FHIR string can hold them.
    """
    if len(content) > MOST_BYTES or content.count(b"\n") > MOST_LINES:
        findings.error("STR107", START, _TOO_LONG)
        return None
    if not content.strip():
        findings.error(
            "STR101", START, "the file is empty; a document begins with front matter between two lines of ---"
        )
        return None
    if b"\0" in content:
        findings.error("STR102", START, "this is a binary file, not a Markdown document; save it as UTF-8 text")
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        before = content[: e.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        message = f"byte 0x{content[e.start]:02x} is not UTF-8; save the file as UTF-8"
        findings.error("STR103", Span(line, column, line, column + 1), message)
        return None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for m in CONTROL.finditer(text):
        line = text.count("\n", 0, m.start()) + 1
        column = m.start() - text.rfind("\n", 0, m.start())
        span = Span(line, column, line, column + 1)
        findings.error("STR104", span, f"control character U+{ord(m[0]):04X}, which no FHIR string can hold; delete it")
    return Source(path, CONTROL.sub(REPLACEMENT, text), content)


def load(path: Path, findings: Findings) -> Source | None:
    """Read a file; None, with a finding, if it cannot be read or is no text."""
    if path.exists() and not path.is_file():
        findings.error("STR100", START, "this is no regular file")
        return None
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as e:
        findings.error("STR100", START, f"the file cannot be read: {e.strerror or e}")
        return None
    return decode(findings.path, content, findings)
