"""CON: two numbers that a document gives for one thing.

A claim is a number with a unit that is no dose (a time, a share, a rate, a level), and the words that it is bound to:
those between the marks of its sentence, or before its parenthesis or colon. Two claims are about one thing where these
words are nearly the same and no word makes a difference ("without treatment", "tibial"); `data/claims.toml` has them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from sachet.checks.pairs import pairs
from sachet.checks.statement import Statement
from sachet.checks.subject import Subject
from sachet.checks.tables import table
from sachet.document.front_matter import scalars
from sachet.finding import Finding, Span
from sachet.terminology import drugs
from sachet.terminology.words import stems

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d{1,7})(?:\.\d{1,4})?"
_MINUTES = {"s": 1 / 60, "min": 1, "h": 60, "day": 1440, "week": 10080, "month": 43800, "year": 525600}
# Units: the dimension, how many of its base unit one is, and how it is written.
_UNITS = (
    ("share", 1.0, r"%|percent"),
    ("time", _MINUTES["s"], r"seconds?|secs?"),
    ("time", _MINUTES["min"], r"minutes?|mins?"),
    ("time", _MINUTES["h"], r"hours?|hrs?|h"),
    ("time", _MINUTES["day"], r"days?"),
    ("time", _MINUTES["week"], r"weeks?"),
    ("time", _MINUTES["month"], r"months?"),
    ("time", _MINUTES["year"], r"years?"),
    ("flow", 1.0, r"mL/min"),
    ("flow", 1000 / 60, r"L/hr"),
    ("flow", 1000.0, r"L/min"),
    ("flow", 1 / 60, r"mL/hr"),
    ("pressure", 1.0, r"mmHg"),
    ("length", 10.0, r"cm"),
    ("length", 1.0, r"mm"),
    ("count", 1.0, r"units(?=\s(?:of\s)?(?:p?RBCs?|packed|blood|FFP|plasma|platelets))"),
    *((unit, 1.0, re.escape(unit)) for unit in "mg/dL g/dL mcg/mL mg/L mEq/L mmol/L mcmol/L ng/mL U/L mIU/mL".split()),
)
_CLAIM = re.compile(
    rf"(?<![\w.,/-])(?P<comparator>[<>]=?|[≤≥])?\s?~?(?P<low>{_NUMBER})(?:\s?(?:-|–|to)\s?(?P<high>{_NUMBER}))?\s?"
    rf"(?:{'|'.join(f'(?P<u{n}>{words})' for n, (_, _, words) in enumerate(_UNITS))})(?![\w/]|-\w)"
)
_ENDS = re.compile(r"[,;:()|—–.]\s|[()|;:]|\s(?:and|or|but|then|plus)\s|→|\s-\s")
_BARE = re.compile(r"(?<![\w.])\d+(?:[-–]\d+)?(?![\w.%])")
# Before a number: how long or how often something is given or done; an age; a comparison.
_NO_CLAIM = re.compile(
    r"\b(?:over|every|x|q|vs\.?|versus|ages?|aged|older than|younger than|up to age)\s*(?:the\s)?$", re.IGNORECASE
)
_AGE = re.compile(
    r"\b(?:infants?|children|adults?|patients?|years?|older|neonates?|boys?|girls?|if)\s*$", re.IGNORECASE
)
_OF_AGE = re.compile(r"\s*(?:ga\b|old\b|of age|gestation|of gest|postconc|vs\b|versus\b)", re.IGNORECASE)
_CLEARANCE = re.compile(r"\b(?:CrCl|e?GFR|clearance)\b", re.IGNORECASE)
_FLOW = re.compile(r"L/(?:hr|min)|mL/")
_STRENGTH = re.compile(r"\s*(?:\(|solution|o2\b|oxygen|topical|cream|ointment)", re.IGNORECASE)
# Keys of the front matter that make clinical statements.
_STATING = ("mortality_if_delayed", "red_flags", "escalation_triggers", "evaluation_properties", "confusion_pairs")
_CEILING = re.compile(r"\b(?:up to|maximum|max)\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Claim:
    """A number with what it is bound to: `about` are stems of its own words, `label` and `above` of what governs it."""

    dimension: str
    comparator: str
    low: float
    high: float
    words: str
    about: frozenset[str]
    bare: frozenset[str]
    label: frozenset[str]
    above: frozenset[str]
    whole: frozenset[str]
    place: str  # the item that it stands in
    parent: str
    span: Span


def contradictions(subject: Subject) -> Iterator[Finding]:
    """CON211: two numbers for one thing."""
    condition = frozenset(content(subject.guideline.title.words))
    by_dimension: dict[str, list[Claim]] = defaultdict(list)
    for claim in _claims(subject):
        by_dimension[claim.dimension].append(claim)
    told: set[Span] = set()
    for claims in by_dimension.values():
        for one, other in pairs(claims):
            if one.place != other.place and _about_one_thing(one, other, condition) and _contradict(one, other):
                first, second = sorted((one, other), key=lambda c: c.span)
                if second.span not in told:
                    told.add(second.span)
                    told_first = f"{first.words} on line {first.span.line}"
                    message = f"{second.words} here, but {told_first} for the same; which one is right?"
                    yield subject.warning("CON211", second.span, message, [first.span])


def _contradict(one: Claim, other: Claim) -> bool:
    """Whether two numbers cannot both be right. Ranges that only touch do not agree; nor do those of another width."""
    if bool(one.comparator) != bool(other.comparator):
        return one.dimension == "count" and one.low != other.low
    if one.comparator and one.comparator[0] != other.comparator[0]:
        return False
    if one.comparator:
        return abs(one.low - other.low) > 0.01 * max(one.low, other.low)
    ranges = one.low < one.high and other.low < other.high
    if ranges and (one.low >= other.high or other.low >= one.high):
        return True
    if one.low > other.high or other.low > one.high:
        return True
    typical = _words("typical")
    return (
        ranges
        and one.about == other.about
        and max(one.high / other.high, other.high / one.high) >= 1.2
        and not (one.whole | other.whole) & typical
    )


def _about_one_thing(one: Claim, other: Claim, condition: frozenset[str]) -> bool:
    about, others = one.about - condition, other.about - condition
    shared, every = about & others, about | others
    if not shared or one.parent == other.parent or (one.bare and other.bare and one.bare != other.bare):
        return False
    if about & _words("qualifiers") != others & _words("qualifiers"):
        return False
    if (about & _words("outcomes")) - other.whole or (others & _words("outcomes")) - one.whole:
        return False
    if one.comparator and one.dimension != "flow" and not shared & _words("predicates") and one.dimension != "count":
        return False
    if one.dimension != "flow" and not _same_label(one, other, condition, strict=shared != every or len(every) < 2):
        return False
    enough = 1 if one.dimension == "flow" else 2
    return len(shared) >= enough and len(shared) >= 0.6 * len(every)


def _same_label(one: Claim, other: Claim, condition: frozenset[str], strict: bool) -> bool:
    """Whether nothing that governs the two says that they are about different things.

    Strictly, what governs one alone must be spoken of beside the other.
    """
    alike = 0.75 if one.about & other.about & _words("measures") else 0.5
    for own, others in ((one.label - one.about, other.label - other.about), (one.above, other.above)):
        own, others = own - condition, others - condition
        if own and others and len(own & others) < alike * min(len(own), len(others)):
            return False
        if strict and own and not others and not own & other.whole and own - one.about:
            return False
        if strict and others and not own and not others & one.whole and others - other.about:
            return False
    return True


def _claims(subject: Subject) -> Iterator[Claim]:
    for statement in subject.statements:
        if any(map(str.isdigit, statement.plain)):
            yield from _of(statement)
    for key in _STATING:
        entry = subject.guideline.fields.get(key)
        about_all = frozenset(content("mortality")) if key == "mortality_if_delayed" else frozenset()
        for stated in scalars(entry.value) if entry else ():
            whole = frozenset(content(stated.words))
            for m, about, bare in _bound(stated.words) if any(map(str.isdigit, stated.words)) else ():
                span = stated.place(m.start(), m.end())
                yield _claim(m, about | about_all, bare, frozenset(), frozenset(), whole, ("front matter", ""), span)


def _of(statement: Statement) -> Iterator[Claim]:
    item, words = statement.item, statement.plain
    lead = item.words[0].lead if item.words else ""
    label = item.cells[0].text.plain if item.cells else words.partition(":")[0] if ":" in words[:60] else lead
    above = statement.above[-1] if statement.above else None
    parent = above.key if above else statement.section.key if statement.section else ""
    governed = frozenset(content(above.title)) - _words("labels") if above else frozenset()
    for m, about, bare in _bound(words):
        place, whole = statement.place(m.start(), m.end()), frozenset(content(words))
        yield _claim(
            m, about, bare, frozenset(content(label)) - _words("labels"), governed, whole, (item.key, parent), place
        )


def _claim(
    m: re.Match[str],
    about: frozenset[str],
    bare: frozenset[str],
    label: frozenset[str],
    above: frozenset[str],
    whole: frozenset[str],
    where: tuple[str, str],
    span: Span,
) -> Claim:
    dimension, factor, _ = next(unit for n, unit in enumerate(_UNITS) if m[f"u{n}"])
    low = float(m["low"].replace(",", ""))
    high = float(m["high"].replace(",", "")) if m["high"] else low
    comparator = m["comparator"] or ("<=" if _CEILING.search(m.string, 0, m.start()) else "")
    comparator = comparator.replace("≤", "<=").replace("≥", ">=")
    return Claim(
        dimension, comparator, low * factor, high * factor, m[0].strip(), about, bare, label, above, whole, *where, span
    )


def _bound(words: str) -> Iterator[tuple[re.Match[str], frozenset[str], frozenset[str]]]:
    """The claims of a text: the number, the stems of the words that it is bound to, and numbers among these."""
    found = list(_CLAIM.finditer(words))
    for number, m in enumerate(found):
        floor = found[number - 1].end() if number else 0
        ceiling = found[number + 1].start() if number + 1 < len(found) else len(words)
        if not _is_claim(words, m):
            continue
        ends = list(_ENDS.finditer(words, floor, m.start()))
        before = words[ends[-1].end() if ends else floor : m.start()]
        after = _behind(words, m.end(), ceiling)
        about = {*content(before), *content(after)}
        if not set(content(before)) and (len(set(content(after))) < 2 or (ends and ends[-1][0].strip() in "(:")):
            before = _head(words, floor, ends)
            about.update(content(before))
        yield m, frozenset(about), frozenset(_BARE.findall(before))


def _is_claim(words: str, m: re.Match[str]) -> bool:
    before, own = words[max(0, m.start() - 20) : m.start()], words[m.start() : m.end()]
    if _NO_CLAIM.search(before) or _OF_AGE.match(words, m.end()) or float(m["low"].replace(",", "")) == 0:
        return False
    is_time = bool(re.search(r"(?:month|year|week|day)s?$", own))
    if is_time and m["comparator"] and _AGE.search(before):
        return False
    if _CLEARANCE.search(before):
        return False
    is_flow = bool(_FLOW.search(own))
    if not is_flow and not own.endswith("%"):
        return True
    beside = any(n.start - 3 <= m.end() <= n.end or n.start <= m.start() - 1 <= n.end + 6 for n in drugs.find(words))
    strength = not is_flow and _STRENGTH.match(words, m.end()) and "(" not in words[m.end() : m.end() + 2]
    return not (beside or strength)


def _behind(words: str, start: int, ceiling: int) -> str:
    """The words behind a number, with those of a parenthesis that follows at once."""
    end = _ENDS.search(words, start, ceiling)
    if end is None:
        return words[start:ceiling]
    after = words[start : end.start()]
    if end[0].strip() == "(" and 0 < (closed := words.find(")", end.end())) <= ceiling:
        after += " " + words[end.end() : closed]
    return after


def _head(words: str, floor: int, ends: list[re.Match[str]]) -> str:
    """The nearest words before the mark that a number stands behind: "Onset: 24 hours", "syndrome (12 hours)"."""
    for number in range(len(ends) - 1, -1, -1):
        start = ends[number - 1].end() if number else floor
        if set(content(words[start : ends[number].start()])):
            return words[start : ends[number].start()]
    return ""


def content(words: str) -> Iterator[str]:
    """The stems of words that say something, each as the first of its synonyms."""
    ignored, same = _words("generic"), _synonyms()
    return (same.get(one, one) for one in stems(words) if one not in ignored)


@cache
def _words(name: str) -> frozenset[str]:
    same = _synonyms()
    return frozenset(same.get(one, one) for one in stems(table("claims")[name]["words"]))


@cache
def _synonyms() -> dict[str, str]:
    rows = (list(stems(row)) for row in table("claims")["synonyms"]["rows"])
    return {one: row[0] for row in rows for one in row}
