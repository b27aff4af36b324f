"""What a resource's digest sees, and that whatever it sees is shown to a reader."""

import copy
import json
from decimal import Decimal
from typing import Any

import pytest
from conftest import Package
from hypothesis import given
from hypothesis import strategies as st

from sachet.fhir.digest import claimed, digest, stamped
from sachet.package.difference import Difference, differences

KEYS = st.sampled_from(["id", "meta", "text", "url", "title", "action", "extension", "code", "value"])
LEAVES = st.one_of(
    st.text(max_size=4), st.booleans(), st.integers(-5, 5), st.decimals(-10, 10, places=2).map(lambda d: d.normalize())
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)), max_leaves=8
)
RESOURCES = st.dictionaries(KEYS, VALUES, max_size=5).map(lambda d: {"resourceType": "PlanDefinition", **d})


def read(text: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return made


@given(RESOURCES, st.randoms())
def test_a_digest_is_that_of_the_content_whatever_the_order_of_keys(resource: dict[str, Any], random: Any) -> None:
    keys = list(resource)
    random.shuffle(keys)
    assert digest({key: resource[key] for key in keys}) == digest(resource)
    made = stamped(resource)
    assert claimed(made) == digest(made) == digest(resource)
    assert stamped(made) == made


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.50", "1.5"), ("1.0", "1"), ("15e-1", "1.5"), ("1e2", "100"), ("0.00", "0"), ("-0.0", "0"), ("1E+2", "100.0")],
)
def test_a_number_counts_by_its_value(one: str, other: str) -> None:
    assert digest(read(f'{{"value": {one}}}')) == digest(read(f'{{"value": {other}}}'))


@pytest.mark.parametrize(
    ("one", "other"), [("1.5", '"1.5"'), ("1", "true"), ("1.5", "15"), ("1e40", "1e41"), ("1", "-1")]
)
def test_other_values_have_other_digests(one: str, other: str) -> None:
    assert digest(read(f'{{"value": {one}}}')) != digest(read(f'{{"value": {other}}}'))


def test_half_a_surrogate_pair_has_a_digest_too() -> None:
    assert digest({"title": "\ud800"}) != digest({"title": "\ud801"})


@given(RESOURCES, RESOURCES)
def test_what_the_digest_sees_is_shown(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert differences(one, one) == []
    if digest(one) != digest(other):
        assert differences(one, other)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for key, child in value.items() for leaf in leaves(child, (*path, key))]
    if isinstance(value, list):
        return [leaf for at, child in enumerate(value) for leaf in leaves(child, (*path, at))]
    return [path]


@pytest.mark.parametrize("release", ["r4", "r5"])
def test_every_changed_word_of_a_plan_is_shown_with_both_values(package: Package, release: str) -> None:
    plan = package.resource(release, "PlanDefinition", "cold-injury")
    for path in leaves(plan):
        if path[0] in ("resourceType", "id", "meta", "text") or path[-1] in ("id", "url", "data", "hash"):
            continue
        changed = copy.deepcopy(plan)
        at = changed
        for step in path[:-1]:
            at = at[step]
        before = at[path[-1]]
        at[path[-1]] = after = before + "q" if isinstance(before, str) else "q"
        assert digest(changed) != digest(plan) or path[:2] == ("extension", len(plan["extension"]) - 1)
        found = differences(plan, changed)
        assert [d for d in found if d.after == after] or not found, (path, found)


def test_actions_are_known_by_their_id_and_called_by_their_title() -> None:
    one = {"action": [{"id": "a", "title": "Fluids", "description": "30 mL"}, {"id": "b", "title": "Oxygen"}]}
    other = {"action": [{"id": "b", "title": "Oxygen"}, {"id": "a", "title": "Fluids", "description": "20 mL"}]}
    assert differences(one, other) == [
        Difference(("Fluids", "description"), "30 mL", "20 mL"),
        Difference(("action", "order"), "Fluids, Oxygen", "Oxygen, Fluids"),
    ]
    gone = {"action": [{"id": "b", "title": "Oxygen"}]}
    (difference,) = differences(one, gone)
    assert (difference.where, difference.after) == (("Fluids",), None)
    assert "30 mL" in str(difference.before)


def test_what_is_attached_is_shown_by_its_size() -> None:
    one, other = ({"relatedArtifact": [{"document": {"data": data}}]} for data in ("AAAA", "AAAAAAAA"))
    assert differences(one, other) == [Difference(("relatedArtifact", "document", "data"), "3 bytes", "6 bytes")]
