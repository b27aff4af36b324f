"""ICD: do the ICD-10-CM codes of a document exist, and do they fit it? A code is checked, never corrected."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from sachet.checks.codes import (
    NOT_CONDITIONS,
    Listed,
    begin_alike,
    category_of,
    is_procedural,
    meanings,
    names_of,
    shares_a_word,
)
from sachet.checks.facts import Corpus, Facts
from sachet.checks.pairs import pairs
from sachet.checks.subject import Subject
from sachet.finding import Finding, Place, Severity
from sachet.guideline.model import ROLES
from sachet.terminology import icd10cm
from sachet.terminology.icd10cm import IcdCode, title_stems

_SHOWN = 3  # codes that a message names
_INITIALS = 3  # letters of an abbreviation
# "Asphyxiation due to plastic bag, accidental": what a title says of the cause, and words of it that say nothing.
_CAUSE = re.compile(r"\b(?:due to|from|following|caused by|secondary to)\s(?P<cause>[^,]*)")
_NO_CAUSE = (
    "accidental intentional self harm undetermined adverse effect known physiological condition other sites places"
)
_PEOPLE = (
    (
        "O",
        "pregnancy and childbirth",
        re.compile(
            r"pregnan|obstet|partum|natal|matern|labou?r|deliver|eclamp|hellp|cesarean|cord|gestation|placent|amniot|uter"
            r"|trimester|hyperemesis|ectopic|miscarriage|abortion|breast",
            re.IGNORECASE,
        ),
    ),
    (
        "P",
        "newborns",
        re.compile(r"natal|newborn|infant|fetal|neonat|birth|pediatric|premature|deliver", re.IGNORECASE),
    ),
)


def codes_exist(subject: Subject) -> Iterator[Finding]:
    """ICD101: no such code in the release; it goes out as text, never as a Coding."""
    for code in subject.guideline.codes:
        if code.title is None:
            words = code.words.words
            near = icd10cm.near(words)
            hint = f"; did you mean {near}?" if near else "; look it up in the tabular list"
            message = f"{words} is not an ICD-10-CM code (release of {icd10cm.release()}){hint}"
            yield subject.error("ICD101", code.words.span, message)


def codes_billable(subject: Subject) -> Iterator[Finding]:
    """ICD102: a category that takes further characters, so no claim can carry it."""
    names = title_stems(" ".join(names_of(subject)))
    for code in subject.guideline.codes:
        if code.title is not None and not code.billable:
            below = icd10cm.billable_below(code.words.words)
            fitting = sorted(below, key=lambda one: (-len(title_stems(one.title) & names), one.code))[:_SHOWN]
            takes = ", ".join(f"{one.code} ({one.title})" for one in fitting)
            lacks = (
                "lacks its seventh character" if _lacks_seventh(code.words.words, below) else "takes further characters"
            )
            message = f"{code.words.words} ({code.title}) {lacks}, so no claim can carry it; there are {takes}"
            yield subject.warning("ICD102", code.words.span, message)


def _lacks_seventh(code: str, below: Sequence[IcdCode]) -> bool:
    """Whether nothing but a seventh character is missing; X stands in the places before it."""
    filled = code.replace(".", "").ljust(6, "X")
    return bool(below) and all(one.code.replace(".", "")[:6] == filled for one in below)


def titles_fit(subject: Subject) -> Iterator[Finding]:
    """ICD105: a code whose title has nothing to do with the document, by its names and by its text."""
    guideline = subject.guideline
    if is_procedural(subject):
        return
    names = meanings(" ".join(names_of(subject)))
    body = meanings(guideline.source.text.partition("\n---")[2])
    fitting = {c.words.words[:3] for c in guideline.codes if c.title and shares_a_word(c.title, names)}
    for code in guideline.codes:
        if code.title is None or code.words.words[0] in NOT_CONDITIONS or _is_poisoning(code.words.words):
            continue
        if code.words.words[:3] in fitting or _is_abbreviated(code.title, guideline.source.text):
            continue  # of a category of which another code fits, or called by its initials
        told = meanings(code.title)
        if told and not shares_a_word(code.title, names) and len(told & body) < len(told) / 2:
            said = f"{code.words.words} is {code.title}: it shares no word with {guideline.title.words}"
            message = f"{said}, and the text does not speak of it; look the code up again, or give it its role"
            yield subject.warning("ICD105", code.words.span, message)


def _is_abbreviated(title: str, text: str) -> bool:
    """Whether the initials of a title, three or more, stand in a text as a word: "DIC"."""
    initials = "".join(word[0] for word in re.findall(r"[A-Za-z]+", title.partition("[")[0])).upper()
    return len(initials) >= _INITIALS and re.search(rf"\b{initials}\b", text) is not None


def causes_fit(subject: Subject) -> Iterator[Finding]:
    """ICD110: a code whose title names a cause or a place of which neither the names nor the text have a word."""
    guideline = subject.guideline
    known = meanings(" ".join([*names_of(subject), guideline.source.text.partition("\n---")[2]]))
    for code in guideline.codes:
        m = _CAUSE.search(code.title or "")
        if code.title is None or m is None or _is_poisoning(code.words.words):
            continue
        told = meanings(m["cause"]) - meanings(_NO_CAUSE)
        if told and not told & known and not any(begin_alike(one, other) for one in told for other in known):
            message = (
                f"{code.words.words} is {code.title}: the text has no word of {m['cause']}; look the code up again, or "
                "say in the text when it applies"
            )
            yield subject.warning("ICD110", code.words.span, message)


def on_unrelated(corpus: Corpus) -> Iterator[Finding]:
    """XFI121: a code of another document's condition on a document that has nothing to do with it."""
    by_code: dict[str, list[tuple[Facts, Listed]]] = defaultdict(list)
    for document in corpus.documents:
        for one in document.codes:
            by_code[one.code].append((document, one))
    for found in by_code.values():
        owners = [(document, one) for document, one in found if one.fits]
        for document, one in found:
            unrelated = [(owner, theirs) for owner, theirs in owners if not corpus.are_related(document, owner)]
            if not one.fits and unrelated and len(unrelated) == len(owners):
                owner, theirs = unrelated[0]
                message = (
                    f"{one.code} ({one.title}) is what {owner.path} is about, and the two do not name each other; give "
                    "the code its role here (complication, cause), or take it off"
                )
                yield Finding(
                    "XFI121", Severity.NOTE, document.path, one.span, message, (Place(owner.path, theirs.span),)
                )


def named_alike(subject: Subject) -> Iterator[Finding]:
    """ICD106: a code that is named like the condition, where none of the listed ones is."""
    codes = [code for code in subject.guideline.codes if code.title]
    names = [name for name in names_of(subject) if title_stems(name)]
    if not codes or any(title_stems(name) <= title_stems(code.title or "") for name in names for code in codes):
        return
    about = f"{' '.join(names)} {category_of(subject)}"
    for name in names:
        for one in icd10cm.named(name):
            near = any(c.words.words.startswith(one.code) or one.code.startswith(c.words.words) for c in codes)
            fits = all(words.search(about) for letter, _, words in _PEOPLE if one.code.startswith(letter))
            if fits and not near:
                message = f"none of these codes is {one.code}, {one.title}; is it what is meant?"
                yield subject.warning("ICD106", codes[0].words.span, message)
                return


def roles_of_procedures(subject: Subject) -> Iterator[Finding]:
    """ICD107: codes on a procedure that are not its name, and do not say what they are to it."""
    if not is_procedural(subject):
        return
    names = meanings(" ".join(names_of(subject)))
    without = [c for c in subject.guideline.codes if c.role is None and c.title and not meanings(c.title) & names]
    if without:
        shown = ", ".join(f"{code.words.words} ({code.title})" for code in without[:_SHOWN])
        message = f"{shown}: not the procedure itself; give each its role (indication, complication, cause)"
        first = without[0].words.span
        yield subject.warning("ICD107", first, message, [code.words.span for code in without[1:]])


def patients_fit(subject: Subject) -> Iterator[Finding]:
    """ICD108: a code of childbirth or of newborns on a document that is on neither."""
    about = f"{' '.join(names_of(subject))} {category_of(subject)}"
    for code in subject.guideline.codes:
        for letter, people, words in _PEOPLE:
            if code.title and code.words.words.startswith(letter) and not words.search(about):
                message = f"{code.words.words} ({code.title}) is for {people} only, and this document is not on them"
                yield subject.warning("ICD108", code.words.span, message)


def exclusions(subject: Subject) -> Iterator[Finding]:
    """ICD109: codes that must not be coded together (notes Excludes1): a document may list both, a claim may not."""
    codes = [code for code in subject.guideline.codes if code.title is not None]
    both = [
        (one, other)
        for one, other in pairs(codes)
        if any(_within(other.words.words, named) for named in icd10cm.excluded(one.words.words))
        or any(_within(one.words.words, named) for named in icd10cm.excluded(other.words.words))
    ]
    if both:
        shown = ", ".join(f"{one.words.words} and {other.words.words}" for one, other in both[:_SHOWN])
        message = f"no patient can have both {shown}{' and others' if len(both) > _SHOWN else ''} (Excludes1)"
        yield subject.note("ICD109", both[0][1].words.span, message, [both[0][0].words.span])


def _within(code: str, named: str) -> bool:
    """Whether a code is one that a note names: itself, its category, or a range of categories."""
    low, _, high = named.partition("-")
    return low <= code[: len(low)] and code[: len(high)] <= high if high else code.startswith(low)


def _is_poisoning(code: str) -> bool:
    """Whether a code is of a substance: its title names the class, the document the drug."""
    return "T36" <= code[:3] <= "T65"


def roles_known(subject: Subject) -> Iterator[Finding]:
    """ICD103: a role that sachet does not know; the code becomes `associated`."""
    for code in subject.guideline.codes:
        if code.role is not None and code.role.words not in (*ROLES, "focus"):
            message = f"{code.role.words!r} is no role of a code; use focus, {', '.join(ROLES)}"
            yield subject.warning("ICD103", code.role.span, message)
