"""Java's regular expressions in Python's words, because HL7's engine reads those of invariants with Java."""

from __future__ import annotations

import re
from functools import lru_cache

from sachet.fhir.fhirpath.nodes import Unanswerable

_CLASSES = {  # what stands inside [ ] for \p{...}; letters beyond Latin are taken by their blocks
    "L": "A-Za-zªµºÀ-ÖØ-öø-ʯͰ-῿Ⰰ-퟿豈-﷿ﹰ-\ufefc",
    "Lu": "A-ZÀ-ÖØ-Þ",
    "Ll": "a-zß-öø-ÿ",
    "N": "0-9",
    "Nd": "0-9",
    "P": r"!-#%-*,-/:;?@\[-\]_{}",
    "Alpha": "A-Za-z",
    "Digit": "0-9",
    "Alnum": "A-Za-z0-9",
    "Upper": "A-Z",
    "Lower": "a-z",
    "Punct": r"!-/:-@\[-`{-~",
    "Space": r"\s",
    "XDigit": "0-9A-Fa-f",
    "ASCII": "\x00-\x7f",
}
_CLASSES |= {f"Is{name}": members for name, members in _CLASSES.items() if len(name) < 3} | {
    "IsAlphabetic": _CLASSES["L"],
    "IsDigit": "0-9",
    "javaLetter": _CLASSES["L"],
}
_PART = re.compile(r"\\p\{(\w+)\}|\\P\{(\w+)\}|\\(.)|(\[\^?\]?)|(\])|(.)", re.DOTALL)
_ESCAPES = {"h": r" \t\xa0", "z": r"\Z", "Z": r"(?=\n?\Z)", "R": r"(?:\r\n|[\n\r])", "e": r"\x1b", "G": ""}


@lru_cache(512)
def java_pattern(text: str) -> re.Pattern[str]:
    """The pattern of a regular expression; Unanswerable where neither Java nor Python could read it."""
    try:
        return re.compile(_translated(text), re.DOTALL | re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise Unanswerable from error


def _translated(text: str) -> str:
    r"""Java knows \p{L}, \h and \z, and a bracket inside brackets is not just a bracket."""
    inside = False
    parts: list[str] = []
    for found in _PART.finditer(text):
        has, has_not, escaped, opening, closing, other = found.groups()
        name = has or has_not
        if name:
            members = _CLASSES.get(name)
            if members is None or (has_not and inside):
                raise Unanswerable
            parts.append(members if inside else f"[{'^' if has_not else ''}{members}]")
        elif escaped:
            known = _ESCAPES.get(escaped)
            parts.append(f"\\{escaped}" if known is None else f"[{known}]" if escaped == "h" and not inside else known)
        elif opening:
            parts.append("\\" + opening if inside else opening.replace("]", "\\]"))
            inside = True
        elif closing:
            inside = False
            parts.append(closing)
        else:
            parts.append(other)
    return "".join(parts)


def java_replacement(text: str) -> str:
    r"""What replaces a match, with groups as Python has them: `$1` is `\g<1>`."""
    return re.sub(
        r"\\(.)|\$(\d)|\\",
        lambda found: f"\\g<{found[2]}>" if found[2] else re.sub(r"\\", r"\\\\", found[1] or ""),
        text,
    )
