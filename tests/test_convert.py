"""What the converters promise: safety first, then that no word is lost and no renderer can take one away."""

import base64
import hashlib
import re
from typing import Any

import pyromark
import pytest
from conftest import PROJECT, SEED, Package
from coverage import lost_in, lost_words, strings
from hypothesis import given, settings
from hypothesis import strategies as st

from sachet import document
from sachet.convert.context import Context
from sachet.convert.plan_definition import plan_definition
from sachet.fhir.definitions import definitions
from sachet.fhir.element import Element, Words
from sachet.fhir.names import computable_name
from sachet.fhir.releases import R4, R5, lower
from sachet.fhir.text import escape, unescape
from sachet.finding import Span
from sachet.guideline.understand import understand
from sachet.package.encode import plain

RELEASES = ["r4", "r4b", "r5"]


def walk(action: dict[str, Any]) -> Any:
    yield action
    for child in action.get("action", []):
        yield from walk(child)


def actions(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [a for top in plan["action"] for a in walk(top)]


def assert_nothing_fires(plans: list[dict[str, Any]], activities: list[dict[str, Any]]) -> None:
    forbidden = {"definitionCanonical", "definitionUri", "condition", "trigger", "dynamicValue", "transform", "goalId"}
    for plan in plans:
        assert plan["status"] == "draft"
        assert plan["experimental"] is True
        for action in actions(plan):
            assert not forbidden & action.keys(), action["id"]
            assert {"documentation"} >= {d["type"] for d in action.get("documentation", [])}
    for activity in activities:
        assert not {"kind", "dynamicValue", "intent", "productReference"} & activity.keys(), activity["id"]
        assert all(dosage.keys() == {"text"} for dosage in activity.get("dosage", [])), activity["id"]
        assert activity["status"] == "draft"


@pytest.mark.parametrize("release", RELEASES)
def test_nothing_can_be_executed_before_a_person_accepted_it(package: Package, release: str) -> None:
    activities = package.resources(release, "ActivityDefinition")
    assert len(activities) > 30
    assert_nothing_fires(package.resources(release, "PlanDefinition"), activities)


@pytest.mark.parametrize("release", RELEASES)
def test_every_word_is_where_the_source_map_says(package: Package, release: str) -> None:
    from conftest import DOCUMENTS

    folder = package.out / "sources"
    folder.mkdir(exist_ok=True)
    for file in (SEED, *DOCUMENTS.glob("*.md")):
        (folder / file.name).write_bytes(file.read_bytes())
    assert lost_words(package.tgz(release), folder) == []


def test_lost_words_are_found(package: Package, tmp_path: Any) -> None:
    from conftest import DOCUMENTS

    for file in (SEED, *DOCUMENTS.glob("*.md")):
        (tmp_path / file.name).write_bytes(file.read_bytes().replace(b"Palpate landmarks", b"Palpate landmarks twice"))
    assert lost_words(package.tgz("r4"), tmp_path) == ["intraosseous-access.md:95: ['twice']"]


# Pieces of Markdown that CommonMark could take words away from.
PIECES = st.lists(
    st.sampled_from(
        "-_|  -_|1._|7._|>_|#_|##_|###_|**b:**_|**b**|*i*|ǀaǀbǀ|ǀ-ǀ-ǀ|ǀcǀdǀeǀ|"
        "\n|\n\n|```\n|    |[x](y.md)|![](p.png)|[z]: q|---|"
        "0.5 mg_|> 5_|>= 3_|2*3_|a*b*c_|Step 1:_|x|k:_|{#id}\n".replace("_", " ")
        .replace("ǀ", "¦")
        .split("|")
    ),
    max_size=30,
).map(lambda pieces: "".join(p if p[-1].isspace() else f"{p} " for p in pieces).replace("¦", "|"))


@settings(max_examples=300)
@given(PIECES)
def test_no_word_of_any_markdown_is_lost(body: str) -> None:
    content = f"---\nid: a\ncondition: A\nlast_updated: '2026-01-02'\n---\n{body}\n".encode()
    value = document.read_bytes("a.md", content).value
    assert value is not None
    guideline = understand(value, PROJECT).value
    assert guideline is not None
    plan = lower(plan_definition(guideline, Context(PROJECT, {"a": "1"}, {})), R4)
    assert plan is not None
    ids = [a["id"] for a in actions(plan)] if "action" in plan else []
    assert len(set(ids)) == len(ids)
    assert all(a["title"] for a in (actions(plan) if "action" in plan else []))
    assert list(lost_in("a.md", content.replace(b"{#id}", b""), plan, plain(plan)[1])) == []


@pytest.mark.parametrize("release", RELEASES)
def test_ids_and_urls_are_unique_and_canonicals_have_versions(package: Package, release: str) -> None:
    resources = package.resources(release)
    assert len({(r["resourceType"], r["id"]) for r in resources}) == len(resources)
    urls = {r["url"] for r in resources}
    assert len(urls) == len(resources)
    known = {f"{r['url']}|{r['version']}" for r in resources}
    for resource in resources:
        assert re.fullmatch(r"[A-Za-z0-9.-]{1,64}", resource["id"])
        assert not resource["id"].isdigit()
        assert resource["url"].endswith(f"/{resource['resourceType']}/{resource['id']}")
        for artifact in _related(resource):
            if "resource" in artifact and artifact["type"] != "depends-on":
                assert artifact["resource"] in known
    for plan in package.resources(release, "PlanDefinition"):
        ids = [a["id"] for a in actions(plan)]
        assert len(set(ids)) == len(ids)


def _related(resource: dict[str, Any]) -> Any:
    yield from resource.get("relatedArtifact", [])
    for action in actions(resource) if resource["resourceType"] == "PlanDefinition" else []:
        yield from action.get("documentation", [])


def test_r4_has_no_citation_and_keeps_the_reference(package: Package) -> None:
    assert not package.resources("r4", "Citation")
    plan = package.resource("r4", "PlanDefinition", "intraosseous-access")
    assert not any("/Citation/" in s for s in strings(plan))
    first = plan["relatedArtifact"][0]
    assert first["url"] == "https://pubmed.ncbi.nlm.nih.gov/33081529"
    assert first["citation"].startswith("Panchal AR")
    assert "document" not in first
    assert len(package.resources("r5", "Citation")) == 8


def test_r5_links_to_the_citation_with_its_version(package: Package) -> None:
    plan = package.resource("r5", "PlanDefinition", "intraosseous-access")
    first = plan["relatedArtifact"][0]
    assert first["resource"] == "https://example.com/fhir/Citation/pmid-33081529|0.1.0"
    assert first["document"]["url"] == "https://pubmed.ncbi.nlm.nih.gov/33081529"
    citation = package.resource("r5", "Citation", "pmid-33081529")
    assert citation["citedArtifact"]["identifier"] == [
        {"system": "https://pubmed.ncbi.nlm.nih.gov", "value": "33081529"}
    ]


def test_a_code_that_does_not_exist_is_text_and_never_a_coding(package: Package) -> None:
    plan = package.resource("r4", "PlanDefinition", "cold-injury")
    concepts = [c["valueCodeableConcept"] for c in plan["useContext"]][:3]
    assert concepts[0]["coding"][0] == {
        "system": "http://hl7.org/fhir/sid/icd-10-cm",
        "code": "T33.521A",
        "display": "Superficial frostbite of right hand, initial encounter",
    }
    assert concepts[2] == {"text": "R99.9"}
    codes = package.resource("r4", "ValueSet", "cold-injury.icd-10-cm")["compose"]
    assert [c["code"] for c in codes["include"][0]["concept"]] == ["T33.521A", "T33.99"]
    assert codes["lockedDate"] == "2026-04-01"


def test_a_procedures_codes_are_associated_and_a_conditions_are_its_focus(package: Package) -> None:
    def kinds(identifier: str) -> set[str]:
        plan = package.resource("r4", "PlanDefinition", identifier)
        icd = "http://hl7.org/fhir/sid/icd-10-cm"
        return {c["code"]["code"] for c in plan["useContext"] if any(icd in s for s in strings(c))}

    assert kinds("intraosseous-access") == {"associated"}
    assert kinds("cold-injury") == {"focus"}


def test_a_null_check_was_not_performed(package: Package) -> None:
    plan = package.resource("r4", "PlanDefinition", "cold-injury")
    checks = {
        e["extension"][0]["valueString"]: e["extension"][1]["valueString"]
        for e in plan["extension"]
        if e["url"].endswith("/validation-check")
    }
    assert checks["automated_consistency_check"] == "not performed"
    assert checks["dose_range_validator"] == "2026-05-05"


def test_review_is_a_review_and_no_approval(package: Package) -> None:
    plan = package.resource("r5", "PlanDefinition", "cold-injury")
    assert plan["reviewer"] == [{"name": "N. Example, MD"}]
    assert plan["lastReviewDate"] == "2026-05-06"
    assert not {"approvalDate", "endorser"} & plan.keys()


def test_the_document_is_attached_with_its_hash(package: Package) -> None:
    plan = package.resource("r5", "PlanDefinition", "intraosseous-access")
    (attached,) = [a["document"] for a in plan["relatedArtifact"] if "data" in a.get("document", {})]
    content = base64.b64decode(attached["data"])
    assert content == SEED.read_bytes()
    assert base64.b64decode(attached["hash"]) == hashlib.sha1(content).digest()


def test_an_activity_says_where_it_comes_from(package: Package) -> None:
    activity = package.resource("r4", "ActivityDefinition", "cold-injury.treatment.mild.keep-hand-dry")
    assert "Mild (grade 1-2, no blisters)" in activity["usage"]
    assert activity["description"] == "Keep the hand dry"


def test_r4_and_r5_say_the_same(package: Package) -> None:
    def said(release: str) -> list[Any]:
        plan = package.resource(release, "PlanDefinition", "cold-injury")
        return [(a["id"], a["title"], unescape(a.get("description", ""))) for a in actions(plan)]

    assert said("r4") == said("r5")
    markdown = package.resource("r5", "PlanDefinition", "cold-injury")
    assert any(a.get("description", "").startswith("\\> 2 fingers") for a in actions(markdown)) or any(
        a["title"].startswith("> 2 fingers") for a in actions(markdown)
    )


PLAIN = st.text(alphabet="ab1 .,:*_`<>[]()#|-+~\\&;=!?/'\"é–5\n", min_size=1, max_size=40)


@given(PLAIN)
def test_escaping_is_undone_exactly(words: str) -> None:
    assert unescape(escape(words)) == words


@given(
    st.text(alphabet="ab1 .,:*_`<>[]()#|-+~\\&;=!?/'\"é–5", min_size=1, max_size=40).filter(lambda w: w.strip() == w)
)
def test_escaped_words_render_as_themselves(words: str) -> None:
    parser = pyromark.Markdown(options=pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH)
    shown = "".join(next(iter(e.values())) for e in parser.events(escape(words)) if isinstance(e, dict) and "Text" in e)
    assert " ".join(shown.split()) == " ".join(words.split())


def test_lowering_keeps_spans_and_leaves_the_input() -> None:
    here = Span(3, 1, 3, 9)
    plan = Element(
        (), resourceType="PlanDefinition", id="a",
        action=[Element([here], linkId="x", description=Words("\\> 3", [here]), code=Element((), text="c"))],
    )  # fmt: skip
    old = lower(plan, R4)
    assert old is not None
    assert old["action"] == [{"description": "> 3", "code": [{"text": "c"}]}]
    assert [p for p, _ in plain(old)[1]] == ["PlanDefinition.action[0]", "PlanDefinition.action[0].description"]
    assert plan["action"][0]["linkId"] == "x"
    assert lower(plan, R5) is plan


@given(st.text(max_size=300))
def test_any_title_gives_a_computable_name(words: str) -> None:
    assert re.fullmatch(r"[A-Z][A-Za-z0-9_]{1,254}", computable_name(words))


def test_definitions_are_named_by_their_files() -> None:
    for url, definition in definitions().items():
        assert url == f"https://w3id.org/sachet/{definition['resourceType']}/{definition['id']}"
