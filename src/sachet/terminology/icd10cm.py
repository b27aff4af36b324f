"""ICD-10-CM: which codes exist, their official titles, and which are billable.

The table is made by `scripts/icd10cm_table.py` from one official release; nothing is read before the first look-up.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sachet.terminology.lines import beginning, lines
from sachet.terminology.words import stems

SYSTEM = "http://hl7.org/fhir/sid/icd-10-cm"
_DISTINCT = 6  # characters of a stem that is a name by itself
_SYMPTOMS = "R"
_COMMON = frozenset(
    stems(
        "and or of the in due to by with without from site acute chronic disease diseases disorder disorders syndrome "
        "condition initial type primary secondary unspecified other specified emergency management evaluation severe"
    )
)
_FORM = re.compile(r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?")


@dataclass(frozen=True, slots=True)
class IcdCode:
    """A code of the release; `billable` where it takes no further characters."""

    code: str
    title: str
    billable: bool


_FOLDER = files("sachet.terminology") / "data" / "icd10cm"


@cache
def release() -> str:
    """The day from which the release holds, as ISO 8601."""
    return (_FOLDER / "release.tsv").read_text("utf-8").split("\t")[1]


@cache
def look_up(code: str) -> IcdCode | None:
    """The code as the release has it; None where it has none of that name. Codes are written with their dot."""
    if not _FORM.fullmatch(code):
        return None
    for line in beginning(lines("icd10cm", code[0]), f"{code}\t".encode()):
        _, billable, title = line.split("\t")
        return IcdCode(code, title, billable == "1")
    return None


def billable_below(code: str) -> tuple[IcdCode, ...]:
    """The billable codes of a category, in their order."""
    rows = (line.split("\t") for line in beginning(lines("icd10cm", code[:1]), code.encode()))
    return tuple(IcdCode(below, title, True) for below, billable, title in rows if billable == "1" and below != code)


def named(name: str) -> tuple[IcdCode, ...]:
    """The codes whose title is a name of a condition; one more word is allowed for a name of three. Shortest first.

    None for a name of one short word, and of symptoms none at all: many titles have them.
    """
    told = title_stems(name)
    if not told or (len(told) == 1 and len(next(iter(told))) < _DISTINCT):
        return ()
    longest = max(sorted(told), key=len)
    found = []
    for line in beginning(lines("icd10cm/named", longest[0]), f"{longest}\t".encode()):
        _, stems_of_title, code = line.split("\t")
        title = set(stems_of_title.split(" "))
        most = len(told) + (1 if len(told) > 2 else 0)
        if told <= title and len(title) <= most and not code.startswith(_SYMPTOMS):
            found.append((len(title), code))
    return tuple(one for _, code in sorted(found) if (one := look_up(code)))


def title_stems(words: str) -> frozenset[str]:
    """Stems of a title or a name, without those that many titles have."""
    return frozenset(one for one in stems(words) if one not in _COMMON)


def excluded(code: str) -> tuple[str, ...]:
    """What must not be coded with a code, by the notes Excludes1 of it and of its categories: codes and ranges."""
    found: list[str] = []
    for end in range(3, len(code) + 1):
        found += _excludes().get(code[:end].rstrip("."), ())
    return tuple(dict.fromkeys(found))


@cache
def _excludes() -> dict[str, tuple[str, ...]]:
    rows = (
        line.split("\t") for line in gzip.decompress((_FOLDER / "excludes1.tsv.gz").read_bytes()).decode().splitlines()
    )
    return {code: tuple(codes.split(" ")) for code, codes in rows}


def near(code: str) -> str | None:
    """A code of the release that `code` may have been meant to be: a hint for a message, never a correction."""
    code = code.strip().upper()[:10]
    if "." not in code and len(code) > 3 and look_up(dotted := f"{code[:3]}.{code[3:]}"):
        return dotted
    for end in range(len(code) - 1, 2, -1):
        if look_up(shorter := code[:end].rstrip(".")):
            return shorter
    return None
