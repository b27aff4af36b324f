"""Where resources are read from: JSON, NDJSON, folders, and FHIR packages as `.tgz`, one resource at a time.

A folder or package is gone through twice: once for what stands in it, once to validate it. A package is unpacked into
a temporary file, from which each process reads what it validates. Nothing waits in memory but definitions.
"""

from __future__ import annotations

import errno
import gzip
import json
import os
import tarfile
import tempfile
import weakref
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from sachet.fhir.releases import release_of
from sachet.validation.known import Known

CACHE = Path.home() / ".fhir" / "packages"
_DEFINITIONS = frozenset({"StructureDefinition", "CodeSystem", "ValueSet"})
_NO_RESOURCES = frozenset({"package.json", ".index.json", ".index.db"})
_RESOURCE_TYPE = b'"resourceType"'


class Text(NamedTuple):
    """The JSON of one resource: what it is called, where its bytes are, and its line in an NDJSON file."""

    path: str
    file: Path
    offset: int
    length: int
    line: int | None = None
    packed: bool = False  # whether it is inside a package

    def read(self) -> bytes:
        """Its bytes."""
        with self.file.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.length)


class InputError(ValueError):
    """Something that cannot be read; its words are for the user."""


@dataclass
class Source:
    """A file, folder or package with resources."""

    path: Path
    release: str | None = None  # that it says it is of
    known: Known = field(default_factory=Known)
    definitions: dict[str, dict[str, Any]] = field(default_factory=dict)  # by url
    resources: int = 0  # how many it holds
    _others: set[Path] = field(default_factory=set)  # files of a folder that hold no resource
    _unpacked: list[Text] = field(default_factory=list)  # of a package

    def texts(self) -> Iterator[Text]:
        """Its resources."""
        if _is_package(self.path):
            yield from self._unpacked
            return
        for file in _files(self.path) if self.path.is_dir() else [self.path]:
            if file.suffix == ".ndjson":
                yield from _lines(file)
            elif file not in self._others:
                yield Text(file.as_posix(), file, 0, file.stat().st_size)

    def look(self) -> None:
        """Look at every resource: what it is, and whether others may need it."""
        for text, content in self._packed() if _is_package(self.path) else _read(self.texts()):
            if self.path.is_dir() and _RESOURCE_TYPE not in content:
                self._others.add(text.file)
                continue
            self.resources += 1
            _look_at(content, self)

    def _packed(self) -> Iterator[tuple[Text, bytes]]:
        """The resources of a package, each unpacked before it is given; what is unpacked goes with this source."""
        handle, unpacked = tempfile.mkstemp(prefix="sachet-")
        weakref.finalize(self, Path(unpacked).unlink, missing_ok=True)
        offset = 0
        try:
            with os.fdopen(handle, "wb") as out, tarfile.open(self.path, "r|gz") as tar:
                for member in tar:
                    name = member.name.removeprefix("package/")
                    file = tar.extractfile(member) if member.isreg() and name.endswith(".json") else None
                    content = file.read() if file is not None and name not in _NO_RESOURCES else b""
                    if _RESOURCE_TYPE in content:
                        out.write(content)
                        called = f"{self.path.as_posix()}#{name}"
                        text = Text(called, Path(unpacked), offset, len(content), packed=True)
                        offset += len(content)
                        self._unpacked.append(text)
                        yield text, content
        except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as e:
            raise InputError(f"{self.path}: no FHIR package: {e}") from e


def look_through(path: Path, cache: Path = CACHE) -> Source:
    """A source, and what stands in it: its release, its definitions with those that it depends on, its resources.

    Raises FileNotFoundError, and InputError where a package cannot be read.
    """
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, "there is no such file or folder", str(path))
    source = Source(path)
    manifest = _manifest(path)
    if manifest:
        source.release = _release(manifest)
        for one in _depended(manifest, cache, set()):
            source.definitions.setdefault(one["url"], one)
    source.look()
    return source


def definitions_of(named: str, cache: Path = CACHE) -> list[dict[str, Any]]:
    """The definitions of what `--profile` names: a file, folder, `.tgz`, or a package of the cache (`NAME#VERSION`).

    Raises FileNotFoundError and InputError.
    """
    path = Path(named)
    if not path.exists() and "#" in named:
        path = cache / named / "package"
    source = look_through(path, cache)
    return list(source.definitions.values())


class _Head(msgspec.Struct):
    """What is said of a resource where it stands among others."""

    resourceType: str | None = None  # noqa: N815 - FHIR's name
    id: str | None = None
    url: str | None = None
    version: str | None = None
    entry: list[_Entry] | None = None


class _Entry(msgspec.Struct):
    resource: _Head | None = None


_HEADS = msgspec.json.Decoder(_Head)


def _look_at(content: bytes, source: Source) -> None:
    try:
        head = _HEADS.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return  # the validator will say what is wrong with it
    for one in (head, *(e.resource for e in head.entry or () if e.resource)):
        named = {"resourceType": one.resourceType, "id": one.id, "url": one.url, "version": one.version}
        source.known.add(named)
    if head.resourceType in _DEFINITIONS and head.url:
        source.definitions[head.url] = json.loads(content)
    elif head.entry and any(e.resource and e.resource.resourceType in _DEFINITIONS for e in head.entry):
        for entry in json.loads(content)["entry"]:
            one = entry.get("resource", {})
            if one.get("resourceType") in _DEFINITIONS and isinstance(one.get("url"), str):
                source.definitions[one["url"]] = one


def _read(texts: Iterable[Text]) -> Iterator[tuple[Text, bytes]]:
    for text in texts:
        yield text, text.read()


def _lines(file: Path) -> Iterator[Text]:
    """The resources of an NDJSON file."""
    offset = 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield Text(file.as_posix(), file, offset, len(line), number)
            offset += len(line)


def _files(folder: Path) -> Iterator[Path]:
    found = (f for f in folder.rglob("*") if f.suffix in (".json", ".ndjson") and f.is_file())
    yield from sorted(f for f in found if f.name not in _NO_RESOURCES)


def _is_package(path: Path) -> bool:
    return path.is_file() and (path.suffix == ".tgz" or path.name.endswith(".tar.gz"))


def _manifest(path: Path) -> Mapping[str, Any] | None:
    """The package.json of a package or of a folder that is one."""
    try:
        if path.is_dir():
            there = next((f for f in (path / "package.json", path / "package" / "package.json") if f.is_file()), None)
            found = json.loads(there.read_bytes()) if there else None
        elif _is_package(path):
            with tarfile.open(path, "r|gz") as tar:
                member = next((m for m in tar if m.name == "package/package.json"), None)
                file = tar.extractfile(member) if member else None
                if file is None:
                    raise InputError(f"{path}: no FHIR package: it has no package/package.json")
                found = json.load(file)
        else:
            return None
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError) as e:
        raise InputError(f"{path}: no FHIR package: {e}") from e
    return found if isinstance(found, dict) else None


def _release(manifest: Mapping[str, Any]) -> str | None:
    versions = manifest.get("fhirVersions") or manifest.get("fhir-version-list") or ()
    return next((found.name for v in versions if (found := release_of(v))), None)


def _depended(manifest: Mapping[str, Any], cache: Path, seen: set[str]) -> Iterator[dict[str, Any]]:
    """The definitions of the packages that a package depends on, as far as they are in the cache."""
    dependencies = manifest.get("dependencies")
    for name, version in dependencies.items() if isinstance(dependencies, dict) else ():
        folder = cache / f"{name}#{version}" / "package"
        if folder.name in seen or str(folder) in seen or name.endswith(".core") or not folder.is_dir():
            continue
        seen.add(str(folder))
        inner = Source(folder)
        inner.look()
        yield from inner.definitions.values()
        yield from _depended(_manifest(folder) or {}, cache, seen)
