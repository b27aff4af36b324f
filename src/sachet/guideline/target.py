"""Target times and durations: "Within 5 minutes", "< 24-48 hours", "Immediate".

A reading counts only where the grammar reads the phrase from its start and no second time stands beside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_UNITS = {
    "second": "s|secs?|seconds?",
    "minute": "min|mins|minutes?",
    "hour": "h|hrs?|hours?",
    "day": "days?",
    "week": "wks?|weeks?",
}
_UNIT = "|".join(f"(?P<{unit}>{words})" for unit, words in _UNITS.items())
_NUMBER = r"\d{1,6}(?:\.\d{1,4})?"
_DURATION = rf"(?P<low>{_NUMBER})\s*(?:(?:-|–|to)\s*(?P<high>{_NUMBER})\s*)?(?:{_UNIT})\b"
_COMPARATORS = {
    "<": "<(?!=)|under|less than",
    "<=": "<=|≤|(?:(?:initiate|start|begin|complete) )?within(?: the)?(?: first)?|no (?:more|later) than|at most",
    ">=": ">=|≥|at least",
    ">": ">(?!=)|more than",
}
_COMPARATOR = "|".join(f"(?P<c{i}>{words})" for i, words in enumerate(_COMPARATORS.values()))
_TIMED = re.compile(rf"(?:(?:emergent|urgent) \()?(?:{_COMPARATOR})\s*(?:{_DURATION})(?P<rest>.*)", re.I | re.S)
_BARE = re.compile(rf"{_DURATION}(?P<rest>)", re.I)
_IMMEDIATE = re.compile(r"immediate(?:ly)?\b(?P<rest>.*)", re.I | re.S)
_ANY_DURATION = re.compile(rf"{_NUMBER}\s*(?:{'|'.join(_UNITS.values())})\b", re.I)
_DEADLINE = re.compile(rf"\b(?:{_COMPARATOR})\s*(?:{_DURATION})", re.I)


@dataclass(frozen=True, slots=True)
class Target:
    """A time as written. `comparator` is <, <=, >, >=, = or immediate; two values are a range; units are singular.

    `plain` where nothing but the time was written ("< 5 minutes", not "< 5 minutes if unstable").
    """

    comparator: str
    values: tuple[Decimal, ...]
    unit: str | None
    plain: bool

    def as_json(self) -> dict[str, Any]:
        """The target as `sachet extract` prints it."""
        numbers = [int(v) if v == v.to_integral_value() else float(v) for v in self.values]
        value = None if not numbers else numbers[0] if len(numbers) == 1 else numbers
        return {"comparator": self.comparator, "value": value, "unit": self.unit}


def read_target(words: str) -> Target | None:
    """Read a cell of a target column; None where it is an event, a condition, a quantity or an instruction."""
    words = words.strip()
    if m := _IMMEDIATE.fullmatch(words):
        return Target("immediate", (), None, not m["rest"].strip(" ."))
    m = _TIMED.fullmatch(words) or _BARE.fullmatch(words)
    if m is None or _ANY_DURATION.search(m["rest"]):
        return None
    # A time without a comparator may be a ceiling, a deadline or a duration to hold: it is not plain.
    return _target(m, m.re is _TIMED and not m["rest"].strip(" ."))


def read_deadline(words: str) -> Target | None:
    """The one deadline that an action's own words end with ("… within 10 minutes"); None if there is none."""
    found = list(_DEADLINE.finditer(words))
    if len(found) != 1 or words[found[0].end() :].strip(" .)*") or len(_ANY_DURATION.findall(words)) != 1:
        return None
    if re.search(r"\b(?:if|when|unless|after|until|for|expect|expected)\b", words[: found[0].start()], re.I):
        return None
    return _target(found[0], True)


def _target(m: re.Match[str], plain: bool) -> Target:
    groups = m.groupdict()
    comparator = next((c for i, c in enumerate(_COMPARATORS) if groups.get(f"c{i}")), "=")
    unit = next(unit for unit in _UNITS if groups[unit])
    values = tuple(Decimal(v) for v in (m["low"], m["high"]) if v)
    return Target(comparator, values, unit, plain)
