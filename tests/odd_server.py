"""A FHIR server that misbehaves as it is told: for answers that no real server can be made to give."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
KINDS = ("ActivityDefinition", "Citation", "Library", "PlanDefinition")


class Odd:
    """What the server holds, and how it errs."""

    def __init__(self) -> None:
        self.held: dict[str, list[Json]] = {}  # versions by type and id
        self.seen: list[str] = []  # method and path of each request
        self.versions = True  # whether meta tells the version, and answers the ETag
        self.searches = ["url", "version"]
        self.software = "Odd"
        self.transactions = True
        self.before: Callable[[str, str], tuple[int, Any] | None] = lambda method, path: None
        self.after: Callable[[list[Json]], list[Json]] = lambda answers: answers
        self.made = 0

    def now(self, name: str) -> Json:
        """A resource as it is."""
        return self.held[name][-1]

    def put(self, name: str, resource: Json) -> Json:
        """A new version of a resource; returns the entry of an answer."""
        kind, identifier = name.split("/")
        versions = self.held.setdefault(name, [])
        status = "200 OK" if versions else "201 Created"
        meta = {k: v for k, v in resource.get("meta", {}).items() if k != "versionId"}
        tag = str(len(versions) + 1)
        versions.append(resource | {"resourceType": kind, "id": identifier, "meta": meta | self._version(tag)})
        response = {"status": status, "location": f"{name}/_history/{tag}" if self.versions else name}
        return {"response": response | ({"etag": f'W/"{tag}"'} if self.versions else {})}

    def _version(self, tag: str) -> Json:
        return {"versionId": tag} if self.versions else {}

    def capability(self) -> Json:
        interactions = [{"code": c} for c in ("create", "update", "read", "vread", "search-type")]
        row = {"interaction": interactions, "searchParam": [{"name": n} for n in self.searches]}
        rest = {"mode": "server", "resource": [row | {"type": k, "conditionalCreate": True} for k in KINDS]}
        rest |= {"interaction": [{"code": "transaction"}]} if self.transactions else {}
        software = {"name": self.software}
        return {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "software": software, "rest": [rest]}

    def search(self, kind: str, query: str) -> Json:
        wanted = parse_qs(query)
        urls = wanted.get("url", [""])[0].split(",")
        found = [v[-1] for name, v in self.held.items() if name.startswith(f"{kind}/")]
        rows = [{"resource": r} for r in found if "url" not in wanted or r.get("url") in urls]
        return {"resourceType": "Bundle", "type": "searchset", "entry": rows}

    def entry(self, entry: Json) -> Json:
        request = entry["request"]
        if request["method"] == "POST":
            condition = parse_qs(request.get("ifNoneExist", ""))
            for name, versions in self.held.items():
                told = ([versions[-1].get("url")], [versions[-1].get("version")])
                if told == (condition.get("url"), condition.get("version")):
                    return {"response": {"status": "200 OK", "location": f"{name}/_history/{len(versions)}"}}
            self.made += 1
            return self.put(f"{request['url']}/s{self.made}", entry["resource"])
        if request["method"] == "DELETE":
            del self.held[request["url"]]
            return {"response": {"status": "204 No Content"}}
        asked = re.search(r"\d+", request.get("ifMatch", ""))
        if asked and int(asked[0]) != len(self.held.get(request["url"], [])):
            return {"response": {"status": "412 Precondition Failed"}}
        return self.put(request["url"], entry["resource"])

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        """The status and the JSON of an answer."""
        parts = urlsplit(path)
        names = [n for n in parts.path.removeprefix("/fhir").split("/") if n]
        if names == ["metadata"]:
            return 200, self.capability()
        if method == "POST" and not names:
            answers = [self.entry(entry) for entry in json.loads(body)["entry"]]
            bad = next((a for a in answers if a["response"]["status"].startswith("412")), None)
            return (412, None) if bad else (200, {"resourceType": "Bundle", "entry": self.after(answers)})
        if method == "GET" and len(names) == 1:
            return 200, self.search(names[0], parts.query)
        versions = self.held.get("/".join(names[:2]))
        return (200, versions[int(names[3]) - 1 if len(names) == 4 else -1]) if versions else (404, None)


@contextmanager
def odd() -> Iterator[tuple[Odd, str]]:
    """A server, and its base address."""
    state = Odd()

    class Handler(BaseHTTPRequestHandler):
        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            state.seen.append(f"{self.command} {self.path}")
            status, made = state.before(self.command, self.path) or state.answer(self.command, self.path, body)
            content = b"" if made is None else json.dumps(made).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/fhir+json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = serve  # noqa: N815 - as http.server calls them

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield state, f"http://127.0.0.1:{server.server_port}/fhir"
    finally:
        server.shutdown()
