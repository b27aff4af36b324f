"""What a profile says of the elements of a type, over what the type says itself.

A profile is a tree of rules, an element each, with the slices of an element beside it. The differentials of a profile
and of those that it is based on are laid over one another, so no snapshot is needed
(https://hl7.org/fhir/profiling.html).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import inf
from typing import Any

from sachet.fhir.shapes import Binding, Invariant

Row = Mapping[str, Any]


@dataclass(slots=True, eq=False)
class Rule:
    """What a profile says of an element."""

    min: int = 0
    max: float = inf
    types: Sequence[Mapping[str, Any]] = ()  # none: those of the type
    fixed: Any = None
    pattern: Any = None
    least: Any = None  # minValue
    most: Any = None  # maxValue
    max_length: int | None = None
    modifier: bool = False
    binding: Binding | None = None
    invariants: tuple[Invariant, ...] = ()
    children: dict[str, Rule] = field(default_factory=dict)
    slicing: Mapping[str, Any] | None = None
    slices: dict[str, Rule] = field(default_factory=dict)

    @property
    def decides(self) -> bool:
        """Whether it says what a value has to be, so that it can tell slices apart."""
        return (
            self.fixed is not None
            or self.pattern is not None
            or self.binding is not None
            or any(child.decides for child in self.children.values())
        )


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """A profile, whole: its url, the type that it constrains, and the rule of its root."""

    url: str
    type: str
    rule: Rule
    version: str | None = None
    missing: str | None = None  # the profile that it is based on and that is not known
    contexts: Sequence[Mapping[str, Any]] = ()  # of an extension: where it may be
    context_invariants: Sequence[str] = ()

    @property
    def parts(self) -> list[str]:
        """The names of the parts of a complex extension."""
        nested = self.rule.children.get("extension", Rule()).slices.values()
        urls = (one.children["url"].fixed for one in nested if "url" in one.children)
        return [url for url in urls if isinstance(url, str)]


def profile(row: Row, look_up: Callable[[str], Row | None], is_type: Callable[[str], bool]) -> Profile:
    """A profile laid over those that it is based on.

    `look_up` gives the row of a canonical url; `is_type` says whether a url is that of a type, where profiles begin.
    """
    chain = [row]
    missing = None
    while (base := chain[-1].get("baseDefinition")) and not is_type(base) and len(chain) < 32:
        above = look_up(base)
        if above is None:
            missing = base
            break
        chain.append(above)
    root = Rule()
    for one in reversed(chain):
        for element in one["elements"]:
            _lay(element, _place(root, element))
    contexts, invariants = row.get("context", ()), row.get("contextInvariant", ())
    return Profile(row["url"], row["type"], root, row.get("version"), missing, contexts, invariants)


def _place(root: Rule, element: Row) -> Rule:
    """The rule of an element, made where it is not there yet."""
    names = element["path"].split(".")[1:]
    steps = str(element.get("id", "")).split(".")[1:]
    slices = [step.partition(":")[2] for step in steps] if len(steps) == len(names) else [""] * len(names)
    if names and not slices[-1]:
        slices[-1] = element.get("sliceName", "")
    rule = root
    for name, slice_name in zip(names, slices, strict=True):
        rule = rule.children.setdefault(name.removesuffix("[x]"), Rule())
        for at, mark in enumerate(f"{slice_name}/"):
            if mark == "/" and slice_name:  # a slice of a slice is called by both names
                rule = rule.slices.setdefault(slice_name[:at], Rule())
    return rule


def _lay(element: Row, rule: Rule) -> None:
    """Lay what an element of a differential says over a rule."""
    for key, value in element.items():
        match key:
            case "min":
                rule.min = max(rule.min, value)
            case "max":
                rule.max = min(rule.max, inf if value == "*" else int(value))
            case "types" | "slicing":
                setattr(rule, key, value)
            case "maxLength":
                rule.max_length = value
            case "isModifier":
                rule.modifier = value
            case "binding":
                rule.binding = Binding(value["strength"], value["valueSet"], value.get("max"))
            case "invariants":
                known = {i.key for i in rule.invariants}
                new = (i for i in value if i["key"] not in known)
                rule.invariants += tuple(Invariant(i["key"], i["severity"], i["human"], i["expression"]) for i in new)
            case _ if key.startswith("fixed"):
                rule.fixed = value
            case _ if key.startswith("pattern"):
                rule.pattern = value
            case _ if key.startswith("minValue"):
                rule.least = value
            case _ if key.startswith("maxValue"):
                rule.most = value


def same(value: Any, fixed: Any) -> bool:
    """Whether a value is exactly a fixed one; decimals count by what they say, not by how."""
    match value, fixed:
        case dict(), dict():
            return value.keys() == fixed.keys() and all(same(value[key], fixed[key]) for key in fixed)
        case list(), list():
            return len(value) == len(fixed) and all(map(same, value, fixed))
        case bool(), _:
            return value is fixed
        case ((int() | float() | Decimal()), _) if not isinstance(fixed, bool):
            return str(value) == str(fixed)
    return bool(value == fixed)


def fits(value: Any, pattern: Any) -> bool:
    """Whether a value has all that a pattern has; it may have more."""
    match value, pattern:
        case dict(), dict():
            return all(key in value and fits(value[key], pattern[key]) for key in pattern)
        case list(), list():
            return all(any(fits(one, wanted) for one in value) for wanted in pattern)
    return same(value, pattern)
