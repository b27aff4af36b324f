"""Who we are to a server: shown to a real server that checks it, sekmet-fhir, which gives SMART tokens too."""

import json
import re
import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import jwt
import keyring
import msgspec
import pytest
import requests
from conftest import Package
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from proxy import answered, before
from test_cli import sachet
from test_publish import HASTE, Dying, Killed, edited, pushed

from sachet.publish import content, receipt
from sachet.publish.auth import BackendServices, Basic, Bearer
from sachet.publish.connection import Connection, Trust
from sachet.publish.content import Content
from sachet.publish.deliver import Delivery
from sachet.publish.embedded import embedded
from sachet.publish.errors import PublishError, RefusedError
from sachet.publish.receipt import Receipt, Row, State
from sachet.publish.rollback import Rollback
from sachet.publish.secrets import secret
from sachet.publish.server import Server

PASSWORD = "an-old-passw0rd"
TOKEN = "a-t0ken-of-somebody"
SCOPE = "system/*.cruds"  # sekmet wants it for transactions
LIFE = 3  # seconds of a token


def private(key: Any) -> str:
    form = serialization.PrivateFormat.PKCS8
    made: bytes = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return made.decode()


def public(key: Any, kid: str) -> dict[str, Any]:
    kind = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    row: dict[str, Any] = json.loads(kind.to_jwk(key.public_key()))
    return row | {"kid": kid}


KEYS = {
    "RS384": rsa.generate_private_key(65537, 2048),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "another": ec.generate_private_key(ec.SECP384R1()),
}


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    """A server that wants to know who asks."""
    clients = [
        {"client_id": name, "jwks": {"keys": [public(key, name)]}, "scopes": SCOPE}
        for name, key in KEYS.items()
        if name != "another"
    ]
    auth = {
        "types": ["basic", "bearer", "smart"],
        "users": {"somebody": PASSWORD},
        "tokens": [TOKEN],
        "smart_clients": clients,
        "token_lifetime": LIFE,
    }
    with embedded({"server_auth": auth}) as (address, _):
        yield address


@pytest.fixture(scope="module")
def some(package: Package) -> Content:
    built = content.read(package.tgz("r4"))
    return Content(built.name, built.version, built.release, built.sha256, built.artifacts[:5])


def server(address: str, credentials: Any, **more: Any) -> Server:
    return Server(Connection(address, credentials=credentials, patience=HASTE, **more))


@pytest.mark.parametrize("credentials", [Basic("somebody", PASSWORD), Bearer(TOKEN)], ids=["basic", "bearer"])
def test_basic_and_bearer(guarded: str, some: Content, tmp_path: Path, credentials: Any) -> None:
    made = pushed(server(guarded, credentials), some, tmp_path / "receipt.json", unlisted=True)
    assert {row.state for row in made.rows} <= {"done"}


@pytest.mark.parametrize("form", ["PEM", "JWK"])
@pytest.mark.parametrize("algorithm", ["RS384", "ES384"])
def test_smart_backend_services(guarded: str, some: Content, tmp_path: Path, algorithm: str, form: str) -> None:
    key = KEYS[algorithm]
    kind = jwt.algorithms.RSAAlgorithm if algorithm == "RS384" else jwt.algorithms.ECAlgorithm
    text = private(key) if form == "PEM" else json.dumps(json.loads(kind.to_jwk(key)) | {"kid": algorithm})
    credentials = BackendServices(algorithm, text, key_id=algorithm if form == "PEM" else None, scope=SCOPE)
    connected = server(guarded, credentials)
    pushed(connected, some, tmp_path / "receipt.json", unlisted=True)
    (first,) = credentials.secrets()
    assert jwt.get_unverified_header(credentials._assertion("x")) == {
        "alg": algorithm,
        "kid": algorithm,
        "typ": "JWT",
    }
    time.sleep(LIFE / 2 + 0.2)  # it still is good, but not for long
    connected.read("PlanDefinition", "x")
    (second,) = credentials.secrets()
    assert second != first


def test_a_token_that_the_server_ended_is_renewed_once(guarded: str) -> None:
    credentials = BackendServices("ES384", private(KEYS["ES384"]), scope=SCOPE)
    connected = server(guarded, credentials)
    connected.read("PlanDefinition", "x")
    (first,) = credentials.secrets()
    credentials._token = first[:-4] + "AAAA"  # as if it had been taken back
    connected.read("PlanDefinition", "x")
    assert jwt.decode(next(iter(credentials.secrets())), options={"verify_signature": False})["scope"] == SCOPE


@pytest.mark.parametrize(
    ("credentials", "words"),
    [
        (Basic("somebody", "wrong"), "401.*credentials"),
        (Bearer("wrong-token"), "401.*credentials"),
        (None, "401.*credentials"),
        (BackendServices("ES384", private(KEYS["another"])), "gave no token: 401 invalid_client"),
        (BackendServices("nobody", private(KEYS["ES384"])), "gave no token: 401 invalid_client Unknown client"),
        (BackendServices("ES384", private(KEYS["ES384"]), scope="user/*.x"), "gave no token: 400 invalid_scope"),
        (BackendServices("ES384", private(KEYS["ES384"]), scope="system/Library.rs"), "403.*--scope"),
        (BackendServices("ES384", private(KEYS["ES384"]), token_url="http://example.com/token"), "over https only"),
    ],
)
def test_a_refusal_says_why_and_shows_no_secret(guarded: str, credentials: Any, words: str) -> None:
    with pytest.raises(PublishError, match=words) as raised:
        server(guarded, credentials).read("PlanDefinition", "x")
    shown = str(raised.value)
    assert "\n" not in shown
    assert not any(secret in shown for secret in (credentials.secrets() if credentials else ()))
    assert "PRIVATE KEY" not in shown
    assert "eyJ" not in shown  # how a token begins


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s3cret",
        "{}",
        '{"kty": "RSA"}',
        private(rsa.generate_private_key(65537, 1024)),
        private(ec.generate_private_key(ec.SECP256R1())),
    ],
    ids=["empty", "words", "no JWK", "half a JWK", "RSA of 1024 bits", "P-256"],
)
def test_a_key_that_smart_does_not_take_is_an_error_without_the_key(text: str) -> None:
    with pytest.raises(PublishError, match=r"is no private key that SMART takes") as raised:
        BackendServices("x", text)
    assert raised.value.__cause__ is None
    assert not text or text not in str(raised.value)


def test_secrets_come_from_the_environment_or_a_file_and_go_nowhere(
    guarded: str, package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key.pem").write_text(private(KEYS["ES384"]), "utf-8")
    (tmp_path / "password").write_text(f"{PASSWORD}\n", "utf-8")
    monkeypatch.setenv("A_TOKEN", TOKEN)
    for how in (
        ["--auth", "bearer", "--secret", "env:A_TOKEN"],
        ["--auth", "basic", "--user", "somebody", "--secret", "file:password"],
        ["--auth", "smart", "--client-id", "ES384", "--key", "file:key.pem", "--scope", SCOPE],
    ):
        to = ["--server", guarded, "--unlisted", "--yes", "--receipt", "receipt.json"]
        run = sachet("push", package.tgz("r4"), *to, *how, cwd=tmp_path)
        assert run.returncode == 0, run.stderr
        file = tmp_path / "receipt.json"
        written = file.read_text("utf-8") if file.exists() else ""
        everything = run.stdout + run.stderr + written
        assert not re.search(f"{TOKEN}|{PASSWORD}|PRIVATE|eyJ", everything)


def test_a_secret_header_is_not_shown_and_not_sent_in_the_clear(guarded: str) -> None:
    with before(guarded) as proxy:
        echoed = json.dumps({"issue": [{"severity": "error", "diagnostics": f"{PASSWORD}?"}]}).encode()
        proxy.faults.append(("GET", answered(400, echoed, Content_Type="application/fhir+json")))
        connected = server(proxy.address, Bearer(TOKEN), headers={"X-Key": PASSWORD}, secrets=[PASSWORD])
        with pytest.raises(RefusedError, match=r"400.*: …\?") as refused:
            connected.capability()
        assert PASSWORD not in str(refused.value)
        assert proxy.seen[0][2]["X-Key"] == PASSWORD
    with pytest.raises(PublishError, match="over https only"):
        server("http://fhir.example.org", None, headers={"X-Key": PASSWORD}, secrets=[PASSWORD])


def test_what_netrc_says_is_not_sent(guarded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login somebody password {PASSWORD}\n", "utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with requests.Session() as session:  # as requests does by itself
        assert session.get(f"{guarded}/PlanDefinition/x").status_code == 404
    with pytest.raises(RefusedError, match="401"):
        server(guarded, None).read("PlanDefinition", "x")


def test_killed_half_way_on_a_server_with_fixed_ids(guarded: str, package: Package, tmp_path: Path) -> None:
    """A second opinion beside HAPI: another server, other ids, no conditional creates."""
    built = content.read(package.tgz("r4"))
    for at in range(60):
        some = Content(built.name, built.version, built.release, built.sha256, built.artifacts[:12])
        dying = server(guarded, Bearer(TOKEN), adapter=Dying(at, after=bool(at % 2)))
        try:
            pushed(dying, some, tmp_path / "killed.json", entries=3, unlisted=True)
            break
        except Killed:
            pass
        pushed(server(guarded, Bearer(TOKEN)), some, tmp_path / "next.json", entries=3, unlisted=True)
        for one in some.artifacts:
            held = server(guarded, Bearer(TOKEN)).read(one.kind, one.id)
            assert held is not None
            assert held.digest == one.digest
            server(guarded, Bearer(TOKEN)).connection.send("DELETE", held.name)
    assert at > 12


def test_a_rollback_where_no_history_is_known_of(guarded: str, package: Package, tmp_path: Path) -> None:
    """Then the receipt holds what was there; this server writes 1.5 for 1.50, which is no edit."""
    built = content.read(package.tgz("r4"))
    plan = next(a for a in built.artifacts if a.kind == "PlanDefinition")
    decimal = {"url": "http://example.com/d", "valueDecimal": Decimal("1.50")}
    old = edited(plan, lambda r: r | {"id": "decimal", "extension": [*r["extension"], decimal]})
    new = edited(old, lambda r: r | {"description": "Another"})
    connected = server(guarded, Bearer(TOKEN))
    for number, one in enumerate((old, new)):
        some = replace(built, artifacts=(one,))
        pushed(connected, some, tmp_path / f"{number}.json", unlisted=True)
    back = Rollback(connected, receipt.read(tmp_path / "1.json"))
    assert '"valueDecimal": 1.5\n' in (tmp_path / "1.json").read_text("utf-8")
    Delivery(back, back.plan(), tmp_path / "back.json", command="rollback").run()
    held = connected.read("PlanDefinition", "decimal")
    assert held is not None
    assert (held.digest, held.is_as_published) == (old.digest, True)


def test_a_receipt_keeps_decimals_as_they_were(tmp_path: Path) -> None:
    state = State("1", "digest", msgspec.Raw(b'{"value":1.50}'))
    made = Receipt("", "push", "", "", "r4", "", None, [], [Row("update", "", "", "", "1", state, None, "done")])
    made.write(tmp_path / "receipt.json")
    (row,) = receipt.read(tmp_path / "receipt.json").rows
    assert row.before
    assert b"1.50" in bytes(row.before.resource)


def certificate(
    name: str, folder: Path, issuer: tuple[x509.Certificate, Any] | None = None
) -> tuple[x509.Certificate, Any]:
    """A certificate for this machine, written with its key; of an authority, or of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), True)
        .sign(issuer[1] if issuer else key, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_text(private(key), "utf-8")
    return made, key


def test_authorities_and_a_certificate_of_our_own(guarded: str, tmp_path: Path) -> None:
    """A server with a certificate of the hospital's own authority, which wants one of the client too."""
    authority = certificate("authority", tmp_path)
    certificate("server", tmp_path, authority)
    certificate("client", tmp_path, authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    context.load_verify_locations(tmp_path / "authority.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    authorities, ours = str(tmp_path / "authority.pem"), (str(tmp_path / "client.pem"), str(tmp_path / "client.key"))
    with before(guarded, context) as proxy:
        assert server(proxy.address, Bearer(TOKEN), trust=Trust(authorities, ours)).capability().release == "r4"
        with pytest.raises(PublishError, match=r"cannot be trusted: .*--ca FILE names another authority"):
            server(proxy.address, Bearer(TOKEN), trust=Trust(None, ours)).capability()
        with pytest.raises(PublishError, match=r"cannot be (reached|trusted)"):
            server(proxy.address, Bearer(TOKEN), trust=Trust(authorities)).capability()


def test_a_proxy_of_the_environment_is_used(guarded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with before(guarded) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.address.removesuffix("/fhir"))
        monkeypatch.delenv("NO_PROXY", raising=False)
        with pytest.raises(PublishError):  # the proxy does not know the host either
            server("http://fhir.example.invalid/r4", None).capability()
        assert proxy.seen
        assert proxy.seen[0][1] == "http://fhir.example.invalid/r4/metadata"


class Drawer(KeyringBackend):
    """A keyring that holds what it is given."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


def test_a_secret_may_be_in_the_keyring_of_the_system() -> None:
    before = keyring.get_keyring()
    try:
        keyring.set_keyring(Drawer())
        keyring.set_password("https://fhir.example.com/r4", "publisher", "s3cret\n")
        assert secret("keyring:https://fhir.example.com/r4/publisher") == "s3cret"
        with pytest.raises(PublishError, match="fhir/nobody: there is no secret, or it is empty"):
            secret("keyring:fhir/nobody")
        with pytest.raises(PublishError, match="write keyring:SERVICE/USER"):
            secret("keyring:publisher")
        keyring.set_keyring(NoKeyring())
        with pytest.raises(PublishError, match="the keyring cannot be read: No recommended backend"):
            secret("keyring:fhir/publisher")
    finally:
        keyring.set_keyring(before)
