"""From drafts to items with keys that survive editing.

A key is document, section, the path of headings, labels and steps, and the lead words: without numbers and without
"Step n", so changing a dose or inserting a step renames nothing. Siblings with the same lead are told apart by a short
hash of their masked words, then by the author's `{#id}`; only true twins get an ordinal, and a finding.
A label over headings says when, not where: it is in no path.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from sachet.finding import Findings, Span
from sachet.guideline.instruction import (
    bans,
    forbids,
    governs_no_instruction,
    opens_with_verb,
    orders_a_drug,
    workup_kind,
)
from sachet.guideline.items import Draft
from sachet.guideline.model import Item, Kind
from sachet.guideline.target import read_target
from sachet.guideline.title import (
    anchor,
    clip,
    fit,
    lead_spans,
    leading,
    masked,
    short,
    short_hash,
    slug,
    step_prefix,
)

_TITLED = (Kind.HEADING, Kind.LABEL, Kind.STEP)
_BELOW_ITEM = "\0"  # the group of what stands below a list item


class Key(NamedTuple):
    """A key, and where the words stand that it is made of."""

    name: str
    spans: tuple[Span, ...]


def items(drafts: list[Draft], path: Key, orders: bool, workup: bool, findings: Findings) -> tuple[Item, ...]:
    """Name the drafts of a section whose key is `path`, and decide which of them are instructions."""
    keys: dict[int, Key] = {}
    _name(drafts, path, keys, findings)
    builder = _Builder(keys, orders, workup)
    return tuple(builder.item(d, orders, "") for d in drafts)


def _effective(drafts: list[Draft]) -> Iterator[Draft]:
    """The drafts that share a path: what a label over headings governs stands beside it."""
    for draft in drafts:
        yield draft
        if draft.scope:
            yield from _effective(draft.children)


def _name(drafts: list[Draft], path: Key, keys: dict[int, Key], findings: Findings) -> None:
    found = list(_effective(drafts))
    leads: dict[int, str] = {}
    spans: dict[int, tuple[Span, ...]] = {}
    for draft in found:
        words, explicit = anchor(draft.words[-1].plain) if draft.words else ("", None)
        if explicit:
            last = draft.words[-1]
            draft.words = (*draft.words[:-1], replace(last, plain=words))
            draft.title = anchor(draft.title)[0] or explicit
            leads[id(draft)] = re.sub(r"[^a-z0-9]+", "-", explicit.lower())
            spans[id(draft)] = (last.place(len(words), len(last.plain)),)
        else:
            name = _name_of(draft)
            leads[id(draft)] = slug(name)
            spans[id(draft)] = lead_spans(draft.words, name)
    for lead, same in _grouped(found, leads).items():
        if lead and len(same) == 1:
            continue
        if lead and len(same) == 2:  # either has its hash because of the other's lead
            first, second = (id(draft) for draft in same)
            spans[first], spans[second] = spans[first] + spans[second], spans[second] + spans[first]
        for draft in same:
            digest = short_hash(masked(draft.plain))
            leads[id(draft)] = f"{lead}-{digest}" if lead else f"x{digest}"
            spans[id(draft)] += lead_spans(draft.words, draft.plain, len(draft.plain))
    for lead, twins in _grouped(found, leads).items():
        for ordinal, draft in enumerate(twins[1:], 2):
            leads[id(draft)] = f"{lead}-{ordinal}"
            message = (
                f"nothing but numbers tells this from line {twins[0].span.line}, so its id is an ordinal that moves "
                "when the list does; give it one of its own: {#name}"
            )
            findings.note("STR131", draft.span, message, [twins[0].span])
    for draft in found:
        lead = leads[id(draft)]
        key = Key(f"{path.name}.{lead}", (*path.spans, *spans[id(draft)]))
        keys[id(draft)] = key._replace(name=fit(key.name, lead))
        if not draft.scope:
            _name(draft.children, key, keys, findings)


def _name_of(draft: Draft) -> str:
    """An item's name in a key: its title, of a heading or label only what is before a dash or parenthesis."""
    return short(step_prefix(draft.title)[1]) if draft.kind in _TITLED else draft.title


def _grouped(found: list[Draft], leads: dict[int, str]) -> dict[str, list[Draft]]:
    groups: dict[str, list[Draft]] = defaultdict(list)
    for draft in found:
        groups[leads[id(draft)]].append(draft)
    return groups


class _Builder:
    def __init__(self, keys: dict[int, Key], orders: bool, workup: bool) -> None:
        self.keys = keys
        self.orders = orders
        self.workup = workup

    def item(self, draft: Draft, may_instruct: bool, group: str, ban: Draft | None = None) -> Item:
        own = may_instruct and not governs_no_instruction(draft.plain)
        below = self.children(draft, own, draft.plain if draft.kind in _TITLED else group)
        is_group = any(i.instruction for child in below for i in child.walk()) and not orders_a_drug(draft.plain)
        instruction = self.is_instruction(draft, may_instruct, group) and not is_group
        own_title = leading(draft.words, draft.title) if draft.kind is not Kind.TARGETS else ()
        target = read_target(draft.cells[1].text.plain) if draft.kind is Kind.TARGET and len(draft.cells) > 1 else None
        return Item(
            draft.kind,
            self.keys[id(draft)].name,
            self.keys[id(draft)].spans,
            clip(f"{ban.title}: {draft.title}") if ban else draft.title,
            (*leading(ban.words, ban.title), *own_title) if ban else own_title,
            draft.words,
            draft.span,
            draft.prefix,
            draft.ordered,
            draft.cells,
            tuple(draft.facts),
            below,
            instruction,
            target,
        )

    def children(self, draft: Draft, may_instruct: bool, group: str) -> tuple[Item, ...]:
        below = draft.kind is Kind.ITEM
        ban = draft if bans(draft.plain) else None
        return tuple(self.item(c, may_instruct, _BELOW_ITEM if below else group, ban) for c in draft.children)

    def is_instruction(self, draft: Draft, may_instruct: bool, group: str) -> bool:
        if not self.orders or not may_instruct or draft.kind not in (Kind.STEP, Kind.ITEM) or not draft.plain.strip():
            return False
        if draft.kind is Kind.STEP and draft.children:
            return False  # a step that governs lines is a group
        if opens_with_verb(draft.plain, draft.ordered or bool(draft.words[0].lead)) or orders_a_drug(draft.plain):
            return True
        orderable = self.workup and draft.kind is Kind.ITEM and group != _BELOW_ITEM and not forbids(draft.plain)
        return orderable and workup_kind(group, draft.plain) == "order"
