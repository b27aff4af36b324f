"""CON: a fact that a document says twice, with two numbers.

A number has a dimension (a time, a share, a pressure, a level of a quantity that is named before it) and words: those
right beside it, and those of its sentence and label. Its nearest kin are the numbers of its dimension elsewhere whose
words are most like its own; words that few lines have count more. Where the nearest kin all say something else, one of
the lines was likely changed and the other forgotten.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import sqrt

from sachet.checks.claims import content, contradictions
from sachet.checks.statement import Statement
from sachet.checks.subject import Subject
from sachet.checks.tables import table
from sachet.document.front_matter import scalars
from sachet.finding import Finding, Span
from sachet.terminology import drugs
from sachet.terminology.words import stems

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
# How a unit is written: its dimension, and how many of the base unit one is.
_UNITS = (
    ("share", 1.0, r"%|percent"),
    ("time", 1 / 60, r"seconds?|secs?"),
    ("time", 1.0, r"minutes?|mins?"),
    ("time", 60.0, r"hours?|hrs?|h"),
    ("time", 1440.0, r"days?"),
    ("time", 10080.0, r"weeks?"),
    ("time", 43800.0, r"months?"),
    ("flow", 1.0, r"mL/min"),
    ("flow", 1000 / 60, r"L/hr"),
    ("flow", 1000.0, r"L/min"),
    ("flow", 1 / 60, r"mL/hr"),
    ("frequency", 1.0, r"bpm|/min|per minute|(?:breaths|beats|compressions)/min"),
    ("flow by weight", 1.0, r"mL/kg/hr?"),
    ("volume by weight", 1.0, r"mL/kg"),
    ("pressure", 1.0, r"mmHg"),
    ("airway pressure", 1.0, r"cm\s?H2O"),
    ("length", 10.0, r"cm"),
    ("length", 1.0, r"mm"),
    ("volume", 1000.0, r"L|liters?"),
    ("volume", 1.0, r"mL"),
    ("temperature", 1.0, r"°\s?C|degrees C"),
    ("energy", 1.0, r"J|joules"),
    ("driving pressure", 1.0, r"psi"),
    *((unit, 1.0, re.escape(unit)) for unit in "mg/dL g/dL mcg/mL mg/L mEq/L mmol/L mcmol/L ng/mL U/L".split()),
)
_QUANTITIES = (
    r"pH|INR|GCS|K\+?|Na\+?|SpO2|MAP|SBP|DBP|p(?:a)?CO2|PaO2|FiO2|PEEP|UOP|QTc|QRS|HR|RR|Hgb|Hb|CK|[Ss]core|[Pp]latelets?"
    r"|[Gg]lucose|[Ll]actate"
)
_STATED = re.compile(
    rf"(?:\b(?P<name>{_QUANTITIES})\s?(?:is|of|target|goal|to|at)?\s?)?"
    rf"(?<![\w.,/–-])(?P<sign>[<>]=?|[≤≥])?\s?~?(?P<low>{_NUMBER})(?:\s?(?:-|–|to)\s?(?P<high>{_NUMBER}))?\s?"
    rf"(?:{'|'.join(f'(?P<u{n}>{words})' for n, (_, _, words) in enumerate(_UNITS))})?(?![\w/]|-\w)"
)
_ENDS = re.compile(r"[.;]\s+(?=[A-Z(\"*])|\s[—–]\s|\||→")
_CEILING = re.compile(r"\b(?:within|by|up to|max(?:imum)?(?: of)?|at most|no more than)\s*~?$", re.IGNORECASE)
_FLOOR = re.compile(r"\b(?:at least|minimum(?: of)?)\s*~?$", re.IGNORECASE)
# Before or behind a number: how often or how long something is given, an age, what is not meant, what is compared.
_NO_FACT = re.compile(
    r"\b(?:over|every|x|×|q|vs\.?|versus|ages?|aged|older than|younger than|day|grade|step)\s*(?:the\s)?$"
    r"|\b(?:not|cannot|than|rather than|instead of)\b[^.,;]{0,20}$",
    re.IGNORECASE,
)
_OF_AGE = re.compile(r"\s*(?:old\b|of age|gestation|ga\b|vs\b)", re.IGNORECASE)
_ROLE = re.compile(r"\b(?:(?P<lasting>for|lasting)|(?P<due>within|by)|(?P<since>after|post))\s*~?$", re.IGNORECASE)
_SINCE = re.compile(r"\s*(?:after|post|from|following)\b", re.IGNORECASE)
_IF = re.compile(r"\b(?:if|unless|when)\b", re.IGNORECASE)
_LEFT, _RIGHT = 5, 4  # stems beside a number
_SHARED, _SHARE = 3, 0.4  # stems beside them that two numbers share, and of those of the one with fewer
_ALIKE = 0.27  # so much of the words of two numbers is the same, by weight
_NEAREST = 0.75  # of the likeness of the nearest: what is as near
_SHORT = 5  # stems of a sentence that says too little to be compared without its heading
_SAME_HEADING = 0.5
_SLIP = {"time": 8.0}  # so many times another one a number may be; beyond that they are two things
_MOST = 12.0
_STATING = ("mortality_if_delayed", "red_flags", "escalation_triggers")


@dataclass(frozen=True, slots=True)
class Stated:
    """A number in its base unit. `beside` are stems of the words next to it, `sentence` and `label` of its line.

    `heading` are those of what it stands below, `above` the same without the names of the document.

    `role` is whether a time lasts, is due, or is since something; `conditional` whether it stands behind "if".
    """

    dimension: str
    sign: str
    low: float
    high: float
    words: str
    beside: frozenset[str]
    sentence: frozenset[str]
    label: frozenset[str]
    heading: frozenset[str]
    above: frozenset[str]
    whole: frozenset[str]
    role: str
    conditional: bool
    item: str
    parent: str
    span: Span

    @property
    def range(self) -> tuple[float, float]:
        """Its ends."""
        return self.low, self.high

    @property
    def all_words(self) -> frozenset[str]:
        """The stems by which it is compared."""
        return self.sentence | self.label | self.above

    def agrees(self, other: Stated) -> bool:
        """Whether both can be right: they overlap, and are bounds of one side."""
        overlap = self.low <= other.high and other.low <= self.high
        return overlap and not (self.sign and other.sign and self.sign != other.sign) and not self.contradicts(other)

    def contradicts(self, other: Stated) -> bool:
        """Whether both cannot be right. Ranges that only touch do not agree."""
        if self.sign or other.sign:
            if self.sign != other.sign:
                return False
            one, two = (self.low, other.low) if self.sign == ">" else (self.high, other.high)
            return abs(one - two) > 0.01 * max(one, two)
        if self.low < self.high and other.low < other.high:
            return self.low >= other.high or other.low >= self.high
        return self.low > other.high * 1.001 or other.low > self.high * 1.001


def twice(subject: Subject) -> Iterator[Finding]:
    """CON211: two numbers for one thing, in nearly the same words. CON215: it seems for one thing, in other words."""
    told: set[tuple[int, int]] = set()
    for found in contradictions(subject):
        told.add((found.related[0].span.line, found.span.line))
        yield found
    by_dimension: dict[str, list[Stated]] = defaultdict(list)
    for one in _stated(subject):
        by_dimension[one.dimension].append(one)
    lines: dict[str, set[str]] = defaultdict(set)
    for statement in subject.statements:
        lines[statement.item.key].update(content(statement.plain))
    frequency = Counter(word for words in lines.values() for word in words)
    weights = {word: 1 / sqrt(number) for word, number in frequency.items()}
    for group in by_dimension.values():
        in_item: dict[str, list[Stated]] = defaultdict(list)
        for one in group:
            in_item[one.item].append(one)
        for one, kin in _kin(group, weights):
            if (other := _odd(one, kin, in_item)) is None:
                continue
            first, second = sorted((one, other), key=lambda s: s.span)
            if (first.span.line, second.span.line) not in told:
                told.add((first.span.line, second.span.line))
                message = (
                    f"{second.words!r} here, but {first.words!r} on line {first.span.line}, it seems for the same; "
                    "which one is right, or what makes the difference?"
                )
                yield subject.warning("CON215", second.span, message, [first.span])


def _kin(group: Sequence[Stated], weights: dict[str, float]) -> Iterator[tuple[Stated, list[tuple[float, Stated]]]]:
    """Each number with those elsewhere that are nearly as like it as its nearest, and how like they are."""
    having: dict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(group):
        for word in one.beside:
            having[word].append(number)
    weigh = [sum(weights.get(word, 1.0) for word in one.all_words) or 1.0 for one in group]
    for number, one in enumerate(group):
        shared = Counter(other for word in one.beside for other in having[word])
        alike: list[tuple[float, Stated]] = []
        for at, count in shared.items():
            other = group[at]
            least = max(_SHARED, _SHARE * min(len(one.beside), len(other.beside)))
            if other.item != one.item and count >= least:
                same = sum(weights.get(word, 1.0) for word in one.all_words & other.all_words)
                alike.append((same / sqrt(weigh[number] * weigh[at]), other))
        nearest = max((likeness for likeness, _ in alike), default=0.0)
        if nearest >= _ALIKE:
            yield one, [pair for pair in alike if pair[0] >= _NEAREST * nearest]


def _odd(one: Stated, kin: Sequence[tuple[float, Stated]], in_item: dict[str, list[Stated]]) -> Stated | None:
    """The nearest kin that a number contradicts; None where one of them agrees, or none can be compared."""
    odd: list[tuple[float, Stated]] = []
    for likeness, other in kin:
        near = [s for s in in_item[other.item] if s is other or len(s.beside & one.beside) > 1]
        if any(s.agrees(one) for s in near) or any(s.range == one.range for s in in_item[other.item]):
            return None
        explained = any(s is not one and s.agrees(other) for s in in_item[one.item])
        if not explained and one.contradicts(other) and _comparable(one, other):
            odd.append((likeness, other))
    nearest = max(odd, key=lambda pair: pair[0], default=None)
    return nearest[1] if nearest and nearest[0] >= _ALIKE else None


def _comparable(one: Stated, other: Stated) -> bool:
    """Whether nothing says that two numbers are of two things."""
    if one.parent == other.parent or (one.role and other.role and one.role != other.role):
        return False
    if one.conditional != other.conditional and bool(one.sign) != bool(other.sign):
        return False
    smaller, larger = sorted((max(one.high, 1e-9), max(other.high, 1e-9)))
    if larger / smaller > _SLIP.get(one.dimension, _MOST):
        return False
    apart = (one.sentence | one.label | one.heading) ^ (other.sentence | other.label | other.heading)
    aspects, others = one.beside & _words("aspects"), other.beside & _words("aspects")
    if aspects and others and not aspects & others:
        return False
    people = apart & _words("people")
    if (people and not people <= one.whole & other.whole) or (one.beside ^ other.beside) & _words("changes"):
        return False
    short = min(len(one.sentence), len(other.sentence)) <= _SHORT
    return not (short and _under_other_headings(one, other))


def _under_other_headings(one: Stated, other: Stated) -> bool:
    """Whether the headings of two numbers share little, and neither line speaks of what the other stands below."""
    if not one.heading or not other.heading:
        return False
    shared = len(one.heading & other.heading) >= _SAME_HEADING * min(len(one.heading), len(other.heading))
    return not shared and not one.heading <= other.whole and not other.heading <= one.whole


def _stated(subject: Subject) -> Iterator[Stated]:
    guideline = subject.guideline
    condition = frozenset(content(" ".join(n.words for n in (guideline.title, *guideline.aliases))))
    for statement in subject.statements:
        if any(map(str.isdigit, statement.plain)):
            yield from _of(statement, condition)
    for key in _STATING:
        entry = guideline.fields.get(key)
        label = "mortality" if key == "mortality_if_delayed" else ""
        for said in scalars(entry.value) if entry else ():
            for m in _STATED.finditer(said.words):
                place = said.place(m.start(), m.end())
                if made := _read(said.words, m, (label, ""), condition, (f"{key} {said.span.line}", key), place):
                    yield made


def _of(statement: Statement, condition: frozenset[str]) -> Iterator[Stated]:
    item, words = statement.item, statement.plain
    label = item.cells[0].text.plain if item.cells else (item.words[0].lead if item.words else "") or ""
    header = next((cell.header.plain for cell in item.cells if cell.text is statement.text), "")
    above = statement.above[-1] if statement.above else None
    parent = above.key if above else statement.section.key if statement.section else ""
    for m in _STATED.finditer(words):
        place = statement.place(m.start(), m.end())
        labels = (f"{label} {header}", above.title if above else "")
        if made := _read(words, m, labels, condition, (item.key, parent), place):
            yield made


def _read(
    words: str,
    m: re.Match[str],
    labels: tuple[str, str],
    condition: frozenset[str],
    where: tuple[str, str],
    place: Span,
) -> Stated | None:
    """The number of a match; None where it is no fact of its own, or of no dimension that is known."""
    unit = next((unit for n, unit in enumerate(_UNITS) if m[f"u{n}"]), None)
    before = words[max(0, m.start() - 30) : m.start()]
    if (unit is None and not m["name"]) or _NO_FACT.search(before) or _OF_AGE.match(words, m.end()):
        return None
    dimension, factor = (unit[0], unit[1]) if unit else ("", 1.0)
    if dimension == "share" and not m["name"] and _is_strength(words, m):
        return None
    if m["name"]:
        dimension, factor = m["name"].lower().rstrip("s+"), 1.0
    left = max((end.end() for end in _ENDS.finditer(words, 0, m.start())), default=0)
    right = next((end.start() for end in _ENDS.finditer(words, m.end())), len(words))
    label, above = labels
    preceding, following = list(content(words[left : m.start()])), list(content(words[m.end() : right]))
    near = preceding[-_LEFT:]
    for more in (label, above):
        near = [*list(content(more))[-3:], *near] if len(near) < 2 else near
    sentence = frozenset([*preceding, *following]) - condition
    sign = m["sign"] or ("<" if _CEILING.search(before) else ">" if _FLOOR.search(before) else "")
    role = m_role.lastgroup if (m_role := _ROLE.search(before)) else "since" if _SINCE.match(words, m.end()) else ""
    return Stated(
        dimension=dimension,
        sign=sign[:1].replace("≤", "<").replace("≥", ">"),
        low=float(m["low"].replace(",", "")) * factor,
        high=float((m["high"] or m["low"]).replace(",", "")) * factor,
        words=m[0].strip(),
        beside=frozenset([*near, *following[:_RIGHT]]) - condition,
        sentence=sentence,
        label=frozenset(content(label)) - condition,
        heading=frozenset(content(above)),
        above=frozenset(content(above)) - condition,
        whole=frozenset(content(words)),
        role=role or "",
        conditional=_IF.search(words[left : m.start()]) is not None,
        item=where[0],
        parent=where[1],
        span=place,
    )


def _is_strength(words: str, m: re.Match[str]) -> bool:
    """Whether a share is the strength of a drug: "lidocaine 1%"."""
    return any(n.start - 3 <= m.end() <= n.end or n.start <= m.start() - 1 <= n.end + 6 for n in drugs.find(words))


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset(stems(table("restated")[name]["words"]))
