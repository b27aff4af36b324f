"""Who we are to a server: basic, bearer, or SMART Backend Services with a signed assertion.

https://hl7.org/fhir/smart-app-launch/backend-services.html
"""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import requests

from sachet.package.pack import SENT
from sachet.publish.errors import PublishError, UnavailableError, one_line

if TYPE_CHECKING:
    from sachet.publish.connection import Answer

SCOPES = " ".join(f"system/{kind}.crus" for kind in SENT)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})  # secrets may travel there without encryption
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFE = 240  # seconds of an assertion; five minutes is the most that a server takes
_EARLY = 60  # seconds before its end that a token is renewed
_LONGEST_LIFE = 10**9  # seconds of a token


class Ask(Protocol):
    """Asks for something, in the limits of a connection; what is asked is not signed."""

    def __call__(self, method: str, url: str, form: Mapping[str, str] | None) -> Answer:
        """The answer, with its JSON. Raises PublishError."""


class Credentials(ABC):
    """What signs requests."""

    def use(self, ask: Ask, base: str) -> None:  # noqa: B027 - most need nothing more
        """Know how to ask for a token, and the base address of the server that the requests go to."""

    @abstractmethod
    def sign(self, request: requests.PreparedRequest) -> None:
        """Add what proves who sends a request."""

    @abstractmethod
    def secrets(self) -> Iterable[str]:
        """What may never be shown."""

    def renew(self) -> bool:
        """After a server refused them (401): whether there are others now, with which to ask once more."""
        return False


class Basic(Credentials):
    """A name and a password."""

    def __init__(self, user: str, password: str) -> None:
        self._password = password
        self._header = base64.b64encode(f"{user}:{password}".encode()).decode()

    def sign(self, request: requests.PreparedRequest) -> None:
        """Add the header."""
        request.headers["Authorization"] = f"Basic {self._header}"

    def secrets(self) -> Iterable[str]:
        """The password, and the header that it is in."""
        return self._password, self._header


class Bearer(Credentials):
    """A token that somebody else got."""

    def __init__(self, token: str) -> None:
        self._token = token

    def sign(self, request: requests.PreparedRequest) -> None:
        """Add the header."""
        request.headers["Authorization"] = f"Bearer {self._token}"

    def secrets(self) -> Iterable[str]:
        """The token."""
        return (self._token,)


class BackendServices(Credentials):
    """SMART Backend Services: a token for an assertion that is signed with a private key, RS384 or ES384."""

    def __init__(
        self, client: str, key: str, *, key_id: str | None = None, token_url: str | None = None, scope: str = SCOPES
    ) -> None:
        """`key` is a private key, RSA or P-384, as PEM or as a JWK. The server says where tokens are, if nobody does.

        Raises PublishError where the key is none of these.
        """
        self._client = client
        self._key, self._algorithm, kid = _private_key(key)
        self._key_id = key_id or kid
        self._token_url = token_url
        self._scope = scope
        self._token = ""
        self._until = 0.0
        self._carry: Ask | None = None
        self._base = ""

    def use(self, ask: Ask, base: str) -> None:
        """Get tokens as the requests go: by the same proxies and authorities, within the same limits."""
        self._carry, self._base = ask, base

    def sign(self, request: requests.PreparedRequest) -> None:
        """Add the header, with a token that lasts a while still."""
        if time.monotonic() > self._until:
            self._get_token()
        request.headers["Authorization"] = f"Bearer {self._token}"

    def secrets(self) -> Iterable[str]:
        """The token."""
        return (self._token,) if self._token else ()

    def renew(self) -> bool:
        """Get another token."""
        self._get_token()
        return True

    def _get_token(self) -> None:
        url = self._token_url = self._token_url or self._discovered()
        try:
            parts = urlsplit(url)
        except ValueError:
            raise PublishError("the address of tokens is none; give it as --token-url") from None
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise PublishError(f"the server gets tokens at {one_line(url)[:200]}: an assertion is sent over https only")
        form = {
            "grant_type": "client_credentials",
            "scope": self._scope,
            "client_assertion_type": _ASSERTION,
            "client_assertion": self._assertion(url),
        }
        found = self._ask("POST", url, form)
        token, seconds = found.get("access_token"), found.get("expires_in", 300)
        if not isinstance(token, str) or not re.fullmatch(r"[!-~]+", token):
            raise PublishError(f"{url} gave no access_token that can be sent")
        life = float(seconds) if isinstance(seconds, int | Decimal) and 0 <= seconds < _LONGEST_LIFE else 300.0
        self._token, self._until = token, time.monotonic() + max(life - _EARLY, life / 2)

    def _discovered(self) -> str:
        """Where the server says that tokens are."""
        url = f"{self._base}/.well-known/smart-configuration"
        found = self._ask("GET", url).get("token_endpoint")
        if not isinstance(found, str):
            raise PublishError(f"{url} names no token_endpoint; give it as --token-url")
        return found

    def _assertion(self, audience: str) -> str:
        import jwt

        now = int(time.time())
        claims = {"iss": self._client, "sub": self._client, "aud": audience, "exp": now + _LIFE, "iat": now}
        headers = {"kid": self._key_id} if self._key_id else None
        made: str = jwt.encode(claims | {"jti": str(uuid.uuid4())}, self._key, self._algorithm, headers)
        return made

    def _ask(self, method: str, url: str, form: dict[str, str] | None = None) -> dict[str, Any]:
        assert self._carry is not None
        answer = self._carry(method, url, form)
        found = answer.body
        shown = one_line(url)[:200]
        if answer.status >= 500 or answer.status == 429:
            raise UnavailableError(f"{shown} answered {answer.status}")
        if answer.status >= 300 or not isinstance(found, dict):
            said = found if isinstance(found, dict) else {}
            why = " ".join(str(said[k]) for k in ("error", "error_description") if k in said)
            if form:
                why = why.replace(form["client_assertion"], "…")
            raise PublishError(f"{shown} gave no token: {answer.status} {one_line(why)[:300]}".rstrip())
        return found


def _private_key(text: str) -> tuple[Any, str, str | None]:
    """A private key, the algorithm that it signs with, and its id where it has one."""
    import jwt
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    wrong = "the key of --key is no private key that SMART takes: RSA of 2048 bits or more, or EC P-384, as PEM or JWK"
    kid = None
    try:
        if text.lstrip().startswith("{"):
            row = json.loads(text)
            kid = row.get("kid") if isinstance(row.get("kid"), str) else None
            key = jwt.PyJWK(row, "ES384" if row.get("kty") == "EC" else "RS384").key
        else:
            key = load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError, AttributeError, RecursionError, jwt.PyJWTError, UnsupportedAlgorithm):
        raise PublishError(wrong) from None  # never with what the key holds
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 2048:
        return key, "RS384", kid
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP384R1):
        return key, "ES384", kid
    raise PublishError(wrong)
