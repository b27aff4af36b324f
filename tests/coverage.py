"""Where did each word go? Shown with the source map of a package alone, as its reader would."""

import json
import re
import tarfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sachet.document import read_bytes
from sachet.document.front_matter import scalars

# Words, and the signs that change what a number means.
_WORD = re.compile(r"\w+(?:[.,/'’]\w+)*|[<>≤≥=±×÷%+]+")


def words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))


def element(resource: Any, path: str) -> Any:
    """The element at a FHIRPath of names and indices."""
    for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", path.removeprefix(resource["resourceType"])):
        resource = resource[name] if name else resource[int(index)]
    return resource


def strings(value: Any) -> Iterator[str]:
    """Every string below an element but the attached document."""
    if isinstance(value, dict):
        for key, child in value.items():
            if not (key == "data" and "contentType" in value):
                yield from strings(child)
    elif isinstance(value, list):
        for child in value:
            yield from strings(child)
    else:
        yield str(value)


def contents(tgz: Path) -> dict[str, Any]:
    """The JSON files of a package by their names."""
    with tarfile.open(tgz, "r:gz") as tar:
        return {m.name.removeprefix("package/"): json.load(tar.extractfile(m)) for m in tar}  # type: ignore[arg-type]


def lost_words(tgz: Path, folder: Path) -> list[str]:
    """Every word of a body line or front-matter value that is not where the source map says that its line went.

    The attached document does not count. One line of report for each; none is the promise.
    """
    files = contents(tgz)
    report: list[str] = []
    for document in files["other/source-map.json"]["documents"]:
        about = document["about"]
        plan = files[f"PlanDefinition-{about['id']}.json"]
        rows = document["resources"][f"PlanDefinition/{about['id']}"]
        report.extend(lost_in(about["path"], (folder / about["path"]).read_bytes(), plan, rows))
    return report


def lost_in(name: str, content: bytes, plan: Any, rows: Iterable[Any]) -> Iterator[str]:
    """What a document loses in its plan; `rows` are FHIRPaths and spans."""
    found: dict[int, set[str]] = defaultdict(set)
    for path, spans in rows:
        found_there = element(plan, path)
        if isinstance(found_there, dict) and "data" in found_there.get("document", {}):
            continue  # the attached document does not count
        there = words(" ".join(strings(found_there)).replace("\\", ""))
        for line, _, end_line, _ in spans:
            for number in range(line, end_line + 1):
                found[number] |= there
    value = read_bytes(name, content).value
    assert value is not None
    for scalar in scalars(value.fields):
        if scalar.is_null and "validation" not in content.decode("utf-8", "replace"):
            continue
        wanted = {"not", "performed"} if scalar.is_null else words(scalar.words)
        there = set().union(*(found[n] for n in range(scalar.span.line, scalar.span.end_line + 1)))
        if missing := wanted - there:
            yield f"{name}:{scalar.span.line}: {sorted(missing)}"
    for number, line in enumerate(value.source.text.split("\n"), 1):
        # A link's destination counts; markup and the numbers of lists do not.
        plain = re.sub(r"^(?:\s*(?:#+\s|>(?!\s*=?\s*\d)|(?:[-*+]|\d+[.)])\s))+", "", line).replace("\\", "")
        plain = re.sub(r"^=+$", "", plain)
        # Bold may begin inside a word, so it is read without its stars, and with spaces in their place.
        missing = [words(re.sub(r"[*`|]+", " ", plain.replace("**", by))) - found[number] for by in ("", " ")]
        if number > value.body_line and all(missing):
            yield f"{name}:{number}: {sorted(missing[0])}"
