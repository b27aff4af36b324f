"""The short title of an item, and the words that its key is made of."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice

from sachet.document.markdown import Text
from sachet.finding import Span
from sachet.guideline.tables import pattern
from sachet.guideline.tables import words as table_words
from sachet.terminology.units import first_amount

MAX_TITLE = 80
_READ = 400  # so many characters of a line are enough to find its title
MAX_KEY = 64
_KEY_WORDS = 4
_FRAGMENT = 3  # so few words before a parenthesis may be no name yet
_STOP_WORDS = frozenset("a an and are as at be by for from if in is it its of on or the to with".split())
# Where the name of a thing ends: a spaced dash, a colon that is no ratio, a parenthesis.
_END = re.compile(r"\s+[—–-]{1,2}\s+|\s*—\s*|:(?=\s|$)|\s+\(|;\s")
_STEP = re.compile(r"(?P<prefix>Step\s+\d+[a-z]?|\d+[.)](?=\s|$))(?:\s*[:.—–-]+)?\s*", re.IGNORECASE)
_DANGLING = re.compile(
    r"(?:\s+(?:with|of|at|to|in|on|for|from|by|and|or|plus|x|the|a|an|via|per|over|then|up|than|is|about|approximately)"
    r"|\s*[,;:+/~=<>≥≤(-])+$",
    re.IGNORECASE,
)
# Words that ask for what follows them: no title ends in one.
_OPEN = re.compile(r"\b(?:if|when|until|while|unless|only|reach(?:es|ed)?|level|not|no|avoid)$", re.IGNORECASE)
_ASKS = re.compile(r"\b(?:if|when|until|while|unless|to)$", re.IGNORECASE)
_QUALIFIERS = frozenset(
    {"alternative", "alternatives", "target", "avoid", "first-line", "second-line", "third-line", "or", "and"}
    | {"preferred", "dose"}
)
_ANCHOR = re.compile(r"\s*\{#([A-Za-z][A-Za-z0-9_.-]*)\}\s*$")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")


def step_prefix(words: str) -> tuple[str | None, str]:
    """The "Step 2" or "2." that words begin with, and the words behind it; None and all the words without one."""
    m = _STEP.match(words)
    return (m["prefix"], words[m.end() :]) if m else (None, words)


def title_of(text: Text) -> str:
    """The name of what a line is about: "**Calcium gluconate 10%: 30 mL (3 g) IV**" is "Calcium gluconate 10%"."""
    prefix, words = step_prefix(text.plain)
    lead = step_prefix(text.lead)[1].strip()
    behind = words[len(lead) :]
    if len(lead.strip(" :.")) < 2 or behind[:1].isalpha() or pattern("instructions", "negation").match(behind):
        title = short(words)  # bold inside a word, a letter of a mnemonic, or a name whose negation stands behind it
    elif pattern("instructions", "negated").search(lead):
        title = clip(lead.rstrip(" .:;,"))
    else:
        title = short(lead)
    if prefix is None or not prefix.lower().startswith("step"):
        return title
    return f"{prefix}: {title}" if title and title.strip() != prefix else prefix


def short(words: str) -> str:
    """Words up to the first dash, colon or parenthesis, cut before the first amount, at most 80 characters."""
    words = " ".join(words[:_READ].split())
    ends = [m for m in _END.finditer(words) if m.start() > 0]
    if ends and len(words[: ends[0].start()].split()) <= _FRAGMENT:
        while ends and _goes_on(words, ends[0]):
            ends.pop(0)
    while ends and _says_nothing(words[: ends[0].start()], words[ends[0].end() :]):
        ends.pop(0)
    title = words[: ends[0].start()] if ends else words
    if title.count("(") > title.count(")"):
        title = words[: words.index(")", len(title)) + 1] if ")" in words[len(title) :] else words
    amount = first_amount(title)
    if amount is not None:
        cut = title[:amount]
        cut = cut[: cut.rindex("(")] if cut.count("(") > cut.count(")") else cut
        cut = _DANGLING.sub("", cut.strip())
        if cut and not _OPEN.search(cut) and not _is_verb(cut):
            title = cut
    return clip(title.strip().rstrip(" .:;,") or words)


def _is_verb(words: str) -> bool:
    """True for one verb of the table of instructions and nothing else."""
    return any(words.lower() in table_words("instructions", key) for key in ("always", "with_next_word"))


def _says_nothing(title: str, behind: str) -> bool:
    """True for a letter, a mere qualifier ("Alternative"), an open "if", or words whose negation stands behind them."""
    bare = title.strip(" .*").lower()
    asks = behind and _ASKS.search(bare)
    return bool(len(bare) < 2 or bare in _QUALIFIERS or asks or pattern("instructions", "negation").match(behind))


def _goes_on(words: str, end: re.Match[str]) -> bool:
    """True for a parenthesis inside a phrase, without whose rest it is a fragment: "Use 45 mm (yellow) needle"."""
    close = words.find(")", end.end())
    return end[0].endswith("(") and close > 0 and bool(re.match(r" \w", words[close + 1 :]))


def clip(words: str, limit: int = MAX_TITLE) -> str:
    """At most `limit` characters, cut at a word, with an ellipsis where something was left out."""
    if len(words) <= limit:
        return words
    return words[: limit - 1].rsplit(" ", 1)[0].rstrip(" ,;:-") + "…"


def anchor(words: str) -> tuple[str, str | None]:
    """Words without the author's `{#id}` at their end, and that id."""
    m = _ANCHOR.search(words)
    return (words[: m.start()], m[1]) if m else (words, None)


def slug(words: str, most: int = _KEY_WORDS) -> str:
    """Lower-case ASCII words joined by hyphens, without numbers, "Step n" and small words; may be empty."""
    _, words = step_prefix(words.strip())
    flat = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    tokens = re.findall(r"[a-z0-9]+(?:'[a-z]+)?", flat)
    kept = [t.replace("'", "") for t in tokens if not t[0].isdigit() and t not in _STOP_WORDS]
    return "-".join(kept[:most])


def leading(texts: Sequence[Text], words: str) -> tuple[Span, ...]:
    """Where words stand that some texts begin with: a span in each text that they reach into."""
    return tuple(text.place(found[0].start(), found[-1].end()) for text, found in _leading(texts, words))


def lead_spans(texts: Sequence[Text], words: str, most: int = _KEY_WORDS) -> tuple[Span, ...]:
    """Where what `slug` takes of words stands: without the numbers, up to the last word that it keeps."""
    spans: list[Span] = []
    kept = 0
    for text, found in _leading(texts, step_prefix(words.strip())[1]):
        run: list[re.Match[str]] = []
        for token in found:
            if kept == most or token[0][0].isdigit():
                spans.extend(_run(text, run))
                run = []
            else:
                run.append(token)
                kept += _is_kept(token[0])
        spans.extend(_run(text, run))
    return tuple(spans)


@lru_cache(maxsize=1 << 14)
def _is_kept(token: str) -> bool:
    return bool(slug(token))


def _run(text: Text, run: list[re.Match[str]]) -> list[Span]:
    return [text.place(run[0].start(), run[-1].end())] if run else []


def _leading(texts: Sequence[Text], words: str) -> Iterator[tuple[Text, list[re.Match[str]]]]:
    """The words that some texts begin with, text by text; a step's number may stand before them."""
    wanted = _WORD.findall(words)
    for text in texts:
        if not wanted:
            return
        tokens = _WORD.finditer(text.plain)
        found = list(islice(tokens, len(wanted)))
        for more in islice(tokens, 2):
            if found[0][0] == wanted[0]:
                break
            found = [*found[1:], more]
        if found:
            yield text, found
        wanted = wanted[len(found) :]


def masked(words: str) -> str:
    """Words in lower case with every number masked: what an id may depend on."""
    return " ".join(_NUMBERS.sub("#", words.lower()).split())


def short_hash(words: str, length: int = 6) -> str:
    """The first hex digits of the SHA-256 of some words."""
    return hashlib.sha256(words.encode()).hexdigest()[:length]


def fit(key: str, lead: str) -> str:
    """A key of at most 64 characters: itself, or its document, section and lead with a hash of the whole."""
    if len(key) <= MAX_KEY:
        return key
    room = MAX_KEY - 9
    document, section = [*key.split("."), ""][:2]
    readable = f"{document}.{section}.{lead}"
    if len(readable) > room:
        readable = f"{document}.{lead}"[:room].rstrip(".-")
    return f"{readable}-{short_hash(key, 8)}"
