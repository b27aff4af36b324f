"""Words as they are compared: without endings, and without those that say nothing."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W\d_](?:[\w'’]*[^\W_])?(?:-[^\W\d_]\w*)*")
_OWNED = re.compile(r"['’]s\b")  # "Winter's"
_ENDINGS = (
    "izations ization ational fulness iveness ousness isation ments ement ities ation ingly edly ively ously "
    "ically ical ness ment ions ance ence ing ied ies ive ion ers ous ism ist ity est ed es er ly al ic s y e a"
).split()


@lru_cache(maxsize=1 << 12)
def stems(words: str) -> tuple[str, ...]:
    """The stems of words, in their order; parts that a hyphen joins each have their own."""
    found = _WORD.findall(_OWNED.sub("", words.lower()))
    return tuple(stem(part) for one in found for part in one.split("-") if len(part) > 1)


@lru_cache(maxsize=1 << 14)
def stem(word: str) -> str:
    """A word without its ending: rough, but the same for forms of one word."""
    if len(word) <= 4:
        return word[:-1] if word.endswith("s") and len(word) == 4 and not word.endswith("ss") else word
    for _ in range(2):  # "typically" is "typical" first
        word = next((word[: -len(e)] for e in _ENDINGS if word.endswith(e) and len(word) - len(e) >= 4), word)
    return word
