"""UNI: is every unit written so that it is read as it is meant?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from sachet.checks.statement import Statement
from sachet.checks.subject import Subject
from sachet.checks.tables import table
from sachet.finding import Edit, Finding
from sachet.guideline.amount import Amount, amounts

_NUMBER = r"(?<![\w.])(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)"
_GIVEN = ("mass", "units", "substance", "volume")  # kinds of units that something is given in
_LEVEL = re.compile(r"m?I?U/(?:d?L|mL)")  # a level in blood, not a dose


def unsafe_abbreviations(subject: Subject) -> Iterator[Finding]:
    """UNI101: an abbreviation of the "do not use" lists."""
    for statement in subject.statements:
        for m in _unsafe().finditer(statement.plain):
            group = "unit" if m["unit"] else "word"
            row = _row("unsafe_" + group, m[group])
            start = m.start(group)
            if _LEVEL.match(statement.plain, start):
                continue
            message = (
                f'"{m[group]}" is on the lists of abbreviations that must not be used: it is misread as '
                f"{row['misread']}; write {row['write']}"
            )
            yield subject.warning("UNI101", statement.place(start, m.end(group)), message)


def unsafe_numbers(subject: Subject) -> Iterator[Finding]:
    """UNI102: a dose with a zero behind its decimal point. UNI103: one without a zero before it."""
    for statement, amount in _amounts(subject):
        words = statement.plain[amount.start : amount.end]
        for m in re.finditer(r"(?<![\d.])\d+\.0+(?!\d)", words):
            if _is_dose(amount):
                span = statement.place(amount.start + m.start(), amount.start + m.end())
                plain = m[0].partition(".")[0]
                message = f"{m[0]} is read as {m[0].replace('.', '')} where the point is missed; write {plain}"
                yield subject.warning("UNI102", span, message)
        for m in re.finditer(r"(?<!\d)\.\d+", words):
            span = statement.place(amount.start + m.start(), amount.start + m.end())
            message = f"{m[0]} is read as {m[0][1:]} where the point is missed; write 0{m[0]}"
            yield subject.warning("UNI103", span, message)


def spellings(subject: Subject) -> Iterator[Finding]:
    """UNI104: a unit in an unusual spelling; the fix writes it as the rest does."""
    for statement in subject.statements:
        for m in _spelled().finditer(statement.plain):
            for group in ("spelling", "denominator"):
                if m[group]:
                    write = _row(group, m[group])["write"]
                    span = statement.place(m.start(group), m.end(group))
                    message = f'"{m[group]}" is a second spelling of a unit; write {write}'
                    yield subject.warning("UNI104", span, message, fix=Edit(span, write))


def units_known(subject: Subject) -> Iterator[Finding]:
    """UNI105: an amount of which not all of the unit is known, so that nothing can compare or compute it."""
    for statement, amount in _amounts(subject):
        if amount.kind == "unknown" and amount.high >= amount.low:
            words = statement.plain[amount.start : amount.end]
            message = f"{words!r}: this unit has no form in UCUM that is known here; nothing can be computed with it"
            yield subject.note("UNI105", statement.place(amount.start, amount.end), message)


def _amounts(subject: Subject) -> Iterator[tuple[Statement, Amount]]:
    for statement in subject.statements:
        for amount in amounts(statement.plain):
            yield statement, amount


def _is_dose(amount: Amount) -> bool:
    """Whether an amount is something that is given, and no level or threshold."""
    return amount.kind in _GIVEN and amount.comparator is None and not (amount.kind == "volume" and amount.per)


def _row(name: str, words: str) -> Mapping[str, str]:
    return next(row for row in table("units")[name] if re.fullmatch(row["words"], words))


def _either(name: str) -> str:
    return "|".join(row["words"] for row in table("units")[name])


@cache
def _unsafe() -> re.Pattern[str]:
    return re.compile(
        rf"{_NUMBER}\s?(?P<unit>{_either('unsafe_unit')})(?![\w])"
        rf"|(?<![\w.])(?P<word>{_either('unsafe_word')})(?![\w])"
    )


@cache
def _spelled() -> re.Pattern[str]:
    unit = r"(?:mg|mcg|g|mL|L|units?|mEq|mmol|kg)"
    return re.compile(
        rf"{_NUMBER}(?:\s?|-)(?P<spelling>{_either('spelling')})(?!\w|[ -](?:stain|negative|positive))"
        rf"|(?<=\d|\s){unit}(?:/(?:kg|m2))?/(?P<denominator>{_either('denominator')})(?![\w])"
    )
