"""SCH: does what a document says of its own review hold together?"""

from __future__ import annotations

from collections.abc import Iterator

from sachet.checks.subject import Subject
from sachet.document.front_matter import Fields, Scalar
from sachet.finding import Finding
from sachet.guideline.understand import parse_date
from sachet.review.stamp import BLOCK, DATED, content_hash, read, stamp_entry

SCHEMA_VERSION = "2.0"
# The tier of risk that a level of urgency has: A is for ESI 1, B for 2, C for 3 and less urgent ones. That of the next
# more urgent level is a decision that a team may take.
_TIERS = {"1": "A", "2": "AB", "3": "BC", "4": "C", "5": "C"}


def tier_fits_urgency(subject: Subject) -> Iterator[Finding]:
    """SCH141: a risk tier that is at odds with the ESI level."""
    tier, esi = subject.guideline.scalar("risk_tier"), subject.guideline.scalar("esi")
    if tier and esi and esi.words in _TIERS and tier.words in "ABC" and tier.words not in _TIERS[esi.words]:
        meant = " or ".join(_TIERS[esi.words])
        message = f"risk tier {tier.words} with ESI {esi.words}: ESI {esi.words} is tier {meant}; correct one of them"
        yield subject.warning("SCH141", tier.span, message, [esi.span])


def schema_version(subject: Subject) -> Iterator[Finding]:
    """SCH142: a document of another version of the schema."""
    entry = subject.guideline.fields.get(BLOCK)
    if entry is None or not isinstance(entry.value, Fields):
        return
    version = entry.value.scalar("schema_version")
    if version is not None and version.words != SCHEMA_VERSION:
        message = f"schema {version.words}; sachet knows {SCHEMA_VERSION} (docs/schema.md says how to move to it)"
        yield subject.warning("SCH142", version.span, message)


def checks_were_run(subject: Subject) -> Iterator[Finding]:
    """SCH143: a validation block in which no check was ever run."""
    entry = subject.guideline.fields.get(BLOCK)
    if entry is None or not isinstance(entry.value, Fields) or subject.guideline.scalar("last_updated") is None:
        return
    said = [one for one in entry.value if one.key in DATED]
    if said and all(isinstance(one.value, Scalar) and one.value.is_null for one in said):
        message = "none of the checks of this block was ever run on this document; run them, then `sachet stamp`"
        yield subject.warning("SCH143", said[0].key_span.to(said[-1].span), message)


def review_is_current(subject: Subject) -> Iterator[Finding]:
    """SCH144: a review, or a check, that is older than the last change of the text."""
    updated = subject.guideline.scalar("last_updated")
    changed = parse_date(updated.words) if updated else None
    if updated is None or changed is None:
        return
    old = [(name, day) for name, day in _days(subject) if (read := parse_date(day.words)) and read < changed]
    if old:
        said = ", ".join(f"{name} of {day.words}" for name, day in old[:3]) + (", …" if len(old) > 3 else "")
        message = f"{said}: before the last change of the text ({updated.words}); review it, or check it, again"
        yield subject.warning("SCH144", old[0][1].span, message, [updated.span, *(day.span for _, day in old[1:])])


def stamp_holds(subject: Subject) -> Iterator[Finding]:
    """SCH145: a stamp of other content than this. SCH146: one that cannot be read, so that it says nothing."""
    guideline = subject.guideline
    entry, stamp = stamp_entry(guideline.fields), read(guideline.fields)
    if entry is None:
        return
    if stamp is None:
        message = "this stamp is not as `sachet stamp` writes it, so it counts for nothing; run `sachet stamp` again"
        yield subject.warning("SCH146", entry.key_span, message)
    elif stamp.content != content_hash(guideline.source.text, guideline.fields):
        message = f"the text changed since it was checked on {stamp.day}; check it again, then `sachet stamp`"
        yield subject.warning("SCH145", entry.key_span, message)


def _days(subject: Subject) -> Iterator[tuple[str, Scalar]]:
    review = subject.guideline.scalar("review_date")
    if review is not None:
        yield "review", review
    entry = subject.guideline.fields.get(BLOCK)
    for one in entry.value if entry and isinstance(entry.value, Fields) else ():
        if one.key in DATED and isinstance(one.value, Scalar) and not one.value.is_null:
            yield one.key, one.value
