"""sachet turns clinical documents in Markdown into FHIR content packages.

From Python: `sachet.read(path)`, `sachet.check(path, …)` and `sachet.build(path, …)`; see `sachet.api`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sachet.api import build as build
    from sachet.api import check as check
    from sachet.api import read as read

__version__ = "0.1.0"
_API = ("build", "check", "read")


def __getattr__(name: str) -> Any:
    """The verbs of `sachet.api`, imported when they are used: the command line does not wait for them."""
    if name not in _API:
        raise AttributeError(f"module 'sachet' has no attribute {name!r}")
    from sachet import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_API])
