"""SCH: does the front matter keep to the schema?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from sachet.checks.subject import Subject
from sachet.document.front_matter import Fields, Scalar, Sequence, Value
from sachet.finding import Finding
from sachet.guideline.understand import parse_date
from sachet.schema import keys

_IS: Mapping[str, tuple[str, Callable[[Value], bool]]] = {
    "text": ("words", lambda v: isinstance(v, Scalar) and isinstance(v.value, str)),
    "integer": ("a whole number", lambda v: isinstance(v, Scalar) and isinstance(v.value, int)),
    "date": ("a day like 2026-03-01", lambda v: isinstance(v, Scalar) and parse_date(v.words) is not None),
    "list": ("a list", lambda v: isinstance(v, Sequence)),
    "mapping": ("keys with values", lambda v: isinstance(v, Fields)),
}


def unknown_keys(subject: Subject) -> Iterator[Finding]:
    """SCH111: a key that the schema does not know; it is kept as an extension."""
    for entry in subject.guideline.fields:
        if entry.key not in keys():
            message = f"the schema has no key {entry.key!r}; it is kept, as an extension"
            yield subject.note("SCH111", entry.key_span, message)


def required_keys(subject: Subject) -> Iterator[Finding]:
    """SCH112: a key that the schema requires is missing."""
    for key, rule in keys().items():
        if rule.get("required") and subject.guideline.fields.get(key) is None:
            message = f"the key {key!r} is missing"
            yield subject.warning("SCH112", subject.guideline.fields.span, message)


def kinds_and_values(subject: Subject) -> Iterator[Finding]:
    """SCH113: a value of the wrong kind. SCH114: a value that is not one of the schema's."""
    for key, rule in keys().items():
        entry = subject.guideline.fields.get(key)
        if entry is None or (isinstance(entry.value, Scalar) and entry.value.is_null):
            continue
        if not any(_IS[kind][1](entry.value) for kind in rule["kind"]):
            wanted = " or ".join(_IS[kind][0] for kind in rule["kind"])
            message = f"{key!r} must be {wanted}"
            yield subject.warning("SCH113", entry.value.span, message)
        elif "values" in rule and isinstance(entry.value, Scalar) and entry.value.words not in rule["values"]:
            message = f"{entry.value.words!r} is no {key}; use one of {', '.join(rule['values'])}"
            yield subject.warning("SCH114", entry.value.span, message)
