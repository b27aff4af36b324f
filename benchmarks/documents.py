"""Folders of as many documents as are asked for: copies of those that there are, each with an id of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from measure import BenchmarkError

_ROOT = Path(__file__).parents[1]
_ID = re.compile(r"^id:[ \t]*(?P<quote>[\"']?)(?P<id>[A-Za-z0-9.-]+)(?P=quote)[ \t]*$", re.MULTILINE)


def sources(corpus: Path | None) -> list[Path]:
    """The documents of a folder (not of folders below it); without one, the seed and those of the tests."""
    if corpus is None:
        return [_ROOT / "seeds" / "intraosseous-access.md", *sorted((_ROOT / "tests" / "documents").glob("*.md"))]
    found = [f for f in sorted(corpus.glob("*.md")) if f.read_text("utf-8").startswith("---\n")]
    if not found:
        raise BenchmarkError(f"{corpus} has no documents")
    return found


def copies(documents: Sequence[Path], number: int, folder: Path) -> Path:
    """A new folder with `number` documents: all of them as they are, then again with the ids `<id>-02`, `<id>-03`, …

    Links keep to the ids that they name, which are those of the first round.
    """
    folder.mkdir(parents=True)
    for done in range(number):
        again, which = divmod(done, len(documents))
        file = documents[which]
        text = file.read_text("utf-8")
        suffix = f"-{again + 1:02}" if again else ""
        text, changed = _ID.subn(rf"id: \g<id>{suffix}", text, count=1)
        if not changed:
            raise BenchmarkError(f"{file}: no id in the front matter")
        (folder / f"{file.stem}{suffix}.md").write_text(text, "utf-8")
    return folder
