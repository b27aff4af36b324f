"""Planning, pushing and rolling back, from Python."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sachet.publish import content, receipt
from sachet.publish.connection import Connection
from sachet.publish.deliver import ENTRIES, Delivery
from sachet.publish.errors import PublishError
from sachet.publish.plan import Plan, Planner
from sachet.publish.receipt import Receipt
from sachet.publish.rollback import Rollback
from sachet.publish.server import Server


def plan(packages: Iterable[str | Path], server: Connection, **how: Any) -> Plan:
    """What a push of packages (`.tgz`) would change; `how` is as `Planner` has it. Raises PublishError."""
    return _planned(packages, server, how)[1]


def push(
    packages: Iterable[str | Path], server: Connection, path: Path, *, entries: int = ENTRIES, **how: Any
) -> Receipt:
    """Put packages on a server; the receipt is written to `path` as the work goes on.

    Raises PublishError, also where the plan holds a conflict or a type that the server does not take: then nothing was
    sent.
    """
    planner, made = _planned(packages, server, how)
    if blocked := made.blocked():
        raise PublishError(f"nothing was sent: {blocked}")
    return Delivery(planner, made, path, command="push", entries=entries).run()


def roll_back(old: Path, server: Connection, path: Path, *, delete: bool = False, partial: bool = False) -> Receipt:
    """Put back what the push of a receipt replaced; `path` is for the new receipt.

    What it created is retired; with `delete`, deleted. Where somebody changed something since, nothing is put back,
    or with `partial` what can be. Raises PublishError.
    """
    back = Rollback(Server(server), receipt.read(old), delete=delete)
    made = back.plan()
    if (blocked := made.blocked()) and not partial:
        raise PublishError(f"nothing was sent: {blocked}")
    return Delivery(back, made, path, command="rollback").run()


def _planned(packages: Iterable[str | Path], server: Connection, how: dict[str, Any]) -> tuple[Planner, Plan]:
    planner = Planner(Server(server), **how)
    return planner, planner.plan([content.read(Path(one)) for one in packages])
