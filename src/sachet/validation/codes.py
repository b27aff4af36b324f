"""Codes: which code systems have them, and which value sets hold them, as far as can be known on this machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any

from sachet.fhir.tables import table
from sachet.terminology import icd10cm, iso4217, ucum

_COMMON_UNITS = "http://hl7.org/fhir/ValueSet/ucum-common"


@dataclass(frozen=True, eq=False)
class CodeSystem:
    """The codes of a system that is known whole."""

    displays: Mapping[str, str | None]
    parents: Mapping[str, str]  # of codes below another
    any_case: bool = False  # whether a code may be written in another case

    def find(self, code: str) -> str | None:
        """A code as the system writes it; None where it has none."""
        if code in self.displays or not self.any_case:
            return code if code in self.displays else None
        return self._folded.get(code.casefold())

    @cached_property
    def _folded(self) -> Mapping[str, str]:
        return {code.casefold(): code for code in self.displays}

    def is_a(self, code: str, ancestor: str) -> bool:
        """Whether a code is another one, or stands somewhere below it."""
        at: str | None = code
        while at is not None and at != ancestor:
            at = self.parents.get(at)
        return at == ancestor


class Codes:
    """The terminology of a release, and of what else is loaded beside it."""

    def __init__(self, release: str, row: Callable[[str, str], Mapping[str, Any] | None]) -> None:
        """`row` gives a CodeSystem or ValueSet that is not HL7's by type and url, as `sachet.fhir.rows` has it."""
        self._core = table(release, "terminology")
        # The tables of v2 and v3 that R4B names are those of R4; its own definitions do not repeat them.
        self._older = table("r4", "terminology") if release == "r4b" else None
        self._beside = row
        self.code_system = lru_cache(512)(self._code_system)
        self.in_value_set = lru_cache(8192)(self._in_value_set)

    def row(self, kind: str, canonical: str) -> Any | None:
        """The row of a CodeSystem or ValueSet; None where none is known."""
        url = canonical.partition("|")[0]
        found = self._beside(kind, url) or self._core.get(f"{kind} {url}")
        if found is None and self._older is not None and url.startswith("http://terminology.hl7.org/"):
            found = self._older.get(f"{kind} {url}")
        return found

    def _code_system(self, url: str) -> CodeSystem | None:
        row = self.row("CodeSystem", url)
        if row is None or row.get("content") != "complete":
            return None
        displays: dict[str, str | None] = {}
        parents: dict[str, str] = {}

        def add(concepts: Iterable[list[Any]], parent: str | None) -> None:
            for code, display, *below in concepts:
                displays[code] = display
                if parent is not None:
                    parents[code] = parent
                add(below[0] if below else (), code)

        add(row.get("concept", ()), None)
        return CodeSystem(displays, parents, row.get("caseSensitive") is False)

    def knows_system(self, url: str) -> bool:
        """Whether there is any way to tell if a code is of a system."""
        return url in _RULES or self.code_system(url) is not None

    def knows_value_set(self, canonical: str) -> bool:
        """Whether there is a value set of that canonical."""
        return self.row("ValueSet", canonical) is not None

    def has(self, system: str, code: str) -> bool | None:
        """Whether a system has a code; None where that cannot be known."""
        if system == ucum.SYSTEM and code in self._common_units:
            return True
        if (rule := _RULES.get(system)) is not None:
            return rule(code)
        known = self.code_system(system)
        return None if known is None else known.find(code) is not None

    def display(self, system: str, code: str) -> str | None:
        """What a system calls a code; None where that is not known."""
        if system == icd10cm.SYSTEM:
            found = icd10cm.look_up(code)
            return found.title if found else None
        known = self.code_system(system)
        return known.displays.get(code) if known else None

    @cached_property
    def _common_units(self) -> frozenset[str]:
        """Units that need no parser."""
        row = self.row("ValueSet", _COMMON_UNITS) or {}
        return frozenset(code for rule in row.get("include", ()) for code in rule.get("concept", ()))

    def _in_value_set(self, canonical: str, system: str | None, code: str) -> bool | None:
        """Whether a value set holds a code; None where that cannot be known. Without a system any one will do."""
        return self._holds(canonical, system, code, ())

    def _holds(self, canonical: str, system: str | None, code: str, above: tuple[str, ...]) -> bool | None:
        row = self.row("ValueSet", canonical)
        if row is None or canonical in above:
            return None
        above = (*above, canonical)
        included = _any(self._meets(rule, system, code, above) for rule in row.get("include", ()))
        if included is False or not row.get("exclude"):
            return included
        excluded = _any(self._meets(rule, system, code, above) for rule in row["exclude"])
        return False if excluded else included if excluded is False else None

    def _meets(self, rule: Mapping[str, Any], system: str | None, code: str, above: tuple[str, ...]) -> bool | None:
        """Whether a rule of a value set takes a code in."""
        wanted = [self._holds(other, system, code, above) for other in rule.get("valueSet", ())]
        if "system" in rule:
            if system is not None and system != rule["system"]:
                return False
            if "concept" in rule:
                known = self.code_system(rule["system"])
                wanted.append(code in rule["concept"] or (known is not None and known.find(code) in rule["concept"]))
            else:
                wanted.append(self.has(rule["system"], code))
                wanted += [self._passes(f, rule["system"], code) for f in rule.get("filter", ())]
        return _all(wanted)

    def _passes(self, wanted: Mapping[str, Any], system: str, code: str) -> bool | None:
        """Whether a code passes a filter of a rule; None for filters on what is not known of a code."""
        known = self.code_system(system)
        match wanted["property"], wanted["op"]:
            case "code", "regex":
                return _matches(wanted["value"], code)
            case "concept", "is-a" if known:
                return known.is_a(code, wanted["value"])
            case "concept", "is-not-a" if known:
                return not known.is_a(code, wanted["value"])
            case "concept", "descendent-of" if known:
                return code != wanted["value"] and known.is_a(code, wanted["value"])
        return None


def _any(found: Iterable[bool | None]) -> bool | None:
    answers = set(found)
    return True if True in answers else None if None in answers else False


def _all(found: Iterable[bool | None]) -> bool | None:
    answers = set(found)
    return False if False in answers else None if None in answers else True


def _matches(pattern: str, code: str) -> bool | None:
    try:
        return re.fullmatch(pattern, code) is not None
    except re.error:
        return None


def _form(pattern: str) -> Callable[[str], bool]:
    form = re.compile(pattern, re.ASCII)
    return lambda code: form.fullmatch(code) is not None


def _is_country(code: str) -> bool | None:
    """Whether ISO 3166-1 has a code; None for those of three letters or digits, of which FHIR has no list."""
    return None if re.fullmatch(r"[A-Z]{3}|[0-9]{3}", code) else code in _countries()


@cache
def _countries() -> frozenset[str]:
    """The codes of two letters, as R4 lists them."""
    found = table("r4", "terminology").get("ValueSet http://hl7.org/fhir/ValueSet/iso3166-1-2") or {}
    return frozenset(code for rule in found["include"] for code in rule["concept"])


# Systems whose codes follow a grammar, or are looked up elsewhere than in a CodeSystem.
_RULES: Mapping[str, Callable[[str], bool | None]] = {
    icd10cm.SYSTEM: lambda code: icd10cm.look_up(code) is not None,
    ucum.SYSTEM: ucum.is_unit,
    iso4217.CURRENCIES: iso4217.is_currency,
    "urn:iso:std:iso:3166": _is_country,
    "urn:ietf:bcp:47": _form(r"([A-Za-z]{2,3}|x|i)(-[A-Za-z0-9]{1,8})*"),
    "urn:ietf:rfc:3986": lambda code: bool(code) and not re.search(r"\s", code),
}
