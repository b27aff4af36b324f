"""Where did each word go? Shown with the source map of a package alone, as its reader would."""

import json
import re
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sachet.document import read_bytes
from sachet.document.front_matter import Scalar, scalars

_WORD = re.compile(r"\w+(?:[.,/'’]\w+)*")


def words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))


def element(resource: Any, path: str) -> Any:
    """The element at a FHIRPath of names and indices."""
    for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", path.split(".", 1)[1].join((".", ""))):
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
        found: dict[int, set[str]] = defaultdict(set)
        for path, spans in document["resources"][f"PlanDefinition/{about['id']}"]:
            there = words(" ".join(strings(element(plan, path))).replace("\\", ""))
            for line, _, end_line, _ in spans:
                for number in range(line, end_line + 1):
                    found[number] |= there
        report.extend(_lost(folder / about["path"], found))
    return report


def _lost(file: Path, found: dict[int, set[str]]) -> Iterator[str]:
    value = read_bytes(file.name, file.read_bytes()).value
    assert value is not None
    for scalar in scalars(value.fields):
        wanted = {"not", "performed"} if scalar.is_null else words(scalar.words)
        there = set().union(*(found[n] for n in range(scalar.span.line, scalar.span.end_line + 1)))
        if missing := wanted - there:
            yield f"{file.name}:{scalar.span.line}: {sorted(missing)}"
    for number, line in enumerate(value.source.text.split("\n"), 1):
        # A link's destination counts; markup and the numbers of lists do not.
        plain = re.sub(r"^\s*(?:#+|>|(?:[-*+]|\d+[.)])\s)+", "", line).replace("\\", "")
        plain = re.sub(r"[*_`|]+", " ", plain.replace("**", "")) if "_" not in plain else plain.replace("**", "")
        if number > value.body_line and (missing := words(plain) - found[number]):
            yield f"{file.name}:{number}: {sorted(missing)}"


__all__ = ["Scalar", "contents", "element", "lost_words", "strings", "words"]
