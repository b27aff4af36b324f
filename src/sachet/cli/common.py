"""What the commands share: exit codes, what a user did wrong, and words for counts."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Protocol

CLEAN, FINDINGS, USAGE, BUG, INTERRUPTED = 0, 1, 2, 3, 130


class Commands(Protocol):
    """Adds a command to the parser."""

    def __call__(
        self, name: str, run: Callable[[argparse.Namespace], None], text: str, example: str
    ) -> argparse.ArgumentParser:
        """`run` gets the options, and leaves an exit code in them; `example` is shown by `--help`."""


class UsageError(Exception):
    """Something about the call or its input that the user can mend."""


def count(number: int, noun: str) -> str:
    """How many of something there are, in words."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def release(name: str) -> str:
    """The name of a release, as it was asked for."""
    from sachet.fhir.releases import RELEASES

    if name.lower() not in RELEASES:
        raise UsageError(f"--fhir: {name!r} is not a release; use {', '.join(RELEASES)}")
    return name.lower()
