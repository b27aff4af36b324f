"""What a document gives: its doses with what the words beside them say, so that doses can be compared.

`data/dose_context.toml` has the tags. Two doses are alike where drug, unit, route and tags are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from sachet.checks.statement import Statement
from sachet.checks.tables import table
from sachet.finding import Span
from sachet.guideline.amount import amounts
from sachet.guideline.medication import Medication
from sachet.guideline.model import Item
from sachet.terminology import drugs
from sachet.terminology.words import stems

BASE_UNITS = {"g": ("mg", 1000.0), "mcg": ("mg", 0.001), "ng": ("mg", 1e-6), "L": ("mL", 1000.0), "IU": ("units", 1.0)}
_SCHEDULE = re.compile(r"\bq\.?\s?\d+(?:-\d+)?\s?h|hourly|every \d+(?:-\d+)? h|daily|bid|tid|qid|qhs|weekly|day", re.I)
_SAID = 60  # so many stems of what is said around a dose are kept
_AGES = re.compile(
    r"(?P<low>\d{1,2})\s?(?P<months>months?|mo)?\s?(?:-|–|to)\s?(?P<high>\d{1,2})\s?(?P<unit>years?|yrs?|months?|mo)?\b"
    r"|(?P<sign>>=|≥|>)\s?(?P<above>\d{1,2})",
    re.IGNORECASE,
)
_ROUTES = [
    (route, re.compile(pattern))
    for route, pattern in (
        ("PO", r"\bpo\b|\boral|mouth"),
        ("IM", r"\bim\b|intramusc"),
        ("SC", r"\bs[cq]\b|subcut"),
        ("IV", r"\bi[vo]\b|intraven|intraoss"),
        ("IN", r"\bin\b|nasal"),
        ("PR", r"\bpr\b|rectal"),
        ("SL", r"\bsl\b|sublingual"),
        ("inhaled", r"nebuli|inhal"),
    )
]
_PERCENT = re.compile(r"(?<![\d.<>-])(\d{1,2}(?:\.\d{1,2})?)\s?%(?!\s?(?:of|TBSA|BSA))")
_TIME = re.compile(r"(?P<low>\d+(?:\.\d+)?)(?:\s?(?:-|–|to)\s?(?P<high>\d+(?:\.\d+)?))?\s?(?P<unit>s|m|h|d)", re.I)
_WITHIN = re.compile(rf"\bwithin\s(?:{_TIME.pattern})[a-z]*\b", re.IGNORECASE)
_IN_MINUTES = {"s": 1 / 60, "m": 1.0, "h": 60.0, "d": 1440.0}
_CLAUSE = re.compile(r"[;•]|\.\s|\s[—–]\s|→|\bOR\b|(?<=\w), (?=then\b)")
_FOR = re.compile(
    r"\b(?:for|if|in|when|with|due to|after|secondary to|during|against)\s+([^.;:,()—–|]{2,60})", re.IGNORECASE
)
_LED = re.compile(r"(?:for|if|in)\s([^:]{2,40}):", re.IGNORECASE)  # "For PCI: …"
_TREATED = re.compile(r"\b(?:correct|treat|reverse|manage)\s+([^.;:,()—–|]{2,40})\(", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Given:
    """A dose, as far as others are compared with it. `low` and `high` are in `unit` (mg, mL, units, mEq, …).

    `turn` is 0 for the first dose of the drug in its line; `about` are stems of what it is said to be for, `purpose`
    those that do not stand in a label; `said` are the stems of all words around it; `parent` is the key of the item
    above it. It is given `over` so many minutes, and `within` so many of something.
    """

    drug: str
    unit: str
    per: str | None
    time: str | None
    low: float
    high: float
    words: str
    route: str | None
    strength: str | None
    scheduled: bool
    turn: int
    maximum: float | None
    tags: tuple[str, ...]
    about: tuple[str, ...]
    purpose: tuple[str, ...]
    section: str
    ages: tuple[float, float] | None
    over: tuple[float, float] | None
    within: float | None
    said: tuple[str, ...]
    parent: str
    item: str
    span: Span

    @property
    def basis(self) -> tuple[str, str, str | None, str | None]:
        """What has to be the same for two doses to be compared: drug, unit, and what it is by."""
        return self.drug, self.unit, self.per, self.time

    def same_amount(self, other: Given) -> bool:
        """Whether two doses are the same."""
        return abs(self.low - other.low) <= 0.01 * self.low and abs(self.high - other.high) <= 0.01 * self.high


def given(medications: Iterable[Medication], statements: Iterable[Statement]) -> Iterator[Given]:
    """The doses of a document, in its order; `statements` say what stands above each."""
    above = {s.item.key: s.above for s in statements}
    turns: dict[tuple[str, ...], int] = {}
    for one in medications:
        over = above.get(one.item.key, ())
        made = _given(one, over, over[-1].key if over else one.section)
        where = (one.item.key, made.drug, made.unit, made.per or "", made.time or "")
        turn = turns.get(where, 0)
        turns[where] = turn + 1
        yield replace(made, turn=turn)


def _given(one: Medication, above: tuple[Item, ...], parent: str) -> Given:
    dose, amount = one.dose, one.dose.amount
    unit, factor = BASE_UNITS.get(amount.unit, (amount.unit, 1.0))
    whole = " | ".join(cell.text.plain for cell in one.item.cells) or " ".join(t.plain for t in one.item.words)
    clause = clause_at(whole, dose.start, dose.end)
    labels = [item.title for item in above] + [_label(one.item)]
    around = " ".join((clause, *labels, dose.population or ""))
    led = _LED.match(whole)
    said_for = [m[1] for pattern in (_FOR, _TREATED) for m in pattern.finditer(clause)]
    purpose = " ".join([*said_for, led[1] if led else ""])
    return Given(
        drug=dose.drug.substance,
        unit=unit,
        per=amount.per,
        time=amount.time,
        low=float(amount.low) * factor,
        high=float(amount.high) * factor,
        words=whole[dose.start : dose.end],
        route=_route(dose.route),
        strength=dose.concentration or _percent(clause),
        scheduled=bool(dose.frequency and _SCHEDULE.search(dose.frequency)),
        turn=0,
        maximum=_maximum(dose.maximum, unit),
        tags=tuple(sorted((*_tags("beside", _beside(whole, dose.start, dose.end)), *_tags("around", around)))),
        about=_about(" ".join([*labels, purpose])),
        purpose=_about(purpose),
        section=one.section,
        ages=read_ages(dose.population or ""),
        over=_minutes(dose.over),
        within=_within(whole),
        said=tuple(stems(around))[:_SAID],
        parent=parent,
        item=one.item.key,
        span=one.span,
    )


def read_ages(words: str) -> tuple[float, float] | None:
    """The ages that words name, in years; up to 200 where they name no end. None where they name none."""
    m = _AGES.search(words)
    if m is None:
        return None
    if m["above"]:
        return float(m["above"]) + (1 if m["sign"] == ">" else 0), 200.0
    low, high = float(m["low"]), float(m["high"])
    return (low / 12 if m["months"] or (m["unit"] or "").lower().startswith("m") else low), (
        high / 12 if (m["unit"] or "").lower().startswith("m") else high
    )


def _minutes(words: str | None) -> tuple[float, float] | None:
    """The time that words name first, in minutes."""
    m = _TIME.search(words or "")
    if m is None:
        return None
    factor = _IN_MINUTES[m["unit"][0].lower()]
    return float(m["low"]) * factor, float(m["high"] or m["low"]) * factor


def _within(words: str) -> float | None:
    """The one time within which a line says that something is done, in minutes."""
    found = [_minutes(m[0]) for m in _WITHIN.finditer(words)]
    return found[0][1] if len(found) == 1 and found[0] else None


def _route(words: str | None) -> str | None:
    """A route as its abbreviation, two as "PO/IV"; as it is written where it is another one."""
    if words is None:
        return None
    found = [route for route, pattern in _ROUTES if pattern.search(words.lower())]
    return "/".join(found) or words.lower()


def _maximum(words: str | None, unit: str) -> float | None:
    for amount in amounts(words or ""):
        name, factor = BASE_UNITS.get(amount.unit, (amount.unit, 1.0))
        if name == unit and amount.per is None:
            return float(amount.high) * factor
    return None


def clause_at(words: str, start: int, end: int) -> str:
    """The words around an amount, up to the marks that divide a line."""
    left = max((m.end() for m in _CLAUSE.finditer(words, 0, start)), default=0)
    right = next((m.start() for m in _CLAUSE.finditer(words, end)), len(words))
    return words[left:right]


def _percent(clause: str) -> str | None:
    """The one strength in percent that a clause names, if it names one."""
    found = {m[1] for m in _PERCENT.finditer(clause)}
    return f"{found.pop()}%" if len(found) == 1 else None


def _label(item: Item) -> str:
    lead = item.words[0].lead if item.words else ""
    return lead or item.title


def _beside(words: str, start: int, end: int) -> str:
    """The words right beside an amount: of its clause, from the amount before it to the drug of the next one."""
    left = max((m.end() for m in _CLAUSE.finditer(words, 0, start)), default=0)
    right = next((m.start() for m in _CLAUSE.finditer(words, end)), len(words))
    left = max([left, *(a.end for a in amounts(words) if a.end <= start)])
    following = [a.start for a in amounts(words) if a.start >= end]
    if following and following[0] < right:
        named = [n.start for n in drugs.find(words[end : following[0]])]
        right = end + named[0] if named else following[0]
    return words[left:right]


def _tags(where: str, words: str) -> Iterator[str]:
    return (name for name, pattern in _patterns(where) if pattern.search(words))


@cache
def _patterns(where: str) -> list[tuple[str, re.Pattern[str]]]:
    rows = table("dose_context")[where].items()
    return [(name, re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)) for name, words in rows]


@cache
def generic() -> frozenset[str]:
    """Stems that say nothing of what something is for."""
    return frozenset(stems(table("dose_context")["generic"]["words"]))


def _about(words: str) -> tuple[str, ...]:
    """Stems of what a dose is said to be for, without those of drugs and those that say nothing."""
    named = {stem for name in drugs.find(words) for stem in stems(words[name.start : name.end])}
    return tuple(sorted({s for s in stems(words) if s not in generic() and s not in named}))
