"""What each finding code means, as tables that anyone can read: one file a family (`dos.toml`: doses).

`docs/findings.md` is made of them by `scripts/findings_page.py`, and `sachet explain` prints them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sachet.finding import Severity

# The families of codes, in the order in which they are shown.
FAMILIES = ("STR", "SCH", "ICD", "CON", "DOS", "UNI", "XFI", "CIT", "DUP", "OUT", "LNK", "REV", "FHIR")


@dataclass(frozen=True, slots=True)
class Rule:
    """What a code stands for.

    `what` is wrong, in a line; `why` says which class of mistakes it stands for and what they lead to, `source` where
    the rule comes from; `check` is the check of the validation block that it belongs to. Empty where there is none.
    """

    code: str
    severity: Severity
    what: str
    wrong: str = ""
    right: str = ""
    why: str = ""
    source: str = ""
    check: str = ""

    @property
    def family(self) -> str:
        """The letters of the code."""
        return self.code.rstrip("0123456789")


@cache
def about(family: str) -> str:
    """What the codes of a family are about, in a few words. Raises KeyError where there is no such family."""
    return str(_table(family)["about"])


@cache
def rules(family: str) -> Mapping[str, Rule]:
    """The rules of a family by code, in their order. Raises KeyError where there is no such family."""
    rows = {code: row for code, row in _table(family).items() if isinstance(row, dict)}
    return {code: Rule(code, Severity(row.pop("severity")), **row) for code, row in rows.items()}


def rule(code: str) -> Rule:
    """The rule of a code. Raises KeyError where there is none."""
    return rules(code.rstrip("0123456789"))[code]


def _table(family: str) -> dict[str, object]:
    if family not in FAMILIES:
        raise KeyError(family)
    return tomllib.loads((files(__name__) / f"{family.lower()}.toml").read_text("utf-8"))
