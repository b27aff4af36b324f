"""What would change on a server: each resource of a package beside what the server holds of it.

A resource is found by its canonical url and version; where a server does not search by them, by its id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from sachet.fhir.digest import stamped
from sachet.fhir.exact import encoded
from sachet.fhir.names import BASE
from sachet.package.difference import Difference, differences
from sachet.package.pack import SENT
from sachet.publish.content import Artifact, Content, artifact, place
from sachet.publish.errors import PublishError
from sachet.publish.server import Capability, Held, Server, UnsearchableError

RETIRED = "retired"


class Action(StrEnum):
    """What would be done with a resource."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    RETIRE = "retire"
    RESTORE = "restore"  # what was there before a push
    DELETE = "delete"
    CONFLICT = "conflict"
    UNSUPPORTED = "not supported"


WRITES = frozenset({Action.CREATE, Action.UPDATE, Action.RETIRE, Action.RESTORE, Action.DELETE})


class Strategy(StrEnum):
    """How resources are found and made: by url and version, or by an id that is fixed."""

    URL = "url"
    ID = "id"


@dataclass(frozen=True)
class Step:
    """One resource: what would be done with it, and why.

    `held` is what the server holds, `target` what it would hold then: none of each where there is none.
    """

    action: Action
    kind: str
    url: str
    version: str
    held: Held | None
    target: Artifact | None
    why: str = ""

    @property
    def changes(self) -> bool:
        """Whether something would be written."""
        return self.action in WRITES

    @property
    def canonical(self) -> str:
        """Its url with its version."""
        return f"{self.url}|{self.version}"

    @property
    def name(self) -> str:
        """Its type and its id: the server's, else the package's."""
        return self.held.name if self.held else self.target.name if self.target else f"{self.kind} {self.url}"

    @cached_property
    def content(self) -> bytes:
        """The JSON that would be written, with the id that the server has for it; nothing where none would be."""
        if self.target is None:
            return b""
        if self.held is None or self.held.resource["id"] == self.target.id:
            return self.target.content
        return encoded(self.target.resource() | {"id": self.held.resource["id"]})

    def differences(self) -> list[Difference]:
        """What a reader would see change; nothing of a resource that is new."""
        if self.held is None or self.target is None or self.action in (Action.UNCHANGED, Action.CREATE):
            return []
        return differences(self.held.resource, self.target.resource())


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done on a server, in the order in which it has to be done."""

    server: str
    software: str
    release: str
    strategy: Strategy
    transactions: bool
    packages: tuple[Content, ...]
    steps: tuple[Step, ...]

    def of(self, *actions: Action) -> list[Step]:
        """The steps with one of these actions."""
        return [step for step in self.steps if step.action in actions]

    @property
    def changes(self) -> list[Step]:
        """The steps that write something."""
        return [step for step in self.steps if step.changes]

    def blocked(self) -> str:
        """Why it cannot be carried out as it is; nothing where it can."""
        why = []
        if unsupported := self.of(Action.UNSUPPORTED):
            kinds = ",".join(sorted({step.kind for step in unsupported}))
            why.append(f"the server takes no {kinds.replace(',', ' and no ')} (--without {kinds} leaves them out)")
        if conflicts := self.of(Action.CONFLICT):
            more = f", and {len(conflicts) - 1} more" if len(conflicts) > 1 else ""
            count = f"{len(conflicts)} conflict{'s' if more else ''}"
            why.append(f"{count}: {conflicts[0].name}: {conflicts[0].why}{more}")
        return "; ".join(why)


_Found = defaultdict[tuple[str, str], list[Held]]  # by type and url


class Planner:
    """Holds packages against a server."""

    def __init__(
        self,
        server: Server,
        *,
        strategy: Strategy | None = None,
        retire: bool = False,
        overwrite: bool = False,
        without: Collection[str] = (),
        unlisted: bool = False,
    ) -> None:
        """`strategy` is chosen by what the server says of itself, where none is given. With `retire`, what left the
        packages is retired; with `overwrite`, what somebody changed on the server is written over, unless it is active.
        `without` are resource types to leave out; with `unlisted`, those that the server does not list are tried.
        Raises PublishError where this is no FHIR server.
        """
        self.server = server
        self.capability: Capability = server.capability()
        self._asked = strategy
        self._retire = retire
        self._overwrite = overwrite
        self._without = without
        self._unlisted = unlisted

    def plan(self, packages: Sequence[Content]) -> Plan:
        """What would be done with the resources of packages. Raises PublishError where the server cannot take any."""
        chosen = self._of_its_release(packages)
        artifacts = _once(a for package in chosen for a in package.artifacts if a.kind not in self._without)
        strategy, held = self._held(artifacts)
        steps = [self.step(one, held[one.kind, one.url], strategy) for one in artifacts]
        if self._retire:
            # The manifests go last: until then those on the server name what is to be retired.
            manifests = [step for step in steps if step.kind == "Library"]
            steps = [step for step in steps if step.kind != "Library"]
            steps += [*self._left(chosen, {one.canonical for one in artifacts}), *manifests]
        about = self.capability
        return Plan(
            self.server.base, about.software, chosen[0].release, strategy, about.transactions, chosen, tuple(steps)
        )

    def _of_its_release(self, packages: Sequence[Content]) -> tuple[Content, ...]:
        """The packages of the release that the server speaks."""
        release = self.capability.release
        found = tuple(p for p in packages if p.release == release)
        if not found:
            given = ", ".join(sorted({p.release.upper() for p in packages}))
            speaks = release.upper() if release else f"FHIR {self.capability.version or 'of no version'}"
            raise PublishError(f"{self.server.base} speaks {speaks}, and the packages given are of {given}")
        return found

    def _held(self, artifacts: Sequence[Artifact]) -> tuple[Strategy, _Found]:
        """What the server holds, by type and url, and how it was found."""
        strategy = self._asked or self._searched({one.kind for one in artifacts if self._takes(one.kind)})
        try:
            return strategy, self._look_up(artifacts, strategy)
        except UnsearchableError:
            if self._asked:
                raise
        return Strategy.ID, self._look_up(artifacts, Strategy.ID)

    def _searched(self, kinds: Iterable[str]) -> Strategy:
        """How resources of these types are found, as the server says of itself."""
        rows = [self.capability.kinds.get(kind) for kind in kinds]
        searched = all(row and {"url", "version"} <= row.searches and row.conditional_create for row in rows)
        return Strategy.URL if searched else Strategy.ID

    def _takes(self, kind: str) -> bool:
        return self._unlisted or self.capability.takes(kind)

    def _look_up(self, artifacts: Iterable[Artifact], strategy: Strategy) -> _Found:
        """What the server holds of resources. Raises UnsearchableError where it does not search by url."""
        kinds: dict[str, list[Artifact]] = defaultdict(list)
        for one in artifacts:
            if self._takes(one.kind):
                kinds[one.kind].append(one)
        found: _Found = defaultdict(list)
        for kind, some in kinds.items():
            if strategy is Strategy.URL:
                for held in self.server.search(kind, [one.url for one in some]):
                    found[kind, str(held.url)].append(held)
            else:
                for one in some:
                    if (at := self.server.read(kind, one.id)) is not None:
                        found[kind, one.url].append(at)
        return found

    def step(self, one: Artifact, held: Sequence[Held], strategy: Strategy) -> Step:
        """What would be done with a resource, by what the server holds under its url (or at its id)."""

        def step(action: Action, at: Held | None, why: str = "") -> Step:
            return Step(action, one.kind, one.url, one.version, at, one, why)

        if not self._takes(one.kind):
            return step(Action.UNSUPPORTED, None, f"the server takes no {one.kind}")
        if strategy is Strategy.ID and (at := next(iter(held), None)) is not None and at.url != one.url:
            return step(Action.CONFLICT, at, f"{at.name} is there already, with the url {at.url}")
        same = [h for h in held if h.version == one.version or strategy is Strategy.ID]
        if len(same) > 1:
            names = ", ".join(h.name for h in same)
            return step(Action.CONFLICT, same[0], f"it is there more than once: {names}; delete all but one")
        if not same:
            return step(Action.CREATE, None)
        action, why = self._compared(one, same[0])
        return step(action, same[0], why)

    def _compared(self, one: Artifact, held: Held) -> tuple[Action, str]:
        """What would be done with a resource that the server holds."""
        if held.digest == one.digest:
            return Action.UNCHANGED, ""
        if held.status == "active":
            if held.version != one.version:  # one id holds one version
                return Action.CONFLICT, f"version {held.version} is active there, and would be lost: retire it first"
            return Action.CONFLICT, "it is active, and active content never changes in place: raise its version"
        if not held.is_as_published:
            who = "somebody changed it on the server" if held.is_of_sachet else "somebody else put it there"
            return (Action.UPDATE, f"{who}; overwritten") if self._overwrite else (Action.CONFLICT, who)
        return Action.UPDATE, "it was retired, and comes back" if held.status == RETIRED else ""

    def again(self, steps: Sequence[Step], strategy: Strategy) -> list[Step]:
        """Steps of a plan anew, by what the server holds now."""
        kept = [old.target for old in steps if old.target and old.action is not Action.RETIRE]
        held = self._look_up(kept, strategy)
        made = {one.canonical: self.step(one, held[one.kind, one.url], strategy) for one in kept}
        return [made.get(old.canonical) or self._retirement_again(old) for old in steps]

    def _retirement_again(self, old: Step) -> Step:
        assert old.held is not None
        held = self.server.read(old.kind, old.held.resource["id"])
        return _retirement(old.kind, old.url, old.version, held)

    def _left(self, packages: Sequence[Content], kept: Collection[str]) -> Iterator[Step]:
        """The resources that manifests on the server name, and that the packages do not hold any more.

        Never sachet's own definitions: other packages on the server may use them.
        """
        named: dict[str, set[str]] = defaultdict(set)  # canonicals by type
        for manifest in filter(None, (package.manifest for package in packages)):
            base = manifest.url.rpartition("/Library/")[0]
            for held in self.server.search("Library", [manifest.url]):
                if not held.is_as_published:
                    continue  # it may name what is not ours
                for canonical in (held.canonical, *held.composed):
                    kind = canonical.removeprefix(f"{base}/").partition("/")[0]
                    if kind in SENT and not canonical.startswith(f"{BASE}/StructureDefinition/"):
                        named[kind].add(canonical)
        for kind, canonicals in named.items():
            gone = canonicals - set(kept)
            for held in self.server.search(kind, sorted(c.partition("|")[0] for c in gone)) if gone else ():
                if held.canonical in gone and held.is_of_sachet:
                    yield _retirement(kind, str(held.url), str(held.version), held)


def _retirement(kind: str, url: str, version: str, held: Held | None) -> Step:
    """What would be done to retire something that left the package, by what the server holds of it now."""

    def step(action: Action, target: Artifact | None, why: str) -> Step:
        return Step(action, kind, url, version, held, target, why)

    if held is None:
        return step(Action.UNCHANGED, None, "it is gone")
    if held.status == RETIRED:
        return step(Action.UNCHANGED, None, "it is retired")
    if not held.is_as_published:
        return step(Action.CONFLICT, None, "it left the package, and somebody changed it on the server")
    return step(Action.RETIRE, artifact(retired(held)), "it left the package")


def retired(held: Held) -> dict[str, Any]:
    """A resource of the server as a retired one."""
    return stamped(dict(held.resource) | {"status": RETIRED})


def _once(artifacts: Iterable[Artifact]) -> list[Artifact]:
    """Each resource once, in the order in which a server has to get them; packages share sachet's own definitions.

    Raises PublishError where two differ.
    """
    found: dict[tuple[str, str], Artifact] = {}
    for one in artifacts:
        other = found.setdefault((one.kind, one.canonical), one)
        if other.digest != one.digest:
            raise PublishError(f"two of the packages hold {one.name} {one.version}, each with other content")
    return sorted(found.values(), key=place)


def bytes_of(steps: Iterable[Step]) -> int:
    """How many bytes steps would send."""
    return sum(len(step.content) for step in steps)
