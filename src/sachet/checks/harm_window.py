"""CON: do the windows of `time_to_harm` fit each other, and the target times them?

A window is read only where its value begins with it or with what is to be done in it: "< 10 minutes (…)", "12-24 hours
…", "delivery within 24 hours". Anything else ("minutes to hours", "immediate") is compared with nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sachet.checks.subject import Subject
from sachet.document.front_matter import Fields, Scalar
from sachet.finding import Finding
from sachet.guideline.model import Kind
from sachet.guideline.target import Target, read_target

KEY = "time_to_harm"
_KEYS = ("irreversible_injury", "death", "optimal_intervention_window")
_WHAT = re.compile(r"^[A-Za-z][A-Za-z /-]{0,40}?\s(?=within\s\d)")  # "Delivery within 24 hours"
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}


@dataclass(frozen=True, slots=True)
class Window:
    """A window of `time_to_harm`: its end in seconds, and the value that says it."""

    key: str
    end: float
    value: Scalar


def order(subject: Subject) -> Iterator[Finding]:
    """CON101: an optimal window that ends when the harm is done. CON102: an injury after death."""
    windows = _windows(subject)
    best, injury, death = (windows.get(key) for key in (_KEYS[2], _KEYS[0], _KEYS[1]))
    harms = [window for window in (injury, death) if window]
    if best and harms:
        first = min(harms, key=lambda window: window.end)
        if best.end > first.end:
            message = (
                f"the optimal window ({best.value.words}) ends after {_SAID[first.key]} ({first.value.words}): it "
                "would be too late, or the two are of different causes. Give windows of one cause, or a sentence"
            )
            yield subject.warning("CON101", best.value.span, message, [first.value.span])
    if injury and death and injury.end > death.end:
        message = (
            f"irreversible injury ({injury.value.words}) after death ({death.value.words}); say of which cause each is"
        )
        yield subject.note("CON102", injury.value.span, message, [death.value.span])


_SAID = {"irreversible_injury": "irreversible injury", "death": "death"}


def complete(subject: Subject) -> Iterator[Finding]:
    """CON103: windows of which one is missing."""
    entry = subject.guideline.fields.get(KEY)
    if entry is None or not isinstance(entry.value, Fields):
        return
    there = {e.key for e in entry.value if not (isinstance(e.value, Scalar) and e.value.is_null)}
    if missing := [key for key in _KEYS if key not in there]:
        message = f"{KEY} lacks {', '.join(missing)}; add it, or write one sentence in its place"
        yield subject.warning("CON103", entry.key_span, message)


def targets(subject: Subject) -> Iterator[Finding]:
    """CON104: a target time after the time to death."""
    death = _windows(subject).get("death")
    section = subject.guideline.section("Critical Actions")
    if death is None or section is None:
        return
    for item in section.walk():
        if item.kind is Kind.TARGET and item.target and (end := _end(item.target)) and end > death.end:
            message = f"the target of {item.title!r} is later than the time to death ({death.value.words})"
            yield subject.note("CON104", item.span, message, [death.value.span])


def _windows(subject: Subject) -> dict[str, Window]:
    entry = subject.guideline.fields.get(KEY)
    found: dict[str, Window] = {}
    for one in entry.value if entry and isinstance(entry.value, Fields) else ():
        value = one.value
        if one.key in _KEYS and isinstance(value, Scalar) and value.words:
            first = re.split(r"[(,;—]", value.words, maxsplit=1)[0].strip()
            target = read_target(_WHAT.sub("", first))
            end = _end(target) if target else None
            if end is not None:
                found[one.key] = Window(one.key, end, value)
    return found


def _end(target: Target) -> float | None:
    """The end of a time in seconds; None where it has none."""
    if target.unit is None or target.comparator.startswith(">"):
        return None
    return float(max(target.values)) * _SECONDS[target.unit]
