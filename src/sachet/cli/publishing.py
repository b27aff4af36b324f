"""The commands about servers: plan, push, rollback, drift."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sachet.cli.common import CLEAN, FINDINGS, Commands, UsageError, count

if TYPE_CHECKING:
    from sachet.publish.auth import Credentials
    from sachet.publish.content import Content
    from sachet.publish.deliver import Work
    from sachet.publish.plan import Plan, Planner
    from sachet.publish.server import Server

_EMBEDDED = "embedded"


def add(command: Commands) -> None:
    """Add them to the parser."""
    text = "Say what a push would change on a FHIR server. Exit code 1 where it would change something."
    plan = command("plan", _plan, text, "sachet plan dist/*.tgz --server https://fhir.example.org/r4")
    text = "Put packages on a FHIR server: what the plan says, and nothing else. Run again, it changes nothing."
    push = command(
        "push", _push, text, "sachet push dist/*.tgz --server https://fhir.example.org/r4 --plan reviewed.json"
    )
    text = "Say what on a FHIR server is no longer as the packages have it. Exit code 1 where something is not."
    drift = command("drift", _drift, text, "sachet drift dist/*.tgz --server https://fhir.example.org/r4")
    text = "Put back what a push replaced, and retire what it created, as far as nobody changed it since."
    rollback = command("rollback", _rollback, text, "sachet rollback sachet-push-20261123T101500Z.json")
    for one in (plan, push, drift):
        one.add_argument("packages", nargs="+", metavar="TGZ", type=Path, help="packages that sachet built")
        what = "the base address of a FHIR server" + (f", or {_EMBEDDED}: one for a first try" if one is push else "")
        one.add_argument("--server", required=True, metavar="URL", help=what)
        what = "find resources by url and version, or by id (as the server can)"
        one.add_argument("--strategy", choices=("url", "id"), help=what)
    drift.set_defaults(retire=False, overwrite=False, without="")
    for one in (plan, push):
        one.add_argument("--retire", action="store_true", help="retire what left the packages")
        one.add_argument("--overwrite", action="store_true", help="overwrite what somebody changed on the server")
        one.add_argument(
            "--without", metavar="TYPES", default="", help="leave resource types out, like Citation,Library"
        )
    for one in (plan, push, drift):
        what = "try resource types that the server does not list in its CapabilityStatement"
        one.add_argument("--unlisted", action="store_true", help=what)
    for one in (push, rollback):
        one.add_argument("--yes", action="store_true", help="do not ask")
        one.add_argument("--receipt", type=Path, metavar="FILE", help="where the receipt goes (this folder)")
        one.add_argument("--quiet", action="store_true", help="print nothing but what was asked for")
        one.add_argument("--entries", type=_positive, metavar="N", default=200, help="entries of a transaction (200)")
    push.add_argument(
        "--plan", type=Path, metavar="FILE", help="do what this plan (of plan --format json) says, unasked"
    )
    rollback.add_argument("old", metavar="RECEIPT", type=Path, help="the receipt of a push")
    rollback.add_argument("--delete", action="store_true", help="delete what the push created, instead of retiring it")
    what = "put back what can be, where somebody changed something since (else nothing is)"
    rollback.add_argument("--partial", action="store_true", help=what)
    what = "the server of the receipt, said again: without it no credentials are sent"
    rollback.add_argument("--server", metavar="URL", help=what)
    for one in (plan, drift):
        one.add_argument("--format", choices=("text", "json"), default="text", help="how to print it (text)")
    for one in (plan, push, drift, rollback):
        one.add_argument("--all", action="store_true", help="show every resource and every difference")
        _add_connection(one)


def _add_connection(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the server")
    group.add_argument("--auth", choices=("none", "basic", "bearer", "smart"), default="none", help="who we are (none)")
    place = "env:NAME, file:PATH or keyring:SERVICE/USER"
    group.add_argument("--user", help="of basic: the name")
    group.add_argument("--secret", metavar="PLACE", help=f"of basic and bearer: where password or token is: {place}")
    group.add_argument("--client-id", metavar="ID", help="of smart (Backend Services): the client")
    group.add_argument("--key", metavar="PLACE", help=f"of smart: where the private key is, PEM or JWK: {place}")
    group.add_argument("--key-id", metavar="ID", help="of smart: the key's id (that of the JWK)")
    group.add_argument("--token-url", metavar="URL", help="of smart: where tokens are (as the server says)")
    group.add_argument("--scope", metavar="SCOPES", help="of smart: what to ask for")
    group.add_argument("--ca", metavar="FILE", help="authorities that the server's certificate is from")
    group.add_argument("--cert", metavar="FILE", help="a certificate of our own, PEM")
    group.add_argument("--cert-key", metavar="FILE", help="its private key, where it is in another file")
    what = "a header for every request; VALUE may be env:NAME or file:PATH"
    group.add_argument("--header", action="append", default=[], metavar="NAME=VALUE", help=what)
    group.add_argument("--timeout", type=_positive, metavar="S", default=120, help="seconds without an answer (120)")


def _positive(words: str) -> int:
    number = int(words)
    if number < 1:
        raise argparse.ArgumentTypeError("it has to be 1 or more")
    return number


def _plan(options: argparse.Namespace) -> None:
    from sachet.publish.report import dumps, text

    with _errors():
        plan = _planner(options, _server(options)).plan(_packages(options))
        print(dumps(plan) if options.format == "json" else "\n".join(text(plan, options.all)))
    options.code = FINDINGS if plan.changes or plan.blocked() else CLEAN


def _drift(options: argparse.Namespace) -> None:
    from sachet.publish.plan import Action
    from sachet.publish.report import drift_json, drift_text

    with _errors():
        plan = _planner(options, _server(options)).plan(_packages(options))
        print(drift_json(plan) if options.format == "json" else "\n".join(drift_text(plan, options.all)))
    options.code = CLEAN if len(plan.of(Action.UNCHANGED)) == len(plan.steps) else FINDINGS


def _push(options: argparse.Namespace) -> None:
    with _errors(), _served(options) as server:
        planner = _planner(options, server)
        plan = planner.plan(_packages(options))
        if options.plan:
            _as_reviewed(plan, options.plan)
        _deliver("push", planner, plan, options, reviewed=bool(options.plan))


def _rollback(options: argparse.Namespace) -> None:
    from sachet.publish import receipt
    from sachet.publish.errors import one_line
    from sachet.publish.rollback import Rollback

    with _errors():
        old = receipt.read(options.old)
        if options.server is None and (options.auth != "none" or options.header):
            raise UsageError(
                f"the receipt is of {one_line(old.server)}: say with --server that it gets the credentials"
            )
        options.server = options.server or old.server
        back = Rollback(_server(options), old, delete=options.delete)
        _deliver("rollback", back, back.plan(), options, reviewed=False)


def _deliver(command: str, work: Work, plan: Plan, options: argparse.Namespace, reviewed: bool) -> None:
    """Show a plan, ask, and carry it out."""
    from sachet.publish.deliver import Delivery, IncompleteError
    from sachet.publish.errors import RefusedError, one_line
    from sachet.publish.report import summary, text

    blocked = one_line(plan.blocked())
    if not options.quiet:
        try:
            print("\n".join(text(plan, options.all)), flush=True)
        except BrokenPipeError:
            raise UsageError("nothing was sent: the plan could not be shown") from None
    if blocked and not (command == "rollback" and options.partial):
        raise UsageError(f"nothing was sent: {blocked}" + (" (--partial)" if command == "rollback" else ""))
    if blocked:
        print(f"sachet: {blocked}; these stay as they are", file=sys.stderr)
        options.code = FINDINGS
    if not plan.changes:
        return
    if not (options.yes or reviewed):
        _confirm(f"{command} {count(len(plan.changes), 'resource')} on {plan.server}")
    path = options.receipt or _free(f"sachet-{command}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    progress = None if options.quiet else _progress
    delivery = Delivery(work, plan, path, command=command, entries=options.entries, progress=progress)
    try:
        delivery.run()
    except IncompleteError as e:
        print(f"sachet: {one_line(str(e))}; the receipt is {path}", file=sys.stderr)
        options.code = FINDINGS
        return
    except BaseException as e:
        done = f"{delivery.receipt.count('done')} of {len(delivery.receipt.rows)} done"
        what = "mend that, and run it again" if isinstance(e, RefusedError) else "the same command finishes it"
        if path.exists() and delivery.receipt.ended:
            print(f"sachet: stopped: {done}; {what}; the receipt is {path}", file=sys.stderr)
        raise
    if not options.quiet:
        print(f"sachet: {summary(plan)}; the receipt is {path}", file=sys.stderr)


def _confirm(what: str) -> None:
    if not sys.stdin or not sys.stdin.isatty():
        raise UsageError(f"nothing was sent: {what}? say so with --yes, or give the reviewed plan with --plan")
    try:
        answer = input(f"{what}? [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        raise UsageError("nothing was sent")


def _free(name: str) -> Path:
    """A name of a receipt that no file has."""
    found = (Path(f"{name}{more}.json") for more in ("", *(f"-{number}" for number in range(2, 1000))))
    return next(path for path in found if not path.exists())


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done} of {total} resources", end="\r\x1b[K" if done == total else "", file=sys.stderr, flush=True)


def _as_reviewed(plan: Plan, file: Path) -> None:
    from sachet.publish.report import unlike_reviewed

    try:
        reviewed = json.loads(file.read_bytes())
        why = unlike_reviewed(plan, reviewed)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError(f"{file}: this is no plan; make one with: sachet plan --format json") from None
    if why:
        raise UsageError(f"nothing was sent: {file} is not what would be done now: {why}; review a new plan")


def _planner(options: argparse.Namespace, server: Server) -> Planner:
    from sachet.package.pack import SENT
    from sachet.publish.plan import Planner, Strategy

    left_out = frozenset(filter(None, options.without.split(",")))
    if unknown := sorted(left_out - set(SENT)):
        raise UsageError(f"--without {','.join(unknown)}: there are {', '.join(SENT)}")
    strategy = Strategy(options.strategy) if options.strategy else None
    return Planner(
        server,
        strategy=strategy,
        retire=options.retire,
        overwrite=options.overwrite,
        without=left_out,
        unlisted=options.unlisted,
    )


def _packages(options: argparse.Namespace) -> list[Content]:
    from sachet.publish import content

    return [content.read(path) for path in options.packages]


@contextmanager
def _errors() -> Iterator[None]:
    """What goes wrong with a server, as a line for the user."""
    from sachet.publish.errors import PublishError, one_line

    try:
        yield
    except PublishError as e:
        raise UsageError(one_line(str(e))) from e
    except RecursionError as e:
        raise UsageError("something of the server or of a file is nested deeper than any resource") from e
    except UnicodeEncodeError as e:
        raise UsageError("something of the server or of a file holds half a character") from e


@contextmanager
def _served(options: argparse.Namespace) -> Iterator[Server]:
    """The server that was named, or an embedded one, which serves until it is interrupted."""
    if options.server != _EMBEDDED:
        yield _server(options)
        return
    from sachet.publish.embedded import embedded

    with embedded() as (address, wait):
        options.server, options.unlisted = address, True  # it lists what can be searched for, and takes everything
        yield _server(options)
        with suppress(KeyboardInterrupt):  # from the line that names it on, an interrupt is the end that was asked for
            print(f"sachet: serving {address} until it is interrupted (Ctrl-C); nothing of it is kept", file=sys.stderr)
            wait()


def _server(options: argparse.Namespace) -> Server:
    from sachet.publish.connection import Connection, Patience, Trust
    from sachet.publish.server import Server

    headers = list(map(_header, options.header))
    certificate = (options.cert, options.cert_key) if options.cert_key else options.cert
    return Server(
        Connection(
            options.server,
            credentials=_credentials(options),
            trust=Trust(options.ca, certificate),
            headers={name: value for name, value, _ in headers},
            secrets=[value for _, value, hidden in headers if hidden],
            patience=Patience(read=options.timeout),
        )
    )


def _header(words: str) -> tuple[str, str, bool]:
    """A header's name and value, and whether the value is a secret."""
    from sachet.publish.secrets import secret

    name, equals, value = words.partition("=")
    if not equals or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):  # RFC 9110, token
        raise UsageError("--header: write NAME=VALUE")
    if name.lower() == "authorization":
        raise UsageError("--header: who we are is said with --auth and --secret")
    hidden = value.startswith(("env:", "file:", "keyring:"))
    return name, secret(value) if hidden else value, hidden


def _credentials(options: argparse.Namespace) -> Credentials | None:
    from sachet.publish.auth import SCOPES, BackendServices, Basic, Bearer
    from sachet.publish.secrets import secret

    def needed(name: str) -> str:
        found: str | None = getattr(options, name)
        if not found:
            raise UsageError(f"--auth {options.auth} needs --{name.replace('_', '-')}")
        return found

    match options.auth:
        case "basic":
            return Basic(needed("user"), secret(needed("secret")))
        case "bearer":
            return Bearer(secret(needed("secret")))
        case "smart":
            return BackendServices(
                needed("client_id"),
                secret(needed("key")),
                key_id=options.key_id,
                token_url=options.token_url,
                scope=options.scope or SCOPES,
            )
    return None
