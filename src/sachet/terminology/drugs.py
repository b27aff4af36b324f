"""Drug names in words: which words name a drug, and which names mean one.

Two lists say it: `?.tsv.gz`, made by `scripts/drug_names.py` from a list that gathers MedlinePlus, DrugBank and the
NHS, and `added.toml` with what that lacks, each row with its source. Nothing is read before the first look-up.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files

from sachet.terminology.lines import beginning, lines

_FOLDER = files("sachet.terminology") / "data" / "drugs"
_WORD = re.compile(r"(?<![\w.])[A-Za-z0-9½][\w'½]*")
_ISOMER = re.compile(r"[LDN]-")  # "L-epinephrine"
_LETTERS = re.compile(r"[^\W_]+")  # a name ends where some end
_FIRST = re.compile(r"[a-z0-9½]+")
_JOINS = "-/"  # of the parts of a combination: "piperacillin-tazobactam"


@dataclass(frozen=True, slots=True)
class Name:
    """A drug's name in some words, from `start` to `end`; `drug` is the name that all its names share."""

    start: int
    end: int
    drug: str


@lru_cache(maxsize=1 << 10)
def find(words: str) -> tuple[Name, ...]:
    """The drug names in words, in their order, each as long as it can be."""
    return tuple(_find(words))


def _find(words: str) -> Iterator[Name]:
    low = words.lower()
    ends = [m.end() for m in _LETTERS.finditer(low)]
    end = 0
    for m in _WORD.finditer(words):
        if m.start() < end:
            continue
        found = _combined(words, low, ends, m.start())
        if found and m.start() > 1 and _ISOMER.fullmatch(words, m.start() - 2, m.start()):
            found = replace(found, start=m.start() - 2)
        if found:
            end = found.end
            yield found


def _combined(words: str, low: str, ends: list[int], start: int) -> Name | None:
    """The name that begins at a place, with those that are joined to it."""
    found = _one(words, low, ends, start)
    while found and found.end < len(words) - 1 and words[found.end] in _JOINS:
        other = _one(words, low, ends, found.end + 1)
        if other is None:
            # "heparin-induced" is no heparin; "insulin/glucose" and "mg/kg" end at the stroke.
            return None if words[found.end] == "-" and words[found.end + 1].isalpha() else found
        between = "and" if words[found.end] == "-" else "or"
        found = Name(start, other.end, f"{found.drug} {between} {other.drug}")
    return found


def _one(words: str, low: str, ends: list[int], start: int) -> Name | None:
    first = _FIRST.match(low, start)
    if first is None:
        return None
    names, longest = _names(first[0])
    for end in reversed(ends[bisect_left(ends, first.end()) : bisect_right(ends, start + longest)]):
        drug, capital = names.get(low[start:end], ("", False))
        if drug and (not capital or words[start:end] != low[start:end]):
            return Name(start, end, drug)
    return None


@lru_cache(maxsize=1 << 15)
def _names(first: str) -> tuple[Mapping[str, tuple[str, bool]], int]:
    """The names whose first word is this: drug, and whether the name is written with capitals; the longest's length."""
    found = dict(_added().get(first, {}))
    for line in beginning(lines("drugs", first[0]), first.encode()):
        name, drug, _ = line.split("\t")
        if _FIRST.match(name)[0] == first:  # type: ignore[index]
            found.setdefault(name, (drug or name, False))
    return found, max(map(len, found), default=0)


@cache
def _added() -> Mapping[str, Mapping[str, tuple[str, bool]]]:
    """The names of `added.toml` by their first word."""
    found: dict[str, dict[str, tuple[str, bool]]] = {}
    for row in tomllib.loads((_FOLDER / "added.toml").read_text("utf-8"))["drug"]:
        for name in row["names"]:
            low = name.lower()
            found.setdefault(_FIRST.match(low)[0], {})[low] = (row["name"], name != low)  # type: ignore[index]
    return found
