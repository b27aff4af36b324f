"""OUT: a dose far from all others of its drug, in the document and in all that are checked with it.

Given in one way, it is likely a slip. Where the way or the purpose differs they may explain it, and it is a note.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from sachet.checks.facts import Corpus, Facts
from sachet.checks.given import Given
from sachet.finding import Finding, Place, Severity

_NEAR, _UNUSUAL = 1.2, 1.4  # so many times beyond all others is worth a note, or is far, if given in the same way
_FAR = ((5, 1.75), (2, 3.0), (0, 5.0))  # documents that give the drug in any way, and how many times beyond is far
_CERTAIN, _FEW = 5.0, 3  # so far, and so many documents that give it in the same way, that it needs no other sign
_FAR_BY_TENS = 2.4  # the same where it is exactly ten, a hundred or a thousand times one of them
_EXCUSED = 2.5  # so many times farther it has to be where its words say that it is more, or less
_MANY, _SOME = 10, 6  # documents that give it in the same way
_SAYS_NOTHING = frozenset(
    {"option", "combined", "oral", "max", "start", "bolus", "severe", "comfort", "mild", "refractory"}
)
_MORE = frozenset({"high", "severe", "refractory", "load", "max"})
_LESS = frozenset(
    {"old", "renal", "hepatic", "start", "prevention", "mild", "low", "comfort", "test", "child", "small", "later"}
)  # fmt: skip
_PLACES = frozenset({"local", "device"})
_TENS = (10.0, 100.0, 1000.0)


@dataclass(frozen=True, slots=True)
class Said:
    """A dose of a document; `low` and `high` are per hour where it is by time."""

    document: Facts
    dose: Given
    low: float
    high: float

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.document.path, self.dose.span)


def doses(corpus: Corpus) -> Iterator[Finding]:
    """OUT101: a dose far from all others. OUT102: from those of six documents that give it in the same way."""
    by_basis: dict[Hashable, list[Said]] = defaultdict(list)
    for document in corpus.documents:
        for dose in document.doses:
            hourly = 60.0 if dose.time == "min" else 1.0
            if dose.low:
                basis = (dose.drug, dose.unit, dose.per, "hr" if dose.time == "min" else dose.time)
                by_basis[basis].append(Said(document, dose, dose.low * hourly, dose.high * hourly))
    for group in by_basis.values():
        for one in group:
            others = [s for s in group if _elsewhere(s, one) and _comparable(s.dose, one.dose)]
            if found := _far(one, others) or _unusual(one, others):
                yield found


def _far(one: Said, others: Sequence[Said]) -> Finding | None:
    """A dose so far from all others, given in any way, that the way cannot explain it; certain where the way is one."""
    beyond, is_more = _beyond(one, others)
    documents = len({s.document.id for s in others if s.document is not one.document})
    enough = next(times for least, times in _FAR if documents >= least)
    tens = any(_is_power(a, b) for s in others for a in (one.low, one.high) for b in (s.low, s.high))
    if tens:
        enough = min(enough, _FAR_BY_TENS)
    if set(one.dose.tags) & (_MORE if is_more else _LESS):
        enough *= _EXCUSED
    if not any(s.dose.scheduled == one.dose.scheduled for s in others):
        enough *= _EXCUSED
    if beyond < enough:
        return None
    alike = _alike(one, others)
    slip = any(_is_power(one.low, s.low) and _is_power(one.high, s.high) for s in alike)
    certain = beyond >= _CERTAIN and (slip or len({s.document.id for s in alike}) >= _FEW)
    code, severity = ("OUT101", Severity.WARNING) if certain else ("OUT102", Severity.NOTE)
    return _finding(code, severity, one, others, "a slip of a decimal or of a unit?" if slip else "")


def _unusual(one: Said, others: Sequence[Said]) -> Finding | None:
    """A dose somewhat beyond those that many documents give in the very same way."""
    alike = _alike(one, others)
    documents = len({s.document.id for s in alike})
    beyond, _ = _beyond(one, alike)
    if documents < _SOME or one.dose.unit == "mL" or one.dose.purpose or beyond <= _NEAR:
        return None
    if documents >= _MANY and beyond > _UNUSUAL:
        return _finding("OUT101", Severity.WARNING, one, alike)
    return _finding("OUT102", Severity.NOTE, one, alike)


def _alike(one: Said, others: Sequence[Said]) -> list[Said]:
    """The doses of other documents that are given in the very same way."""
    way = _way(one.dose)
    return [s for s in others if s.document is not one.document and not s.dose.purpose and _way(s.dose) == way]


def _way(dose: Given) -> Hashable:
    return dose.route, dose.scheduled, dose.time, frozenset(dose.tags) - _SAYS_NOTHING


def _elsewhere(one: Said, other: Said) -> bool:
    return one.document is not other.document or one.dose.item != other.dose.item


def _comparable(one: Given, other: Given) -> bool:
    """Whether two doses are given by one route, as far as it is said, and volumes of one strength."""
    if not _routes(one) & _routes(other):
        return False
    if one.unit == "mL" and (one.strength is None or one.strength != other.strength):
        return False
    return _PLACES & set(one.tags) == _PLACES & set(other.tags)


def _routes(dose: Given) -> set[str]:
    """The routes of a dose; what is not said to be swallowed is injected."""
    if dose.route:
        return set(dose.route.split("/"))
    return {"PO"} if "oral" in dose.tags else {"IV", "IM", "SC"}


def _beyond(one: Said, others: Sequence[Said]) -> tuple[float, bool]:
    """How many times a dose is above all others, or below them, and whether it is above; 0 where there is none."""
    if not others:
        return 0.0, False
    above = one.low / max(s.high for s in others)
    below = min(s.low for s in others) / one.high
    return max(above, below), above > below


def _is_power(one: float, other: float) -> bool:
    return any(abs(one / other - f) < 0.02 * f for tens in _TENS for f in (tens, 1 / tens))


def _finding(code: str, severity: Severity, one: Said, others: Sequence[Said], hint: str = "") -> Finding:
    nearest = min(others, key=lambda s: max(s.high / one.low, one.high / s.low) if s.low else float("inf"))
    elsewhere = {s.document.id for s in others if s.document is not one.document}
    who = f"{len(elsewhere)} other documents give" if len(elsewhere) > 1 else "is given elsewhere"
    message = (
        f"{one.dose.drug} {one.dose.words} is far from what {who} (nearest: {nearest.dose.words}); "
        f"{hint or 'is it right?'}"
    )
    return Finding(code, severity, one.document.path, one.dose.span, message, (nearest.place,))
