"""A baseline: the findings that a project had when it began to be checked, so that only new ones are shown.

A finding is told by its file, its code, and a hash of its line and its message without the numbers of lines; so it fits
when lines are inserted above it, and no longer when its own line is edited.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from sachet.finding import Finding
from sachet.report.texts import Texts

FILE = "sachet-baseline.json"
_LINES = re.compile(r"\blines? \d+|(?<=\.md):\d+")
Key = tuple[str, str, str]


def key(finding: Finding, texts: Texts) -> Key:
    """What tells a finding from others, whatever the number of its line."""
    line = texts.line(finding.path, finding.span.line).strip()
    words = f"{line}\0{_LINES.sub('line', finding.message)}"
    return finding.path, finding.code, hashlib.sha256(words.encode()).hexdigest()[:16]


def load(path: Path) -> Counter[Key]:
    """The findings of a baseline, with how often each is there. Raises ValueError where the file is none."""
    try:
        rows = json.loads(path.read_text("utf-8"))["findings"]
        return Counter({(row["path"], row["code"], row["hash"]): int(row["count"]) for row in rows})
    except (KeyError, TypeError, ValueError) as e:
        raise ValueError(f"{path} is no baseline of sachet; write it anew with --write-baseline") from e


def save(path: Path, findings: Iterable[Finding], texts: Texts) -> int:
    """Write the baseline of findings; returns how many there are."""
    counts = Counter(key(finding, texts) for finding in findings)
    rows = [
        {"path": where, "code": code, "hash": digest, "count": number}
        for (where, code, digest), number in sorted(counts.items())
    ]
    path.write_text(json.dumps({"version": 1, "findings": rows}, indent=1) + "\n", "utf-8", newline="\n")
    return sum(counts.values())


def without(
    findings: Iterable[Finding], known: Counter[Key], texts: Texts
) -> tuple[list[Finding], list[Finding], Counter[Key]]:
    """The findings that are new, those that the baseline knows, and what of it is there no more."""
    left = Counter(known)
    new, old = [], []
    for finding in findings:
        one = key(finding, texts)
        if left[one] > 0:
            left[one] -= 1
            old.append(finding)
        else:
            new.append(finding)
    return new, old, +left
