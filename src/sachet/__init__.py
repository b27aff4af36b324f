"""sachet turns clinical documents in Markdown into FHIR content packages.

From Python: `sachet.read(path)`, `sachet.check(path, …)`, `sachet.build(path, …)`, `sachet.suggest(path)`,
`sachet.accept(path, step, answers)`; see `sachet.api`. The validator stands alone: `sachet.validate(resource,
release="R4")`; see `sachet.validation.validator`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sachet.version import VERSION

if TYPE_CHECKING:
    from sachet.api import accept as accept
    from sachet.api import build as build
    from sachet.api import check as check
    from sachet.api import read as read
    from sachet.api import suggest as suggest
    from sachet.validation.validator import validate as validate

__version__ = VERSION
_API = {
    **dict.fromkeys(("accept", "build", "check", "read", "suggest"), "api"),
    "validate": "validation.validator",
}


def __getattr__(name: str) -> Any:
    """The verbs, imported when they are used: the command line does not wait for them."""
    if name not in _API:
        raise AttributeError(f"module 'sachet' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"sachet.{_API[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_API])
