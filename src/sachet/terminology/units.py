"""Words of units that amounts are written in."""

from __future__ import annotations

import re

# A number with one of these is an amount of something given, not a threshold or a concentration.
AMOUNT_UNITS = (
    "mcg|µg|μg|ug|mg|g|gm|grams?|kg|ng|mL|ml|cc|L|liters?|litres?|units?|IU|mEq|mmol|vials?|amps?|ampules?|drops?|"
    "puffs?|tablets?|tabs?|capsules?|joules?|J"
)
_NUMBER = r"\d[\d,]*(?:\.\d+)?"
AMOUNT = re.compile(
    rf"(?<![\w.])[<>≥≤~]?=?\s*{_NUMBER}(?:\s*(?:-|–|to)\s*{_NUMBER})?\s*(?:{AMOUNT_UNITS})(?:/\w+)*(?!\w)"
)
# What is named by its size, not given by amount: "10 mL syringe".
SIZED = re.compile(
    r"\s*(?:[\w-]+\s)?(?:syringe|needle|catheter|bag|bottle|tube|flask|cuff|balloon|bolus tubing)s?\b", re.I
)


def first_amount(words: str) -> int | None:
    """Where the first amount begins in `words`; None if there is none."""
    for m in AMOUNT.finditer(words):
        if not SIZED.match(words, m.end()):
            return m.start()
    return None
