"""A plan as people and machines read it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sachet.package.difference import Difference
from sachet.publish.advice import advice
from sachet.publish.errors import one_line
from sachet.publish.plan import WRITES, Action, Plan, Step, bytes_of

_CONTROLS = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
SHOWN = 20  # steps of an action that are shown, and differences of a step
_LONGEST = 300  # characters of a value
_ORDER = (
    Action.UNSUPPORTED,
    Action.CONFLICT,
    Action.CREATE,
    Action.UPDATE,
    Action.RETIRE,
    Action.RESTORE,
    Action.DELETE,
)


def text(plan: Plan, every: bool = False) -> Iterator[str]:
    """A plan in lines: each step that would change something, with what a reader would see change, and a summary."""
    yield f"{plan.server}: {plan.software or 'a FHIR server'}, {plan.release.upper()}, by {_STRATEGIES[plan.strategy]}"
    for package in plan.packages:
        yield f"{package.name} {package.version}"
    for action in _ORDER:
        steps = plan.of(action)
        if steps:
            yield ""
        for step in steps if every else steps[:SHOWN]:
            yield from _step(step, every)
        if not every and len(steps) > SHOWN:
            kinds = Counter(step.kind for step in steps[SHOWN:])
            yield f"{action:<13} {len(steps) - SHOWN} more: {', '.join(f'{n} {k}' for k, n in kinds.items())}"
    yield ""
    yield summary(plan)
    for warning in advice(plan):
        yield f"warning: {warning}"


_STRATEGIES = {"url": "url and version", "id": "id"}


def _step(step: Step, every: bool) -> Iterator[str]:
    yield _line(step.action, step)
    yield from _differences(step.differences(), every)


def _differences(found: Sequence[Difference], every: bool) -> Iterator[str]:
    for one in found if every else found[:SHOWN]:
        yield from _difference(one)
    if not every and len(found) > SHOWN:
        yield f"    {len(found) - SHOWN} more differences"


def _line(what: str, step: Step) -> str:
    title = f"  {one_line(step.target.title)}" if step.target and step.target.title else ""
    why = f": {one_line(step.why)}" if step.why else ""
    return f"{what:<13} {one_line(f'{step.name} {step.version}')}{title}{why}"


def _difference(one: Difference) -> Iterator[str]:
    yield f"    {one_line(' > '.join(one.where))}"
    for sign, value in (("-", one.before), ("+", one.after)):
        if value is not None:
            flat = one_line(value)
            yield f"      {sign} {flat if len(flat) <= _LONGEST else f'{flat[: _LONGEST - 1]}…'}"


def summary(plan: Plan) -> str:
    """How much would change, in a line."""
    counts = Counter(step.action for step in plan.steps)
    parts = [f"{counts[action]} to {action}" for action in _ORDER[2:] if counts[action]]
    parts += [
        f"{counts[a]} {w}"
        for a, w in ((Action.CONFLICT, "in conflict"), (Action.UNSUPPORTED, "not supported"))
        if counts[a]
    ]
    parts.append(f"{counts[Action.UNCHANGED]} unchanged")
    changes = plan.changes
    if not changes:
        return ", ".join(parts)
    kept = sum(step.held is not None and step.kind in plan.history for step in changes)
    history = f"; the earlier state of {kept} stays in the server's history" if kept else ""
    return f"{', '.join(parts)}: {len(changes)} entries, {bytes_of(changes):,} bytes{history}"


_DRIFTS = {
    Action.CREATE: "missing",
    Action.UPDATE: "older",
    Action.CONFLICT: "changed",
    Action.UNSUPPORTED: "not supported",
}


def drift_text(plan: Plan, every: bool = False) -> Iterator[str]:
    """What on a server is no longer as the packages have it; of each what the server has in place of what."""
    for step in plan.steps:
        if step.action is Action.UNCHANGED:
            continue
        yield _line(_DRIFTS[step.action], step)
        yield from _differences(_drifted(step), every)
    counts = Counter(step.action for step in plan.steps)
    parts = [f"{counts[action]} {word}" for action, word in _DRIFTS.items() if counts[action]]
    yield ", ".join([*parts, f"{counts[Action.UNCHANGED]} as in the packages"])


def drift_json(plan: Plan) -> str:
    """The same for machines."""
    rows = [
        {
            "state": _DRIFTS[step.action],
            "resource": step.name,
            "url": step.url,
            "version": step.version,
            "why": step.why,
            "differences": [one.as_json() for one in _drifted(step)],
        }
        for step in plan.steps
        if step.action is not Action.UNCHANGED
    ]
    same = len(plan.of(Action.UNCHANGED))
    return _printable({"server": plan.server, "unchanged": same, "drift": rows})


def _printable(value: Any) -> str:
    """JSON whose words a terminal obeys in nothing."""
    return _CONTROLS.sub(lambda m: f"\\u{ord(m[0]):04x}", json.dumps(value, ensure_ascii=False, indent=2))


def _drifted(step: Step) -> list[Difference]:
    """From what the package has to what the server has."""
    return [Difference(one.where, one.after, one.before) for one in step.differences()]


def as_json(plan: Plan) -> dict[str, Any]:
    """A plan for machines, and for `push --plan`, which does what was reviewed and nothing else."""
    return {
        "server": plan.server,
        "software": plan.software,
        "fhir": plan.release,
        "strategy": plan.strategy,
        "packages": [{"name": p.name, "version": p.version, "sha256": p.sha256} for p in plan.packages],
        "summary": dict(Counter(str(step.action) for step in plan.steps)),
        "entries": len(plan.changes),
        "bytes": bytes_of(plan.changes),
        "warnings": list(advice(plan)),
        "steps": [_row(step) for step in plan.steps],
    }


def _row(step: Step) -> dict[str, Any]:
    row: dict[str, Any] = {
        "action": step.action,
        "resource": step.name,
        "url": step.url,
        "version": step.version,
        "why": step.why,
        "held": {"id": step.held.resource["id"], "versionId": step.held.version_id} if step.held else None,
        "digest": step.target.digest if step.target else None,
    }
    if step.action is not Action.UNCHANGED:
        row["differences"] = [one.as_json() for one in step.differences()]
    return row


def dumps(plan: Plan) -> str:
    """`as_json` as text."""
    return _printable(as_json(plan))


def unlike_reviewed(plan: Plan, reviewed: Mapping[str, Any]) -> str | None:
    """Why a plan is not the one that was reviewed; None where it is, or where part of it has been done since."""
    if reviewed.get("server") != plan.server:
        return f"it is of {reviewed.get('server')}"
    if (reviewed["fhir"], reviewed["strategy"]) != (plan.release, plan.strategy):
        return f"it was for {reviewed['fhir'].upper()} by {reviewed['strategy']}"
    if sorted(p["sha256"] for p in reviewed["packages"]) != sorted(p.sha256 for p in plan.packages):
        return "it is of other package files"
    rows = {(r["url"], r["version"]): r for r in reviewed["steps"]}
    for step in plan.steps:
        row = rows.pop((step.url, step.version), None)
        if row is None:
            return f"it has no {step.name} {step.version}"
        now = _row(step)
        if step.action is Action.UNCHANGED and step.held and row["digest"] in (now["digest"], step.held.digest):
            continue  # it has been done since
        if any(row[key] != now[key] for key in ("action", "held", "digest")):
            return f"{step.name} {step.version} was to {row['action']}, and is to {step.action} now"
    left = [f"{row['resource']} was to {row['action']}" for row in rows.values() if row["action"] in WRITES]
    return f"{left[0]}, with other options" if left and plan.changes else None
