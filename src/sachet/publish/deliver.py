"""Carrying out the steps of a plan: in transactions, each looked after before it is sent a second time.

A transaction is sent once. Where no answer comes, or one that says that something else was first, the server is asked
what it holds now, and only what is still to be done as it was planned is sent again. So a push that was killed at any
point is finished by the next, nothing is there twice, and nothing is written over that nobody saw in the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec

from sachet.fhir.exact import encoded
from sachet.package.pack import creation
from sachet.publish.connection import AGAIN
from sachet.publish.errors import PublishError, RefusedError, UnavailableError
from sachet.publish.plan import Action, Plan, Step, Strategy
from sachet.publish.receipt import Receipt, Row, State, packed
from sachet.publish.server import Capability, Done, Server
from sachet.version import VERSION

ENTRIES = 200  # of a transaction: HAPI takes 200 in 2 s, and 3,000 in 2 minutes
BYTES = 4 << 20  # of a transaction
_RACED = (409, 412)
_TOO_LARGE = 413
_FIRST = "somebody else was first; make a new plan"

Progress = Callable[[int, int], None]


class Work(Protocol):
    """What planned the steps: it can plan them anew."""

    server: Server
    capability: Capability

    def again(self, steps: Sequence[Step], strategy: Strategy, ids: Mapping[str, str]) -> list[Step]:
        """Steps of a plan, in their order, by what the server holds now; `ids` are those that it told, by canonical."""


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
        self._ids: dict[str, str] = {}  # that the server told, by canonical
        self._answered: set[str] = set()  # what it said was done, by canonical, but not by whom or where
        steps = plan.changes
        self.receipt = Receipt(
            f"sachet {VERSION}",
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
        not answer any more, or where there is a file already at the receipt's place. The receipt says what was done by
        then; nothing is sent after the first step that was lost.
        """
        self.receipt.create(self._path)
        try:
            for chunk in self._chunks(self._plan.changes):
                self._deliver(chunk)
                if lost := [row for row in self.receipt.rows if row.state == "failed"]:
                    first = f"{lost[0].kind} {lost[0].url}: {lost[0].why}"
                    more = f", and {len(lost) - 1} more" if len(lost) > 1 else ""
                    left = len(self.receipt.rows) - self.receipt.count("done")
                    raise IncompleteError(f"{left} of {len(self.receipt.rows)} were left: {first}{more}")
        finally:
            self.receipt.ended = _now()
            self.receipt.write(self._path)
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
            # And what a manifest names has to be there before it.
            last = step.kind == "Library" and bool(chunk) and chunk[-1].kind != step.kind
            if chunk and (len(chunk) == most or size + length > BYTES or first or last):
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
        if self._plan.strategy is Strategy.ID:
            steps = self._still_free(steps)
            if any(row.state == "failed" for row in self.receipt.rows):
                return []  # the rest waits for a new plan
        for step in steps:
            self._row(step).state = "sent"
        self.receipt.write(self._path)
        entries = [_entry(step, self._plan.strategy, self._server.base) for step in steps]
        if self._plan.transactions:
            answers = self._server.transact(entries)
        else:
            answers = [self._server.request(entry) for entry in entries]
        unsure = [step for step, done in zip(steps, answers, strict=True) if not self._is_done(step, done)]
        self.receipt.write(self._path)
        self._tell()
        if later := [done.refusal for done in answers if done.refusal and done.status in AGAIN]:
            raise UnavailableError(later[0])
        return unsure

    def _still_free(self, steps: list[Step]) -> list[Step]:
        """Steps without those that would be put at an id where something is by now: a PUT would write over it."""
        free: list[Step] = []
        for step in steps:
            new = step.held is None and step.target is not None and step.action is Action.CREATE
            held = self._server.read(step.kind, step.target.id) if new and step.target else None
            if held is None:
                free.append(step)
                continue
            row, same = self._row(step), step.target is not None and held.digest == step.target.digest
            row.state, row.why = ("done", "") if same else ("failed", _FIRST)
            row.id = held.id
            if same and row.after is not None:
                row.action, row.after.version_id = Action.UNCHANGED.value, held.version_id
        return free

    def _is_done(self, step: Step, done: Done) -> bool:
        """Whether an answer says that a step was carried out; the receipt learns what it says."""
        row = self._row(step)
        kind, _, identifier = (done.name or (step.held.name if step.held else "")).partition("/")
        if done.refusal:
            row.why = "" if done.status in (*AGAIN, *_RACED) else done.refusal
            return False
        if step.action is Action.DELETE:
            row.state = "done"
            return True
        if kind != step.kind or not identifier or (step.held and identifier != step.held.id):
            self._answered.add(step.canonical)
            return False
        self._ids[step.canonical] = row.id = identifier
        if step.action is Action.CREATE and self._plan.strategy is Strategy.ID and done.status == 200:
            row.state, row.why = "failed", "somebody had put something there since the plan, and it was written over"
            return True
        # 200 for what should be new: somebody else made it, perhaps with other content.
        if step.action is Action.CREATE and done.status == 200:
            self._answered.add(step.canonical)
            return False
        held = None if done.version_id else self._server.read(step.kind, identifier)
        row.state = "done"
        if row.after is not None:
            row.after.version_id = done.version_id or (held.version_id if held else None)
        return True

    def _left(self, steps: list[Step]) -> list[Step]:
        """What is still to be done of steps of which it is not known; the receipt learns of the others."""
        left: list[Step] = []
        for old, new in zip(steps, self._work.again(steps, self._plan.strategy, self._ids), strict=True):
            row = self._row(old)
            if new.action is Action.UNCHANGED:
                row.state, row.why = "done", ""
                if old.action is Action.CREATE and old.canonical in self._answered:
                    row.action = Action.UNCHANGED.value  # somebody else made it
                if new.held is not None and row.after is not None:
                    row.id, row.after.version_id = new.held.id, new.held.version_id
            elif old.canonical in self._answered:
                why = "the server says that it was done, and does not show it"
                row.state, row.why = "failed", _FIRST if new.held else why
            elif new.changes and _is_as_planned(old, new):
                left.append(new)
            else:
                row.state, row.why = "failed", new.why if new.action is Action.CONFLICT else _FIRST
        self.receipt.write(self._path)
        self._tell()
        return left

    def _failed(self, steps: Sequence[Step], why: str) -> None:
        for step in steps:
            row = self._row(step)
            row.state, row.why = "failed", why

    def _row(self, step: Step) -> Row:
        return self._rows[step.kind, step.canonical]

    def _tell(self) -> None:
        if self._progress:
            self._progress(self.receipt.count("done"), len(self.receipt.rows))


def _is_as_planned(old: Step, new: Step) -> bool:
    """Whether a step would still do what it was planned to do, to what was there then."""
    if old.action is not new.action or (old.held is None) != (new.held is None):
        return False
    if old.held is None or new.held is None:
        return True
    return (old.held.name, old.held.version_id, old.held.digest) == (
        new.held.name,
        new.held.version_id,
        new.held.digest,
    )


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
    if held and before and (not history or held.version_id is None):
        before.resource = msgspec.Raw(encoded(held.resource))
    after = State(None, step.target.digest) if step.target else None
    fixed = step.target.id if step.target and strategy is Strategy.ID else None
    identifier = held.id if held else fixed
    return Row(step.action.value, step.kind, step.url, step.version, identifier, before, after)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
