"""What would change on a server: each resource of a package beside what the server holds of it.

A resource is found by its canonical url and version; where a server does not search by them, by its id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
        if self.held is None:
            return self.target.content
        resource = self.target.resource() | {"id": self.held.id}
        if labels := self.held.labels:
            resource["meta"] = dict(resource.get("meta", {})) | labels
        return encoded(resource)

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
    history: frozenset[str]  # resource types of which the server keeps earlier versions
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
        whole = _once(a for package in chosen for a in package.artifacts)
        artifacts = [one for one in whole if one.kind not in self._without]
        strategy = self._asked or self._searched({one.kind for one in artifacts if self._takes(one.kind)})
        if strategy is Strategy.ID:
            _each_id_once(artifacts)
        held = self._look_up(artifacts, strategy)
        steps = [self.step(one, held[one.kind, one.url], strategy) for one in artifacts]
        if self._retire:
            # The manifests go last: until then those on the server name what is to be retired.
            manifests = [step for step in steps if step.kind == "Library"]
            steps = [step for step in steps if step.kind != "Library"]
            written = {step.name for step in (*steps, *manifests)}
            left = self._left(chosen, {one.canonical for one in whole})
            steps += [*(step for step in left if step.name not in written), *manifests]
        about = self.capability
        return Plan(
            self.server.base,
            about.software,
            chosen[0].release,
            strategy,
            about.transactions,
            about.history,
            chosen,
            tuple(steps),
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

    def _searched(self, kinds: Iterable[str]) -> Strategy:
        """How resources of these types are found, as the server says of itself."""
        rows = [self.capability.kinds.get(kind) for kind in kinds]
        searched = all(row and {"url", "version"} <= row.searches and row.conditional_create for row in rows)
        return Strategy.URL if searched else Strategy.ID

    def _takes(self, kind: str) -> bool:
        return self._unlisted or self.capability.takes(kind)

    def _look_up(self, artifacts: Iterable[Artifact], strategy: Strategy) -> _Found:
        """What the server holds of resources, by type and url. By id, also what has the url at another id.

        Raises UnsearchableError where it does not search by url.
        """
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
                for held in self._elsewhere(kind, some):
                    found[kind, str(held.url)].append(held)
        return found

    def _elsewhere(self, kind: str, some: Sequence[Artifact]) -> Iterator[Held]:
        """What has the url and version of a resource, but another id, as far as the server searches by url."""
        row = self.capability.kinds.get(kind)
        if row is None or "url" not in row.searches:
            return
        ids = {one.canonical: one.id for one in some}
        try:
            for held in self.server.search(kind, [one.url for one in some]):
                if ids.get(held.canonical, held.id) != held.id:
                    yield held
        except UnsearchableError:
            return  # it says that it does, and does not

    def step(self, one: Artifact, held: Sequence[Held], strategy: Strategy) -> Step:
        """What would be done with a resource, by what the server holds under its url (or at its id)."""

        def step(action: Action, at: Held | None, why: str = "") -> Step:
            return Step(action, one.kind, one.url, one.version, at, one, why)

        if not self._takes(one.kind):
            return step(Action.UNSUPPORTED, None, f"the server takes no {one.kind}")
        held = list({h.name: h for h in held}.values())
        for at in held if strategy is Strategy.ID else ():
            if at.url != one.url:
                return step(Action.CONFLICT, at, f"{at.name} is there already, with the url {at.url}")
            if at.id != one.id:
                return step(Action.CONFLICT, at, f"it is there already as {at.name}; find it with --strategy url")
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
        if held.version_id is None and not self._overwrite:
            return Action.CONFLICT, f"{_UNVERSIONED} (--overwrite writes over it)"
        if held.status == "active":
            if held.version != one.version:  # one id holds one version
                return Action.CONFLICT, f"version {held.version} is active there, and would be lost: retire it first"
            return Action.CONFLICT, "it is active, and active content never changes in place: raise its version"
        if not held.is_as_published:
            who = "somebody changed it on the server" if held.is_of_sachet else "somebody else put it there"
            return (Action.UPDATE, f"{who}; overwritten") if self._overwrite else (Action.CONFLICT, who)
        return Action.UPDATE, "it was retired, and comes back" if held.status == RETIRED else ""

    def again(self, steps: Sequence[Step], strategy: Strategy, ids: Mapping[str, str]) -> list[Step]:
        """Steps of a plan anew, by what the server holds now; `ids` are those that it told, by canonical."""
        kept = [old.target for old in steps if old.target and old.action is not Action.RETIRE]
        held = self._look_up((one for one in kept if one.canonical not in ids), strategy)
        for one in kept:
            if one.canonical in ids and (at := self.server.read(one.kind, ids[one.canonical])) is not None:
                held[one.kind, one.url].append(at)
        made = {one.canonical: self.step(one, held[one.kind, one.url], strategy) for one in kept}
        return [made.get(old.canonical) or self._retirement_again(old) for old in steps]

    def _retirement_again(self, old: Step) -> Step:
        assert old.held is not None
        return _retirement(old.kind, old.url, old.version, self.server.read(old.kind, old.held.id))

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
        gone_at_all = {canonical for canonicals in named.values() for canonical in canonicals} - set(kept)
        ours = {package.manifest.url for package in packages if package.manifest}
        theirs = self._named_by_others(ours) if gone_at_all else frozenset()
        for kind, canonicals in named.items():
            gone = canonicals - set(kept) - theirs
            for held in self.server.search(kind, sorted(c.partition("|")[0] for c in gone)) if gone else ():
                if held.canonical in gone and held.is_of_sachet:
                    yield _retirement(kind, str(held.url), str(held.version), held)

    def _named_by_others(self, ours: Collection[str]) -> frozenset[str]:
        """The canonicals that other manifests on the server name: what they need stays."""
        others = (held for held in self.server.everything("Library") if held.url not in ours)
        return frozenset(canonical for held in others if held.status != RETIRED for canonical in held.composed)


_UNVERSIONED = "the server gives no versions, so nobody would notice what somebody else changed meanwhile"


def _each_id_once(artifacts: Iterable[Artifact]) -> None:
    """Raises PublishError where one id would hold two resources."""
    found: dict[str, Artifact] = {}
    for one in artifacts:
        other = found.setdefault(one.name, one)
        if other is not one:
            raise PublishError(f"the packages hold {other.canonical} and {one.canonical}, and by id they are one")


def _retirement(kind: str, url: str, version: str, held: Held | None) -> Step:
    """What would be done to retire something that left the package, by what the server holds of it now."""

    def step(action: Action, target: Artifact | None, why: str) -> Step:
        return Step(action, kind, url, version, held, target, why)

    if held is None or (held.url, held.version) != (url, version):
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
