"""How often something is given, from words: only what is certain, the words stay beside it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from sachet.review.acceptance import Timing

_NUMBER = r"(\d{1,4}(?:\.\d{1,3})?)"
_RANGE = rf"{_NUMBER}(?:\s?(?:-|–|to)\s?{_NUMBER})?"
_UNITS = {"s": "s", "m": "min", "h": "h", "d": "d", "w": "wk"}
_UNIT = r"(s(?:ec(?:ond)?s?)?|min(?:ute)?s?|h(?:r|our)?s?|d(?:ays?)?|w(?:k|eeks?))"
_EVERY = re.compile(rf"(?:q|every)\s?(?:{_RANGE}\s?)?{_UNIT}", re.I)
_TIMES = re.compile(r"(?:x|×)\s?(\d{1,2})(?:\s(?:doses?|times))?", re.I)
_LASTS = re.compile(rf"{_RANGE}[\s-]?{_UNIT}", re.I)
_AS_NEEDED = re.compile(r"\s*\b(?:prn|as[ -]needed)\b", re.I)
_DAILY = {
    **dict.fromkeys(("daily", "once daily", "a day", "per day", "each day", "qd", "od"), 1),
    **dict.fromkeys(("bid", "bd", "twice daily", "twice a day", "two times daily"), 2),
    **dict.fromkeys(("tid", "tds", "three times daily", "three times a day"), 3),
    **dict.fromkeys(("qid", "four times daily", "four times a day"), 4),
}
_ONCE = ("once", "once only", "x1", "x 1", "×1", "one time")


def read_timing(frequency: str | None, over: str | None) -> Timing | None:
    """The timing that words for how often and for how long each time say; None where there are none.

    Raises ValueError where `over` is no time: an infusion without its duration would be a bolus.
    """
    if not frequency and not over:
        return None
    words = " ".join(filter(None, (frequency, over and f"over {over}")))
    return Timing(words=words, **_often(frequency or ""), **_long(over))


def _often(words: str) -> dict[str, Any]:
    told = _AS_NEEDED.sub("", words).strip().lower()
    found: dict[str, Any] = {"as_needed": told != words.strip().lower()}
    if told in _DAILY:
        return found | {"frequency": _DAILY[told], "period": Decimal(1), "period_unit": "d"}
    if told in _ONCE:
        return found | {"count": 1}
    if m := _TIMES.fullmatch(told):
        return found | {"count": int(m[1])}
    if m := _EVERY.fullmatch(told):
        unit = _UNITS[m[3][0].lower()]
        low, high = Decimal(m[1] or 1), Decimal(m[2]) if m[2] else None
        if unit != "s" and low > 0 and (high is None or high > low):
            return found | {"frequency": 1, "period": low, "period_max": high, "period_unit": unit}
    return found


def _long(words: str | None) -> dict[str, Any]:
    if not words:
        return {}
    m = _LASTS.fullmatch(words.strip())
    unit = _UNITS[m[3][0].lower()] if m else "wk"
    if m is None or unit == "wk" or not Decimal(m[1]) or (m[2] and Decimal(m[2]) <= Decimal(m[1])):
        raise ValueError(f"{words!r} is no time; write one like '10 minutes'")
    return {"duration": Decimal(m[1]), "duration_max": Decimal(m[2]) if m[2] else None, "duration_unit": unit}
