"""Make the definition tables of `src/sachet/fhir/data/` from HL7's official definitions (CC0).

usage: python scripts/make_definitions.py

Wants Maven: HL7's definitions come in the artifacts that carry them for HAPI FHIR, one for each release. A table is a
file of lines, each with a key, a tab and JSON, sorted by key:

- `types.tsv`: a data type or resource, or a part of one ("PlanDefinition.action"), with its elements and invariants;
- `profiles.tsv`: a StructureDefinition that constrains, extensions among them, without its words for people;
- `terminology.tsv`: CodeSystems ("CodeSystem URL") and ValueSets ("ValueSet URL").

`SOURCES.json` says which artifacts and which bytes they were made from.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from sachet.fhir.rows import binding, code_system, invariants, of_type, profile, value_set

HOME = Path(__file__).parents[1] / "src" / "sachet" / "fhir" / "data"
ARTIFACT = "ca.uhn.hapi.fhir:hapi-fhir-validation-resources-{release}:8.8.1"
RELEASES = ("r4", "r4b", "r5")
FHIR = "{http://hl7.org/fhir}"

# Of XML: what is a list, what is no string. Everything else of these three kinds of resources is one string.
LISTS = {
    "additional", "aggregation", "code", "coding", "concept", "constraint", "context", "contextInvariant",
    "discriminator", "element", "exclude", "extension", "filter", "include", "profile", "property", "targetProfile",
    "type", "valueSet", "operator",
}  # fmt: skip
ONE = {  # … but here they are not
    "CodeSystem": {"type", "valueSet"},
    "StructureDefinition": {"type"},
    "additional": {"valueSet"}, "binding": {"valueSet"}, "coding": {"code"}, "concept": {"code"},
    "discriminator": {"type"}, "property": {"code", "type"}, "filter": {"code", "property"}, "context": {"type"},
    "type": {"code"},
}  # fmt: skip
BOOLEANS = {"abstract", "caseSensitive", "experimental", "isModifier", "ordered", "valueBoolean", "fixedBoolean"}
INTEGERS = {"maxLength", "min", "valueInteger"}


def main() -> int:
    maven = shutil.which("mvn")
    if maven is None:
        print("make_definitions: Maven (mvn) is missing", file=sys.stderr)
        return 2
    sources: dict[str, Any] = {}
    for release in RELEASES:
        artifact = ARTIFACT.format(release=release)
        with tempfile.TemporaryDirectory() as folder:
            copy = [maven, "-q", "-B", "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"]
            subprocess.run(copy, check=True)
            jar = next(Path(folder).glob("*.jar"))
            sources[release] = {"artifact": artifact, "sha256": hashlib.sha256(jar.read_bytes()).hexdigest()}
            made = tables(list(resources(jar)))
        (HOME / release).mkdir(parents=True, exist_ok=True)
        for name, rows in made.items():
            lines = [
                f"{key}\t{json.dumps(row, ensure_ascii=False, separators=(',', ':'))}\n" for key, row in rows.items()
            ]
            (HOME / release / name).write_text("".join(sorted(lines)), "utf-8", newline="\n")
            print(f"{release} {name}: {len(rows)} rows")
    (HOME / "SOURCES.json").write_text(json.dumps(sources, indent=2) + "\n", "utf-8", newline="\n")
    return 0


def resources(jar: Path) -> Iterator[dict[str, Any]]:
    """The StructureDefinitions, CodeSystems and ValueSets of an artifact: of XML bundles, or of packages within."""
    wanted = ("StructureDefinition", "CodeSystem", "ValueSet")
    with zipfile.ZipFile(jar) as archive:
        for member in sorted(archive.namelist()):
            folder = member.rpartition("/")[0].rpartition("/")[2]
            if member.endswith(".xml") and folder in ("profile", "extension", "valueset"):
                for _, node in ElementTree.iterparse(archive.open(member)):
                    if node.tag in [FHIR + name for name in wanted]:
                        yield {"resourceType": node.tag.removeprefix(FHIR)} | as_json(node)
                        node.clear()
            elif member.endswith(".tgz"):
                with tarfile.open(fileobj=io.BytesIO(archive.read(member))) as package:
                    for entry in package:
                        if entry.name.startswith(tuple(f"package/{name}-" for name in wanted)):
                            file = package.extractfile(entry)
                            assert file
                            yield json.load(file)


def as_json(node: ElementTree.Element) -> dict[str, Any]:
    """The JSON of an XML node, for the parts of these three kinds of resources that the tables are made of."""
    name = node.tag.removeprefix(FHIR)
    made: dict[str, Any] = {k: v for k, v in node.attrib.items() if k in ("id", "url")}
    for child in node:
        key = child.tag.removeprefix(FHIR)
        if key == "text" or not child.tag.startswith(FHIR):
            continue
        value: Any = child.get("value")
        if value is None:
            value = as_json(child)
        elif key in BOOLEANS:
            value = value == "true"
        elif key in INTEGERS:
            value = int(value)
        if key in LISTS and key not in ONE.get(name, ()):
            made.setdefault(key, []).append(value)
        else:
            made[key] = value
    return made


def tables(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The rows of each table."""
    types: dict[str, Any] = {}
    profiles: dict[str, Any] = {}
    terminology: dict[str, Any] = {}
    for one in found:
        if one["resourceType"] == "CodeSystem":
            terminology.setdefault(f"CodeSystem {one['url']}", code_system(one))
        elif one["resourceType"] == "ValueSet":
            terminology.setdefault(f"ValueSet {one['url']}", value_set(one))
        elif one.get("derivation") == "constraint":
            profiles.setdefault(one["url"], profile(one))
        elif one["kind"] != "logical":
            types.update(parts(one))
    return {"types.tsv": types, "profiles.tsv": profiles, "terminology.tsv": terminology}


def parts(one: dict[str, Any]) -> dict[str, Any]:
    """A type, and each part of it that has elements of its own; of what it inherits, only the name of the base."""
    made: dict[str, Any] = {}
    elements = one["differential"]["element"]
    parents = {e["path"].rpartition(".")[0] for e in elements}
    for element in elements:
        path = element["path"]
        parent, _, name = path.rpartition(".")
        if path in parents or not parent:
            base = one.get("baseDefinition", "").rpartition("/")[2] if not parent else element["type"][0]["code"]
            made[path] = {"base": base, "elements": {}}
            if not parent:
                made[path] |= {"kind": one["kind"]} | ({"abstract": True} if one["abstract"] else {})
            if constraints := invariants(element):
                made[path]["invariants"] = constraints
        if parent:
            made[parent]["elements"][name] = slot(element, path in parents)
    return made


def slot(element: dict[str, Any], has_parts: bool) -> dict[str, Any]:
    """An element as the walk wants it."""
    made: dict[str, Any] = {}
    if element.get("min"):
        made["min"] = element["min"]
    if element["max"] != "1":
        made["max"] = element["max"]
    if "contentReference" in element:
        made["part"] = element["contentReference"].rpartition("#")[2]
    elif has_parts:
        made["part"] = element["path"]
    else:
        made["types"] = [kept for t in element.get("type", []) if (kept := of_type(t))]
    if element.get("isModifier"):
        made["modifier"] = True
    if "maxLength" in element:
        made["maxLength"] = element["maxLength"]
    if "binding" in element and (bound := binding(element["binding"])):
        made["binding"] = bound
    if not has_parts and (constraints := invariants(element)):
        made["invariants"] = constraints
    return made


if __name__ == "__main__":
    sys.exit(main())
