"""ICD-10-CM: which codes exist, their official titles, and which are billable.

The table is made by `scripts/icd10cm_table.py` from one official release; nothing is read before the first look-up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sachet.terminology.lines import beginning, lines

SYSTEM = "http://hl7.org/fhir/sid/icd-10-cm"
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


def near(code: str) -> str | None:
    """A code of the release that `code` may have been meant to be: a hint for a message, never a correction."""
    code = code.strip().upper()[:10]
    if "." not in code and len(code) > 3 and look_up(dotted := f"{code[:3]}.{code[3:]}"):
        return dotted
    for end in range(len(code) - 1, 2, -1):
        if look_up(shorter := code[:end].rstrip(".")):
            return shorter
    return None
