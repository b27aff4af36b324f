"""What is to be published: the resources of a built package, in the order in which a server has to get them."""

from __future__ import annotations

import gzip
import hashlib
import json
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from sachet.fhir.digest import claimed, digest
from sachet.fhir.releases import RELEASES
from sachet.package.pack import ORDER
from sachet.publish.errors import PublishError

_ENCODER = msgspec.json.Encoder(decimal_format="number")
# It refers to resources by id, and a server gives ids of its own.
_STAYS = frozenset({"ImplementationGuide"})


@dataclass(frozen=True, slots=True)
class Artifact:
    """A resource of a package: what it is called, and its JSON."""

    kind: str
    id: str
    url: str
    version: str
    title: str
    content: bytes
    digest: str
    claims: bool  # whether it claims a profile, so that the server has to know that first

    @property
    def name(self) -> str:
        """Its type and its id in the package."""
        return f"{self.kind}/{self.id}"

    @property
    def canonical(self) -> str:
        """Its url with its version."""
        return f"{self.url}|{self.version}"

    def resource(self) -> dict[str, Any]:
        """It as JSON, with decimals as they are written."""
        made: dict[str, Any] = json.loads(self.content, parse_float=Decimal)
        return made


@dataclass(frozen=True, slots=True)
class Content:
    """A package: its name, version, release and resources; `sha256` is that of its file."""

    name: str
    version: str
    release: str
    sha256: str
    artifacts: tuple[Artifact, ...]

    @property
    def manifest(self) -> Artifact | None:
        """The Library that names and pins all others."""
        return next((a for a in self.artifacts if a.kind == "Library"), None)


def read(package: Path) -> Content:
    """A built package. Raises PublishError where it is none, or holds something that sachet did not make."""
    try:
        with tarfile.open(package, "r|gz") as tar:
            files = dict(_files(tar))
        about = json.loads(files.pop("package.json"))
        release = next(r.name for r in RELEASES.values() if r.version in about["fhirVersions"])
        found = [_checked(content) for content in files.values()]
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError, KeyError, TypeError, StopIteration):
        raise PublishError(f"{package}: this is no package that this sachet built; build it again") from None
    sent = sorted((a for a in found if a.kind not in _STAYS), key=_place)
    with package.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Content(about["name"], about["version"], release, sha256, tuple(sent))


def encoded(resource: Mapping[str, Any]) -> bytes:
    """A resource as JSON, with decimals as they were read."""
    return _ENCODER.encode(resource)


def _files(tar: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    """The resources of a package by file name, and its package.json."""
    for member in tar:
        folder, _, name = member.name.partition("/")
        if folder == "package" and member.isreg() and "/" not in name and name.endswith(".json"):
            file = tar.extractfile(member)
            if file is not None and name != ".index.json":
                yield name, file.read()


def artifact(resource: Mapping[str, Any], content: bytes | None = None) -> Artifact:
    """A resource to be put on a server. Raises KeyError where it has no url or version."""
    kind, identifier, url, version = (str(resource[key]) for key in ("resourceType", "id", "url", "version"))
    title = str(resource.get("title") or resource.get("name") or "")
    meta = resource.get("meta")
    claims = isinstance(meta, dict) and bool(meta.get("profile"))
    return Artifact(kind, identifier, url, version, title, content or encoded(resource), digest(resource), claims)


def _place(one: Artifact) -> tuple[bool, bool, int, str]:
    """Definitions first, for servers that validate; the manifest last, for it says that all is there."""
    return one.kind == "Library", one.claims, ORDER.index(one.kind), one.id


def _checked(content: bytes) -> Artifact:
    """A resource of a package that sachet built. Raises ValueError where it is none."""
    resource = json.loads(content, parse_float=Decimal)
    made = artifact(resource, content)
    if claimed(resource) != made.digest or made.kind not in ORDER:
        raise ValueError(made.name)
    return made
