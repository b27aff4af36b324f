"""Whether an element keeps a profile: its counts, types, values, bindings, invariants and slices.

https://hl7.org/fhir/profiling.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sachet.fhir.shapes import Shape
from sachet.validation import coded, references
from sachet.validation.element import Held, Resource
from sachet.validation.issue import Issues, Where
from sachet.validation.primitives import shown
from sachet.validation.profile import Profile, Rule, fits, same

if TYPE_CHECKING:
    from sachet.validation.walk import Walk

_DEEPEST = 24  # profiles that lead to one another
_STEP = re.compile(r"(?P<function>\w+)\((?:'(?P<quoted>[^']*)'|(?P<bare>\w*))\)|(?P<name>\$?\w+)")
_BY_URL = ({"type": "value", "path": "url"},)
_BY_TYPE = ({"type": "type", "path": "$this"},)


class Conformance:
    """Holds the elements of a resource against profiles; what is wrong goes to `issues`."""

    def __init__(self, walk: Walk, within: Resource, issues: Issues, depth: int = 0) -> None:
        self._walk = walk
        self._within = within
        self._issues = issues
        self._depth = depth
        self._profile: Profile

    def check(self, held: Held, canonical: str) -> None:
        """An element, or a resource, against a profile."""
        definitions = self._walk.definitions
        if definitions.is_type(canonical):  # what a type says has been asked
            if not held.shape.is_a(definitions.type_of(canonical) or ""):
                self._issues.add("FHIR181", held.where, f"it has to be a {definitions.type_of(canonical)}")
            return
        found = definitions.profile(canonical)
        version = canonical.partition("|")[2]
        if found is not None and version and found.version not in (None, version):
            why = f"{found.url} is known here in version {found.version}, not {version}"
            self._issues.add("FHIR180", held.where, why)
            return
        if found is None:
            why = f"the profile {canonical} is not known here; give its package with --profile"
            self._issues.add("FHIR180", held.where, why)
            return
        if found.missing:
            why = f"the profile {found.missing}, which {canonical} is based on, is not known here"
            self._issues.add("FHIR180", held.where, why)
        if not held.shape.is_a(found.type):
            self._issues.add("FHIR181", held.where, f"{found.url} is for a {found.type}, not for a {held.shape.name}")
            return
        if self._depth < _DEEPEST:
            self._profile = found
            self._value(held, found.rule)

    def keeps(self, held: Held, canonical: str) -> bool:
        """Whether an element keeps a profile; nothing is reported. True while just that is being asked."""
        key = (id(held.value), id(held.companion), canonical)
        answers = self._walk.answers
        if key not in answers:
            answers[key] = True
            silent = Issues()
            self._nested(silent).check(held, canonical)
            answers[key] = not silent.errors
        return answers[key]

    def _nested(self, issues: Issues) -> Conformance:
        return Conformance(self._walk, self._within, issues, self._depth + 1)

    def _value(self, held: Held, rule: Rule) -> None:
        """One value against the rule of its element."""
        value, shape, _, where = held
        if rule.fixed is not None and value is not None and not same(value, rule.fixed):
            self._broken(where, f"it has to be {shown(rule.fixed)}")
        if rule.pattern is not None and value is not None and not fits(value, rule.pattern):
            self._broken(where, f"it has to have {shown(rule.pattern)}")
        if rule.max_length is not None and isinstance(value, str) and len(value) > rule.max_length:
            self._broken(where, f"{len(value)} characters: it may have {rule.max_length}")
        if rule.least is not None and _compared(value, rule.least) < 0:
            self._broken(where, f"{shown(value)}: it has to be at least {shown(rule.least)}")
        if rule.most is not None and _compared(value, rule.most) > 0:
            self._broken(where, f"{shown(value)}: it has to be at most {shown(rule.most)}")
        if rule.types:
            self._type(held, rule)
        if rule.binding and value is None and rule.binding.strength == "required":
            self._broken(where, f"no code, and one of {rule.binding.value_set} has to be")
        elif rule.binding and value is not None:
            coded.check_binding(self._walk.definitions.codes, value, shape.name, rule.binding, where, self._issues)
        self._walk.hold(rule.invariants, held, self._within, self._issues, self._profile.url)
        for name, child in rule.children.items():
            self._element(held, name, child)

    def _type(self, held: Held, rule: Rule) -> None:
        """A value against the types that its element may have."""
        allowed = [t for t in rule.types if _is_of(held.shape, t["code"])]
        if ".ofType(" in held.where[1] and held.shape.kind == "primitive-type":  # a choice of string is none of code
            allowed = [t for t in allowed if t["code"] == held.shape.name]
        if not allowed:
            codes = " or ".join(str(t["code"]) for t in rule.types)
            self._broken(held.where, f"its type is {held.shape.name}: it has to be {codes}")
            return
        profiles = [p for t in allowed for p in t.get("profile", ())]
        if profiles and all("profile" in t for t in allowed):
            if len(profiles) == 1:
                self._nested(self._issues).check(held, profiles[0])
            elif not any(self.keeps(held, p) for p in profiles):
                self._broken(held.where, f"it keeps none of {', '.join(profiles)}")
        targets = [p for t in allowed for p in t.get("targetProfile", ())]
        if targets and all("targetProfile" in t for t in allowed):
            wrong = references.wrong_target(self._walk, held, targets, self._within)
            if wrong:
                self._broken(held.where, wrong)

    def _element(self, held: Held, name: str, rule: Rule) -> None:
        """All values of an element against its rule, and against those of its slices."""
        values = held.children(name)
        if not values and not rule.min and not rule.slices:
            return
        self._count(len(values), rule, held.where, name)
        for below in values:
            self._value(below, rule)
        if rule.slices:
            self._slices(values, rule, held, name)

    def _count(self, count: int, rule: Rule, where: Where, name: str) -> None:
        if count < rule.min:
            self._broken(where, f"{name!r} is missing" if rule.min == 1 else f"{count} of {rule.min} {name!r}")
        if count > rule.max:
            most = f"{count} {name!r} of at most {rule.max:.0f}"
            self._broken(where, f"{name!r} may not be here" if rule.max == 0 else most)

    def _slices(self, values: list[Held], rule: Rule, above: Held, name: str) -> None:
        """Values, each in the slice that it is of."""
        slicing = rule.slicing or {}
        by = slicing.get("discriminator") or (_BY_TYPE if name in above.shape.choices else _BY_URL)
        matched = [[n for n, one in rule.slices.items() if self._is_in(v, one, by)] for v in values]
        taken = [names[0] if names else None for names in matched]
        for value, several in zip(values, matched, strict=True):
            if len(several) > 1:
                self._broken(value.where, f"it is of more than one slice: {', '.join(several)}")
        for called, one in rule.slices.items():
            inside = [v for v, n in zip(values, taken, strict=True) if n == called]
            self._count(len(inside), one, above.where, f"{name}:{called}")
            for value in inside:
                self._value(value, one)
            if one.slices:
                self._slices(inside, one, above, name)
        names = list(rule.slices)
        last, outside = -1, None
        for value, slice_name in zip(values, taken, strict=True):
            if slice_name is None:
                outside = outside or value
                if slicing.get("rules") == "closed":
                    self._broken(value.where, f"it is none of the slices {', '.join(names)}, and no other may be here")
                continue
            if outside is not None and slicing.get("rules") == "openAtEnd":
                self._broken(outside.where, "what is of no slice has to stand at the end")
                outside = None
            if slicing.get("ordered") and names.index(slice_name) < last:
                self._broken(value.where, f"the slice {slice_name} stands too late: the order is {', '.join(names)}")
            last = max(last, names.index(slice_name))

    def _is_in(self, held: Held, rule: Rule, by: Sequence[Mapping[str, str]]) -> bool:
        return all(self._discriminates(held, rule, one["type"], one["path"]) for one in by)

    def _discriminates(self, held: Held, rule: Rule, kind: str, path: str) -> bool:
        """Whether a value is of a slice, as far as one discriminator can tell."""
        found: list[Held] = [held]
        at: Rule | None = rule
        for step in _STEP.finditer(path):
            if step["name"] != "$this":
                found = [below for one in found for below in self._step(one, step)]
                at = self._below(at, step)
        match kind:
            case "exists":
                wanted = at or Rule()
                return not found if wanted.max == 0 else bool(found) or wanted.min == 0
            case "type":
                types = [t["code"] for t in at.types] if at else []
                return any(_is_of(one.shape, code) for one in found for code in types)
            case "profile":
                profiles = [p for t in (at.types if at else ()) for p in _profiles(t)]
                return any(self.keeps(one, p) for one in found for p in profiles)
        return at is not None and at.decides and any(self._meets(one, at) for one in found)

    def _step(self, held: Held, step: re.Match[str]) -> Iterator[Held]:
        """From a value along one step of a discriminator's path."""
        match step["function"]:
            case None:
                yield from held.children(step["name"])
            case "resolve":
                reference = held.value.get("reference") if isinstance(held.value, dict) else held.value
                if (target := references.resolve(reference, self._within)) is not None:
                    yield target
            case "extension":
                for one in held.children("extension"):
                    if isinstance(one.value, dict) and one.value.get("url") == step["quoted"]:
                        yield one
            case "ofType" | "as" if _is_of(held.shape, step["bare"]):
                yield held

    def _below(self, rule: Rule | None, step: re.Match[str]) -> Rule | None:
        """The rule along one step of a discriminator's path, on into the profiles of its types."""
        if rule is None or step["function"] in ("ofType", "as"):
            return rule
        if step["function"] == "extension":
            slices = rule.children["extension"].slices.values() if "extension" in rule.children else ()
            return next((s for s in slices if any(step["quoted"] in t.get("profile", ()) for t in s.types)), None)
        if step["name"] in rule.children:
            return rule.children[step["name"]]
        which = "targetProfile" if step["function"] == "resolve" else "profile"
        profiles = [p for t in rule.types for p in t.get(which, ())]
        if step["function"] == "resolve":
            return Rule(types=[{"code": self._walk.definitions.type_of(p), "profile": [p]} for p in profiles])
        for found in filter(None, map(self._walk.definitions.profile, profiles)):
            if step["name"] in found.rule.children:
                return found.rule.children[step["name"]]
        return None

    def _meets(self, held: Held, rule: Rule) -> bool:
        """Whether a value is what the rule of a slice says it has to be."""
        if rule.fixed is not None and not same(held.value, rule.fixed):
            return False
        if rule.pattern is not None and not fits(held.value, rule.pattern):
            return False
        if rule.binding is not None:
            silent = Issues()
            codes = self._walk.definitions.codes
            coded.check_binding(codes, held.value, held.shape.name, rule.binding, held.where, silent)
            if silent.found:
                return False
        deciding = [(name, child) for name, child in rule.children.items() if child.decides]
        return all(any(self._meets(one, child) for one in held.children(name)) for name, child in deciding)

    def _broken(self, where: Where, message: str) -> None:
        self._issues.add("FHIR181", where, f"{message} ({self._profile.url})")


def _is_of(shape: Shape, code: str | None) -> bool:
    """Whether a shape is of a type; FHIRPath's own types are those of what stands in JSON."""
    return code is not None and (shape.is_a(code) or code.startswith("http://hl7.org/fhirpath/"))


def _profiles(one: Mapping[str, Any]) -> Iterator[str]:
    yield from one.get("profile", ())


def _compared(value: Any, limit: Any) -> int:
    """-1, 0 or 1: whether a value is less than a limit, or more; 0 also where that cannot be said."""
    ours, theirs = _comparable(value), _comparable(limit)
    if type(ours) is not type(theirs) or ours is None:
        return 0
    return int(ours > theirs) - int(ours < theirs)


def _comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return _comparable(value.get("value"))
    return Decimal(str(value)) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else value
