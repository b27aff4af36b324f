"""Words of units that amounts are written in."""

from __future__ import annotations

import re

# A number with one of these is an amount of something given, not a threshold or a concentration.
AMOUNT_UNITS = (
    "mcg|µg|μg|ug|mg|g|gm|grams?|kg|ng|mL|ml|cc|L|liters?|litres?|units?|IU|mEq|mmol|vials?|amps?|ampules?|drops?|"
    "puffs?|tablets?|tabs?|capsules?|joules?|J"
)
_NUMBER = r"\d[\d,]{0,15}(?:\.\d{1,6})?(?:/\d{1,5}(?:\.\d{1,3})?)?"
AMOUNT = re.compile(
    rf"(?<![\w.,/])[<>≥≤~]?=?\s*{_NUMBER}(?:\s*(?:-|–|to)\s*{_NUMBER})?\s*(?:{AMOUNT_UNITS})(?:/\w+)*(?!\w)"
)
# What is named by its size, not given by amount: "10 mL syringe".
SIZED = re.compile(
    r"\s*(?:[\w-]+\s)?(?:syringe|needle|catheter|bag|bottle|tube|flask|cuff|balloon|bolus tubing)s?\b", re.I
)


# What makes a number a threshold or a level: a comparator or such a word before it, a concentration as its unit.
_THRESHOLD = re.compile(
    r"(?:[<>=≥≤]|\b(?:if|when|until|while|reach(?:es|ed)?|above|below|under|over|than|by|at|to|level|target|goal|is|and))\s*$",
    re.IGNORECASE,
)
_CONCENTRATION = re.compile(r"/(?:dL|L|mL|mm3)$")


def first_amount(words: str) -> int | None:
    """Where the first amount begins in `words`; None if there is none."""
    for m in AMOUNT.finditer(words):
        threshold = m[0][0] in "<>=≥≤" or _THRESHOLD.search(words[: m.start()]) or _CONCENTRATION.search(m[0])
        if not threshold and not SIZED.match(words, m.end()):
            return m.start()
    return None
