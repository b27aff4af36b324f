"""Putting back what a push replaced, from its receipt, as far as nobody changed it since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sachet.fhir.digest import digest
from sachet.fhir.exact import decoded
from sachet.package.pack import SENT
from sachet.publish.content import artifact, is_id
from sachet.publish.errors import PublishError
from sachet.publish.plan import RETIRED, Action, Plan, Step, Strategy, retired
from sachet.publish.receipt import Receipt, Row
from sachet.publish.server import Held, Server

_NEW = Action.CREATE.value


class Rollback:
    """What a receipt says was done on a server, and how to undo it."""

    def __init__(self, server: Server, receipt: Receipt, *, delete: bool = False) -> None:
        """With `delete`, what was created is deleted; else it is retired.

        Raises PublishError where the receipt is of another server.
        """
        if server.base != receipt.server:
            raise PublishError(f"the receipt is of {receipt.server}, not of {server.base}")
        self.server = server
        self.capability = server.capability()
        self._delete = delete
        # In the opposite order: what needs something goes before it.
        done = [r for r in reversed(receipt.rows) if r.state in ("sent", "done") and r.action != Action.UNCHANGED]
        self._rows = {(r.kind, r.canonical): r for r in done}
        for row in done:
            _check(row)
        self._receipt = receipt

    def plan(self) -> Plan:
        """What would be done to undo the push."""
        about = self.capability
        steps = tuple(self._step(row) for row in self._rows.values())
        release = self._receipt.fhir
        return Plan(
            self.server.base, about.software, release, Strategy.ID, about.transactions, about.history, (), steps
        )

    def again(self, steps: Sequence[Step], strategy: Strategy, ids: Mapping[str, str]) -> list[Step]:  # noqa: ARG002 - a receipt has ids
        """Steps of a plan, in their order, by what the server holds now."""
        return [self._step(self._rows[step.kind, step.canonical]) for step in steps]

    def _step(self, row: Row) -> Step:
        found = self._held(row)
        held = found[0] if found else None
        created = row.action == _NEW

        def step(action: Action, why: str, target: object = None) -> Step:
            made = None if target is None else artifact(dict(target))  # type: ignore[call-overload]
            return Step(action, row.kind, row.url, row.version, held, made, why)

        if len(found) > 1:
            return step(Action.CONFLICT, f"it is there more than once: {', '.join(h.name for h in found)}")
        if held is None:
            if row.id is None or created:
                return step(Action.UNCHANGED, "it is not there")
            return step(Action.CONFLICT, "somebody deleted it since")
        if row.after is None or held.digest != row.after.digest:
            if created and held.status == RETIRED and held.is_as_published:
                return step(Action.UNCHANGED, "it is retired")
            if row.before is not None and held.digest == row.before.digest:
                return step(Action.UNCHANGED, "it is as it was")
            return step(Action.CONFLICT, "somebody changed it since")
        if created:
            if self._delete:
                return step(Action.DELETE, "the push created it")
            return step(Action.RETIRE, "the push created it", retired(held))
        if held.status == "active":
            return step(Action.CONFLICT, "it is active, and active content never changes in place")
        earlier = self._earlier(row)
        if earlier is None:
            return step(Action.CONFLICT, "the server no longer has its earlier version")
        return step(Action.RESTORE, f"as it was in version {row.before.version_id if row.before else '?'}", earlier)

    def _held(self, row: Row) -> list[Held]:
        """What the server holds now of a row; where no answer told the id, it is looked for."""
        if row.id is not None:
            held = self.server.read(row.kind, row.id)
            return [held] if held else []
        return [h for h in self.server.search(row.kind, [row.url]) if h.version == row.version]

    def _earlier(self, row: Row) -> dict[str, object] | None:
        if row.before is None or row.id is None:
            return None
        if then := bytes(row.before.resource):
            earlier: dict[str, object] = decoded(then)
            if digest(earlier) != row.before.digest or (earlier.get("resourceType"), earlier.get("id")) != (
                row.kind,
                row.id,
            ):
                raise PublishError(f"the receipt holds another {row.kind}/{row.id} than it says")
            return earlier
        found = self.server.read(row.kind, row.id, row.before.version_id)
        if found is None or found.digest != row.before.digest:
            return None
        return dict(found.resource)


def _check(row: Row) -> None:
    """Raises PublishError where a receipt speaks of something that a push does not make."""
    if row.kind not in SENT or (row.id is not None and not is_id(row.id)):
        raise PublishError(f"this receipt is of something that sachet does not push: {row.kind}/{row.id}")
    if row.before is not None and (then := bytes(row.before.resource)) and not isinstance(decoded(then), dict):
        raise PublishError(f"the receipt holds something else than {row.kind}/{row.id}")
