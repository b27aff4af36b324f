"""A FHIR server for a first try, in Python, on this machine: sekmet-fhir (R4). What it holds goes when it ends."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sachet.publish.errors import PublishError

_HOST = "127.0.0.1"
_SECONDS = 30  # that it may take to start


@contextmanager
def embedded(more: Mapping[str, Any] | None = None) -> Iterator[tuple[str, Callable[[], object]]]:
    """A server for as long as the context: its base address, and what waits until it ends.

    `more` are settings of sekmet, as its settings.yaml has them.
    Raises PublishError where it is not installed, or does not start.
    """
    if importlib.util.find_spec("sekmet") is None:
        raise PublishError("--server embedded: it is not installed; run: pip install 'sachet-fhir[embedded]'")
    with tempfile.TemporaryDirectory(prefix="sachet-", ignore_cleanup_errors=True) as folder:
        port = _free_port()
        log = Path(folder) / "log"
        address = f"http://{_HOST}:{port}/fhir"
        settings = Path(folder) / "settings.yaml"
        settings.write_text(json.dumps({"base_url": address, "simulator": {"enabled": False}, **(more or {})}), "utf-8")
        start = [
            "from sekmet.cli import app; app()",
            "serve",
            "-c",
            str(settings),
            "--host",
            _HOST,
            "--port",
            str(port),
        ]
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-c", *start],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=_environment(folder),
            )
        try:
            _wait_for(process, port, log)
            yield address, process.wait
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _environment(folder: str) -> dict[str, str]:
    """Without settings of another sekmet, which may lead to another server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEKMET_")}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": folder}


def _free_port() -> int:
    with socket.socket() as one:
        one.bind((_HOST, 0))
        port: int = one.getsockname()[1]
        return port


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    limit = time.monotonic() + _SECONDS
    while process.poll() is None and time.monotonic() < limit:
        try:
            socket.create_connection((_HOST, port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    said = log.read_text("utf-8", "replace").strip().splitlines()
    raise PublishError(f"the embedded server did not start: {said[-1] if said else 'it said nothing'}")
