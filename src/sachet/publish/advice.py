"""What an administrator has to know of content before it is on a server: what would not be seen, and what would act."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sachet.publish.plan import Action, Plan


def advice(plan: Plan) -> Iterator[str]:
    """Warnings about what a plan would put on its server."""
    written = [step for step in plan.of(Action.CREATE, Action.UPDATE) if step.target]
    resources = [step.target.resource() for step in written if step.target]
    drafts = sum(r.get("status") == "draft" for r in resources)
    if drafts:
        yield (
            f"{drafts} of {len(resources)} resources to be written are drafts: what looks for active ones does not see "
            "them, and HAPI's package installer skips them (push does not)"
        )
    fired = [r["id"] for r in resources if r["resourceType"] == "PlanDefinition" and _fires(r)]
    if fired:
        yield (
            f"PlanDefinition {_named(fired)} with a named-event trigger: a server with CDS Hooks offers it "
            "as a service for every patient, while it is a draft too"
        )
    requesting = [r["id"] for r in resources if r["resourceType"] == "ActivityDefinition" and "kind" in r]
    if requesting:
        yield f"ActivityDefinition {_named(requesting)} with a kind: applying a plan that leads there makes a request"
    if "HAPI" in plan.software and any(r["resourceType"] == "PlanDefinition" for r in resources):
        yield (
            "HAPI's package installer leaves PlanDefinition, ActivityDefinition and Library out unless its install "
            "types name them; push writes them"
        )


def _fires(plan_definition: dict[str, Any]) -> bool:
    """Whether an action of the first level waits for a named event."""
    return any(
        trigger.get("type") == "named-event"
        for action in plan_definition.get("action", ())
        for trigger in action.get("trigger", ())
    )


def _named(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more}"
