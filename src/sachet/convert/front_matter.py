"""Front matter that FHIR has no element for: extensions, each with the words as written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sachet.document.front_matter import Entry, Fields, Scalar, Sequence, Value, scalars
from sachet.fhir.element import Element, Words, elements
from sachet.fhir.names import UCUM, extension_url
from sachet.guideline.model import Guideline
from sachet.guideline.target import Target, read_target

# Keys that became elements of their own; every other key becomes an extension here.
_ELEMENTS = {
    "id",
    "condition",
    "icd10",
    "esi",
    "category",
    "risk_tier",
    "track",
    "sources",
    "last_updated",
    "reviewed_by",
} | {
    "review_date",
    "compiled_by",
    "confusion_pairs",
    "differential_categories",
    "decision_rules",
}
# Keys with an extension of their own; a list gives one extension for each of its values.
_NAMED = {
    "aliases": "alias",
    "mortality_if_delayed": "mortality-if-delayed",
    "chief_complaint": "chief-complaint",
    "condition_type": "condition-type",
    "disposition_default": "disposition-default",
    "red_flags": "red-flag",
    "escalation_triggers": "escalation-trigger",
    "snomed": "snomed",
}
_UCUM_TIME = {"second": "s", "minute": "min", "hour": "h", "day": "d", "week": "wk"}
NOT_PERFORMED = "not performed"


def extensions(guideline: Guideline) -> list[Element]:
    """The extensions of a PlanDefinition, in the order of the front matter."""
    found: list[Element] = []
    for entry in guideline.fields:
        if entry.key == "time_to_harm":
            found.extend(_time_to_harm(entry))
        elif entry.key == "validation":
            found.extend(_validation(entry))
        elif entry.key in _NAMED:
            found.extend(string(_NAMED[entry.key], s) for s in scalars(entry.value) if not s.is_null)
        elif entry.key not in _ELEMENTS:
            found.extend(_generic(entry.key, entry.value))
    return found


def string(name: str, value: Scalar) -> Element:
    """A string extension with a value's words."""
    return Element([value.span], url=extension_url(name), valueString=Words(value.words, [value.span]))


def _sub(url: str, **value: object) -> Element:
    return Element((), url=url, **value)


def duration(target: Target) -> Element | None:
    """A FHIR Duration of a time that is one number; a range or "immediate" has none."""
    if len(target.values) != 1 or target.unit is None:
        return None
    comparator = None if target.comparator == "=" else target.comparator
    return Element(
        (), value=target.values[0], comparator=comparator, unit=target.unit, system=UCUM, code=_UCUM_TIME[target.unit]
    )


def target_time(words: str, target: Target | None) -> list[Element]:
    """The parts of an extension that holds a time: its words, and a Duration where nothing else was written."""
    parts = [_sub("text", valueString=words)]
    if target and target.plain and (exact := duration(target)):
        parts.append(_sub("duration", valueDuration=exact))
    return parts


def _time_to_harm(entry: Entry) -> Iterator[Element]:
    named = entry.value.entries if isinstance(entry.value, Fields) else (entry,)
    for part in named:
        for value in scalars(part.value):
            if not value.is_null:
                kind = [_sub("kind", valueString=part.key)] if part is not entry else []
                parts = [*kind, *target_time(value.words, read_target(value.words))]
                yield Element([part.span], url=extension_url("time-to-harm"), extension=parts)


def _validation(entry: Entry) -> Iterator[Element]:
    if not isinstance(entry.value, Fields):
        yield from _generic(entry.key, entry.value)
        return
    for check in entry.value:
        if isinstance(check.value, Scalar):
            result = NOT_PERFORMED if check.value.is_null else check.value.words
            parts = [_sub("check", valueString=check.key), _sub("result", valueString=result)]
            yield Element([check.span], url=extension_url("validation-check"), extension=parts)
        else:
            yield from _generic(f"{entry.key}.{check.key}", check.value)


def uncarried(guideline: Guideline, plan: Element) -> list[Element]:
    """Extensions for the values of the front matter that no element of the plan carries: nothing is lost.

    A value is carried where an element that names its line has its words.
    """
    carried: dict[int, set[str]] = defaultdict(set)
    for element, spans in elements([value for key, value in plan.items() if key != "action"]):
        above = [span for span in spans if span.end_line < guideline.body_line]  # not the attached document
        found = [" ".join(str(s).split()) for s in _strings(element)] if above else []
        for span in above:
            for line in range(span.line, span.end_line + 1):
                carried[line].update(found)
    left: list[Element] = []
    for entry in guideline.fields:
        for extension in _generic(entry.key, entry.value):
            (span,) = extension.spans
            words = " ".join(extension["extension"][1]["valueString"].split())
            there = carried[span.line]
            if words not in there and not any(words in c for c in there):
                left.append(extension)
    return left


def _strings(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for child in value.values():
            yield from _strings(child)
    elif isinstance(value, list):
        for child in value:
            yield from _strings(child)
    else:
        yield value


def _generic(key: str, value: Value) -> Iterator[Element]:
    """Any value, flattened: a key like `evaluation_properties.diagnostic_imaging.modalities` and its words."""
    if isinstance(value, Fields):
        for entry in value:
            yield from _generic(f"{key}.{entry.key}", entry.value)
    elif isinstance(value, Sequence):
        for item in value.items:
            yield from _generic(key, item)
    elif not value.is_null and value.words:
        parts = [_sub("key", valueString=key), _sub("value", valueString=value.words)]
        yield Element([value.span], url=extension_url("front-matter"), extension=parts)
