"""What a named person accepted of a step, and the file of a document in which it is kept: `accepted/ID.yaml`.

The file is kept in git beside the documents. What it says counts only while the hash of the step with its surroundings
is the one that the person saw.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml
from msgspec import Meta

from sachet.document import front_matter
from sachet.document.front_matter import Fields, Value
from sachet.finding import START, Findings, Span
from sachet.whole_file import replace

FOLDER = "accepted"
UNCONDITIONAL: Literal["unconditional"] = "unconditional"
NONE: Literal["none"] = "none"
_HEAD = """\
# What named persons accepted of the steps of this document, so that a server can execute it. `sachet accept` writes it.
# It counts only while nothing changed of a step and of what stands above, below and beside it; else the step is text.
"""

# Words that a FHIR string can hold.
_Words = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x1f\x7f\s][^\x00-\x1f\x7f]*\Z", max_length=2000)]
_MOST = 10_000_000
_Code = Annotated[str, Meta(pattern=r"^[^\s]+( [^\s]+)*\Z", max_length=200)]


class _Struct(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of the file; what is not said is left out."""


class RequestKind(StrEnum):
    """What an instruction can become: a resource type of FHIR."""

    MEDICATION = "MedicationRequest"
    SERVICE = "ServiceRequest"
    TASK = "Task"


class Coding(_Struct, frozen=True):
    """A code that the reviewer supplied: the address of its system, the code and, if given, its words there."""

    system: Annotated[str, Meta(pattern=r"^(?:https?://|urn:)[^\s|]+\Z")]
    code: _Code
    display: _Words | None = None


class Concept(_Struct, frozen=True):
    """Words for a drug, a service, a task or a route, with the codes that the reviewer supplied."""

    text: _Words
    codes: tuple[Coding, ...] = ()


class Condition(_Struct, frozen=True):
    """When the step applies: in words, and as the FHIRPath that a server evaluates."""

    words: _Words
    expression: _Words


class Size(_Struct, frozen=True):
    """An amount or a range; `unit` is its code in UCUM."""

    low: Decimal
    high: Decimal
    unit: _Code

    @property
    def is_amount(self) -> bool:
        """Whether the numbers are above zero, in order, and not beyond all measure."""
        return self.low.is_finite() and self.high.is_finite() and 0 < self.low <= self.high <= _MOST

    def __str__(self) -> str:
        low, high = (f"{value:f}" for value in (self.low, self.high))
        return f"{low if low == high else f'{low}-{high}'} {self.unit}"


class Timing(_Struct, frozen=True):
    """How often, and for how long each time: the words, and what of them is certain. Units are those of UCUM."""

    words: _Words | None = None
    count: int | None = None
    frequency: int | None = None
    period: Decimal | None = None
    period_max: Decimal | None = None
    period_unit: Literal["min", "h", "d", "wk"] | None = None
    duration: Decimal | None = None
    duration_max: Decimal | None = None
    duration_unit: Literal["s", "min", "h", "d"] | None = None
    as_needed: bool = False


class Dosage(_Struct, frozen=True):
    """How much at a time, or how fast; by which way; how often; and the most at a time."""

    dose: Size | None = None
    rate: Size | None = None
    route: Concept | None = None
    timing: Timing | None = None
    maximum: Size | None = None


class Acceptance(_Struct, frozen=True):
    """What was accepted of one step: by whom and when, as what, and under which condition.

    `alternatives` are the steps beside it in the same list of which only one is to be done; `sha256` is the hash of the
    step with its surroundings as they were.
    """

    step: _Words
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    reviewer: _Words
    date: datetime.date
    kind: RequestKind
    condition: Condition | Literal["unconditional"]
    alternatives: Annotated[tuple[_Words, ...], Meta(min_length=1)] | Literal["none"]
    what: Concept
    dosage: Dosage | None = None


class _File(_Struct, frozen=True):
    document: _Words
    accepted: tuple[Acceptance, ...]


def path_of(root: Path, document: str) -> Path:
    """The file of a document's acceptances, in the folder of its project."""
    return root / FOLDER / f"{document}.yaml"


def load(root: Path, document: str) -> tuple[tuple[tuple[Acceptance, Span], ...], Findings]:
    """What was accepted of a document, each with its place in the file; nothing where there is no file.

    One that is not written as it should be is a finding (REV103) and left out; all are where the file as a whole is
    wrong.
    """
    file = path_of(root, document)
    findings = Findings(f"{FOLDER}/{document}.yaml")
    if not file.is_file():
        return (), findings
    return tuple(_read(file, document, findings)), findings


def _read(file: Path, document: str, findings: Findings) -> Iterator[tuple[Acceptance, Span]]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as e:
        findings.error("REV103", START, f"what was accepted cannot be read: {e}")
        return
    fields = front_matter.parse(text, 1, findings, "the file")
    if fields is None or any(f.severity == "error" for f in findings.found):
        return
    listed = fields.get("accepted")
    named = fields.scalar("document")
    if named is None or named.words != document:
        findings.error("REV103", named.span if named else START, f"document: write {document!r}, as the file is called")
        return
    if listed is None or not isinstance(listed.value, front_matter.Sequence):
        findings.error("REV103", listed.span if listed else START, "accepted: write a list of what was accepted")
        return
    for entry in (e for e in fields if e.key not in ("document", "accepted")):
        findings.error("REV103", entry.key_span, f"there is no key {entry.key!r} here")
    for value in listed.value.items:
        try:
            yield msgspec.convert(_plain(value), Acceptance, strict=False), value.span
        except msgspec.ValidationError as e:
            place, what = _where(value, str(e))
            findings.error("REV103", place, f"{what}; mend it, or accept the step again")


def _plain(value: Value) -> Any:
    """A value as msgspec reads it: numbers as they are written."""
    if isinstance(value, Fields):
        return {entry.key: _plain(entry.value) for entry in value}
    if isinstance(value, front_matter.Sequence):
        return [_plain(item) for item in value.items]
    return value.value if value.value is None or isinstance(value.value, bool) else value.words


def _where(value: Value, error: str) -> tuple[Span, str]:
    """Where in a value an error of msgspec is, and what it says."""
    what, _, path = error.partition(" - at `$")
    for key, index in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        if isinstance(value, Fields) and (entry := value.get(key)):
            value = entry.value
        elif isinstance(value, front_matter.Sequence) and index:
            value = value.items[int(index)]
    names = path.rstrip("`").lstrip(".")
    return value.span, f"{names}: {what}" if names else what


def malformed(accepted: Acceptance) -> str | None:
    """What is wrong with how something is written that was not read from a file; None if nothing is."""
    try:
        msgspec.convert(msgspec.to_builtins(accepted), Acceptance, strict=False)
    except msgspec.ValidationError as e:
        what, _, path = str(e).partition(" - at `$.")
        return f"{path.rstrip('`')}: {what}"
    return None


def save(root: Path, document: str, accepted: Iterable[Acceptance]) -> Path:
    """Write what was accepted of a document, in the order given; the file is replaced at once, or stays as it was."""
    file = path_of(root, document)
    file.parent.mkdir(parents=True, exist_ok=True)
    data = msgspec.to_builtins(
        _File(document=document, accepted=tuple(accepted)), builtin_types=(Decimal, datetime.date)
    )
    words = _HEAD + yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    replace(file, words.encode("utf-8"))
    return file


class _Dumper(yaml.SafeDumper):
    """Writes numbers as they are, and lists below their key a step further in."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        return super().increase_indent(flow, False)


def _decimal(dumper: yaml.SafeDumper, value: Decimal) -> yaml.Node:
    tag = "int" if value == value.to_integral_value() else "float"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{tag}", f"{value:f}")


_Dumper.add_representer(Decimal, _decimal)
