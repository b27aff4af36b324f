"""Amounts: "10-20 mg", "0.05 mcg/kg/min", "2 million units", "1 g per day", with their unit in UCUM.

Read is a number or a range with a unit of the table and what it is for, up to the last stroke; a unit or a stroke that
the table does not have makes it no amount.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache

from sachet.terminology.units import concentration, denominators, either, unit_of, units

_INTEGER = r"\d{1,3}(?:,\d{3})+|\d{1,7}"
_NUMBER = rf"(?:(?:{_INTEGER})(?:\.\d{{1,6}})?|\.\d{{1,6}})"
_FRACTION = r"1/[2-8]|[½¼¾]"
_TO = r"\s?(?:-|–|—|\bto\b)\s?"
_FRACTIONS = {"½": Decimal("0.5"), "¼": Decimal("0.25"), "¾": Decimal("0.75")}
_LIKE_ONE = re.compile(r"[\d½¼¾][ -]?[a-zµμ]", re.IGNORECASE)  # most lines have no number with letters behind it
_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number or a range with its unit; `per` is kg or m2, `time` min, hr, day, week or dose.

    `comparator` is what stands before it (<, <=, >, >=, ~); `kind` is the kind of its unit, or "concentration" where it
    is one, or "unknown": then it is no amount of anything given.
    """

    low: Decimal
    high: Decimal
    unit: str
    per: str | None
    time: str | None
    comparator: str | None
    kind: str
    ucum: str
    start: int
    end: int

    @property
    def dimension(self) -> tuple[str, str | None, str | None]:
        """What has to be the same for two amounts to be compared."""
        return self.kind, self.per, self.time


@lru_cache(maxsize=1 << 10)
def amounts(words: str) -> tuple[Amount, ...]:
    """The amounts in words, in their order."""
    if not _LIKE_ONE.search(words):
        return ()
    return tuple(found for m in _pattern().finditer(words) if (found := _read(m)))


def has_amount(words: str) -> bool:
    """Whether there is an amount in words at all."""
    return _LIKE_ONE.search(words) is not None and _pattern().search(words) is not None


@cache
def _pattern() -> re.Pattern[str]:
    unit = rf"(?:{either(units())})"
    by, time, within = either(denominators("by")), either(denominators("time")), concentration()
    below = rf"\s?/\s?(?:{_NUMBER}\s?)?(?:{by}|{time}|{within}|[^\W\d]\w*)(?!\w)"
    each = rf"\sper\s(?:{by}|{time})(?!\w)"
    return re.compile(
        rf"(?<![\w.,/:])(?P<comparator>[<>]=?\s?|[≤≥~≈]\s?)?"
        rf"(?P<low>{_NUMBER}|{_FRACTION})(?:(?:\s?(?P<first>{unit}))?{_TO}(?P<high>{_NUMBER}))?"
        rf"(?P<million>\smillion)?(?:\s|-)?(?P<unit>{unit})(?:\sPE)?(?!\w)(?P<below>(?:{below}|{each}){{0,3}})",
        re.IGNORECASE,
    )


def _read(m: re.Match[str]) -> Amount | None:
    rows = units()
    unit = unit_of(rows, m["unit"])
    if m["first"] and unit_of(rows, m["first"]) is not unit:
        return None
    per, time, kind = None, None, unit.kind
    for words in re.split(r"\s?/\s?|\sper\s", m["below"])[1:]:
        what = _denominator(words)
        if what == "by" and per is None and time is None:
            per = unit_of(denominators("by"), words)
        elif what == "time" and time is None:
            time = unit_of(denominators("time"), words)
        else:
            kind = "concentration" if what == "concentration" else "unknown"
    low = _number(m["low"], m["million"])
    high = _number(m["high"], m["million"]) if m["high"] else low
    if high < low or m.string.startswith("/", m.end()):  # "mL/kg/%TBSA": not all of its unit is known
        kind = "unknown"
    return Amount(
        low=low,
        high=high,
        unit=unit.name,
        per=per.name if per else None,
        time=time.name if time else None,
        comparator=_COMPARATORS[m["comparator"].strip()] if m["comparator"] else None,
        kind=kind,
        ucum="/".join(u.ucum for u in (unit, per, time) if u),
        start=m.start(),
        end=m.end(),
    )


_COMPARATORS = {"<": "<", "<=": "<=", "≤": "<=", ">": ">", ">=": ">=", "≥": ">=", "~": "~", "≈": "~"}


def _denominator(words: str) -> str:
    """What words below a stroke are: "by", "time", "concentration", or nothing that is known."""
    for what in ("by", "time"):
        if re.fullmatch(either(denominators(what)), words, re.IGNORECASE):
            return what
    return "concentration" if re.fullmatch(rf"(?:{_NUMBER}\s?)?(?:{concentration()})", words, re.IGNORECASE) else ""


def _number(words: str, million: str | None = None) -> Decimal:
    if "/" in words:
        over, under = words.split("/")
        value = Decimal(over) / Decimal(under)
    else:
        value = _FRACTIONS.get(words) or Decimal(words.replace(",", ""))
    return value * _MILLION if million else value
