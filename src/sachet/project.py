"""What a project says of itself: `sachet.toml` beside its documents, or defaults that are said."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sachet.finding import START, Findings, Result

SETTINGS = "sachet.toml"
_PACKAGE_ID = r"^[a-z][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)+$"
# Words that a FHIR string can hold: not blank, no control characters.
_Words = Annotated[
    str, Field(pattern=r"^[^\x00-\x1f\x7f\ufffe\uffff]*[^\x00-\x1f\x7f\ufffe\uffff\s][^\x00-\x1f\x7f\ufffe\uffff]*$")
]
_CANONICAL = r"^https?://[^\s|#?]+[^\s|#?/]$"


class Project(BaseModel):
    """The settings of a project. Every resource's url begins with `canonical`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: Annotated[str, Field(pattern=_PACKAGE_ID, max_length=60)] = "local.package"
    canonical: Annotated[str, Field(pattern=_CANONICAL)] = "https://w3id.org/sachet/local"
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$")] = "0.1.0"
    title: _Words = "Clinical content"
    publisher: _Words = "Unnamed publisher"
    licence: _Words | None = None
    fhir: Annotated[tuple[Literal["r4", "r5"], ...], Field(min_length=1)] = ("r4", "r5")


def load(folder: Path) -> Result[Project]:
    """The project of a folder; the defaults where it has no `sachet.toml`."""
    path = folder / SETTINGS
    findings = Findings(path.as_posix())
    if not (path.exists() or path.is_symlink()):
        return Result(Project())
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as e:  # TOML and UTF-8 errors are ValueErrors
        findings.error("SCH131", START, f"the settings cannot be read: {e}")
        return Result(None, tuple(findings.found))
    try:
        if isinstance(data.get("fhir"), list):
            data["fhir"] = tuple(data["fhir"])
        return Result(Project.model_validate(data))
    except ValidationError as e:
        for problem in e.errors():
            key = ".".join(str(p) for p in problem["loc"])
            findings.error("SCH131", START, f"{key}: {problem['msg']}")
        return Result(None, tuple(findings.found))
