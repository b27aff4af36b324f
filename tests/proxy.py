"""A proxy before a real server that plays what a real server cannot be made to: broken answers, at the socket."""

import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import requests

_HOPS = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "date", "server"}

Fault = Callable[["_Handler", bytes], None]  # what answers a request instead of the server; its body comes with it


class Proxy:
    """Passes requests on to a server, but for those that a fault waits for."""

    def __init__(self, target: str, context: ssl.SSLContext | None = None) -> None:
        """With `context` it speaks TLS to those who ask."""
        self.target = target
        self.faults: list[tuple[str, Fault]] = []  # the method of the request that each waits for; each plays once
        self.seen: list[tuple[str, str, dict[str, str]]] = []  # method, path and headers of every request
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": self}))
        self._server.daemon_threads = True
        path = urlsplit(target).path
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.address = f"http{'s' if context else ''}://127.0.0.1:{self._server.server_address[1]}{path}"
        self._lock = threading.Lock()
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def fault(self, method: str) -> Fault | None:
        """The fault that a request meets."""
        with self._lock:
            for at, (waits, fault) in enumerate(self.faults):
                if waits == method:
                    del self.faults[at]
                    return fault
        return None

    def count(self, method: str) -> int:
        return sum(one == method for one, _, _ in self.seen)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def before(target: str, context: ssl.SSLContext | None = None) -> Iterator[Proxy]:
    proxy = Proxy(target, context)
    try:
        yield proxy
    finally:
        proxy.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.proxy.seen.append((self.command, self.path, dict(self.headers)))
        fault = self.proxy.fault(self.command)
        (fault or passed)(self, body)

    do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815 - the names that http.server calls

    def forward(self, body: bytes) -> requests.Response:
        parts = urlsplit(self.proxy.target)
        url = f"{parts.scheme}://{parts.netloc}{self.path}"
        headers = {k: v for k, v in self.headers.items() if k.lower() not in (*_HOPS, "host")}
        with requests.Session() as session:
            session.trust_env = False
            return session.request(self.command, url, data=body, headers=headers, timeout=120, allow_redirects=False)

    def reply(self, status: int, headers: dict[str, str], body: bytes, length: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def cut(self) -> None:
        """End the connection."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # cut
            super().finish()

    def log_message(self, *_: Any) -> None:
        pass


def passed(handler: _Handler, body: bytes) -> None:
    """As the server answers."""
    answer = handler.forward(body)
    handler.reply(answer.status_code, _kept(answer), answer.content)


def answered(status: int, body: bytes = b"", **headers: str) -> Fault:
    """An answer of our own; the server hears nothing."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, _: handler.reply(status, sent, body)


def as_batch(broken: int) -> Fault:
    """A server without transactions runs one as a batch, and one of its entries is refused."""

    def run(handler: _Handler, body: bytes) -> None:
        bundle = json.loads(body) | {"type": "batch"}
        bundle["entry"][broken]["resource"]["status"] = ["no", "code"]
        bundle["entry"][broken]["resource"]["resourceType"] = "Patient"
        answer = handler.forward(json.dumps(bundle).encode())
        handler.reply(answer.status_code, _kept(answer), answer.content)

    return run


def reset(handler: _Handler, body: bytes) -> None:
    """The connection is reset; the server hears nothing."""
    handler.cut()


def reset_after(handler: _Handler, body: bytes) -> None:
    """The server did it, and the connection is reset before anybody learns of it."""
    handler.forward(body)
    handler.cut()


def truncated(handler: _Handler, body: bytes) -> None:
    """The server did it, and half of its answer comes."""
    answer = handler.forward(body)
    handler.reply(answer.status_code, _kept(answer), answer.content[: len(answer.content) // 2], len(answer.content))
    handler.cut()


def hung(seconds: float) -> Fault:
    """Nothing comes for so long; the server hears nothing."""

    def hang(handler: _Handler, body: bytes) -> None:
        time.sleep(seconds)
        handler.cut()

    return hang


def slow(seconds: float) -> Fault:
    """The answer comes in ten pieces, with pauses."""

    def drip(handler: _Handler, body: bytes) -> None:
        answer = handler.forward(body)
        size = len(answer.content) // 10 + 1
        handler.reply(answer.status_code, _kept(answer), b"", len(answer.content))
        for start in range(0, len(answer.content), size):
            time.sleep(seconds / 10)
            handler.wfile.write(answer.content[start : start + size])

    return drip


def _kept(answer: requests.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.lower() not in _HOPS}
