"""Publishing to a real server: what is planned is done, once, and can be put back."""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import proxy as faults
import pytest
import requests
from conftest import Package
from proxy import Proxy
from requests.adapters import HTTPAdapter
from server import Server as Hapi

from sachet.fhir.digest import stamped
from sachet.fhir.exact import encoded
from sachet.publish import content, receipt
from sachet.publish.auth import Basic, Bearer
from sachet.publish.connection import Connection, Patience
from sachet.publish.content import Artifact, Content
from sachet.publish.deliver import Delivery
from sachet.publish.errors import PublishError, RefusedError, UnavailableError
from sachet.publish.plan import Action, Plan, Planner
from sachet.publish.receipt import Receipt
from sachet.publish.report import as_json, unlike_reviewed
from sachet.publish.rollback import Rollback
from sachet.publish.server import Server

BASE = "https://example.com/fhir"
HASTE = Patience(read=60, attempts=4, sleep=lambda _: None)


def edited(one: Artifact, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Artifact:
    """A resource with other content, and the digest of that."""
    return content.artifact(stamped(change(one.resource())))


def moved(package: Content, base: str, count: int | None = None) -> Content:
    """A package whose resources have other addresses, so that it is new to a server that holds the first."""

    def move(one: Artifact) -> Artifact:
        text = one.content.decode().replace(f"{BASE}/", f"{base}/").replace("https://w3id.org/sachet/", f"{base}/own/")
        made = json.loads(text, parse_float=Decimal)
        others = [e for e in made["extension"] if not e["url"].endswith("/content-digest")]
        return content.artifact(stamped(made | {"extension": others}))

    artifacts = tuple(map(move, package.artifacts[-count:] if count else package.artifacts))  # with the manifest
    return replace(package, artifacts=artifacts)


@pytest.fixture(scope="session")
def built(package: Package) -> Content:
    return content.read(package.tgz("r4"))


@pytest.fixture
def fresh(built: Content, request: pytest.FixtureRequest) -> Content:
    """The package under an address of its own for each test."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    return moved(built, f"https://example.com/{name}")


@pytest.fixture
def hapi(fhir_server: Hapi) -> Server:
    return connected(fhir_server.address)


@pytest.fixture
def between(fhir_server: Hapi) -> Iterator[Proxy]:
    with faults.before(fhir_server.address) as proxy:
        yield proxy


def connected(address: str, patience: Patience = HASTE, adapter: HTTPAdapter | None = None) -> Server:
    return Server(Connection(address, patience=patience, adapter=adapter))


def pushed(server: Server, package: Content, path: Path, entries: int = 200, **how: Any) -> Receipt:
    planner = Planner(server, **how)
    plan = planner.plan([package])
    path.unlink(missing_ok=True)  # a test says twice what a user gives two names
    return Delivery(planner, plan, path, command="push", entries=entries).run()


def counts(plan: Plan) -> dict[str, int]:
    return {str(a): len(plan.of(a)) for a in Action if plan.of(a)}


def held(server: Server, package: Content) -> dict[str, list[str]]:
    """The ids that the server has for each resource of a package, with the content that it has there."""
    found: dict[str, list[str]] = {one.canonical: [] for one in package.artifacts}
    for kind in {one.kind for one in package.artifacts}:
        for one in server.search(kind, [a.url for a in package.artifacts if a.kind == kind]):
            if f"{one.url}|{one.version}" in found:
                found[f"{one.url}|{one.version}"].append(one.digest)
    return found


def assert_complete(server: Server, package: Content) -> None:
    """Every resource is there, once, as the package has it."""
    assert held(server, package) == {one.canonical: [one.digest] for one in package.artifacts}


def test_a_package_goes_there_once(hapi: Server, fresh: Content, tmp_path: Path) -> None:
    assert counts(Planner(hapi).plan([fresh])) == {"create": len(fresh.artifacts)}
    first = pushed(hapi, fresh, tmp_path / "first.json")
    assert {row.state for row in first.rows} == {"done"}
    assert all(row.id and row.after and row.after.version_id == "1" for row in first.rows)
    assert_complete(hapi, fresh)
    assert receipt.read(tmp_path / "first.json") == first
    again = Planner(hapi).plan([fresh])
    assert counts(again) == {"unchanged": len(fresh.artifacts)}
    assert pushed(hapi, fresh, tmp_path / "second.json").rows == []


def test_the_whole_way_on_r5(fhir_server_r5: Hapi, package: Package, tmp_path: Path) -> None:
    """With Citations, and on a server that has to know the profiles before what claims them."""
    server, built = connected(fhir_server_r5.address), content.read(package.tgz("r5"))
    assert {a.kind for a in built.artifacts} > {"Citation", "PlanDefinition"}
    pushed(server, built, tmp_path / "first.json")
    assert_complete(server, built)
    assert pushed(server, built, tmp_path / "second.json").rows == []
    changed = with_plans(built, another_dose)
    pushed(server, changed, tmp_path / "third.json", entries=7)
    assert_complete(server, changed)
    rolled_back(server, tmp_path / "third.json", tmp_path / "back.json")
    assert_complete(server, built)
    errors = [i for one in built.artifacts for i in fhir_server_r5.validate(one.kind, one.content) if is_error(i)]
    assert errors == []


def is_error(issue: dict[str, Any]) -> bool:
    return issue["severity"] in ("error", "fatal")


def test_hapi_validates_every_resource_once_it_holds_the_package(
    fhir_server: Hapi, package: Package, tmp_path: Path
) -> None:
    built = content.read(package.tgz("r4"))
    pushed(connected(fhir_server.address), built, tmp_path / "receipt.json")
    errors = [i for one in built.artifacts for i in fhir_server.validate(one.kind, one.content) if is_error(i)]
    assert errors == []


def another_dose(resource: dict[str, Any]) -> dict[str, Any]:
    """The first action of a plan with other words."""
    action = resource["action"][0]
    return resource | {"action": [action | {"description": "Give 20 mL, not 30 mL."}, *resource["action"][1:]]}


def with_plans(package: Content, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Content:
    """A package whose plans are others."""
    changed = tuple(edited(a, change) if a.kind == "PlanDefinition" else a for a in package.artifacts)
    assert changed != package.artifacts
    return replace(package, artifacts=changed)


def the(kind: str, package: Content) -> Artifact:
    return next(a for a in package.artifacts if a.kind == kind)


def on_server(server: Server, one: Artifact) -> dict[str, Any]:
    (found,) = [h for h in server.search(one.kind, [one.url]) if h.version == one.version]
    return dict(found.resource)


def put(server: Server, resource: dict[str, Any]) -> None:
    """As somebody with another tool does it."""
    path = f"{resource['resourceType']}/{resource['id']}"
    server.connection.send("PUT", path, body=encoded(resource))


def test_a_changed_document_changes_its_own_resources_only(hapi: Server, fresh: Content, tmp_path: Path) -> None:
    pushed(hapi, fresh, tmp_path / "first.json")
    changed = with_plans(fresh, another_dose)
    plan = Planner(hapi).plan([changed])
    plans = [a for a in fresh.artifacts if a.kind == "PlanDefinition"]
    assert counts(plan) == {"update": len(plans), "unchanged": len(fresh.artifacts) - len(plans)}
    (one, *_) = plan.of(Action.UPDATE)
    (difference,) = one.differences()
    assert difference.after == "Give 20 mL, not 30 mL."
    assert difference.where[-1] == "description"
    done = pushed(hapi, changed, tmp_path / "second.json")
    assert all(row.before and row.after for row in done.rows)
    assert {(row.before.version_id, row.after.version_id) for row in done.rows if row.before and row.after} == {
        ("1", "2")
    }
    assert_complete(hapi, changed)


def test_an_edit_by_hand_is_a_conflict_and_never_written_over_unasked(
    hapi: Server, fresh: Content, tmp_path: Path
) -> None:
    pushed(hapi, fresh, tmp_path / "first.json")
    one = the("PlanDefinition", fresh)
    put(hapi, another_dose(on_server(hapi, one)))
    plan = Planner(hapi).plan([fresh])
    (conflict,) = plan.of(Action.CONFLICT)
    assert conflict.url == one.url
    assert conflict.differences()[0].before == "Give 20 mL, not 30 mL."
    assert plan.changes == []
    pushed(hapi, fresh, tmp_path / "over.json", overwrite=True)
    assert_complete(hapi, fresh)


def test_what_stands_in_meta_and_narrative_is_no_edit(hapi: Server, fresh: Content, tmp_path: Path) -> None:
    pushed(hapi, fresh, tmp_path / "first.json")
    found = on_server(hapi, the("PlanDefinition", fresh))
    narrative = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Something</div>'}
    put(hapi, found | {"text": narrative, "meta": {"tag": [{"system": "http://example.com", "code": "x"}]}})
    assert Planner(hapi).plan([fresh]).changes == []


def test_active_content_never_changes_in_place(hapi: Server, fresh: Content, tmp_path: Path) -> None:
    active = with_plans(fresh, lambda plan: plan | {"status": "active"})
    pushed(hapi, active, tmp_path / "first.json")
    for overwrite in (False, True):
        plan = Planner(hapi, overwrite=overwrite).plan([fresh])
        assert {step.why for step in plan.of(Action.CONFLICT)} == {
            "it is active, and active content never changes in place: raise its version"
        }
        assert plan.changes == []


def test_somebody_elses_resource_is_a_conflict(hapi: Server, fresh: Content) -> None:
    one = the("ActivityDefinition", fresh)
    theirs = one.resource() | {"extension": [], "description": "Theirs"}
    put(hapi, {k: v for k, v in theirs.items() if k != "extension"} | {"id": "theirs-1"})
    (step,) = Planner(hapi).plan([fresh]).of(Action.CONFLICT)
    assert (step.url, step.why) == (one.url, "somebody else put it there")
    put(hapi, {k: v for k, v in theirs.items() if k != "extension"} | {"id": "theirs-2"})
    (step,) = Planner(hapi, overwrite=True).plan([fresh]).of(Action.CONFLICT)
    assert "more than once: ActivityDefinition/theirs-1, ActivityDefinition/theirs-2" in step.why


def without(package: Content, kind: str) -> Content:
    """A package without the resources of a type, and a manifest that names the others."""
    left = {a.canonical for a in package.artifacts if a.kind == kind}

    def named(resource: dict[str, Any]) -> dict[str, Any]:
        return resource | {"relatedArtifact": [r for r in resource["relatedArtifact"] if r["resource"] not in left]}

    artifacts = (edited(a, named) if a.kind == "Library" else a for a in package.artifacts if a.kind != kind)
    return replace(package, artifacts=tuple(artifacts))


def test_what_left_the_package_is_retired_only_when_asked_and_only_if_ours(
    hapi: Server, fresh: Content, tmp_path: Path
) -> None:
    pushed(hapi, fresh, tmp_path / "first.json")
    less = without(fresh, "ActivityDefinition")
    gone = [a for a in fresh.artifacts if a.kind == "ActivityDefinition"]
    assert counts(Planner(hapi).plan([less])) == {"update": 1, "unchanged": len(less.artifacts) - 1}
    put(hapi, on_server(hapi, gone[0]) | {"description": "Changed by hand"})
    plan = Planner(hapi, retire=True).plan([less])
    assert [s.url for s in plan.of(Action.CONFLICT)] == [gone[0].url]
    assert {s.url for s in plan.of(Action.RETIRE)} == {a.url for a in gone[1:]}
    first = receipt.read(tmp_path / "first.json")
    put(hapi, gone[0].resource() | {"id": next(r.id for r in first.rows if r.url == gone[0].url)})
    pushed(hapi, less, tmp_path / "second.json", retire=True)
    assert {on_server(hapi, one)["status"] for one in gone} == {"retired"}
    # Pushed again, a retired one of ours is a draft again.
    pushed(hapi, fresh, tmp_path / "third.json")
    assert_complete(hapi, fresh)


def test_what_was_reviewed_with_other_options_is_not_what_would_be_done(
    hapi: Server, fresh: Content, tmp_path: Path
) -> None:
    pushed(hapi, fresh, tmp_path / "first.json")
    less = without(fresh, "ActivityDefinition")
    reviewed = as_json(Planner(hapi, retire=True).plan([less]))
    assert "was to retire, with other options" in str(unlike_reviewed(Planner(hapi).plan([less]), reviewed))
    assert unlike_reviewed(Planner(hapi, retire=True).plan([less]), reviewed) is None
    pushed(hapi, less, tmp_path / "second.json", retire=True)  # what has been done since is no difference
    assert unlike_reviewed(Planner(hapi, retire=True).plan([less]), reviewed) is None


def rolled_back(server: Server, path: Path, into: Path, **how: Any) -> Receipt:
    back = Rollback(server, receipt.read(path), **how)
    return Delivery(back, back.plan(), into, command="rollback").run()


def test_a_rollback_puts_back_what_was_there(hapi: Server, fresh: Content, tmp_path: Path) -> None:
    few = without(fresh, "ActivityDefinition")
    pushed(hapi, few, tmp_path / "first.json")
    before = {one.canonical: on_server(hapi, one) for one in few.artifacts}
    more = with_plans(fresh, another_dose)
    pushed(hapi, more, tmp_path / "second.json")
    rolled_back(hapi, tmp_path / "second.json", tmp_path / "back.json")
    for one in few.artifacts:
        now = on_server(hapi, one)
        assert now | {"meta": None} == before[one.canonical] | {"meta": None}
    new = [a for a in more.artifacts if a.kind == "ActivityDefinition"]
    assert {on_server(hapi, one)["status"] for one in new} == {"retired"}
    # A second rollback finds everything as it was.
    assert rolled_back(hapi, tmp_path / "second.json", tmp_path / "again.json").rows == []
    # So does one of the rollback: what the push had made is there again.
    rolled_back(hapi, tmp_path / "back.json", tmp_path / "forth.json")
    assert_complete(hapi, more)


def test_a_rollback_deletes_where_asked_and_leaves_what_was_changed_since(
    hapi: Server, fresh: Content, tmp_path: Path
) -> None:
    pushed(hapi, fresh, tmp_path / "first.json")
    one = the("PlanDefinition", fresh)
    put(hapi, another_dose(on_server(hapi, one)))
    back = Rollback(hapi, receipt.read(tmp_path / "first.json"), delete=True)
    (conflict,) = back.plan().of(Action.CONFLICT)
    assert (conflict.url, conflict.why) == (one.url, "somebody changed it since")
    rolled_back(hapi, tmp_path / "first.json", tmp_path / "back.json", delete=True)
    assert {url for url, there in held(hapi, fresh).items() if there} == {one.canonical}


class Killed(BaseException):
    """The process ends here."""


class Dying(HTTPAdapter):
    """Ends the process at one of its requests that write: before it is sent, or after it was carried out."""

    def __init__(self, at: int, after: bool) -> None:
        super().__init__()
        self.left = at
        self.after = after

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if self.left == 0 and not self.after:
            raise Killed
        answer = super().send(request, *args, **kwargs)
        if self.left == 0:
            _ = answer.content
            raise Killed
        self.left -= 1
        return answer


def test_killed_at_any_request_the_next_run_finishes_and_nothing_is_double(
    fhir_server: Hapi, built: Content, tmp_path: Path
) -> None:
    finished = 0
    for at in range(100):
        for after in (False, True):
            some = moved(built, f"https://example.com/killed-{at}-{after}", 30)
            path = tmp_path / f"{at}-{after}.json"
            try:
                pushed(connected(fhir_server.address, adapter=Dying(at, after)), some, path, entries=5)
                finished += 1
            except Killed:
                pass
            pushed(connected(fhir_server.address), some, tmp_path / "next.json", entries=5)
            assert_complete(connected(fhir_server.address), some)
            if path.exists():  # what both did can be told from their receipts
                rows = [*receipt.read(path).rows, *receipt.read(tmp_path / "next.json").rows]
                told = {(r.kind, r.url) for r in rows if r.state in ("done", "sent")}
                assert told == {(a.kind, a.url) for a in some.artifacts}
        if finished:
            break
    assert at >= 10  # so many requests there were
    assert finished == 2


def test_killed_while_retiring_the_next_run_retires_the_rest(fhir_server: Hapi, built: Content, tmp_path: Path) -> None:
    server = connected(fhir_server.address)
    for at in range(100):
        some = moved(built, f"https://example.com/killed-retiring-{at}", 15)
        pushed(server, some, tmp_path / "first.json")
        less = without(some, "ActivityDefinition")
        try:
            pushed(
                connected(fhir_server.address, adapter=Dying(at, at % 2 == 1)),
                less,
                tmp_path / "killed.json",
                entries=5,
                retire=True,
            )
            finished = True
        except Killed:
            finished = False
        pushed(server, less, tmp_path / "next.json", retire=True)
        gone = [a for a in some.artifacts if a.kind == "ActivityDefinition"]
        assert {on_server(server, one)["status"] for one in gone} == {"retired"}
        assert_complete(server, less)
        if finished:
            break
    assert at >= 5  # so many requests there were


FHIR_JSON = {"Content_Type": "application/fhir+json"}
OUTCOME = json.dumps({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "diagnostics": "no\nwords"}]})
RETRIED = {
    "429": faults.answered(429, OUTCOME.encode(), Retry_After="7", **FHIR_JSON),
    "500": faults.answered(500, OUTCOME.encode(), **FHIR_JSON),
    "503": faults.answered(503, b"<html>Busy</html>", Content_Type="text/html", Retry_After="2"),
    "409": faults.answered(409, OUTCOME.encode(), **FHIR_JSON),
    "412": faults.answered(412, OUTCOME.encode(), **FHIR_JSON),
    "413": faults.answered(413, b"<html>Too large</html>", Content_Type="text/html"),
    "a reset connection": faults.reset,
    "a reset after the work": faults.reset_after,
    "a truncated body": faults.truncated,
    "a hang": faults.hung(5),
    "a slow server": faults.slow(5),
}


OF_WRITES = ("409", "412", "413")  # a search has no such answer


@pytest.mark.parametrize(
    ("method", "name"), [(m, n) for m in ("GET", "POST") for n in RETRIED if m == "POST" or n not in OF_WRITES]
)
def test_a_fault_that_passes_ends_in_the_right_retry(
    between: Proxy, fresh: Content, tmp_path: Path, method: str, name: str
) -> None:
    waits: list[float] = []
    server = connected(between.address, Patience(read=4, whole=60, attempts=4, sleep=waits.append))
    between.faults.append((method, RETRIED[name]))
    some = replace(fresh, artifacts=fresh.artifacts[:6])
    pushed(server, some, tmp_path / "receipt.json")
    assert between.faults == []
    assert_complete(server, some)
    if name in ("429", "503"):
        assert waits == [{"429": 7, "503": 2}[name]]
    if name == "a slow server":
        assert waits == []


REFUSED = {
    "401": (faults.answered(401, OUTCOME.encode(), **FHIR_JSON), "401.*no words.*credentials"),
    "403": (faults.answered(403, OUTCOME.encode(), **FHIR_JSON), "403.*no words.*--scope"),
    "404": (faults.answered(404, b"<html></html>", Content_Type="text/html"), "404.*base address"),
    "422": (faults.answered(422, OUTCOME.encode(), **FHIR_JSON), "422.*: no words"),
    "HTML": (
        faults.answered(200, b"<html>Log in</html>", Content_Type="text/html"),
        "text/html instead of FHIR's JSON",
    ),
    "another host": (faults.answered(307, Location="https://elsewhere.example.com/fhir"), "redirects to https://else"),
    "a downgrade": (faults.answered(301, Location="ftp://127.0.0.1/fhir"), "redirects to ftp"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refusal_is_one_line_that_says_what_to_do(
    between: Proxy, fresh: Content, tmp_path: Path, method: str, name: str
) -> None:
    fault, words = REFUSED[name]
    between.faults.append((method, fault))
    with pytest.raises(PublishError, match=words) as raised:
        pushed(connected(between.address), fresh, tmp_path / "receipt.json")
    assert "\n" not in str(raised.value)
    assert between.count("POST") <= 1  # nothing was tried again


def test_what_never_comes_back_ends_after_some_attempts(between: Proxy, fresh: Content, tmp_path: Path) -> None:
    between.faults += [("POST", faults.reset)] * 10
    with pytest.raises(UnavailableError, match="cannot be reached"):
        pushed(connected(between.address), fresh, tmp_path / "receipt.json")
    assert between.count("POST") == HASTE.attempts
    assert {row.state for row in receipt.read(tmp_path / "receipt.json").rows} == {"sent", "planned"}


def test_a_server_that_takes_few_entries_gets_them_in_halves(between: Proxy, fresh: Content, tmp_path: Path) -> None:
    between.faults += [("POST", faults.answered(413))] * 3
    pushed(connected(between.address), fresh, tmp_path / "receipt.json")
    assert between.count("POST") == 3 + 4 + 1 + 1  # what claims profiles goes by itself, and so does the manifest
    assert_complete(connected(between.address), fresh)


def test_each_entrys_own_status_counts_where_a_transaction_ran_as_a_batch(
    between: Proxy, fresh: Content, tmp_path: Path
) -> None:
    between.faults.append(("POST", faults.as_batch(2)))
    some = replace(fresh, artifacts=fresh.artifacts[:6])
    with pytest.raises(PublishError, match="for an entry of a transaction"):
        pushed(connected(between.address), some, tmp_path / "receipt.json")
    rows = receipt.read(tmp_path / "receipt.json").rows
    assert [row.state for row in rows] == ["done", "done", "failed", "done", "done", "done"]
    assert between.count("POST") == 1
    assert [row.action for row in pushed(connected(between.address), some, tmp_path / "next.json").rows] == ["create"]
    assert_complete(connected(between.address), some)


def test_searches_are_never_from_a_cache(between: Proxy, fresh: Content, tmp_path: Path) -> None:
    server = connected(between.address)
    assert_complete_after(server, fresh, tmp_path)
    assert {headers["Cache-Control"] for method, _, headers in between.seen if method == "GET"} == {"no-cache"}


def assert_complete_after(server: Server, package: Content, tmp_path: Path) -> None:
    """Looked for before it is there, and at once afterwards: HAPI keeps searches for a minute."""
    Planner(server).plan([package])
    pushed(server, package, tmp_path / "receipt.json")
    assert Planner(server).plan([package]).changes == []


def test_two_pushes_at_once_make_nothing_double(fhir_server: Hapi, fresh: Content, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def one(number: int) -> str:
        try:
            pushed(connected(fhir_server.address, Patience(sleep=time.sleep)), fresh, tmp_path / f"{number}.json", 10)
        except PublishError as e:
            return str(e)
        return ""

    with ThreadPoolExecutor(3) as pool:
        said = list(pool.map(one, range(3)))
    assert "" in said
    pushed(connected(fhir_server.address), fresh, tmp_path / "last.json")
    assert_complete(connected(fhir_server.address), fresh)


SECRET = "s3cret-w0rd"


@pytest.mark.parametrize("credentials", [Bearer(SECRET), Basic("somebody", SECRET)], ids=["bearer", "basic"])
def test_credentials_go_to_the_server_alone_and_are_never_shown(
    between: Proxy, fresh: Content, tmp_path: Path, credentials: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    server = Server(Connection(between.address, credentials=credentials, patience=HASTE))
    pushed(server, fresh, tmp_path / "receipt.json")
    sent = {headers["Authorization"] for _, _, headers in between.seen}
    assert len(sent) == 1
    with faults.before("http://127.0.0.1:9") as other:
        between.faults.append(("GET", faults.answered(302, Location=f"{other.address}/metadata")))
        with pytest.raises(PublishError, match="credentials do not follow"):
            server.capability()
        assert other.seen == []
    echoed = json.dumps({"issue": [{"severity": "error", "diagnostics": f"wrong: {next(iter(sent))} {SECRET}"}]})
    between.faults.append(("GET", faults.answered(401, echoed.encode(), **FHIR_JSON)))
    with pytest.raises(RefusedError) as refused:
        server.capability()
    shown = f"{refused.value} {capfd.readouterr()} {(tmp_path / 'receipt.json').read_text()}"
    assert SECRET not in shown
    assert not any(one.split()[-1] in shown for one in sent)
