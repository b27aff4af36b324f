"""Ids that survive editing: whatever is added, reordered or counted differently, no other element is renamed."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import DOCUMENTS, SEED
from hypothesis import given, settings
from hypothesis import strategies as st
from mutation import Built

from sachet.fhir.releases import R5

TEXTS = [SEED.read_text("utf-8"), (DOCUMENTS / "cold-injury.md").read_text("utf-8")]
ITEM = re.compile(r"^( *)([-*]|\d+[.)]) \S")
NEW = "Quokka zebra wombat numbat"
# Not the number of a list: a longer one indents what stands below it, which makes it another list.
NUMBER = re.compile(r"(?<![\w.,])(?<!\n)\d+(?:\.\d+)?(?![.)] )")


def ids(text: str) -> set[str]:
    """The id of every resource, and of every action, of a document."""
    leaves = Built(text, R5).leaves
    found = {str(v) for (_, path), v in leaves.items() if path.endswith(".id")}
    assert len(found) > 5
    return found


def body(text: str) -> int:
    """The index of the first line of the Markdown."""
    return text.split("\n").index("---", 1) + 1


def add_item(text: str, at: int) -> str:
    """A bullet or a numbered step more, beside another one."""
    lines = text.split("\n")
    places = [n for n, line in enumerate(lines) if n >= body(text) and ITEM.match(line)]
    place = places[at % len(places)]
    m = ITEM.match(lines[place])
    assert m
    return "\n".join([*lines[:place], f"{m[1]}{m[2]} {NEW}", *lines[place:]])


def add_step(text: str, at: int) -> str:
    """A bold step more, before another one."""
    lines = text.split("\n")
    places = [n for n, line in enumerate(lines) if line.startswith("**Step ")]
    if not places:
        return add_item(text, at)
    place = places[at % len(places)]
    return "\n".join([*lines[:place], f"**Step 9: {NEW}**", "- Numbat of the step", "", *lines[place:]])


def add_source(text: str, at: int) -> str:
    """A source more, first or later."""
    lines = text.split("\n")
    start = lines.index("sources:") + 1
    places = [n for n in range(start, body(text)) if lines[n].startswith("  - type:")]
    place = places[at % len(places)]
    source = ["  - type: guideline", f'    ref: "Numbat Q. {NEW}. J Zebra. 2001;1:1."', '    pmid: "9999999"']
    return "\n".join([*lines[:place], *source, *lines[place:]])


def reorder(text: str, at: int) -> str:
    """Two neighbouring lines of a list, changed about."""
    lines = text.split("\n")
    pairs = []
    for n in range(body(text), len(lines) - 1):
        first, second = ITEM.match(lines[n]), ITEM.match(lines[n + 1])
        after = ITEM.match(lines[n + 2]) if n + 2 < len(lines) else None
        alone = after is None or len(after[1]) <= len(second[1]) if second else False
        goes_on = n + 2 < len(lines) and lines[n + 2].startswith(" ") and not after
        if first and second and first[1] == second[1] and alone and not goes_on:
            pairs.append(n)
    place = pairs[at % len(pairs)]
    lines[place], lines[place + 1] = lines[place + 1], lines[place]
    return "\n".join(lines)


def renumber(text: str, at: int) -> str:
    """Another number in the text."""
    lines = text.split("\n")
    start = len("\n".join(lines[: body(text)]))
    places = [m for m in NUMBER.finditer(text) if m.start() > start]
    place = places[at % len(places)]
    return f"{text[: place.start()]}{place[0]}7{text[place.end() :]}"


EDITS: dict[str, Callable[[str, int], str]] = {
    "bullet": add_item, "step": add_step, "source": add_source, "order": reorder, "number": renumber,
}  # fmt: skip


def renamed(text: str, edit: str, at: int) -> list[str]:
    """Ids that an edit took away; an ActivityDefinition may go where its step became a group."""
    before, after = ids(text), ids(EDITS[edit](text, at))
    new = {i for i in after - before if not any(w in i for w in ("quokka", "numbat", "9999999"))}
    return sorted((before - after) | new)


@pytest.mark.parametrize("edit", EDITS)
@settings(deadline=None, max_examples=40)
@given(st.sampled_from(TEXTS), st.integers(0, 400))
def test_an_edit_renames_nothing(edit: str, text: str, at: int) -> None:
    assert renamed(text, edit, at) == []


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_renames_nothing_in_the_corpus(edit: str, corpus: list[Path]) -> None:
    wrong = []
    for number, file in enumerate(corpus[:: len(EDITS)]):
        text = file.read_text("utf-8")
        wrong += [(file.name, i) for i in renamed(text, edit, number * 31)]
    assert wrong == []


def test_equal_leads_are_the_one_exception() -> None:
    """A key is the lead words, so that other words can be edited. Where two siblings share them, both get a hash, and
    keep it: neither takes the key that the other had."""
    one = "- Remove the trocar (inner stylet)\n"
    with_twin = TEXTS[0].replace(one, f"{one}- Remove the trocar: slowly in quokkas\n")
    (before,) = (i for i in ids(TEXTS[0]) if "remove-trocar" in i)
    after = {i for i in ids(with_twin) if "remove-trocar" in i}
    assert len(after) == 2
    assert before not in after


def test_the_property_can_fail() -> None:
    text = TEXTS[0]
    assert ids(text) - ids(text.replace("Remove the trocar", "Withdraw the trocar"))


def test_ids_are_those_of_fhir() -> None:
    for text in TEXTS:
        for found in ids(text):
            assert re.fullmatch(r"[A-Za-z0-9.-]{1,64}", found), json.dumps(found)
