"""Is a line an instruction? Only where its first words show it; unknown means text."""

from __future__ import annotations

import re
from functools import lru_cache

from sachet.guideline.amount import has_amount
from sachet.guideline.dose import Dose, begins_with, read_doses
from sachet.guideline.tables import pattern, phrases, words
from sachet.guideline.title import step_prefix

_TABLE = "instructions"
_READ = 1000  # so many characters of a line say what it is
_FIRST = re.compile(r"([A-Za-z][A-Za-z-]*)(?P<end>[\s]*)(?P<next>\S*)")


def forbids(text: str) -> bool:
    """True for a line that begins by forbidding, doubting, reporting, restricting or setting a condition."""
    return bool(phrases(_TABLE, "never_starts").match(text) or pattern(_TABLE, "restricted").match(text))


def governs_no_instruction(text: str) -> bool:
    """True for a heading or label below which nothing is an instruction ("Contraindications:")."""
    return bool(pattern(_TABLE, "never_below").search(text))


def bans(text: str) -> bool:
    """True for a label that forbids, and nothing else ("DO NOT:")."""
    return bool(pattern(_TABLE, "ban").match(text))


def is_fact(text: str) -> bool:
    """True for a line that only describes the step above it ("Onset: 1-3 minutes")."""
    return any(pattern(_TABLE, key).match(text) for key in ("facts_named", "facts"))


def opens_with_verb(text: str, strong: bool = False) -> bool:
    """True where the line begins with an imperative verb of the table, seen as a verb.

    `strong` for a line of a numbered list or one that begins with bold words.
    """
    _, text = step_prefix(text)
    if forbids(text):
        return False
    m = _FIRST.match(text)
    if m is None:
        return False
    verb = m[1].lower()
    if verb in words(_TABLE, "always"):
        return not text[m.end(1) :].startswith(":")
    if verb not in words(_TABLE, "with_next_word") or not m["end"]:
        return False
    if strong and m["next"][:1].isalpha():
        return verb not in words(_TABLE, "never_strong") or m["next"].lower() in words(_TABLE, "next_words")
    if m["next"][:1].isdigit():
        return verb in words(_TABLE, "before_number")
    following = re.match(r"[A-Za-z']*", m["next"])
    word = following[0].lower() if following else ""
    if word in words(_TABLE, "next_words"):
        return True
    return verb in words(_TABLE, "before_noun") and bool(word)


@lru_cache(maxsize=1 << 12)
def doses_given(text: str) -> tuple[Dose, ...]:
    """The doses of a line that orders them; none of one that forbids, doubts, reports or compares."""
    if not has_amount(text):
        return ()
    _, text = step_prefix(text)
    if forbids(text) or pattern(_TABLE, "doubts").search(text):
        return ()
    return tuple(read_doses(text))


def orders_a_drug(text: str) -> bool:
    """True where the line begins with a drug and its dose, or with a verb of giving."""
    doses = doses_given(text)
    if not doses:
        return False
    _, text = step_prefix(text)
    verb = _FIRST.match(text)
    gives = verb is not None and verb[1].lower() in words(_TABLE, "gives")
    return gives or begins_with(text, doses[0])


def _head(text: str) -> tuple[str, str]:
    """What a line is about, up to its first dash, colon or parenthesis, and the words behind that."""
    m = re.search(r"\s+[—–-]{1,2}\s+|\s*—\s*|:(?=\s|$)|\s+\(", text)
    return (text[: m.start()], text[m.end() :]) if m else (text, "")


def workup_kind(group: str, text: str) -> str:
    """order, equipment, finding, criterion or note: what a line of Workup below `group` is."""
    group, text = (" ".join(words[:_READ].split()) for words in (group, text))

    def says(key: str, where: str) -> bool:
        return bool(pattern("workup", key).search(where))

    if says("equipment", group):
        return "equipment"
    head, behind = _head(text)
    if says("note", group) or says("negative", text) or says("noted", text) or says("statement", head):
        return "note"
    if pattern(_TABLE, "negation").match(behind) or says("rejected", head):
        return "note"
    if says("sign", head) and not opens_with_verb(text):
        return "finding"
    for kind in ("criterion", "finding"):
        if says(kind, group) and not opens_with_verb(text):
            return kind
    if says("criterion_line", text):
        return "criterion"
    if says("test", group) and not says("tests", group) and not opens_with_verb(text) and not says("test", text):
        return "finding"
    return "order"
