"""Dates, times and what they leave open: FHIRPath compares them field by field, down to what both of them say."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias

Fields: TypeAlias = tuple[int | Decimal, ...]  # year, month, day, hour, minute, second: as far as they are given
Moment: TypeAlias = tuple[bool, Fields]  # whether it has a zone, and its fields; in UTC where it has one
_MOMENT = re.compile(
    r"(\d{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01])"
    r"(?:T([01]\d|2[0-3])(?::([0-5]\d)(?::([0-5]\d|60)(\.\d+)?)?)?(Z|[+-]\d\d:\d\d)?)?)?)?"
)
_TIME = re.compile(r"([01]\d|2[0-3])(?::([0-5]\d)(?::([0-5]\d|60)(\.\d+)?)?)?")
CALENDAR = {"wk": "week", "d": "day", "h": "hour", "min": "minute", "s": "second", "ms": "millisecond"}  # UCUM's
_MILLISECONDS = {"week": 604_800_000, "day": 86_400_000, "hour": 3_600_000, "minute": 60_000, "second": 1000}


@lru_cache(4096)
def parse(text: str) -> Moment | None:
    """The fields of a date, dateTime or instant; None where it is none."""
    found = _MOMENT.fullmatch(text)
    if not found:
        return None
    *whole, fraction, zone = found.groups()
    fields: list[int | Decimal] = [int(field) for field in whole if field]
    if zone and zone != "Z" and (shifted := _shifted(fields, zone)):
        fields[:5] = shifted[: len(fields)]
    if len(fields) == 6:
        fields[5] = fields[5] + Decimal(fraction or 0)
    return bool(zone), tuple(fields)


def _shifted(fields: Sequence[int | Decimal], zone: str) -> list[int] | None:
    away = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:]))
    try:
        year, month, day, hour, minute = (*map(int, fields), 0)[:5]
        moved = datetime(year, month, day, hour, minute) - (away if zone[0] == "+" else -away)
    except (ValueError, OverflowError):  # 30 February, or before the year 1
        return None
    return [moved.year, moved.month, moved.day, moved.hour, moved.minute]


def _clock(text: str) -> Fields | None:
    found = _TIME.fullmatch(text)
    if not found:
        return None
    *whole, fraction = found.groups()
    fields: list[int | Decimal] = [int(field) for field in whole if field]
    if len(fields) == 3:
        fields[2] = fields[2] + Decimal(fraction or 0)
    return tuple(fields)


def _compared(one: Fields, other: Fields) -> int | None:
    for a, b in zip(one, other, strict=False):
        if a != b:
            return -1 if a < b else 1
    return 0 if len(one) == len(other) else None


def equal(one: str, other: str) -> bool | None:
    """Whether two dates are equal; None where one is coarser than the other, or only one has a zone."""
    a, b = parse(one), parse(other)
    if a is None or b is None:
        return one == other
    if a[0] != b[0] and min(len(a[1]), len(b[1])) > 3:
        return None
    compared = _compared(a[1], b[1])
    return None if compared is None else compared == 0


def compare(one: str, other: str) -> int | None:
    """-1, 0 or 1 as a date is before another, the same or after it; None where they leave it open.

    What has no zone is taken as UTC; HL7's engine takes the zone of the machine.
    """
    a, b = parse(one), parse(other)
    return None if a is None or b is None else _compared(a[1], b[1])


def compare_times(one: str, other: str) -> int | None:
    """-1, 0 or 1 as a time of day is before another, the same or after it; None where they leave it open."""
    a, b = _clock(one), _clock(other)
    return None if a is None or b is None else _compared(a, b)


def date_boundary(text: str, high: bool) -> str | None:
    """The first or last day that a date may mean."""
    found = _MOMENT.fullmatch(text)
    if not found or found[4]:
        return None
    year, month = int(found[1]), int(found[2] or (12 if high else 1))
    if not year:
        return None
    return f"{year:04}-{month:02}-{int(found[3] or (monthrange(year, month)[1] if high else 1)):02}"


@lru_cache(4096)
def date_time_boundary(text: str, high: bool) -> str | None:
    """The first or last millisecond that a dateTime may mean, over all zones where it has none."""
    found = _MOMENT.fullmatch(text)
    day = date_boundary(text.partition("T")[0], high)
    if not found or not day:
        return None
    time = time_boundary(text[11:23].split("Z")[0].split("+")[0].split("-")[0], high) if found[4] else _ends(high)
    return f"{day}T{time}{found[8] or ('-12:00' if high else '+14:00')}"


def _ends(high: bool) -> str:
    return "23:59:59.999" if high else "00:00:00.000"


def time_boundary(text: str, high: bool) -> str | None:
    """The first or last millisecond that a time of day may mean."""
    return text + _ends(high)[len(text) :] if _TIME.fullmatch(text) else None


def added(text: str, amount: int, unit: str) -> str | None:
    """A date some calendar units later, as precise as it was; None where there is no such date or unit."""
    found = _MOMENT.fullmatch(text)
    if not found:
        return None
    *whole, fraction, zone = found.groups()
    given = [int(field) for field in whole if field]
    year, month, day, hour, minute, second = given + [1, 1, 1, 0, 0, 0][len(given) :]
    try:
        if unit in ("year", "month"):
            year, month = divmod(year * 12 + month - 1 + amount * (12 if unit == "year" else 1), 12)
            month += 1
            day = min(day, monthrange(year, month)[1])
        moved = datetime(year, month, day, hour, minute, second, int(float(fraction or 0) * 1_000_000))
        if unit not in ("year", "month"):
            moved += timedelta(milliseconds=amount * (1 if unit == "millisecond" else _MILLISECONDS[unit]))
    except (ValueError, OverflowError, KeyError):
        return None
    form = ("%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%dT%H", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")[len(given) - 1]
    later = moved.strftime(form) if moved.year > 999 else f"{moved.year:04}" + moved.strftime(form[2:])
    milliseconds = f".{moved.microsecond // 1000:03}" if len(given) == 6 and (fraction or moved.microsecond) else ""
    return f"{later}{milliseconds}{zone or ''}"
