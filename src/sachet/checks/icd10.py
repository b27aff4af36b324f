"""ICD: do the ICD-10-CM codes of a document exist? A code is checked, never corrected."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sachet.finding import Finding, Severity
from sachet.guideline.model import ROLES, Guideline
from sachet.terminology import icd10cm


def codes_exist(guideline: Guideline, plans: Collection[str]) -> Iterator[Finding]:
    """ICD101: no such code in the release; it goes out as text, never as a Coding."""
    for code in guideline.codes:
        if code.title is None:
            words = code.words.words
            near = icd10cm.near(words)
            hint = f"; did you mean {near}?" if near else "; look it up in the tabular list"
            message = f"{words} is not an ICD-10-CM code (release of {icd10cm.release()}){hint}"
            yield Finding("ICD101", Severity.ERROR, guideline.path, code.words.span, message)


def codes_billable(guideline: Guideline, plans: Collection[str]) -> Iterator[Finding]:
    """ICD102: a category that takes further characters, so no claim can carry it."""
    for code in guideline.codes:
        if code.title is not None and not code.billable:
            message = f"{code.words.words} ({code.title}) takes further characters and is not billable"
            yield Finding("ICD102", Severity.WARNING, guideline.path, code.words.span, message)


def roles_known(guideline: Guideline, plans: Collection[str]) -> Iterator[Finding]:
    """ICD103: a role that sachet does not know; the code becomes `associated`."""
    for code in guideline.codes:
        if code.role is not None and code.role.words not in (*ROLES, "focus"):
            message = f"{code.role.words!r} is no role of a code; use focus, {', '.join(ROLES)}"
            yield Finding("ICD103", Severity.WARNING, guideline.path, code.role.span, message)
