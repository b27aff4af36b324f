"""Carrying out the steps of a plan: in transactions, each looked after before it is sent a second time.

A transaction is sent once. Where no answer comes, or one that says that something else was first, the server is asked
what it holds now, and only what is still to be done is sent again. So a push that was killed at any point is finished
by the next, and nothing is there twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec

from sachet import __version__
from sachet.fhir.exact import encoded
from sachet.package.pack import creation
from sachet.publish.connection import AGAIN
from sachet.publish.errors import PublishError, RefusedError, UnavailableError
from sachet.publish.plan import Action, Plan, Step, Strategy
from sachet.publish.receipt import Receipt, Row, State, packed
from sachet.publish.server import Capability, Done, Server

ENTRIES = 200  # of a transaction: HAPI takes 200 in 2 s, and 3,000 in 2 minutes
BYTES = 4 << 20  # of a transaction
_RACED = (409, 412)
_TOO_LARGE = 413

Progress = Callable[[int, int], None]


class Work(Protocol):
    """What planned the steps: it can plan them anew."""

    server: Server
    capability: Capability

    def again(self, steps: Sequence[Step], strategy: Strategy) -> list[Step]:
        """Steps of a plan, in their order, by what the server holds now."""


class IncompleteError(PublishError):
    """Some of the steps were not carried out; the receipt says which."""


class Delivery:
    """Carries out steps on a server, and keeps the receipt."""

    def __init__(
        self,
        work: Work,
        plan: Plan,
        path: Path,
        *,
        command: str,
        entries: int = ENTRIES,
        progress: Progress | None = None,
    ) -> None:
        """`path` is where the receipt goes; `progress` hears how many of how many resources are done."""
        self._server = work.server
        self._work = work
        self._plan = plan
        self._path = path
        self._entries = entries
        self._progress = progress
        steps = plan.changes
        self.receipt = Receipt(
            f"sachet {__version__}",
            command,
            plan.server,
            plan.software,
            plan.release,
            _now(),
            None,
            packed(plan.packages),
            [_row(step, plan.strategy, work.capability.has_history(step.kind)) for step in steps],
        )
        self._rows = {(s.kind, s.canonical): row for s, row in zip(steps, self.receipt.rows, strict=True)}

    def run(self) -> Receipt:
        """Carry out every step.

        Raises IncompleteError where somebody else was first, PublishError where the server refuses something or does
        not answer any more. The receipt says what was done by then.
        """
        self.receipt.write(self._path)
        try:
            for chunk in self._chunks(self._plan.changes):
                self._deliver(chunk)
        finally:
            self.receipt.ended = _now()
            self.receipt.write(self._path)
        if lost := [row for row in self.receipt.rows if row.state == "failed"]:
            first = f"{lost[0].kind} {lost[0].url}: {lost[0].why}"
            more = f", and {len(lost) - 1} more" if len(lost) > 1 else ""
            raise IncompleteError(f"{len(lost)} of {len(self.receipt.rows)} were left: {first}{more}")
        return self.receipt

    def _chunks(self, steps: Sequence[Step]) -> Iterator[list[Step]]:
        """Steps in transactions that a server takes, in their order."""
        chunk: list[Step] = []
        size = 0
        most = self._entries if self._plan.transactions else 1
        for step in steps:
            length = len(step.content)
            claims = bool(step.target and step.target.claims)
            # A server that validates has to hold the profiles before it gets what claims them.
            first = claims and bool(chunk) and not (chunk[-1].target and chunk[-1].target.claims)
            if chunk and (len(chunk) == most or size + length > BYTES or first):
                yield chunk
                chunk, size = [], 0
            chunk.append(step)
            size += length
        if chunk:
            yield chunk

    def _deliver(self, steps: list[Step]) -> None:
        """Some steps, as often as it takes."""
        patience = self._server.connection.patience
        raced = False
        for attempt in range(patience.attempts):
            try:
                steps = self._sent(steps)
            except RefusedError as e:
                if e.status == _TOO_LARGE and len(steps) > 1:
                    half = len(steps) // 2
                    self._deliver(steps[:half])
                    self._deliver(steps[half:])
                    return
                if e.status not in _RACED or raced:
                    self._failed(steps, str(e))
                    raise
                raced = True
            except UnavailableError as e:
                if attempt + 1 == patience.attempts:
                    raise
                patience.wait(attempt, e.retry_after)
            if steps:
                steps = self._left(steps)
            if refused := [step for step in steps if self._row(step).why]:
                why = self._row(refused[0]).why
                self._failed(steps, why)
                raise PublishError(why)
            if not steps:
                return
        self._failed(steps, f"it was sent {patience.attempts} times, and the server does not hold it")

    def _sent(self, steps: list[Step]) -> list[Step]:
        """Send steps; returns those of which has to be looked whether they were done."""
        for step in steps:
            self._row(step).state = "sent"
        self.receipt.write(self._path)
        entries = [_entry(step, self._plan.strategy, self._server.base) for step in steps]
        if self._plan.transactions:
            answers = self._server.transact(entries)
        else:
            answers = [self._server.request(entry) for entry in entries]
        unsure: list[Step] = []
        for step, done in zip(steps, answers, strict=True):
            if done.refusal:
                unsure.append(step)
                self._row(step).why = "" if done.status in (*AGAIN, *_RACED) else done.refusal
            # 200 for what should be new: somebody else made it, perhaps with other content.
            elif (step.action is Action.CREATE and done.status == 200) or not _says(done, step):
                unsure.append(step)
            else:
                self._done(step, done.id or str(step.held and step.held.resource["id"]), done.version_id)
        self.receipt.write(self._path)
        self._tell()
        if later := [done.refusal for done in answers if done.refusal and done.status in AGAIN]:
            raise UnavailableError(later[0])
        return unsure

    def _left(self, steps: list[Step]) -> list[Step]:
        """What is still to be done of steps of which it is not known; the receipt learns of the others."""
        left: list[Step] = []
        for old, new in zip(steps, self._work.again(steps, self._plan.strategy), strict=True):
            row = self._row(old)
            if new.changes:
                left.append(new)
            elif new.action is Action.UNCHANGED:
                row.state, row.why = "done", ""
                if new.held is not None and row.after is not None:
                    row.id, row.after.version_id = new.held.resource["id"], new.held.version_id
            else:
                row.state, row.why = "failed", new.why
        self.receipt.write(self._path)
        self._tell()
        return left

    def _done(self, step: Step, identifier: str, version_id: str | None) -> None:
        row = self._row(step)
        row.state, row.id = "done", identifier
        if row.after is not None:
            row.after.version_id = version_id

    def _failed(self, steps: Sequence[Step], why: str) -> None:
        for step in steps:
            row = self._row(step)
            row.state, row.why = "failed", why

    def _row(self, step: Step) -> Row:
        return self._rows[step.kind, step.canonical]

    def _tell(self) -> None:
        if self._progress:
            self._progress(self.receipt.count("done"), len(self.receipt.rows))


def _says(done: Done, step: Step) -> bool:
    """Whether an answer says what the receipt has to know."""
    return step.action is Action.DELETE or (done.version_id is not None and bool(done.id or step.held))


def _entry(step: Step, strategy: Strategy, base: str) -> dict[str, Any]:
    """A step as an entry of a transaction."""
    if step.action is Action.DELETE:
        return {"request": {"method": "DELETE", "url": step.name} | _match(step)}
    resource = msgspec.Raw(step.content)
    if step.held is not None:
        request = {"method": "PUT", "url": step.held.name} | _match(step)
        return {"fullUrl": f"{base}/{step.held.name}", "resource": resource, "request": request}
    if strategy is Strategy.ID:
        request = {"method": "PUT", "url": step.name}
        return {"fullUrl": f"{base}/{step.name}", "resource": resource, "request": request}
    return {"fullUrl": step.url, "resource": resource, "request": creation(step.kind, step.url, step.version)}


def _match(step: Step) -> dict[str, str]:
    found = step.held.version_id if step.held else None
    return {"ifMatch": f'W/"{found}"'} if found else {}


def _row(step: Step, strategy: Strategy, history: bool) -> Row:
    held = step.held
    before = State(held.version_id, held.digest) if held else None
    if held and before and not history:
        before.resource = msgspec.Raw(encoded(held.resource))
    after = State(None, step.target.digest) if step.target else None
    fixed = step.target.id if step.target and strategy is Strategy.ID else None
    identifier = held.resource["id"] if held else fixed
    return Row(step.action.value, step.kind, step.url, step.version, identifier, before, after)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
