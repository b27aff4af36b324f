"""FHIRPath: operators and functions by table, the invariants of HL7's definitions beside another implementation."""

import json
import random
import re
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import fhirpathpy
import pytest
from fhirpathpy.models import models
from hypothesis import given, settings
from hypothesis import strategies as st

from sachet.fhir.fhirpath import Environment, Expression, FHIRPathError, Node, compile, resource_node  # noqa: A004
from sachet.fhir.fhirpath.nodes import text
from sachet.fhir.shapes import Shape, shapes
from sachet.fhir.tables import table

HOME = Path(__file__).parent / "fhirpath"
RELEASES = ("r4", "r4b", "r5")
R4, R5 = shapes("r4"), shapes("r5")


def cases(name: str) -> list[tuple[str, str]]:
    lines = (HOME / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.partition(" =>") for line in lines if line and not line.startswith("#")]
    return [(expression, result.strip()) for expression, _, result in rows]


def shown(node: Node) -> str:
    value, shape, _ = node
    name = shape.name if shape.slots or isinstance(value, dict) else shape.name[0].lower() + shape.name[1:]
    what = "" if isinstance(value, dict) else "null" if value is None else text(node)
    return f"{'BackboneElement' if '.' in name else name}:{what}"


@pytest.mark.parametrize("name", ["observation", "malformed"])
def test_expressions_find_what_the_table_says(name: str) -> None:
    node = resource_node(json.loads((HOME / f"{name}.json").read_text(encoding="utf-8")), R4)
    environment = Environment(resource=node)
    wrong = []
    for expression, wanted in cases(name):
        found = ", ".join(map(shown, compile(expression).evaluate(node, environment)))
        if found != wanted.replace("an error", ""):
            wrong.append(f"{expression} => {found}, not {wanted}")
    assert not wrong


BOOLEANS = {"boolean:true": True, "boolean:false": False}


@pytest.mark.parametrize("name", ["observation", "malformed"])
def test_an_invariant_holds_as_the_engine_converts(name: str) -> None:
    node = resource_node(json.loads((HOME / f"{name}.json").read_text(encoding="utf-8")), R4)
    for expression, found in cases(name):
        wanted = BOOLEANS.get(found, found not in ("", "an error", "boolean:null"))
        assert compile(expression).holds(node, Environment(resource=node)) is wanted, expression


@pytest.mark.parametrize(
    ("expression", "position"),
    [
        ("name.frobnicate()", 5),
        ("name.exists(", 12),
        ("name..given", 5),
        ("name ; given", 5),
        ("'\\d'", 0),
        ("'open", 0),
        ("name.where()", 5),
        ("name.ofType(1)", 5),
        ("", 0),
        ("a b", 2),
        ("(" * 500, 200),
        ("name.exists() and", 17),
    ],
)
def test_what_cannot_be_read_is_an_error_with_its_position(expression: str, position: int) -> None:
    with pytest.raises(FHIRPathError) as error:
        compile(expression)
    assert error.value.position == position


# Invariants of HL7's definitions


def invariants(value: Any) -> Iterator[tuple[str, str]]:
    """The key and expression of every constraint of a row."""
    if isinstance(value, dict):
        if isinstance(value.get("expression"), str) and isinstance(value.get("key"), str):
            yield value["key"], value["expression"]
        value = list(value.values())
    for child in value if isinstance(value, list) else ():
        yield from invariants(child)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", ["types", "profiles"])
def test_every_invariant_compiles(release: str, name: str) -> None:
    rows = table(release, name)
    found = {expression for key in rows.keys() for _, expression in invariants(rows.get(key))}  # noqa: SIM118
    assert len(found) > (190 if name == "types" else 5)
    assert all(isinstance(compile(expression), Expression) for expression in found)


def rules() -> dict[str, tuple[str, str, str]]:
    """Every invariant of a type or element once: its release, type and key by its expression."""
    found: dict[str, tuple[str, str, str]] = {}
    for release in RELEASES:
        rows = table(release, "types")
        for name in rows.keys():  # noqa: SIM118
            row = rows.get(name)
            assert row
            for one in row.get("invariants", ()):
                found.setdefault(one["expression"], (release, name, one["key"]))
            for element in row["elements"].values():
                for one in element.get("invariants", ()):
                    kind = element["part"] if "part" in element else element["types"][0]["code"]
                    found.setdefault(one["expression"], (release, kind, one["key"]))
    return found


class Maker:
    """Elements of a shape, by chance, with the elements and words that an expression speaks of more often."""

    def __init__(self, expression: str) -> None:
        self.chance = random.Random(expression)
        self.names = set(re.findall(r"\w+", expression))
        self.words = [word for word in re.findall(r"'([^'\\]*)'", expression) if len(word) < 60] + ["a", "b", "final"]

    def element(self, shape: Shape, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {"resourceType": shape.name} if shape.kind == "resource" else {}
        for name in dict.fromkeys(slot.name for slot in shape.slots.values()):
            spoken = name in self.names
            slot = shape.slots[self.chance.choice(list(shape.keys(name)))]
            if slot.shape.kind != "primitive-type" and (depth <= 0 or (name.endswith("xtension") and not spoken)):
                continue
            if self.chance.random() < (0.55 if spoken else 0.04):
                values = [self.value(slot.shape, depth - 1) for _ in range(self.chance.randrange(1, 4))]
                made[slot.key] = values if slot.many else values[0]
        return made

    def value(self, shape: Shape, depth: int) -> Any:
        if shape.name == "Resource":
            made = {"id": "r", "resourceType": self.chance.choice(["Patient", "Group", "Composition", "Observation"])}
            return made if self.chance.random() < 0.5 else made | {"meta": {"versionId": "1"}}
        if shape.kind != "primitive-type":
            return self.element(shape, depth) or {"id": "e"}
        return self.chance.choice(VALUES.get(shape.name, self.words))


VALUES: dict[str, list[Any]] = {
    "boolean": [True, False],
    "decimal": [0, 1, 2.5, 150],
    "integer": [0, 1, 2, 3],
    "unsignedInt": [0, 1, 2, 3],
    "positiveInt": [1, 2, 3],
    "dateTime": ["2012-01-05T10:00:00Z", "2012-01-05", "2013-02-03T10:00:00+01:00"],
    "instant": ["2012-01-05T10:00:00Z", "2013-02-03T10:00:00+01:00"],
    "date": ["2012", "2012-01", "2012-01-05", "2013-02-03"],
    "time": ["10:00:00", "11:30:00"],
}
LACKS = {  # what fhirpathpy cannot judge, by what it says
    "Not implemented": "it has no hasValue, htmlChecks, memberOf, resolve, lowBoundary and highBoundary",
    "Expected singleton on left side of 'as'": "R4's dom-3 uses as() with a collection, as HL7's engine allows in R4",
    "not supported between instances of 'dict'": "it cannot compare Quantities",
    "Expected singleton on right side of in": "it throws where the right side of `in` is the context's",
    "Expected string, but got": "length() of a part is nothing for HL7's engine (sdf-24, sdf-25 of R4B)",
    "LexerNoViableAlt": "R5's eld-11 has a string in double quotes",
    "'$this'": "it has no $this before the first function (sdf-26)",
}
DIFFERS = {  # where fhirpathpy judges otherwise
    "md-1": "the string 'true' is 1 for HL7's toInteger()",
    "mdd-1": "whether a time is on or after its own day is open (section Comparison); it says yes",
}


def test_every_invariant_is_judged_as_fhirpathpy_judges_it() -> None:
    compared, wrong = 0, []
    for expression, (release, kind, name) in rules().items():
        maker, of = Maker(expression), shapes(release)
        shape = of[kind]
        host = of[kind.split(".")[0]] if "%res" in expression and kind[0].isupper() else shape
        path = expression if shape.kind == "resource" else {"base": kind, "expression": expression}
        for _ in range(6):
            value = maker.value(shape, 3)
            resource = maker.value(host, 4) if host is not shape else value
            context = {"resource": resource, "rootResource": resource, "context": value}
            environment = Environment(resource=(resource, host, None))
            ours = compile(expression).holds((value, shape, None), environment)
            try:
                found = fhirpathpy.evaluate(value, path, context, models["r5" if release == "r5" else "r4"])
            except Exception as error:
                if not any(says in repr(error) for says in LACKS):
                    wrong.append((name, expression, value, repr(error)))
                continue
            theirs = found[0] if len(found) == 1 and isinstance(found[0], bool) else bool(found)
            compared += 1
            if ours is not theirs and name not in DIFFERS:
                wrong.append((name, expression, value, f"ours {ours}, theirs {theirs}"))
    assert not wrong
    assert compared > 1800


# Whatever stands in the JSON

KINDS = ("PlanDefinition", "Questionnaire", "Bundle", "Extension", "Quantity", "Period", "Reference", "code")
KEYS = st.sampled_from(
    sorted({f"{_}{key}" for kind in KINDS for key in R5[kind].slots for _ in ("", "_")} | {"resourceType"})
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.sampled_from(["", "#", "#a", "Patient/1", "PlanDefinition", "Quantity", "2012-02-30T25:00:00+99:99", "0000"])
    | st.text(max_size=5),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(KEYS, values, max_size=5),
    max_leaves=25,
)
ALL = [compile(expression) for expression in rules()] + [
    compile(expression) for expression, _ in cases("observation") + cases("malformed")
]


@settings(deadline=None)
@given(value=JSON, kind=st.sampled_from(KINDS), expressions=st.lists(st.sampled_from(ALL), min_size=20, max_size=40))
def test_nothing_in_the_json_raises(value: Any, kind: str, expressions: list[Expression]) -> None:
    environment = Environment(resource=resource_node(value, R5) if isinstance(value, dict) else None)
    for expression in expressions:
        node = (value, R5[kind], None)
        assert isinstance(expression.evaluate(node, environment), list)
        assert isinstance(expression.holds(node, environment), bool)


@given(st.text(alphabet="ab.()'`%$@{}[]|&=!~<>+-*/ 1isorand\\", max_size=30))
def test_no_text_raises_but_a_fhirpath_error(expression: str) -> None:
    with suppress(FHIRPathError):
        compile(expression)


# What the environment answers


def test_references_and_value_sets_are_asked_of_the_environment() -> None:
    patient = resource_node({"resourceType": "Patient", "id": "p", "active": True}, R5)
    node = resource_node({"resourceType": "Observation", "status": "final", "subject": {"reference": "Patient/p"}}, R5)
    environment = Environment(
        resource=node,
        resolve={"Patient/p": patient}.get,
        member_of=lambda code, url: {("final", "v"): True}.get((code[0], url)),
        conforms_to=lambda of, url: of[1].is_a("Patient") and url == "p",
        html_checks=lambda div: "script" not in div,
        variables={"mine": [patient]},
    )
    expected = {
        "subject.resolve().active": True,
        "subject.resolve() is Patient": True,
        "subject.resolve().conformsTo('p')": True,
        "status.memberOf('v')": True,
        "status.memberOf('w').exists()": False,
        "'<b/>'.htmlChecks()": True,
        "'<script/>'.htmlChecks()": False,
        "%mine.active": True,
        "%yours.exists()": False,
        "%context = %resource": True,
    }
    assert {text: compile(text).holds(node, environment) for text in expected} == expected


def test_decimals_are_exact_however_they_were_read() -> None:
    for value in (Decimal("0.10"), 0.1):
        node: Node = ({"value": value, "unit": "mg"}, R5["Quantity"], None)
        assert compile("value = 0.1 and value + 0.2 = 0.3").holds(node, Environment())
    written: Node = ({"value": Decimal("1.00")}, R5["Quantity"], None)
    assert compile("value.toString() = '1.00' and value = 1").holds(written, Environment())


@pytest.mark.parametrize(
    ("pattern", "word", "matches"),
    [
        (r"^\\p{L}+$", "Ωmega", True),
        (r"^\\p{Lu}\\P{N}$", "A1", False),
        (r"^[\\p{Alpha}\\-_[]+\\z", "a-_[", True),
        (r"a\\h+b", "a\t b", True),
        (r"^a*+a", "aaa", False),
        (r"(", "a", None),
        (r"^\\w+$", "é", False),
    ],
)
def test_regular_expressions_are_java_s(pattern: str, word: str, matches: bool | None) -> None:
    node: Node = (word, R4["string"], None)
    found = compile(f"matches('{pattern}')").evaluate(node, Environment())
    assert [value for value, _, _ in found] == ([] if matches is None else [matches])


def plan(actions: int) -> Node:
    """A plan of actions within actions, each related to another."""
    rows: list[dict[str, Any]] = [
        {"id": f"a{n}", "goalId": ["g"], "relatedAction": [{"targetId": f"a{n * 7 % actions}"}]} for n in range(actions)
    ]
    for above, below in pairwise(rows):
        above["action"] = [below]
    return resource_node({"resourceType": "PlanDefinition", "goal": [{"id": "g"}], "action": rows[:1]}, R5)


@pytest.mark.parametrize("key", ["pld-3", "pld-4"])
def test_deeply_nested_actions_are_looked_through_once(key: str) -> None:
    expression = next(text for text, (_, _, name) in rules().items() if name == key)
    node = plan(1000)
    environment = Environment(resource=node)
    assert compile(expression).holds(node, environment)
    node[0]["action"][0]["action"][0]["relatedAction"][0]["targetId"] = "nowhere"
    node[0]["action"][0]["action"][0]["goalId"] = ["none"]
    assert not compile(expression).holds(node, environment)
