"""CON: does a document decide on one action at one level? "Head CT if GCS <= 8" here, "head CT if GCS <= 13" there.

A decision is a level of a quantity with the actions that are named beside it (`data/actions.toml`, or a drug). Two are
compared where quantity, direction and an action are the same and most words beside them too. Where one line has both
levels they are steps of a ladder, and where the words tell of other patients they are two decisions.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from sachet.checks.claims import content
from sachet.checks.pairs import pairs
from sachet.checks.statement import Statement
from sachet.checks.subject import Subject
from sachet.checks.tables import table
from sachet.finding import Finding, Span
from sachet.terminology import drugs
from sachet.terminology.words import stem, stems

_NUMBER = r"[-−]?(?:\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)"
_LEVEL = re.compile(
    rf"(?<![\w-])(?P<name>[A-Za-z][\w/]*)(?:\s(?P<kind>counts?|levels?|scores?))?(?:\s(?:of|is))?\s?"
    rf"(?P<sign>[<>]=?|[≥≤]|\b(?:below|above)\b)\s?(?P<value>{_NUMBER})(?:\s?(?P<unit>%|[A-Za-zµ]+(?:/\w+)+|cmH2O|mmHg|mm|cm|mL|ms|bpm)(?!\w))?"
)
_CLAUSE = re.compile(r"[;|]|\.\s|\s[—–]\s|→")
_PHRASE = re.compile(r"[,:]\s|" + _CLAUSE.pattern)
_EXCEPT = re.compile(r"\b(?:despite|on|unresponsive|refractory|after|until|unless|regardless)\b.*", re.IGNORECASE)
_NO_NAME = frozenset(
    "if age ages aged or and the in to for with at are than repeat when until over within only but by from on after"
    " before about lasting duration time children infants adults patients neonates weeks months years iv po im every"
    " men women males females reading least".split()
)
_ALIKE = 0.4  # so much of what stands beside two levels is the same


@dataclass(frozen=True, slots=True)
class Decision:
    """A level of a quantity, the actions named beside it, and stems of what else is."""

    quantity: str
    sign: str
    value: float
    unit: str
    words: str
    actions: frozenset[str]
    beside: frozenset[str]
    whole: frozenset[str]
    item: str
    parent: str
    span: Span


def two_levels(subject: Subject) -> Iterator[Finding]:
    """CON214: two levels of one quantity at which one action is taken."""
    names = " ".join(n.words for n in (subject.guideline.title, *subject.guideline.aliases))
    condition = frozenset(content(names))
    by_quantity: dict[tuple[str, str], list[Decision]] = defaultdict(list)
    for one in _decisions(subject):
        by_quantity[one.quantity, one.sign].append(one)
    for found in by_quantity.values():
        on_line: dict[str, set[float]] = defaultdict(set)
        for one in found:
            on_line[one.item].add(one.value)
        told: set[Span] = set()
        for one, other in pairs(found):
            ladder = any({one.value, other.value} <= values for values in on_line.values())
            if not ladder and other.span not in told and _contradict(one, other, condition):
                told.add(other.span)
                action = min(one.actions & other.actions)
                message = (
                    f"{other.words!r} decides on {action} here, but {one.words!r} on line {one.span.line}; "
                    "which one is right, or what makes the difference?"
                )
                yield subject.warning("CON214", other.span, message, [one.span])


def _contradict(one: Decision, other: Decision, condition: frozenset[str]) -> bool:
    if one.value == other.value or one.item == other.item or one.parent == other.parent:
        return False
    if (one.unit and other.unit and one.unit != other.unit) or not one.actions & other.actions:
        return False
    beside, others = one.beside - condition, other.beside - condition
    people = (beside ^ others) & _people()
    if people and not people <= one.whole & other.whole:
        return False
    return len(beside & others) >= _ALIKE * max(1, min(len(beside), len(others)))


def _decisions(subject: Subject) -> Iterator[Decision]:
    for statement in subject.statements:
        for m in _LEVEL.finditer(statement.plain):
            name = "score" if (m["kind"] or "").startswith("score") else stem(m["name"].lower())
            if m["name"].lower() not in _NO_NAME and (made := _decision(statement, m, name)):
                yield made


def _decision(statement: Statement, m: re.Match[str], name: str) -> Decision | None:
    words = statement.plain
    clause = _around(words, m, _CLAUSE)
    item = statement.item
    lead = (item.words[0].lead if item.words else "") or ""
    above = statement.above[-1] if statement.above else None
    actions = _actions(_around(words, m, _PHRASE)) or _actions(f"{lead} {clause}")
    if not actions:
        return None
    return Decision(
        quantity=name,
        sign="<" if m["sign"][0] in "<≤b" else ">",
        value=float(m["value"].replace(",", "").replace("−", "-")),
        unit=(m["unit"] or "").lower(),
        words=m[0].strip(),
        actions=actions,
        beside=frozenset(content(f"{lead} {clause}")) - {name},
        whole=frozenset(content(f"{above.title if above else ''} {words}")),
        item=item.key,
        parent=above.key if above else statement.section.key if statement.section else "",
        span=statement.place(m.start(), m.start() + len(m[0].rstrip())),
    )


def _around(words: str, m: re.Match[str], marks: re.Pattern[str]) -> str:
    """The words around a level, up to the marks that divide a line, without those of an exception behind it."""
    left = max((mark.end() for mark in marks.finditer(words, 0, m.start())), default=0)
    right = next((mark.start() for mark in marks.finditer(words, m.end())), len(words))
    return f"{words[left : m.start()]} {_EXCEPT.sub('', words[m.end() : right])}"


def _actions(words: str) -> frozenset[str]:
    named = {name.drug for name in drugs.find(words)}
    return frozenset(named | {name for name, pattern in _patterns() if pattern.search(words)})


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    rows = table("actions")["actions"].items()
    return [(name, re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)) for name, words in rows]


@cache
def _people() -> frozenset[str]:
    """Stems of words that tell patients apart."""
    return frozenset(stems(table("actions")["people"]["words"]))
