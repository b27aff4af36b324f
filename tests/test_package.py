"""The package: what FHIR tools expect, the same bytes every time, and nothing half-written."""

import hashlib
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from conftest import DOCUMENTS, PROJECT, SEED, Package, build_package, inputs
from coverage import contents

from sachet.fhir.names import BASE
from sachet.fhir.releases import R4, R5, RELEASES
from sachet.package.build import build
from sachet.package.checking import check_documents
from sachet.package.index import build_index
from sachet.package.pack import Outputs

FRONT = "condition: A\nlast_updated: '2026-01-02'\n"


def write(folder: Path, name: str, front: str, body: str = "# A\n") -> Path:
    file = folder / name
    file.write_text(f"---\n{front}\n---\n{body}", "utf-8")
    return file


@pytest.mark.parametrize(("release", "version"), [("r4", "4.0.1"), ("r4b", "4.3.0"), ("r5", "5.0.0")])
def test_the_package_is_a_fhir_package(package: Package, release: str, version: str) -> None:
    files = contents(package.tgz(release))
    assert files["package.json"] == {
        "name": f"{PROJECT.id}.{release}",
        "version": "0.1.0",
        "canonical": "https://example.com/fhir",
        "title": "Test",
        "description": f"Test for FHIR {version}",
        "author": "Tester",
        "fhirVersions": [version],
        "dependencies": {f"hl7.fhir.{release}.core": version},
    }
    index = files[".index.json"]
    assert index["index-version"] == 2
    resources = {name: r for name, r in files.items() if "resourceType" in r and "/" not in name}
    assert [f["filename"] for f in index["files"]] == sorted(resources)
    for row in index["files"]:
        resource = resources[row["filename"]]
        assert (row["resourceType"], row["id"], row["url"]) == (
            resource["resourceType"],
            resource["id"],
            resource["url"],
        )
    with tarfile.open(package.tgz(release)) as tar:
        for member in tar:
            assert len(member.name) <= 100
            assert member.name.startswith("package/")
            assert (member.mtime, member.uid, member.mode, member.isfile()) == (0, 0, 0o644, True)


def references(value: Any) -> list[str]:
    """Every literal reference below an element."""
    if isinstance(value, list):
        return [r for one in value for r in references(one)]
    if not isinstance(value, dict):
        return []
    own = [r] if isinstance(r := value.get("reference"), str) else []
    return own + [r for one in value.values() for r in references(one)]


@pytest.mark.parametrize("release", ["r4", "r4b", "r5"])
def test_the_bundle_creates_what_is_missing_and_changes_nothing(package: Package, release: str) -> None:
    bundle = package.bundle(release)
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "transaction")
    kinds = [e["resource"]["resourceType"] for e in bundle["entry"]]
    assert kinds[0] == "Library"
    assert kinds.index("StructureDefinition") < kinds.index("ActivityDefinition") < kinds.index("PlanDefinition")
    for entry in bundle["entry"]:
        resource, request = entry["resource"], entry["request"]
        assert request["method"] == "POST"
        assert request["url"] == resource["resourceType"]
        assert request["ifNoneExist"] == f"url={resource['url']}&version={resource['version']}"
        assert references(resource) == []  # to an id, but the server gives its own
    assert len({e["request"]["ifNoneExist"] for e in bundle["entry"]}) == len(bundle["entry"])
    assert len({e["fullUrl"] for e in bundle["entry"]}) == len(bundle["entry"])


def test_the_manifest_names_and_pins_everything(package: Package) -> None:
    (library,) = package.resources("r5", "Library")
    pinned = {a["resource"] for a in library["relatedArtifact"] if a["type"] == "composed-of"}
    others = [r for r in package.resources("r5") if r["resourceType"] not in ("Library", "ImplementationGuide")]
    assert pinned == {f"{r['url']}|{r['version']}" for r in others}
    stands_on = {a["resource"] for a in library["relatedArtifact"] if a["type"] == "depends-on"}
    assert "http://hl7.org/fhir/sid/icd-10-cm|2026-04-01" in stands_on
    assert library["type"]["coding"][0]["code"] == "asset-collection"


@pytest.mark.parametrize("release", ["r4", "r4b", "r5"])
def test_the_implementation_guide_lists_everything(package: Package, release: str) -> None:
    (guide,) = package.resources(release, "ImplementationGuide")
    listed = [r["reference"]["reference"] for r in guide["definition"]["resource"]]
    others = [r for r in package.resources(release) if r is not guide]
    assert listed == sorted(
        f"{r['resourceType']}/{r['id']}" for r in others if r["resourceType"] != guide["resourceType"]
    )
    assert guide["packageId"] == f"test.package.{release}"
    assert guide["fhirVersion"] == [RELEASES[release].version]


def test_provenance_stands_beside_the_package(package: Package) -> None:
    files = contents(package.tgz("r4"))
    found = files["other/Provenance-cold-injury.json"]
    text = (DOCUMENTS / "cold-injury.md").read_bytes()
    assert found["recorded"] == "2026-05-04T00:00:00Z"
    assert found["target"][0]["reference"] == "PlanDefinition/cold-injury"
    assert hashlib.sha256(text).hexdigest() in found["entity"][0]["what"]["identifier"]["value"]
    assert not package.resources("r4", "Provenance")


@pytest.mark.parametrize("release", ["r4", "r4b", "r5"])
def test_profiles_are_claimed_and_there(package: Package, release: str) -> None:
    known = {f"{r['url']}|{r['version']}" for r in package.resources(release, "StructureDefinition")}
    for resource in package.resources(release):
        claimed = resource.get("meta", {}).get("profile", [])
        assert set(claimed) <= known
        assert claimed or resource["resourceType"] in (
            "StructureDefinition", "CodeSystem", "ImplementationGuide", "ValueSet"
        )  # fmt: skip


def test_no_profile_is_claimed_where_the_settings_say_so(tmp_path: Path) -> None:
    build(inputs(SEED), msgspec.structs.replace(PROJECT, claim_profiles=False), [R5], tmp_path)
    files = contents(tmp_path / "test.package.r5.tgz")
    assert not any("meta" in file for file in files.values())
    assert not any(name.startswith("StructureDefinition-sachet-") for name in files)


def test_the_package_has_the_definitions_it_uses_and_no_others(package: Package) -> None:
    own = ("StructureDefinition", "CodeSystem", "ValueSet")
    definitions = [d for kind in own for d in package.resources("r4", kind) if d["url"].startswith(BASE)]
    others = package.resources("r4")
    assert len(definitions) > 20
    for definition in definitions:
        users = json.dumps([r for r in others if r is not definition and r["resourceType"] != "Library"])
        assert f'"{definition["url"]}"' in users or f'"{definition["url"]}|' in users, definition["url"]
    assert not any(r["id"] == "source-type" for r in package.resources("r4", "CodeSystem"))


def test_two_builds_give_the_same_bytes_in_any_order(package: Package, tmp_path: Path) -> None:
    files = [SEED, *sorted(DOCUMENTS.glob("*.md"))]
    again = build_package(tmp_path, *reversed(files))
    for release in RELEASES:
        assert again.tgz(release).read_bytes() == package.tgz(release).read_bytes()
        assert again.bundle(release) == package.bundle(release)


def test_another_map_gives_the_same_package(package: Package, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    files = [SEED, *sorted(DOCUMENTS.glob("*.md"))]
    with ThreadPoolExecutor(2) as pool:
        build(inputs(*files), PROJECT, [R4], tmp_path, pool.map)
    assert (tmp_path / "test.package.r4.tgz").read_bytes() == package.tgz("r4").read_bytes()


def test_a_build_says_what_changed(tmp_path: Path) -> None:
    body = "## Treatment\n- Warm the hand\n- Dry the hand\n"
    file = write(tmp_path, "a.md", f"id: a\n{FRONT}", body)
    first = build_package(tmp_path, file, releases=("r4",)).built.packages[0].change
    assert "PlanDefinition-a.json" in first.added
    second = build_package(tmp_path, file, releases=("r4",)).built.packages[0].change
    assert second == type(second)((), (), ())
    write(tmp_path, "a.md", f"id: a\n{FRONT}", body.replace("- Dry the hand", "- Dry the hand well\n- Wrap the hand"))
    third = build_package(tmp_path, file, releases=("r4",)).built.packages[0].change
    assert third.removed == ("ActivityDefinition-a.treatment.dry-hand.json",)
    assert set(third.added) == {
        "ActivityDefinition-a.treatment.dry-hand-well.json",
        "ActivityDefinition-a.treatment.wrap-hand.json",
    }
    of_the_whole = {"Library-test-package.json", "ImplementationGuide-test-package.json"}
    assert set(third.changed) == {"PlanDefinition-a.json", *of_the_whole}


def test_an_edited_document_changes_only_its_own_resources(tmp_path: Path) -> None:
    a = write(tmp_path, "a.md", f"id: a\n{FRONT}")
    b = write(tmp_path, "b.md", f"id: b\n{FRONT}", "## Treatment\n- Warm the hand\n")
    build_package(tmp_path, a, b)
    write(tmp_path, "a.md", "id: a\ncondition: A\nlast_updated: '2026-02-03'", "## Treatment\n- Cool it\n")
    for package in build_package(tmp_path, a, b).built.packages:
        touched = {*package.change.added, *package.change.changed, *package.change.removed}
        own = ("PlanDefinition-a", "ActivityDefinition-a", "Library-", "ImplementationGuide-")
        assert all(name.startswith(own) for name in touched)


def test_documents_with_one_id(tmp_path: Path) -> None:
    a = write(tmp_path, "a.md", f"id: same\n{FRONT}")
    b = write(tmp_path, "b.md", f"id: same\n{FRONT}")
    built = build_package(tmp_path, b, a).built
    assert built.documents == 1
    (finding,) = [f for f in built.findings if f.code == "SCH106"]
    assert (finding.path, finding.span[:2], finding.related[0].path) == ("b.md", (2, 5), "a.md")


def test_a_document_that_cannot_be_built_is_left_out_and_said(tmp_path: Path) -> None:
    good = write(tmp_path, "good.md", f"id: good\n{FRONT}")
    bad = write(tmp_path, "bad.md", "id: [bad\n")
    built = build_package(tmp_path, bad, good).built
    assert built.documents == 1
    assert [f.code for f in built.findings if f.path == "bad.md"] == ["STR113"]
    assert built.packages[0].resources["PlanDefinition"] == 1
    written = contents(tmp_path / "test.package.r4.tgz")["other/findings.json"]
    assert [f["path"] for f in written["findings"]] == [f.path for f in built.findings]


def reference(ref: str, identifier: str = "pmid: '12345'") -> str:
    return f"sources: [{{type: review, ref: '{ref}', {identifier}}}]\n"


def test_one_work_is_one_citation_and_two_works_are_two(tmp_path: Path) -> None:
    one = "Frost B. On ice. J Cold Med. 2019;8:1."
    a = write(tmp_path, "a.md", f"id: a\n{FRONT}{reference(one)}")
    b = write(tmp_path, "b.md", f"id: b\n{FRONT}{reference('Frost B, Winter A. On Ice! J Cold Med 2019;8:1')}")
    c = write(tmp_path, "c.md", f"id: c\n{FRONT}{reference('Summer C. On sun. J Hot Med. 2020;8:1.')}")
    package = build_package(tmp_path, c, b, a)
    found = {r["id"]: r["citedArtifact"]["note"][0]["text"] for r in package.resources("r5", "Citation")}
    assert found.pop("pmid-12345") == one
    assert list(found.values()) == ["Summer C. On sun. J Hot Med. 2020;8:1."]
    assert [(f.path, f.related[0].path) for f in package.built.findings if f.code == "CIT101"] == [("c.md", "a.md")]
    shared = contents(package.tgz("r5"))["other/source-map.json"]["citations"]
    assert shared["pmid-12345"] == ["a", "b"]


def test_dois_that_look_alike_are_two_works(tmp_path: Path) -> None:
    a = write(tmp_path, "a.md", f"id: a\n{FRONT}{reference('The one', 'doi: 10.1000/a_b')}")
    b = write(tmp_path, "b.md", f"id: b\n{FRONT}{reference('The other', 'doi: 10.1000/a-b')}")
    assert len(build_package(tmp_path, a, b).resources("r5", "Citation")) == 2


def test_no_value_of_the_front_matter_is_lost(tmp_path: Path) -> None:
    odd = """reviewed_by: [Ann, Bob]
review_date: 1 March
esi: [urgent]
compiled_by: {by: whom}
icd10: [{code: I10, role: odd, note: noted}, I10]
sources: [{type: review, ref: words, pmid: [7], note: kept}, {type: bare, title: untitled}]
confusion_pairs: [{condition: [left, right], differentiators: [differs]}]
decision_rules: [{name: [rule], pmid: 5}, plainrule]
differential_categories: [{category: [cat], conditions: [cond]}, {category: lone}]
red_flags: ["SBP < 90", "SBP < 80", "SBP < 70"]
validation: checked
"""
    file = write(tmp_path, "a.md", f"id: a\n{FRONT}{odd}", "## Recognition\n")
    package = build_package(tmp_path, file, releases=("r4",))
    text = json.dumps(package.resource("r4", "PlanDefinition", "a"))
    told = "Ann Bob urgent whom odd noted kept bare untitled left right differs rule plainrule cat cond lone checked"
    for words in ("1 March", *told.split()):
        assert words in text, words
    ids = [a["id"] for a in package.resource("r4", "PlanDefinition", "a")["action"][0]["action"][0]["action"]]
    assert len(set(ids)) == 3


def test_empty_values_give_no_empty_elements(tmp_path: Path) -> None:
    empty = "esi: ''\ncompiled_by: ' '\naliases: ['']\nicd10: ['']\nsources: ['']\ncategory: ''\nrisk_tier:\n"
    file = write(tmp_path, "a.md", f"id: a\n{FRONT}{empty}", "## Workup\n- {#only}\n")
    package = build_package(tmp_path, file)
    for release in ("r4", "r5"):
        for resource in package.resources(release):
            assert not list(_empty(resource)), resource["id"]


def _empty(value: Any) -> Any:
    if value is None or (
        isinstance(value, str | list | dict) and not (value.strip() if isinstance(value, str) else value)
    ):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _empty(child)


def test_a_broken_old_package_is_replaced(tmp_path: Path) -> None:
    file = write(tmp_path, "a.md", f"id: a\n{FRONT}")
    good = build_package(tmp_path, file, releases=("r4",)).tgz("r4").read_bytes()
    target = tmp_path / "test.package.r4.tgz"
    target.write_bytes(good[: len(good) // 2])
    assert build_package(tmp_path, file, releases=("r4",)).tgz("r4").read_bytes() == good
    with tarfile.open(target, "w:gz") as tar:
        info = tarfile.TarInfo("package/x.json")
        info.type, info.linkname = tarfile.SYMTYPE, "nowhere"
        tar.addfile(info)
    assert build_package(tmp_path, file, releases=("r4",)).tgz("r4").read_bytes() == good


def test_all_files_are_replaced_or_none(tmp_path: Path) -> None:
    file = write(tmp_path, "a.md", f"id: a\n{FRONT}")
    before = build_package(tmp_path, file, releases=("r4",)).tgz("r4").read_bytes()
    (tmp_path / "test.package.r5.bundle.json").mkdir()
    write(tmp_path, "a.md", f"id: a\n{FRONT}", "# B\n")
    with pytest.raises(OSError, match="directory"):
        build_package(tmp_path, file)
    assert (tmp_path / "test.package.r4.tgz").read_bytes() == before


def test_mixed_tracks_are_a_finding(tmp_path: Path) -> None:
    a = write(tmp_path, "a.md", f"id: a\n{FRONT}track: tier1\n")
    b = write(tmp_path, "b.md", f"id: b\n{FRONT}track: tier2\n")
    assert "SCH107" in [f.code for f in check_documents(inputs(a, b), PROJECT)]
    assert "SCH107" not in [f.code for f in check_documents(inputs(a), PROJECT)]


def test_an_empty_package_is_a_package(tmp_path: Path) -> None:
    built = build([], PROJECT, [R4, R5], tmp_path)
    assert built.packages[0].resources == {"Library": 1, "ImplementationGuide": 1, "StructureDefinition": 2}
    assert build_index([]).plans == {}


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")

    def write() -> None:
        with Outputs() as outputs, outputs.file(target) as file:
            file.write(b"new, but")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        write()
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_that_cannot_be_written_replaces_nothing(tmp_path: Path, monkeypatch: Any) -> None:
    file = write(tmp_path, "a.md", f"id: a\n{FRONT}")
    build_package(tmp_path, file, releases=("r4",))
    before = (tmp_path / "test.package.r4.tgz").read_bytes()
    write(tmp_path, "a.md", f"id: a\n{FRONT}", "# B\n")
    monkeypatch.setattr("sachet.package.pack._add", _full)
    with pytest.raises(OSError, match="No space"):
        build_package(tmp_path, file, releases=("r4",))
    assert (tmp_path / "test.package.r4.tgz").read_bytes() == before
    assert not [f for f in os.listdir(tmp_path) if f.startswith(".")]


def _full(*_: Any) -> None:
    raise OSError(28, "No space left on device")
