"""What is to be published: the resources of a built package, in the order in which a server has to get them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sachet.fhir import exact
from sachet.fhir.digest import claimed, digest
from sachet.fhir.releases import RELEASES
from sachet.package import pack
from sachet.publish.errors import PublishError

_LARGEST = 1 << 30  # bytes of a package


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
        made: dict[str, Any] = exact.decoded(self.content)
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
        files = _files(package)
        about = exact.decoded(files.pop("package.json"))
        listed = {row["filename"] for row in exact.decoded(files.pop(".index.json"))["files"]}
        if listed != files.keys() or not files:
            raise ValueError("it does not hold what its index lists")
        name, version = str(about["name"]), str(about["version"])
        release = next(r.name for r in RELEASES.values() if r.version in about["fhirVersions"])
        found = [_checked(content) for content in files.values()]
    except (*pack.UNREADABLE, ValueError, KeyError, TypeError, StopIteration, RecursionError):
        raise PublishError(f"{package}: this is no package that this sachet built; build it again") from None
    with package.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    sent = tuple(sorted((a for a in found if a.kind in pack.SENT), key=place))
    return Content(name, version, release, sha256, sent)


def artifact(resource: Mapping[str, Any], content: bytes | None = None) -> Artifact:
    """A resource to be put on a server. Raises KeyError where it has no type, id or url."""
    kind, identifier, url = (str(resource[key]) for key in ("resourceType", "id", "url"))
    version = str(resource.get("version", ""))
    title = str(resource.get("title") or resource.get("name") or "")
    meta = resource.get("meta")
    claims = isinstance(meta, dict) and bool(meta.get("profile"))
    return Artifact(kind, identifier, url, version, title, content or exact.encoded(resource), digest(resource), claims)


def is_id(words: str) -> bool:
    """Whether words are an id of FHIR, and so no path to something else."""
    return re.fullmatch(r"[A-Za-z0-9.-]{1,64}", words) is not None and words not in (".", "..")


def place(one: Artifact) -> tuple[bool, bool, int, str]:
    """Definitions first, for servers that validate; manifests last, for they say that all is there."""
    return one.kind == "Library", one.claims, pack.SENT.index(one.kind), one.id


def _checked(content: bytes) -> Artifact:
    """A resource of a package that sachet built. Raises ValueError where it is none."""
    resource = exact.decoded(content)
    made = artifact(resource, content)
    if claimed(resource) != made.digest or made.kind not in pack.ORDER or not is_id(made.id) or not made.version:
        raise ValueError(made.name)
    return made


def _files(package: Path) -> dict[str, bytes]:
    """The files of a package. Raises ValueError where one is there twice, or all are larger than any package."""
    found: dict[str, bytes] = {}
    size = 0
    for name, content in pack.files(package):
        size += len(content)
        if name in found or size > _LARGEST:
            raise ValueError(name)
        found[name] = content
    return found
