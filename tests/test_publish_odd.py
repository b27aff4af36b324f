"""Publishing to servers and from files that are not what they should be: what a hostile reviewer tried."""

import gzip
import io
import json
import os
import socket
import tarfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Package
from odd_server import Odd, odd
from test_cli import sachet
from test_publish import HASTE

from sachet.fhir.digest import stamped
from sachet.publish import content, receipt
from sachet.publish.connection import Connection, Trust
from sachet.publish.content import Content
from sachet.publish.deliver import Delivery, IncompleteError
from sachet.publish.errors import PublishError, UnavailableError
from sachet.publish.plan import Action, Planner, Strategy
from sachet.publish.receipt import Receipt
from sachet.publish.report import as_json, unlike_reviewed
from sachet.publish.rollback import Rollback
from sachet.publish.server import Server

BASE = "https://example.com/odd"


@pytest.fixture
def there() -> Iterator[tuple[Odd, Server]]:
    with odd() as (state, address):
        yield state, Server(Connection(address, patience=HASTE))


def made(kind: str, identifier: str, version: str = "1", **more: Any) -> content.Artifact:
    about = {"resourceType": kind, "id": identifier, "url": f"{BASE}/{kind}/{identifier}", "version": version}
    return content.artifact(stamped(about | {"status": "draft"} | more))


def package(*artifacts: content.Artifact, name: str = "m", version: str = "1") -> Content:
    """Resources with a manifest that names them."""
    named = [{"type": "composed-of", "resource": a.canonical} for a in artifacts]
    manifest = made("Library", name, version, relatedArtifact=named)
    return Content("odd.test", version, "r4", "0" * 64, (*artifacts, manifest))


def push(server: Server, given: Content, path: Path, **how: Any) -> Receipt:
    entries = how.pop("entries", 200)
    planner = Planner(server, **how)
    return Delivery(planner, planner.plan([given]), path, command="push", entries=entries).run()


def statuses(state: Odd) -> dict[str, str]:
    return {name: versions[-1]["status"] for name, versions in state.held.items()}


@pytest.mark.parametrize("zipped", [True, False], ids=["cut", "cut and zipped again"])
def test_a_package_that_was_cut_is_refused(package: Package, tmp_path: Path, zipped: bool) -> None:
    whole = package.tgz("r4").read_bytes()
    whole = whole if zipped else gzip.decompress(whole)
    cut = tmp_path / "cut.tgz"
    for end in range(0, len(whole), len(whole) // 40):
        cut.write_bytes(whole[:end] if zipped else gzip.compress(whole[:end]))
        with pytest.raises(PublishError, match="no package that this sachet built"):
            content.read(cut)


def test_a_package_that_holds_a_file_twice_is_refused(package: Package, tmp_path: Path) -> None:
    twice = tmp_path / "twice.tgz"
    with tarfile.open(package.tgz("r4")) as old, tarfile.open(twice, "w:gz") as new:
        for member in [*old.getmembers(), old.getmembers()[-1]]:
            new.addfile(member, io.BytesIO(old.extractfile(member).read()))  # type: ignore[union-attr]
    with pytest.raises(PublishError, match="no package that this sachet built"):
        content.read(twice)


def test_what_is_left_out_is_not_retired(there: tuple[Odd, Server], tmp_path: Path) -> None:
    state, server = there
    given = package(made("PlanDefinition", "p"), made("ActivityDefinition", "a"))
    push(server, given, tmp_path / "1.json")
    assert Planner(server, retire=True, without=["PlanDefinition"]).plan([given]).changes == []
    assert set(statuses(state).values()) == {"draft"}


@pytest.mark.parametrize("entries", [1, 200])
def test_by_id_the_next_version_is_not_retired_with_the_one_before(
    there: tuple[Odd, Server], tmp_path: Path, entries: int
) -> None:
    state, server = there
    state.searches = ["url", "composed-of"]
    how = {"strategy": Strategy.ID, "retire": True, "entries": entries}
    push(server, package(made("PlanDefinition", "p", "1")), tmp_path / "1.json", **how)
    push(server, package(made("PlanDefinition", "p", "2"), version="2"), tmp_path / "2.json", **how)
    assert statuses(state) == {"PlanDefinition/p": "draft", "Library/m": "draft"}


def test_what_another_package_names_is_not_retired(there: tuple[Odd, Server], tmp_path: Path) -> None:
    state, server = there
    shared = made("Citation", "shared")
    push(server, package(shared, name="one"), tmp_path / "1.json")
    push(server, package(shared, name="two"), tmp_path / "2.json")
    push(server, package(made("PlanDefinition", "p"), name="one", version="2"), tmp_path / "3.json", retire=True)
    assert {v[-1]["url"]: v[-1]["status"] for v in state.held.values()}[shared.url] == "draft"


def test_a_search_that_fails_does_not_make_everything_double(there: tuple[Odd, Server], tmp_path: Path) -> None:
    state, server = there
    given = package(made("PlanDefinition", "p"))
    push(server, given, tmp_path / "1.json")
    state.before = lambda method, path: (404, None) if path.startswith("/fhir/PlanDefinition?") else None
    with pytest.raises(PublishError, match="does not search PlanDefinition by url"):
        Planner(server).plan([given])
    state.before = lambda method, path: None
    state.searches = ["url"]  # so it is done by id
    blocked = Planner(server).plan([given])
    assert {step.why for step in blocked.of(Action.CONFLICT)} == {
        f"it is there already as {name}; find it with --strategy url" for name in state.held
    }


def test_what_somebody_made_since_the_plan_is_not_written_over(there: tuple[Odd, Server], tmp_path: Path) -> None:
    state, server = there
    planner = Planner(server)
    plan = planner.plan([package(made("PlanDefinition", "p"))])
    state.put("PlanDefinition/theirs", made("PlanDefinition", "p", description="Theirs").resource())
    with pytest.raises(IncompleteError, match=r"was first|changed it"):
        Delivery(planner, plan, tmp_path / "1.json", command="push").run()
    assert state.now("PlanDefinition/theirs")["description"] == "Theirs"
    back = Rollback(server, receipt.read(tmp_path / "1.json"), delete=True).plan()
    assert "PlanDefinition/theirs" not in {step.name for step in back.changes}


def test_an_overwrite_is_of_what_was_seen_and_of_nothing_later(there: tuple[Odd, Server], tmp_path: Path) -> None:
    state, server = there
    given = package(made("PlanDefinition", "p"))
    push(server, given, tmp_path / "1.json")
    name = next(name for name in state.held if name.startswith("Plan"))
    state.put(name, state.now(name) | {"description": "seen"})
    planner = Planner(server, overwrite=True)
    plan = planner.plan([given])
    state.put(name, state.now(name) | {"description": "seen by nobody"})
    with pytest.raises(IncompleteError, match="somebody else was first"):
        Delivery(planner, plan, tmp_path / "2.json", command="push").run()
    assert state.now(name)["description"] == "seen by nobody"


def test_by_id_what_is_put_there_meanwhile_is_not_written_over(there: tuple[Odd, Server], tmp_path: Path) -> None:
    state, server = there
    planner = Planner(server, strategy=Strategy.ID)
    plan = planner.plan([package(made("PlanDefinition", "p"))])
    state.put("PlanDefinition/p", {"url": "https://else.example.com", "status": "active"})
    with pytest.raises(IncompleteError, match="somebody else was first"):
        Delivery(planner, plan, tmp_path / "1.json", command="push").run()
    assert statuses(state) == {"PlanDefinition/p": "active"}  # and no manifest says that it is ours


def test_an_answer_without_a_version_makes_nothing_double(there: tuple[Odd, Server], tmp_path: Path) -> None:
    state, server = there
    state.before = lambda method, path: (200, {"resourceType": "Bundle"}) if "?" in path else None  # an index that lags
    state.after = lambda answers: [
        {"response": {"status": "201 Created", "location": a["response"]["location"].split("/_")[0]}} for a in answers
    ]
    done = push(server, package(made("PlanDefinition", "p")), tmp_path / "1.json")
    assert [(row.state, row.after and row.after.version_id) for row in done.rows] == [("done", "1")] * 2
    assert len(state.held) == 2


def test_an_answer_about_something_else_is_not_believed(there: tuple[Odd, Server], tmp_path: Path) -> None:
    state, server = there
    state.after = lambda answers: answers[::-1]
    done = push(server, package(made("PlanDefinition", "p"), made("ActivityDefinition", "a")), tmp_path / "1.json")
    assert {f"{row.kind}/{row.id}" for row in done.rows} == set(state.held)


def test_without_versions_nothing_is_written_over_unasked(there: tuple[Odd, Server], tmp_path: Path) -> None:
    state, server = there
    state.versions = False
    push(server, package(made("PlanDefinition", "p")), tmp_path / "1.json")
    changed = package(made("PlanDefinition", "p", description="Other"))
    (conflict,) = Planner(server).plan([changed]).of(Action.CONFLICT)
    assert "the server gives no versions" in conflict.why
    push(server, changed, tmp_path / "2.json", overwrite=True)
    back = Rollback(server, receipt.read(tmp_path / "2.json"))  # the receipt kept what was there
    Delivery(back, back.plan(), tmp_path / "3.json", command="rollback").run()
    assert "description" not in state.now(next(n for n in state.held if n.startswith("Plan")))


def test_a_conflict_on_the_way_ends_the_push_before_the_manifest(there: tuple[Odd, Server], tmp_path: Path) -> None:
    state, server = there
    planner = Planner(server)
    plan = planner.plan([package(made("ActivityDefinition", "a"), made("PlanDefinition", "p"))])
    state.put("ActivityDefinition/theirs", made("ActivityDefinition", "a", description="Theirs").resource())
    with pytest.raises(IncompleteError, match="3 of 3 were left"):
        Delivery(planner, plan, tmp_path / "1.json", command="push", entries=1).run()
    assert list(state.held) == ["ActivityDefinition/theirs"]


def test_labels_of_the_server_stay(there: tuple[Odd, Server], tmp_path: Path) -> None:
    state, server = there
    push(server, package(made("PlanDefinition", "p")), tmp_path / "1.json")
    name = next(n for n in state.held if n.startswith("Plan"))
    tags = [{"code": "hold"}]
    state.put(name, state.now(name) | {"meta": {"tag": tags}})
    push(server, package(made("PlanDefinition", "p", description="New")), tmp_path / "2.json")
    assert (state.now(name)["description"], state.now(name)["meta"]["tag"]) == ("New", tags)


def test_pages_in_a_circle_end(there: tuple[Odd, Server]) -> None:
    state, server = there
    link = [{"relation": "next", "url": f"{server.base}/PlanDefinition?page=2"}]
    state.before = lambda method, path: (200, {"resourceType": "Bundle", "link": link}) if "?" in path else None
    with pytest.raises(PublishError, match="in a circle"):
        list(server.search("PlanDefinition", ["https://example.com"]))


def test_a_plan_that_was_reviewed_is_of_these_files_and_ways(there: tuple[Odd, Server]) -> None:
    _, server = there
    given = package(made("PlanDefinition", "p"))
    reviewed = as_json(Planner(server).plan([given]))
    assert unlike_reviewed(Planner(server).plan([given]), reviewed) is None
    assert "by url" in str(unlike_reviewed(Planner(server, strategy=Strategy.ID).plan([given]), reviewed))
    other = replace(given, sha256="1" * 64)
    assert unlike_reviewed(Planner(server).plan([other]), reviewed) == "it is of other package files"


def test_a_receipt_is_never_replaced(there: tuple[Odd, Server], tmp_path: Path) -> None:
    _, server = there
    given = package(made("PlanDefinition", "p"))
    push(server, given, tmp_path / "1.json")
    with pytest.raises(PublishError, match="there is a file already"):
        push(server, package(made("PlanDefinition", "q")), tmp_path / "1.json")


def test_a_receipt_that_was_changed_is_not_carried_out(there: tuple[Odd, Server], tmp_path: Path) -> None:
    state, server = there
    state.versions = False
    push(server, package(made("PlanDefinition", "p")), tmp_path / "1.json")
    push(server, package(made("PlanDefinition", "p", description="30 mL")), tmp_path / "2.json", overwrite=True)
    told = json.loads((tmp_path / "2.json").read_bytes())
    for change, words in (
        ({"id": "../../admin"}, "does not push"),
        ({"kind": "Patient"}, "does not push"),
        ({"before": told["rows"][0]["before"] | {"resource": {"description": "300 mL"}}}, "holds another"),
    ):
        rows = [told["rows"][0] | change, *told["rows"][1:]]
        (tmp_path / "3.json").write_text(json.dumps(told | {"rows": rows}), "utf-8")
        with pytest.raises(PublishError, match=words):
            Rollback(server, receipt.read(tmp_path / "3.json")).plan()


def test_words_of_a_server_show_no_secret_and_move_no_terminal(package: Package) -> None:
    os.environ["ODD_TOKEN"] = "s3cr3t-t0ken"
    with odd() as (state, address):
        state.software = "\x1b[2J\x9b31m S3CR3T-T0KEN"
        call = ["plan", str(package.tgz("r4")), "--server", address, "--auth", "bearer", "--secret", "env:ODD_TOKEN"]
        shown = [sachet(*call), sachet(*call, "--format", "json")]
    for run in shown:
        words = run.stdout + run.stderr
        assert not {"\x1b", "\x9b"} & set(words)
        assert "t0ken" not in words.lower()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--server", "http://somebody:s3cret@["], "write one like"),
        (["--server", "ftp://somebody:s3cret@host"], "holds no credentials"),
        (["--server", "https://host?key=s3cret"], "has no ?"),
        (["--server", "http://127.0.0.1:1", "--header", "Authorization: Bearer s3cret=="], "write NAME=VALUE"),
        (["--server", "http://127.0.0.1:1", "--header", "Authorization=Bearer s3cret"], "with --auth"),
        (["--server", "http://127.0.0.1:1", "--auth", "bearer", "--secret", "env:TWO"], "more than one line"),
        (["--server", "http://127.0.0.1:1", "--without", "citation"], "there are Library"),
    ],
)
def test_a_mistake_in_the_call_shows_no_secret(package: Package, arguments: Sequence[str], words: str) -> None:
    os.environ["TWO"] = "s3cret\ns3cret"
    run = sachet("plan", str(package.tgz("r4")), *arguments)
    assert run.returncode == 2
    assert words in run.stderr
    assert "s3cret" not in run.stdout + run.stderr


@pytest.mark.parametrize(
    "sent", [b"HTTP/1.1 200 OK\r\nX", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", b"HTTP/1.1 1"]
)
def test_every_wait_has_an_end(sent: bytes) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(sent)
            while not ended.wait(0.2):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

    threading.Thread(target=drip, daemon=True).start()
    server = Connection(f"http://127.0.0.1:{listener.getsockname()[1]}", patience=replace(HASTE, whole=1, attempts=1))
    with pytest.raises(UnavailableError, match="was not done after 1 s"):
        server.get("metadata")
    ended.set()
    listener.close()


def test_the_authorities_that_were_named_count_before_those_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "ours.pem").write_text("no certificate", "utf-8")
    (tmp_path / "theirs.pem").write_text("no certificate either", "utf-8")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "theirs.pem"))
    asked: list[Any] = []
    connection = Connection("https://fhir.example.com", trust=Trust(str(tmp_path / "ours.pem")), patience=HASTE)

    def send(*_: Any, **settings: Any) -> None:
        asked.append(settings["verify"])
        raise ValueError("enough was seen")

    monkeypatch.setattr(connection._session, "send", send)
    with pytest.raises(PublishError):
        connection.get("metadata")
    assert asked == [str(tmp_path / "ours.pem")]


def test_a_rollback_sends_credentials_only_where_the_server_is_said_again(tmp_path: Path) -> None:
    with odd() as (state, address):
        push(Server(Connection(address)), package(made("PlanDefinition", "p")), tmp_path / "1.json")
        os.environ["ODD_TOKEN"] = "s3cr3t"
        seen = len(state.seen)
        call = ["rollback", str(tmp_path / "1.json"), "--auth", "bearer", "--secret", "env:ODD_TOKEN", "--yes"]
        run = sachet(*call, cwd=tmp_path)
        assert (run.returncode, len(state.seen)) == (2, seen)
        assert "say with --server" in run.stderr
        assert sachet(*call, "--server", address, cwd=tmp_path).returncode == 0
