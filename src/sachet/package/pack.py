"""Writes a package: FHIR NPM package (.tgz) and transaction bundle, the same bytes from the same content."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any
from urllib.parse import quote

import msgspec

from sachet.fhir.releases import Release
from sachet.package.spool import Slot, Spool
from sachet.project import Project

# What a server needs before what: definitions before what claims them, plans last. The manifest leads.
ORDER = (
    "Library",
    "CodeSystem",
    "ValueSet",
    "StructureDefinition",
    "Citation",
    "ActivityDefinition",
    "PlanDefinition",
    "ImplementationGuide",
)
# What stays in the package: it refers to resources by id, and a server gives ids of its own.
SENT = tuple(kind for kind in ORDER if kind != "ImplementationGuide")
Content = bytes | Slot  # of a file in a package: its bytes, or where they wait
_MTIME = 0  # no build time in a package


@dataclass(frozen=True, slots=True)
class Packed:
    """A resource on its way into a package: what indexes say of it, and where its bytes wait."""

    kind: str
    id: str
    base: str  # of its url, which goes on with kind and id
    version: str
    title: str
    slot: Slot

    @property
    def url(self) -> str:
        """Its canonical url."""
        return f"{self.base}/{self.kind}/{self.id}"

    @property
    def file(self) -> str:
        """The name of its file in the package."""
        return f"{self.kind}-{self.id}.json"


@dataclass(frozen=True, slots=True)
class Change:
    """What a build changed in a package, by file name."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


def package_name(project: Project, release: Release) -> str:
    """The name of a project's package for a release."""
    return f"{project.id}.{release.name}"


def package_json(project: Project, release: Release) -> dict[str, Any]:
    """The package's manifest as FHIR packages have it."""
    made = {
        "name": package_name(project, release),
        "version": project.version,
        "canonical": project.canonical,
        "title": project.title,
        "description": f"{project.title} for FHIR {release.version}",
        "author": project.publisher,
        "license": project.licence,
        "fhirVersions": [release.version],
        "dependencies": {release.core: release.version},
    }
    return {key: value for key, value in made.items() if value is not None}


def index_json(resources: Iterable[Packed]) -> dict[str, Any]:
    """The package's `.index.json`."""
    files = [
        {"filename": r.file, "resourceType": r.kind, "id": r.id, "url": r.url, "version": r.version}
        for r in sorted(resources, key=lambda r: r.file)
    ]
    return {"index-version": 2, "files": files}


def in_order(resources: Iterable[Packed]) -> list[Packed]:
    """Resources as a server has to get them."""
    return sorted(resources, key=lambda r: (ORDER.index(r.kind), r.id))


def write_tgz(
    outputs: Outputs,
    path: Path,
    head: Iterable[tuple[str, Content]],
    resources: Iterable[Packed],
    spool: Spool,
) -> None:
    """Write a `.tgz` of named contents (below `package/`) and resources.

    Where the one that is there holds the same it stays, so that another zlib does not change its bytes.
    """
    with (
        outputs.file(path, _unzipped_digest) as file,
        gzip.GzipFile("", "wb", 6, file, mtime=_MTIME) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name, content in head:
            _add(tar, name, content, spool)
        for resource in sorted(resources, key=lambda r: r.file):
            _add(tar, resource.file, resource.slot, spool)


def _add(tar: tarfile.TarFile, name: str, content: Content, spool: Spool) -> None:
    info = tarfile.TarInfo(f"package/{name}")
    info.mtime = _MTIME
    info.mode = 0o644
    if isinstance(content, Slot):
        info.size = content.length
        tar.addfile(info, spool.open(content))
    else:
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    tar.getmembers().clear()  # it would keep what it knows of every file


def write_bundle(outputs: Outputs, path: Path, name: str, resources: Iterable[Packed], spool: Spool) -> None:
    """Write a transaction that creates what a server does not have yet, and changes nothing that it has."""
    sent = (r for r in in_order(resources) if r.kind in SENT)
    with outputs.file(path) as file:
        file.write(
            b'{\n"resourceType": "Bundle",\n"id": '
            + msgspec.json.encode(name)
            + b',\n"type": "transaction",\n"entry": ['
        )
        for number, resource in enumerate(sent):
            request = creation(resource.kind, resource.url, resource.version)
            file.write(b"," if number else b"")
            file.write(b'\n{"fullUrl": ' + msgspec.json.encode(resource.url) + b',\n"resource": ')
            file.write(spool.get(resource.slot).rstrip())
            file.write(b',\n"request": ' + msgspec.json.encode(request) + b"}")
        file.write(b"\n]\n}\n")


def creation(kind: str, url: str, version: str) -> dict[str, str]:
    """The request of an entry that makes a resource unless one of its url and version is there."""
    condition = f"url={quote(url, safe=':/')}&version={quote(version)}"
    return {"method": "POST", "url": kind, "ifNoneExist": condition}


def _unzipped_digest(path: Path) -> bytes:
    with gzip.open(path) as file:
        return hashlib.file_digest(file, "sha256").digest()


class Outputs:
    """Files that take the place of older ones together, when all of them are written; until then the old ones stay."""

    def __init__(self) -> None:
        self._written: list[tuple[Path, Path, Callable[[Path], bytes] | None]] = []

    @contextmanager
    def file(self, path: Path, digest: Callable[[Path], bytes] | None = None) -> Iterator[IO[bytes]]:
        """A file to write. With `digest`, an old file stays where both have the same."""
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        self._written.append((Path(name), path, digest))
        with os.fdopen(handle, "wb") as file:
            yield file

    def __enter__(self) -> Outputs:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            for new, path, digest in self._written if kind is None else ():
                new.chmod(0o644)
                if digest is None or not _same(path, new, digest):
                    new.replace(path)
        finally:
            for new, _, _ in self._written:
                new.unlink(missing_ok=True)


def _same(old: Path, new: Path, digest: Callable[[Path], bytes]) -> bool:
    try:
        return old.is_file() and digest(old) == digest(new)
    except (OSError, EOFError, zlib.error):
        return False


def changes(path: Path, resources: Iterable[Packed], spool: Spool) -> Change:
    """How the resources differ from those of the package that is at `path` now."""
    old = _hashes(path)
    added: list[str] = []
    changed: list[str] = []
    for resource in resources:
        before = old.pop(resource.file, None)
        if before is None:
            added.append(resource.file)
        elif before != hashlib.sha256(spool.get(resource.slot)).digest():
            changed.append(resource.file)
    return Change(tuple(sorted(added)), tuple(sorted(changed)), tuple(sorted(old)))


def files(path: Path) -> Iterator[tuple[str, bytes]]:
    """The resources of a package, its package.json and its .index.json, by file name.

    The whole file is read, so that one that was cut is noticed. Raises UNREADABLE, OSError.
    """
    with gzip.open(path) as unzipped:
        with tarfile.open(fileobj=unzipped, mode="r|") as tar:
            for member in tar:
                folder, _, name = member.name.partition("/")
                if member.size > _LARGEST or member.issparse():
                    raise tarfile.TarError(f"{member.name} is too large")
                content = tar.extractfile(member) if member.isreg() else None
                if folder == "package" and content and "/" not in name and name.endswith(".json"):
                    yield name, content.read()
        while unzipped.read(1 << 20):
            pass


UNREADABLE = (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, OverflowError)
_LARGEST = 64 << 20  # bytes of a resource


def _hashes(path: Path) -> dict[str, bytes]:
    """File name and SHA-256 of each resource of a package; nothing where there is no readable one."""
    try:
        found = {name: hashlib.sha256(content).digest() for name, content in files(path)} if path.is_file() else {}
    except (*UNREADABLE, OSError):
        return {}
    return {name: content for name, content in found.items() if name not in ("package.json", ".index.json")}
