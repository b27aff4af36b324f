"""SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html): findings as other tools show them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from sachet.finding import Severity, Span
from sachet.rules import rule
from sachet.version import VERSION

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def log(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A log of results, with the rules that they are of."""
    rules = [_rule(code) for code in sorted({result["ruleId"] for result in results})]
    tool = {"driver": {"name": "sachet", "version": VERSION, "rules": rules}}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": tool, "results": list(results), "columnKind": "unicodeCodePoints"}],
    }


def result(
    code: str, severity: Severity, message: str, location: dict[str, Any], related: Iterable[dict[str, Any]] = ()
) -> dict[str, Any]:
    """A result at a location."""
    made: dict[str, Any] = {
        "ruleId": code,
        "level": _LEVELS[severity],
        "message": {"text": message},
        "locations": [location],
    }
    if others := list(related):
        made["relatedLocations"] = [{"id": number, **one} for number, one in enumerate(others)]
    return made


def location(path: str, span: Span) -> dict[str, Any]:
    """A place in a file; `end_line` 0 where its end is not known."""
    region = {"startLine": span.line, "startColumn": span.column}
    if span.end_line:
        region |= {"endLine": span.end_line, "endColumn": span.end_column}
    return {"physicalLocation": {"artifactLocation": {"uri": path}, "region": region}}


def fingerprint(*words: str) -> dict[str, str]:
    """What tells a result from others when its line moves."""
    return {"sachet/v1": hashlib.sha256("\0".join(words).encode()).hexdigest()[:32]}


def _rule(code: str) -> dict[str, Any]:
    one = rule(code)
    made: dict[str, Any] = {
        "id": code,
        "shortDescription": {"text": one.what},
        "defaultConfiguration": {"level": _LEVELS[one.severity]},
    }
    if one.why:
        made["fullDescription"] = {"text": " ".join(one.why.split())}
        made["help"] = {
            "text": f"{one.why.strip()}\n\nSource: {one.source}\n\nWrong:\n{one.wrong}\n\nRight:\n{one.right}"
        }
    return made
