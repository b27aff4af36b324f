"""DOS: what guidance or the market has left behind, by `data/superseded.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from sachet.checks.subject import Subject
from sachet.checks.tables import table
from sachet.finding import Finding


def superseded(subject: Subject) -> Iterator[Finding]:
    """DOS131: a practice or a product that is superseded, where the line does not say so itself."""
    whole = subject.guideline.source.text.lower()
    rows = [row for row in _practices() if any(word in whole for word in row[0]["about"])]
    for statement in subject.statements if rows else ():
        for row, words, unless in rows:
            found = words.search(statement.plain)
            if found and not (unless and unless.search(statement.plain)):
                message = f"{row['why']} ({row['source']}); use {row['instead']}"
                yield subject.warning("DOS131", statement.place(*found.span()), message)


@cache
def _practices() -> list[tuple[dict[str, Any], re.Pattern[str], re.Pattern[str] | None]]:
    return [
        (
            row,
            re.compile(row["words"], re.IGNORECASE),
            re.compile(row["unless"], re.IGNORECASE) if "unless" in row else None,
        )
        for row in table("superseded")["practice"]
    ]
