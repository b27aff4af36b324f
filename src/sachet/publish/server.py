"""A FHIR server: what it can do, what it holds, and changing that. https://hl7.org/fhir/http.html."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sachet.fhir.digest import claimed, digest
from sachet.fhir.exact import encoded
from sachet.fhir.releases import release_of
from sachet.publish.connection import Answer, Connection, an_object, joined, objects, outcome, split
from sachet.publish.content import is_id
from sachet.publish.errors import PublishError, RefusedError, UnavailableError

_ASKED_AT_ONCE = 40  # urls in a search
_LONGEST = 3000  # characters of them: some servers refuse addresses beyond 4,000
_FIRST = 2  # attempts of the first request: an address that is wrong should not take a minute
_STRICT = {"Prefer": "handling=strict"}
_LOCATION = re.compile(
    r"(?:^|/)(?P<kind>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9.-]{1,64})(?:/_history/(?P<version>[^/?#]+))?$"
)
_ETAG = re.compile(r'(?:W/)?"?(?P<version>[^"]+)"?')


@dataclass(frozen=True, slots=True)
class Kind:
    """What a server does with the resources of a type."""

    interactions: frozenset[str]
    searches: frozenset[str]
    conditional_create: bool


@dataclass(frozen=True, slots=True)
class Capability:
    """What a server says of itself (https://hl7.org/fhir/capabilitystatement.html)."""

    release: str | None  # r4, r4b or r5
    version: str  # of FHIR
    software: str
    transactions: bool
    kinds: Mapping[str, Kind]

    def takes(self, kind: str) -> bool:
        """Whether resources of a type can be put there."""
        found = self.kinds.get(kind)
        return found is not None and bool({"create", "update"} & found.interactions)

    def has_history(self, kind: str) -> bool:
        """Whether an earlier version of a resource can be read."""
        return kind in self.history

    @property
    def history(self) -> frozenset[str]:
        """The resource types of which earlier versions can be read."""
        return frozenset(kind for kind, row in self.kinds.items() if "vread" in row.interactions)


@dataclass(frozen=True)
class Held:
    """A resource as a server holds it."""

    resource: Mapping[str, Any]
    etag: str | None = None  # the version of which the header of a read speaks

    @property
    def name(self) -> str:
        """Its type and its id on the server."""
        return f"{self.resource['resourceType']}/{self.resource['id']}"

    @property
    def id(self) -> str:
        """Its id on the server."""
        return str(self.resource["id"])

    @property
    def url(self) -> str | None:
        """Its canonical url."""
        return _words(self.resource.get("url"))

    @property
    def version(self) -> str | None:
        """Its business version."""
        return _words(self.resource.get("version"))

    @property
    def labels(self) -> dict[str, Any]:
        """The tags and security labels that somebody put on it there; they stay."""
        meta = an_object(self.resource.get("meta"))
        return {key: meta[key] for key in ("security", "tag") if key in meta}

    @property
    def canonical(self) -> str:
        """Its url with its version."""
        return f"{self.url}|{self.version}"

    @property
    def composed(self) -> list[str]:
        """The canonicals of what a manifest is composed of."""
        related = objects(self.resource.get("relatedArtifact"))
        return [str(one.get("resource")) for one in related if one.get("type") == "composed-of"]

    @property
    def version_id(self) -> str | None:
        """The number that the server gave to this state of it."""
        return _words(an_object(self.resource.get("meta")).get("versionId")) or self.etag

    @property
    def status(self) -> str | None:
        """Its publication status."""
        return _words(self.resource.get("status"))

    @cached_property
    def digest(self) -> str:
        """The digest of its content as it is now."""
        return digest(self.resource)

    @property
    def is_as_published(self) -> bool:
        """Whether sachet put it there, and nobody has changed it since."""
        return claimed(self.resource) == self.digest

    @property
    def is_of_sachet(self) -> bool:
        """Whether sachet put it there; somebody may have changed it since."""
        return claimed(self.resource) is not None


@dataclass(frozen=True, slots=True)
class Done:
    """What a server did with one entry: the status, and where the resource is now."""

    status: int
    name: str | None  # its type and id
    version_id: str | None
    refusal: str = ""  # why it was not done, where other entries were: servers run some transactions as batches


class UnsearchableError(PublishError):
    """A server that does not search canonical resources by their url."""


class Server:
    """A FHIR server behind a connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @property
    def base(self) -> str:
        """Its base address."""
        return self.connection.base

    def capability(self) -> Capability:
        """What it says of itself. Raises PublishError where it is no FHIR server."""
        found = self.connection.get("metadata", attempts=_FIRST).body
        if not isinstance(found, dict) or found.get("resourceType") != "CapabilityStatement":
            raise PublishError(f"{self.base} has no CapabilityStatement: is this the base address of a FHIR server?")
        rest = next((r for r in objects(found.get("rest")) if r.get("mode") == "server"), {})
        software = an_object(found.get("software"))
        version = self.connection.hidden(str(found.get("fhirVersion", "")))
        release = release_of(version)
        return Capability(
            release.name if release else None,
            version,
            self.connection.hidden(" ".join(str(software[k]) for k in ("name", "version") if k in software)),
            any(i.get("code") == "transaction" for i in objects(rest.get("interaction"))),
            {str(r.get("type")): _kind(r) for r in objects(rest.get("resource"))},
        )

    def search(self, kind: str, urls: Iterable[str]) -> Iterator[Held]:
        """The resources of a type with one of these canonical urls, in every version.

        Raises UnsearchableError where the server does not search by url.
        """
        for group in _grouped(dict.fromkeys(urls)):
            wanted = set(group)
            for held in self._pages(kind, {"url": ",".join(map(_escaped, group)), "_count": "200"}):
                if held.url in wanted:  # a server that does not know the parameter gives everything
                    yield self._versioned(held)

    def everything(self, kind: str) -> Iterator[Held]:
        """All resources of a type."""
        return self._pages(kind, {"_count": "200"})

    def _versioned(self, held: Held) -> Held:
        """A resource with its version: where a search does not tell it, a read may."""
        return held if held.version_id else self.read(str(held.resource["resourceType"]), held.id) or held

    def _pages(self, kind: str, params: Mapping[str, str]) -> Iterator[Held]:
        try:
            answer = self.connection.get(kind, params, _STRICT)
        except RefusedError as e:
            if e.status in (400, 404, 501):
                raise UnsearchableError(f"{self.base} does not search {kind} by url: {e}") from None
            raise
        seen: set[str] = set()
        while True:
            bundle = an_object(answer.body)
            if bundle.get("resourceType") != "Bundle":
                raise PublishError(f"{self.base} answers a search with no Bundle")
            for entry in objects(bundle.get("entry")):
                resource = entry.get("resource")
                if (
                    isinstance(resource, dict)
                    and resource.get("resourceType") == kind
                    and is_id(str(resource.get("id")))
                ):
                    yield Held(resource)
            following = [str(link.get("url")) for link in objects(bundle.get("link")) if link.get("relation") == "next"]
            if not following:
                return
            if following[0] in seen:
                raise PublishError(f"{self.base} gives pages of {kind} in a circle")
            seen.add(following[0])
            answer = self.connection.get(self._here(following[0]))

    def _here(self, link: str) -> str:
        """A link to a further page, below the base address: behind a proxy, servers name themselves otherwise."""
        parts, path = split(joined(f"{self.base}/", link)), split(self.base).path
        if not parts.query:
            raise PublishError(f"{self.base} gives a link to a further page that is none")
        below = parts.path.removeprefix(path) if parts.path.startswith(path) else ""
        return f"{below.strip('/')}?{parts.query}"

    def read(self, kind: str, identifier: str, version_id: str | None = None) -> Held | None:
        """A resource by its id on the server, as it is or as it was; None where there is none, or no longer."""
        path = f"{kind}/{identifier}" + (f"/_history/{version_id}" if version_id else "")
        try:
            answer = self.connection.get(path)
        except RefusedError as e:
            if e.status in (404, 410):
                return None
            raise
        found = answer.body
        if not isinstance(found, dict) or found.get("resourceType") != kind or found.get("id") != identifier:
            raise PublishError(f"{self.base} answers {path} with something else")
        return Held(found, _version(answer.headers.get("ETag", "")))

    def transact(self, entries: Sequence[Mapping[str, Any]]) -> list[Done]:
        """Do all of some entries of a bundle, or none; some servers do what they can, and say what they did not.

        Raises as `Connection.send` does; UnavailableError also where the answer does not say what was done.
        """
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        answer = self.connection.send("POST", "", body=encoded(bundle))
        rows = objects(an_object(answer.body).get("entry"))
        if len(rows) != len(entries):
            said = self.connection.hidden(outcome(answer.body) or "nothing more")
            raise UnavailableError(f"{self.base} answers {len(entries)} entries with {len(rows)}, and says {said}")
        return [self._done(row) for row in rows]

    def _done(self, row: Mapping[str, Any]) -> Done:
        response = an_object(row.get("response"))
        status = re.match(r"\d{3}", str(response.get("status", "")))
        if not status or status[0][0] != "2":
            said = self.connection.hidden(outcome(response.get("outcome")) or "nothing more")
            answered = self.connection.hidden(str(response.get("status")))
            words = f"{self.base} answered {answered} for an entry of a transaction, and says {said}"
            return Done(int(status[0]) if status else 500, None, None, words)
        return _done(int(status[0]), str(response.get("location", "")), str(response.get("etag", "")))

    def request(self, entry: Mapping[str, Any]) -> Done:
        """Do one entry of a bundle by itself, for servers without transactions. Raises as `Connection.send` does."""
        wanted = entry["request"]
        headers = {
            name: wanted[key]
            for key, name in (("ifNoneExist", "If-None-Exist"), ("ifMatch", "If-Match"))
            if key in wanted
        }
        body = encoded(entry["resource"]) if "resource" in entry else None
        answer = self.connection.send(wanted["method"], wanted["url"], body=body, headers=headers)
        location = answer.headers.get("Location") or answer.headers.get("Content-Location") or ""
        return _done(answer.status, location, answer.headers.get("ETag", ""), answer)


def _done(status: int, location: str, etag: str, answer: Answer | None = None) -> Done:
    found = _LOCATION.search(location)
    name, version = (f"{found['kind']}/{found['id']}", found["version"]) if found else (None, None)
    body = an_object(answer.body) if answer else {}
    if name is None and isinstance(body.get("id"), str) and body.get("resourceType") != "OperationOutcome":
        name = f"{body.get('resourceType')}/{body['id']}"
    return Done(status, name, version or _version(etag))


def _version(etag: str) -> str | None:
    tag = _ETAG.fullmatch(etag.strip())
    return tag["version"] if tag else None


def _words(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _kind(row: Mapping[str, Any]) -> Kind:
    return Kind(
        frozenset(str(i.get("code")) for i in objects(row.get("interaction"))),
        frozenset(str(s.get("name")) for s in objects(row.get("searchParam"))),
        row.get("conditionalCreate") is True,
    )


def _escaped(value: str) -> str:
    """A value of a search parameter (https://hl7.org/fhir/search.html#escaping)."""
    return re.sub(r"([\\,$|])", r"\\\1", value)


def _grouped(urls: Iterable[str]) -> Iterator[list[str]]:
    """Urls in groups that fit into an address."""
    group: list[str] = []
    for url in urls:
        if group and (len(group) == _ASKED_AT_ONCE or sum(map(len, group)) + len(url) > _LONGEST):
            yield group
            group = []
        group.append(url)
    if group:
        yield group
