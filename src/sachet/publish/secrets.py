"""Secrets: where they are kept, never what they are. They come from the environment, a file or a keyring."""

from __future__ import annotations

import os
from pathlib import Path

from sachet.publish.errors import PublishError

FORM = "env:NAME, file:PATH or keyring:SERVICE/USER"


def secret(place: str) -> str:
    """What is kept at a place, as `FORM` has them; the line end after it is left out.

    Raises PublishError, which names the place and never what is there.
    """
    kind, _, name = place.partition(":")
    read = {"env": _environment, "file": _file, "keyring": _keyring}.get(kind)
    if read is None or not name:
        # The place may be the secret itself, written by mistake.
        raise PublishError(f"a secret is not written in the call: say where it is, as {FORM}")
    found = read(name)
    if not found:
        raise PublishError(f"{place}: there is no secret, or it is empty")
    if not found.isprintable() and "PRIVATE KEY" not in found and not found.startswith("{"):
        raise PublishError(f"{place}: the secret has more than one line, or a control character")
    return found


def _environment(name: str) -> str:
    return os.environ.get(name, "").strip()


def _file(name: str) -> str:
    try:
        return Path(name).expanduser().read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as e:
        why = e.strerror if isinstance(e, OSError) else "it is no text"
        raise PublishError(f"file:{name}: the secret cannot be read: {why}") from None


def _keyring(name: str) -> str:
    try:
        import keyring
    except ImportError:
        raise PublishError("keyring: it is not installed; run: pip install 'sachet-fhir[keyring]'") from None
    service, slash, user = name.rpartition("/")
    if not slash:
        raise PublishError(f"keyring:{name}: write keyring:SERVICE/USER")
    try:
        return (keyring.get_password(service, user) or "").strip()
    except keyring.errors.KeyringError as e:
        raise PublishError(f"keyring:{name}: the keyring cannot be read: {e}") from None
