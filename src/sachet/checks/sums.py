"""CON: sums that words describe: "doubles from 10% to 40%", "12 of 40 (25%)", "1 mg/min for 6 hours (360 mg)".

Judged is only what can be computed from one phrase alone. What people round is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from sachet.checks.subject import Subject
from sachet.finding import Finding
from sachet.guideline.amount import Amount, amounts

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_TIMES = {"halve": 0.5, "double": 2.0, "triple": 3.0, "quadruple": 4.0}
_MULTIPLE = re.compile(
    rf"\b(?P<how>halve|double|triple|quadruple)[sd]?\b(?!\s?-)[^.,;:(]{{0,40}}?\bfrom\s[~<>≈]?\s?(?P<a>{_NUMBER})\s?(?P<unit>%|[A-Za-z]+)?"
    rf"\s(?:to|→)\s[~<>≈]?\s?(?P<b>{_NUMBER})\s?(?(unit)(?:%|[A-Za-z]+)|)",
    re.IGNORECASE,
)
_FOLD = re.compile(
    rf"\bfrom\s[~<>≈]?\s?(?P<a>{_NUMBER})\s?%?\s(?:to|→)\s[~<>≈]?\s?(?P<b>{_NUMBER})\s?%?[^.;()]{{0,12}}"
    rf"\(\s?(?:an?\s|~|about\s)?(?P<times>{_NUMBER})-fold"
)
_SHARE = re.compile(
    rf"(?<![\w.,/-])(?P<part>{_NUMBER})\s?(?:of|/)\s?(?P<whole>{_NUMBER})(?:\s[a-z]+){{0,2}}\s?[(;,]\s?(?P<share>\d{{1,3}}(?:\.\d+)?)\s?%"
)
_RATES = {"min": 1.0, "hr": 60.0, "day": 1440.0}  # minutes
_LASTS = re.compile(
    r"\s*(?:IV\s)?(?:infusion\s)?(?:x|×|for|over)\s(?:the\s(?:first|next)\s)?(?P<long>\d+(?:\.\d+)?)\s?"
    r"(?P<unit>h|hr|hrs|hours?|min|mins|minutes?|d|days?)\b\W{0,3}"
    r"\(\s?(?:=|total(?: of)?|~)?\s?",
    re.IGNORECASE,
)
_CLOSED = re.compile(r"\s?(?:in )?(?:total)?\s?[),;]")
_ROUNDED, _ROUGH = 0.06, 0.3  # of the result: what rounding explains, and what "doubles" may mean


def described(subject: Subject) -> Iterator[Finding]:
    """CON204: a multiple, a share, a speed or a total that its own numbers do not make."""
    for statement in subject.statements:
        words = statement.plain
        for start, end, made in (*_multiples(words), *_shares(words), *_speeds(words)):
            message = f"{words[start:end]!r} does not add up: {made}"
            yield subject.warning("CON204", statement.place(start, end), message)


def _multiples(words: str) -> Iterator[tuple[int, int, str]]:
    for m in _MULTIPLE.finditer(words) if "from" in words else ():
        times, a, b = _TIMES[m["how"].lower()], _value(m["a"]), _value(m["b"])
        if a and not _near(b / a, times, _ROUGH):
            yield m.start(), m.end(), f"from {m['a']} to {m['b']} is {b / a:.2g} times"
    for m in _FOLD.finditer(words) if "-fold" in words else ():
        times, a, b = _value(m["times"]), _value(m["a"]), _value(m["b"])
        if a and not _near(b / a, times, _ROUGH) and not (b and _near(a / b, times, _ROUGH)):
            yield m.start(), m.end(), f"from {m['a']} to {m['b']} is {b / a:.2g} times"


def _shares(words: str) -> Iterator[tuple[int, int, str]]:
    for m in _SHARE.finditer(words) if "%" in words else ():
        part, whole, share = _value(m["part"]), _value(m["whole"]), float(m["share"])
        if whole >= 10 and part <= whole and abs(100 * part / whole - share) > 1.0:
            yield m.start(), m.end(), f"{m['part']} of {m['whole']} is {100 * part / whole:.1f}%"


def _speeds(words: str) -> Iterator[tuple[int, int, str]]:
    """A speed with the same per another time behind it, or with how long it runs and what that makes."""
    found = amounts(words) if "(" in words else ()
    for first, second in pairwise(found):
        if first.unit != second.unit or first.per != second.per or first.time not in _RATES:
            continue
        between = words[first.end : second.start]
        if not _CLOSED.match(words, second.end):
            continue
        if re.fullmatch(r"\s?\(\s?(?:=|~|≈)?\s?", between) and second.time in _RATES and second.time != first.time:
            factor = _RATES[second.time] / _RATES[first.time]
            yield from _checked(words, first, second, factor)
        elif second.time is None and (lasts := _LASTS.fullmatch(between)):
            minutes = float(lasts["long"]) * _RATES[{"h": "hr", "m": "min", "d": "day"}[lasts["unit"][0].lower()]]
            yield from _checked(words, first, second, minutes / _RATES[first.time])


def _checked(words: str, first: Amount, second: Amount, factor: float) -> Iterator[tuple[int, int, str]]:
    low, high = float(first.low) * factor, float(first.high) * factor
    if not (_near(float(second.low), low, _ROUNDED) and _near(float(second.high), high, _ROUNDED)):
        made = f"{low:g}" if low == high else f"{low:g}-{high:g}"
        over = f"/{second.time}" if second.time else ""
        yield first.start, second.end, f"it makes {made} {second.unit}{over}"


def _value(words: str) -> float:
    return float(words.replace(",", ""))


def _near(one: float, other: float, tolerance: float) -> bool:
    return abs(one - other) <= tolerance * max(abs(one), abs(other), 1e-12)
