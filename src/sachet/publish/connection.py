"""HTTP to one FHIR server: time limits, trust, back-off, redirects, and what its answers mean.

What only reads is asked again by itself, with back-off. What writes is sent once: who sends it has to look first
whether it was carried out.
"""

from __future__ import annotations

import email.utils
import queue
import random
import re
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter

from sachet.fhir.exact import decoded
from sachet.publish.auth import LOOPBACK, Credentials
from sachet.publish.errors import PublishError, RefusedError, UnavailableError, one_line
from sachet.version import VERSION

JSON = "application/fhir+json"
_LARGEST = 256 << 20  # bytes of an answer
_LARGEST_TOKEN = 1 << 20
_REDIRECTS = 5
_T = TypeVar("_T")
# What is wrong with a call, and no matter of the network.
_WRONG = (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.InvalidHeader)
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})  # statuses that may be another one later
_LONGEST = 600  # characters of what a server says in a message


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered: its JSON (None where there is none), with decimals as they were written."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Patience:
    """How long to wait for a server, in seconds, and how often to ask again."""

    connect: float = 10
    read: float = 120  # between two pieces of an answer
    whole: float = 600  # for an answer
    attempts: int = 6
    longest: float = 120  # between two attempts, whatever the server asks for
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def wait(self, attempt: int, asked: float | None) -> None:
        """Wait after an attempt (from 0): as long as the server asked for, else twice as long each time."""
        doubled = min(2.0**attempt, 30) * random.uniform(0.5, 1)  # noqa: S311 - so that clients do not come together
        self.sleep(min(asked if asked is not None else doubled, self.longest))


@dataclass(frozen=True)
class Trust:
    """What proves who is who: a file of authorities for the server, a certificate of our own with its key."""

    authorities: str | None = None
    certificate: tuple[str, str] | str | None = None

    def check(self) -> None:
        """Raises PublishError where one of the files is not there."""
        given = self.certificate if isinstance(self.certificate, tuple) else (self.certificate,)
        for file in filter(None, (self.authorities, *given)):
            if not Path(file).exists():
                raise PublishError(f"{file}: there is no such file")


class Connection:
    """A FHIR server at its base address."""

    def __init__(
        self,
        base: str,
        *,
        credentials: Credentials | None = None,
        trust: Trust | None = None,
        headers: Mapping[str, str] | None = None,
        secrets: Collection[str] = (),
        patience: Patience | None = None,
        adapter: HTTPAdapter | None = None,
    ) -> None:
        """`headers` go with every request (a tenant's); what of them may not be shown is in `secrets`. `adapter`
        carries the requests instead of the network.

        Raises PublishError where the address is none, or secrets would travel without encryption.
        """
        self.base = checked_base(base, credentials is not None or bool(secrets))
        self._secrets = tuple(secrets)
        self.patience = patience or Patience()
        self._credentials = credentials
        self._headers = dict(headers or {})
        self._trust = trust or Trust()
        self._trust.check()
        self._session = requests.Session()
        if urlsplit(self.base).hostname in LOOPBACK:
            self._session.trust_env = False  # no proxy stands before this machine
        self._session.auth = _no_auth  # else requests takes what it finds in .netrc
        self._session.cert = self._trust.certificate
        if adapter:
            for scheme in ("http://", "https://"):
                self._session.mount(scheme, adapter)
        if credentials:
            credentials.use(self._ask, self.base)

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        attempts: int | None = None,
    ) -> Answer:
        """Read something below the base address; asked again where the server cannot answer now."""
        attempts = attempts or self.patience.attempts
        for attempt in range(attempts):
            try:
                return self.send("GET", path, params=params, headers=headers)
            except UnavailableError as e:
                if attempt + 1 == attempts:
                    raise
                self.patience.wait(attempt, e.retry_after)
        raise AssertionError("no attempt was made")

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request, and return its answer.

        Raises UnavailableError where it is not known whether it was carried out or the server says to try again,
        RefusedError where it was not carried out, PublishError where this is no FHIR server.
        """
        sent = {"Accept": JSON, "Cache-Control": "no-cache", "User-Agent": f"sachet/{VERSION}"}
        sent |= {"Content-Type": JSON} if body is not None else {}
        sent |= {**self._headers, **(headers or {})}
        url = f"{self.base}{'' if path[:1] in ('', '?') else '/'}{path}"
        for _ in range(_REDIRECTS):
            answer = self._once(method, url, params, body, sent)
            if answer.status == 401 and self._credentials and self._credentials.renew():
                answer = self._once(method, url, params, body, sent)
            if not 300 <= answer.status < 400:
                return self._judged(method, url, answer)
            url, params = self._redirected(method, url, answer), None
        raise PublishError(f"{self.base} redirects in a circle")

    def _once(
        self, method: str, url: str, params: Mapping[str, str] | None, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        request = requests.Request(method, url, headers=headers, params=params, data=body, auth=self._authorize)
        return self._parsed(*self._carried(request, _LARGEST))

    def _ask(self, method: str, url: str, form: Mapping[str, str] | None) -> Answer:
        """Ask for something beside the server, like a token; what is asked is not signed."""
        request = requests.Request(method, url, headers={"Accept": "application/json"}, data=form)
        response, content = self._carried(request, _LARGEST_TOKEN)
        try:
            body = decoded(content)
        except (ValueError, RecursionError):
            body = None
        return Answer(response.status_code, response.headers, body)

    def _carried(self, request: requests.Request, largest: int) -> tuple[requests.Response, bytes]:
        """A request's answer with its content, within all limits of time and size."""
        limits = (self.patience.connect, self.patience.read)
        trusted = self._trust.authorities  # before what the environment names

        def carry() -> tuple[requests.Response, bytes]:
            prepared = self._session.prepare_request(request)
            settings = self._session.merge_environment_settings(str(prepared.url), {}, True, trusted, None)
            with self._session.send(prepared, timeout=limits, allow_redirects=False, **settings) as response:
                return response, self._read(response, largest)

        try:
            return _within(self.patience.whole, carry)
        except TimeoutError:
            raise UnavailableError(f"{self.base} was not done after {self.patience.whole:g} s") from None
        except (UnicodeError, ValueError) as e:
            if isinstance(e, requests.exceptions.RequestException) and not isinstance(e, _WRONG):
                raise UnavailableError(f"{self.base} cannot be reached: {self.hidden(_reason(e))}") from None
            raise PublishError(f"this address, header or secret cannot be sent: {self.hidden(str(e))}") from None
        except requests.exceptions.SSLError as e:
            words = f"{self.base} cannot be trusted: {self.hidden(_reason(e))}; --ca FILE names another authority"
            raise PublishError(words) from None
        except requests.exceptions.ConnectTimeout:
            raise UnavailableError(f"{self.base} does not answer within {limits[0]:g} s") from None
        except requests.exceptions.Timeout:
            raise UnavailableError(f"{self.base} sent nothing for {limits[1]:g} s") from None
        except requests.exceptions.RequestException as e:
            raise UnavailableError(f"{self.base} cannot be reached: {self.hidden(_reason(e))}") from None

    def _read(self, response: requests.Response, largest: int) -> bytes:
        """The body of an answer, within the limit of size."""
        pieces, size = [], 0
        for piece in response.iter_content(1 << 16):
            pieces.append(piece)
            size += len(piece)
            if size > largest:
                raise PublishError(f"{self.base} answers with more than {largest >> 20} MiB")
        return b"".join(pieces)

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._credentials:
            self._credentials.sign(request)
        return request

    def _parsed(self, response: requests.Response, content: bytes) -> Answer:
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        body = None
        if content.strip() and ("json" in kind or not kind):
            try:
                body = decoded(content)
            except (ValueError, RecursionError):
                if response.ok:
                    raise UnavailableError(f"{self.base} sent an answer that is no whole JSON") from None
        elif content.strip() and response.ok:
            words = f"{self.base} answers with {self.hidden(kind) or 'no content type'} instead of FHIR's JSON"
            raise PublishError(f"{words}: is this the base address of a FHIR server?")
        return Answer(response.status_code, response.headers, body)

    def _redirected(self, method: str, url: str, answer: Answer) -> str:
        """Where a redirect within the server leads to."""
        target = joined(url, answer.headers.get("Location", ""))
        shown = self.hidden(target)
        if origin(target) != origin(url):
            raise PublishError(
                f"{self.base} redirects to {shown}; credentials do not follow: give the right address as --server"
            )
        if target == url or (method != "GET" and answer.status not in (307, 308)):
            raise PublishError(f"{self.base} redirects what is sent to {shown}; give the right address as --server")
        return target

    def _judged(self, method: str, url: str, answer: Answer) -> Answer:
        if answer.status < 400:
            return answer
        said = self.hidden(outcome(answer.body))
        about = f"{self.base} answered {answer.status}"
        if url != self.base:
            about += f" to {method} {url.removeprefix(self.base)[:100]}"
        words = f"{about}{f': {said}' if said else ''}{_ADVICE.get(answer.status, '')}"
        if answer.status in AGAIN:
            raise UnavailableError(words, retry_after(answer.headers))
        raise RefusedError(words, answer.status)

    def hidden(self, words: str) -> str:
        """Words without any secret in them, on one line."""
        for one in (*self._secrets, *(self._credentials.secrets() if self._credentials else ())):
            words = re.sub(re.escape(one), "…", words, flags=re.IGNORECASE)
        return one_line(words)[:_LONGEST]


_ADVICE = {
    401: "; the server does not accept these credentials (see --auth)",
    403: "; these credentials may not do this (--scope; docs/publishing.md lists what is needed)",
    404: "; is this the base address of a FHIR server?",
}


def checked_base(base: str, secret: bool) -> str:
    """The base address of a server, without a slash at its end."""
    parts = split(base)  # no message shows the address: it may hold a secret
    if "@" in base:
        raise PublishError("--server: an address holds no credentials; see --auth")
    if "?" in base or "#" in base:
        raise PublishError("--server: a base address has no ? and no #")
    if parts.scheme not in ("http", "https") or not parts.hostname or not base.isprintable():
        raise PublishError("--server: write an address like https://fhir.example.org/r4")
    if secret and parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise PublishError(f"--server {base}: credentials are sent over https only")
    return base.rstrip("/")


def split(url: str) -> SplitResult:
    """The parts of an address. Raises PublishError where it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise PublishError("this is no address; write one like https://fhir.example.org/r4") from None
    return parts


def joined(url: str, link: str) -> str:
    """Where a link leads to from an address. Raises PublishError where it is none."""
    try:
        return urljoin(url, link)
    except ValueError:
        raise PublishError("the server gives a link that is no address") from None


def _within(seconds: float, work: Callable[[], _T]) -> _T:
    """What some work gives, which is left alone where it takes longer. Raises TimeoutError, or as the work does."""
    done: queue.SimpleQueue[tuple[_T | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            done.put((work(), None))
        except BaseException as e:
            done.put((None, e))

    threading.Thread(target=run, daemon=True).start()
    try:
        found, error = done.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if error is not None:
        raise error
    return found  # type: ignore[return-value]


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address."""
    parts = split(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)


def outcome(body: Any) -> str:
    """What an OperationOutcome says, its errors first; nothing where it is none."""
    found = objects(an_object(body).get("issue"))
    found.sort(key=lambda i: i.get("severity") not in ("fatal", "error"))
    return "; ".join(filter(None, map(_issue, found)))


def _issue(issue: Mapping[str, Any]) -> str:
    text = an_object(issue.get("details")).get("text")
    return str(issue.get("diagnostics") or text or issue.get("code") or "")


def an_object(value: Any) -> dict[str, Any]:
    """A value of somebody's JSON that should be an object; an empty one where it is none."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a value of somebody's JSON that should be a list of them."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks to wait (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after)."""
    asked = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}", asked):
        return float(asked)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(asked).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _reason(error: BaseException) -> str:
    """The innermost words of an error of requests."""
    inner: Any = error
    while True:
        below = getattr(inner, "reason", None) or (inner.args[0] if getattr(inner, "args", ()) else None)
        if not isinstance(below, BaseException):
            return str(below or inner)
        inner = below
