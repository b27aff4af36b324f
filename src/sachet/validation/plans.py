"""Links inside a PlanDefinition: the ids of actions and goals that it names have to be there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sachet.validation.element import Held, Resource

if TYPE_CHECKING:
    from sachet.validation.walk import Walk

# An element that names an action by its id, and how each release calls it.
_NAMES_AN_ACTION = ("actionId", "targetId")


def check(walk: Walk, resource: Resource) -> None:
    """The goals and actions that the actions of a PlanDefinition name."""
    if resource.held.shape.name != "PlanDefinition":
        return
    goals = set(_ids(resource.held.children("goal")))
    actions = list(_actions(resource.held))
    named = set(_ids(actions)) | {i for a in actions for i in _texts(a, "linkId")}
    for action in actions:
        for goal in action.children("goalId"):
            if isinstance(goal.value, str) and goal.value not in goals:
                walk.issues.add("FHIR152", goal.where, f"no goal has the id {goal.value!r}")
        for related in action.children("relatedAction"):
            for name in _NAMES_AN_ACTION:
                for target in related.children(name):
                    if isinstance(target.value, str) and target.value not in named:
                        walk.issues.add("FHIR152", target.where, f"no action has the id {target.value!r}")


def _actions(held: Held) -> Iterator[Held]:
    for action in held.children("action"):
        if isinstance(action.value, dict):
            yield action
            yield from _actions(action)


def _ids(elements: Iterator[Held] | list[Held]) -> Iterator[str]:
    for element in elements:
        if isinstance(element.value, dict) and isinstance(identifier := element.value.get("id"), str):
            yield identifier


def _texts(element: Held, name: str) -> Iterator[str]:
    yield from (one.value for one in element.children(name) if isinstance(one.value, str))
