"""CON: lines that contradict each other without a unit: before and after, do and do not, counts, superlatives."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sachet.checks.claims import content
from sachet.checks.pairs import pairs
from sachet.checks.statement import Statement
from sachet.checks.subject import Subject
from sachet.finding import Finding, Span
from sachet.guideline.contraindication import contraindications
from sachet.guideline.model import Item
from sachet.terminology import drugs
from sachet.terminology.words import stems

_ORDER = re.compile(
    r"\b(?P<both>before and after)\b|\b(?P<before>before|prior to)\b|\b(?P<after>after)\b|\b(?P<then>followed by)\b",
    re.I,
)
_CLAUSE = re.compile(r"[.;:()—–,]\s")
_OBJECT_ENDS = re.compile(r"[.;:()—–,](?:\s|$)|\s(?:and|or|to|for|with|because|if|when|unless)\s|$")
_TOGETHER = re.compile(r"\s(?:or|and)\s(?:with|concurrent(?:ly)? with|during)\b", re.IGNORECASE)  # "before or with"
_NEGATED = re.compile(r"\b(?:not?|never|avoid|only|or)\b|n't\b", re.IGNORECASE)
_CONDITION = re.compile(
    r"\b(?:for|in|if|when|with|unless|until|alone|routinely|routine|only|before|after|during|without|as|by|over|to|beyond|"
    r"late|together|rapid\w*|bolus|first|while|sole|instead|at|on|within|mono\w*|delay\w*|more|than|doses?|repeat\w*|long|"
    r"chronic\w*|high|oral\w*|IV|IM|PO|topical|concurrent\w*|simultaneous\w*)\b|[<>/+:]|\d",
    re.IGNORECASE,
)
# A label that says what its lines are, and not for whom they hold.
_LABEL_OF = re.compile(
    r"avoid|contraindicat|do not|not recommended|caution|pitfall|medication|drug|pharmacolog|agent|treat|therap|step"
    r"|action|supportive|specific|general|key|principle|first|second|line|target|adjunct|other|management|dose|while|during|next",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.;:(—–]")
_GERUND = re.compile(r"\w+ing\b")
_REFUSED = re.compile(r"\b(?:not?|never|avoid|without|only|unless|if|when|until|too|delay\w*)\b|n't\b", re.IGNORECASE)
_TELLING = 4  # stems that a mistake has at the least, to be told from another one
_NOT_GIVEN = ("do_not", "not_recommended", "avoid")
_COUNT = re.compile(
    r"(?<![\w.,/$-])(?P<number>\d{3,6}|\d{1,3},\d{3})(?![\d,.%/]|-\d)\s+(?P<nouns>(?:[a-z]{2,}\s?){1,3})"
)
_SUPERLATIVE = re.compile(
    r"\b(?P<most>best|worst|highest|lowest|fastest|slowest|(?:most|least) \w+)\b(?!\s(?:for|in|when|if))\s"
    r"(?P<nouns>[\w-]+(?:\s[\w-]+){0,2})",
    re.IGNORECASE,
)
_OF = re.compile(r"\b(?:of|for|in|to|with|and)\b")
_YEARS = range(1900, 2101)
_ALIKE = 0.6


@dataclass(frozen=True, slots=True)
class Order:
    """That something is done before or after something else, or both; stems of both."""

    when: str
    action: frozenset[str]
    of: frozenset[str]
    statement: Statement
    span: Span


def orders(subject: Subject) -> Iterator[Finding]:
    """CON241: something is to be done before, and elsewhere after, or before and after, the same."""
    told: set[Span] = set()
    for one, other in pairs([o for s in subject.statements for o in _orders(s)]):
        if one.when == other.when or one.statement.item is other.statement.item or other.span in told:
            continue
        if _alike(one.action, other.action) and _alike(one.of, other.of):
            told.add(other.span)
            message = f"{_WORDS[other.when]} here, but {_WORDS[one.when]} on line {one.span.line}; which one is meant?"
            yield subject.warning("CON241", other.span, message, [one.span])


_WORDS = {"before": "before it", "after": "after it", "both": "before and after it"}


def _orders(statement: Statement) -> Iterator[Order]:
    words = statement.plain
    for m in _ORDER.finditer(words):
        clauses, end = _CLAUSE.split(words[: m.start()]), m.end()
        if together := _TOGETHER.match(words, end):
            end = together.end()
        if _NEGATED.search(clauses[-1]) or _NEGATED.match(words, end + 1):
            continue
        right = words[end : _OBJECT_ENDS.search(words, end + 1).start()]  # type: ignore[union-attr]
        when, action, of = m.lastgroup or "", list(content(clauses[-1]))[-6:], list(content(right))[:5]
        if len(action) < 2 and len(clauses) == 1:
            action = [*content(_label_of(statement)), *action]
        if when == "then":
            when, action, of = "after", of, action
        if action and of:
            span = statement.place(m.start(), m.end())
            yield Order(when, frozenset(action), frozenset(of), statement, span)


def _label_of(statement: Statement) -> str:
    """What a line is about that has no subject of its own: the first cell of its row, or the label above it."""
    if statement.item.cells:
        return statement.item.cells[0].text.plain.split(" if ")[0]
    return statement.above[-1].title if statement.above else ""


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= _ALIKE * min(len(one), len(other))


def bans(subject: Subject) -> Iterator[Finding]:
    """CON242: a drug that is not to be given, without any condition, and a dose of it elsewhere."""
    doses = defaultdict(list)
    for dose in subject.given:
        doses[dose.drug].append(dose)
    told: set[int] = set()
    above = {statement.item.key: statement.above for statement in subject.statements}
    lines = subject.guideline.source.text.split("\n")
    for ban in contraindications(subject.guideline):
        named = {name.drug for name in drugs.find(ban.applies_to)}
        if ban.strength not in _NOT_GIVEN or ban.section == "Pitfalls" or len(named) != 1:
            continue
        labels = above.get(ban.item.key, ())
        given = [
            dose
            for dose in doses[named.pop()]
            if dose.span.line != ban.span.line and not _under_another_label(labels, above.get(dose.item, ()))
        ]
        if given and ban.span.line not in told and not _is_conditional(lines[ban.span.line - 1], ban.span):
            told.add(ban.span.line)
            first = given[0]
            elsewhere = f"{first.words} on line {first.span.line}"
            message = f"{first.drug} is not to be given here, but {elsewhere} is; say when which"
            yield subject.warning("CON242", ban.span, message, [d.span for d in given[:3]])


def _under_another_label(ban: Sequence[Item], dose: Sequence[Item]) -> bool:
    """Whether a warning or a dose stands below a label that says for whom, and the other does not."""
    apart = {item.key: item for item in (*ban, *dose)}
    shared = {item.key for item in ban} & {item.key for item in dose}
    return any(_LABEL_OF.search(item.title) is None for key, item in apart.items() if key not in shared)


def _is_conditional(line: str, span: Span) -> bool:
    """Whether the clause of a warning, or a label before it that is no drug's name, says when it holds."""
    at = span.column - 1
    label, colon, _ = line[:at].rpartition(":")
    start = max((m.end() for m in re.finditer(r"[.;]\s|:\**\s", line[:at])), default=0)
    end = next((at + m.start() for m in re.finditer(r"[.;](?:\s|$)", line[at:])), len(line))
    clause = re.sub(r"^\W*(?:\d+\.)?|\bdo not\b|\bnot\b", " ", line[start:end], flags=re.IGNORECASE)
    named = [label[name.start : name.end] for name in drugs.find(label)] if colon else []
    other = [one for one in content(label) if one not in {s for name in named for s in content(name)}]
    return bool(other) or bool(_CONDITION.search(clause))


def pitfalls(subject: Subject) -> Iterator[Finding]:
    """CON243: a step that orders what a pitfall warns of: "Elevate the limb", and "Elevating the limb" as a mistake."""
    ordered: dict[str, list[tuple[frozenset[str], Statement]]] = defaultdict(list)
    warned: list[tuple[str, frozenset[str], Statement]] = []
    for statement in subject.statements:
        lead = _SENTENCE.split(statement.plain)[0]
        words = list(stems(lead))
        if len(words) < _TELLING or _REFUSED.search(lead):
            continue
        if statement.section is None or statement.section.name != "Pitfalls":
            ordered[words[0]].append((frozenset(words), statement))
        elif _GERUND.match(lead) and statement.item.ordered:
            warned.append((words[0], frozenset(words), statement))
    for verb, mistake, statement in warned:
        for order, elsewhere in ordered[verb]:
            if mistake <= order:
                span, other = (s.place(0, len(_SENTENCE.split(s.plain)[0])) for s in (statement, elsewhere))
                message = f"this is a mistake here, and ordered on line {other.line}; which one is right?"
                yield subject.warning("CON243", span, message, [other])
                break


def counts(subject: Subject) -> Iterator[Finding]:
    """CON212: one uncommon number that is of two things: "477 sessions for 462 patients", "477 patients"."""
    found: dict[int, list[tuple[list[str], str, Statement, Span]]] = defaultdict(list)
    for statement in subject.statements:
        for m in _COUNT.finditer(statement.plain):
            number = int(m["number"].replace(",", ""))
            if number % 10 and number not in _YEARS:
                place = statement.place(m.start(), m.end())
                found[number].append((list(stems(m["nouns"])), m[0].strip(), statement, place))
    for places in found.values():
        for (one, words, statement, first), (other, again, elsewhere, second) in pairs(places):
            if one and other and one[0] != other[0] and set(one) & set(other) and statement.item is not elsewhere.item:
                message = f"{again!r} here, but {words!r} on line {first.line}; of what is this the number?"
                yield subject.warning("CON212", second, message, [first])
                break


def superlatives(subject: Subject) -> Iterator[Finding]:
    """CON213: two rows of a table of which each is said to be the best, the most common, … of one thing."""
    tables: dict[tuple[str, str], list[tuple[str, frozenset[str], Item, Span]]] = defaultdict(list)
    for statement in subject.statements:
        item = statement.item
        header = next((c.header.plain for c in item.cells if c.text is statement.text), None)
        if header is None or not statement.above:
            continue
        for m in _SUPERLATIVE.finditer(statement.plain):
            place = statement.place(m.start(), m.end())
            nouns = frozenset(content(_OF.split(m["nouns"])[0]))
            tables[statement.above[-1].key, header].append((m["most"].lower(), nouns, item, place))
    for rows in tables.values():
        for (most, nouns, item, first), (also, others, elsewhere, second) in pairs(rows):
            if most == also and nouns and nouns == others and item is not elsewhere:
                message = f"this is said to be {most}, and so is line {first.line} of the same table; which one is?"
                yield subject.warning("CON213", second, message, [first])
