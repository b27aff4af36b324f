"""The cache of checks never gives a stale answer, whatever is edited, deleted or broken between two runs."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from checked import document as a_document
from hypothesis import given, settings
from hypothesis import strategies as st

from sachet.package import cache, checking
from sachet.package.checking import check_documents
from sachet.package.documents import find

NAMES = ("a", "b", "c")
LINES = (
    "- Morphine 4 mg IV",
    "- Morphine 40 mg IV",
    "- Vancomycin 15-20 mg/kg IV q12h (max 2 g)",
    "- Digoxin 0.25 mg QD",
    "- Maintain MAP >= 65 mmHg in septic shock",
    "- Maintain MAP >= 85 mmHg in septic shock",
    "## Pitfalls",
    "**Step 2: Repeat**",
    "- See `b` and `gone-away`",
    "| Action | Target |\n|---|---|\n| Give it | < 5 minutes |",
    "- Amiodarone 1 mg/min for 6 hours (540 mg)",
    "<!-- sachet: ignore UNI a reason -->",
)
FIELDS = (
    "icd10: [R42.0]",
    "condition: Septic Shock",
    "aliases: [MAP, morphine]",
    "id: a",
    "esi: 1",
    'last_updated: "2027-01-01"',
    "validation: {}",
)
ROWS = ("morphine,IV,dose,1,3,mg,adult,House", "morphine,IV,dose,1,50,mg,adult,House", "broken,row")
HEAD = "drug,route,basis,low,high,unit,population,source\n"


def _line(folder: Path, which: int, number: int, words: str) -> None:
    file = folder / f"{NAMES[which]}.md"
    if file.exists():
        lines = file.read_text("utf-8").split("\n")
        lines.insert(min(len(lines), 20 + number), words)
        file.write_text("\n".join(lines), "utf-8")


def _cut(folder: Path, which: int, number: int) -> None:
    file = folder / f"{NAMES[which]}.md"
    if file.exists():
        lines = file.read_text("utf-8").split("\n")
        del lines[number % len(lines)]
        file.write_text("\n".join(lines), "utf-8")


def _field(folder: Path, which: int, words: str) -> None:
    file = folder / f"{NAMES[which]}.md"
    if file.exists():
        key = words.partition(":")[0]
        lines = file.read_text("utf-8").split("\n")
        found = next((n for n, line in enumerate(lines) if line.startswith(f"{key}:")), None)
        lines[found if found is not None else 1 : (found + 1) if found is not None else 1] = [words]
        file.write_text("\n".join(lines), "utf-8")


def _new(folder: Path, which: int) -> None:
    name = NAMES[which]
    (folder / f"{name}.md").write_text(a_document(name, "## Treatment\n- Morphine 4 mg IV\n"), "utf-8")


def _gone(folder: Path, which: int) -> None:
    (folder / f"{NAMES[which]}.md").unlink(missing_ok=True)


def _rows(folder: Path, words: str) -> None:
    (folder / "formulary.csv").write_text(f"{HEAD}{words}\n", "utf-8")


def _settings(folder: Path, has_formulary: bool) -> None:
    words = '[check]\nformulary = "formulary.csv"\n' if has_formulary else '[sections]\n"Pitfalls" = "Workup"\n'
    (folder / "sachet.toml").write_text(words, "utf-8")


def _cache(folder: Path, content: bytes) -> None:
    file = folder / cache.FOLDER / "checks.msgpack"
    if file.exists():
        file.write_bytes(content or file.read_bytes()[:-7])


def _accepted(folder: Path, which: int, words: str) -> None:
    (folder / "accepted").mkdir(exist_ok=True)
    (folder / "accepted" / f"{NAMES[which]}.yaml").write_text(words, "utf-8")


WHICH = st.integers(0, 2)
EDITS = st.one_of(
    st.tuples(st.just(_line), WHICH, st.integers(0, 12), st.sampled_from(LINES)),
    st.tuples(st.just(_cut), WHICH, st.integers(0, 60)),
    st.tuples(st.just(_field), WHICH, st.sampled_from(FIELDS)),
    st.tuples(st.just(_new), WHICH),
    st.tuples(st.just(_gone), WHICH),
    st.tuples(st.just(_rows), st.sampled_from(ROWS)),
    st.tuples(st.just(_settings), st.booleans()),
    st.tuples(st.just(_cache), st.sampled_from([b"", b"no cache", b"\x81"])),
    st.tuples(st.just(_accepted), WHICH, st.sampled_from(["accepted: []", "document: a\naccepted: []", "["])),
)
Edit = tuple[Callable[..., None], ...]


@settings(deadline=None)
@given(edits=st.lists(EDITS, min_size=1, max_size=8))
def test_with_and_without_cache_the_findings_are_the_same(
    edits: list[Edit], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    _rows(folder, ROWS[0])
    _settings(folder, has_formulary=True)
    for which in range(len(NAMES)):
        _new(folder, which)
    for edit, *arguments in [(lambda _: None,), *edits]:
        edit(folder, *arguments)
        if not any(folder.glob("*.md")):
            continue
        found = find([folder]).value
        kept, anew = (
            check_documents(found.inputs, found.project, is_whole=found.is_whole, is_kept=is_kept)
            for is_kept in (True, False)
        )
        assert kept == anew


def test_what_did_not_change_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for which in range(len(NAMES)):
        _new(tmp_path, which)
    found = find([tmp_path]).value
    read: list[str] = []
    one = checking.check_document
    monkeypatch.setattr(
        checking, "check_document", lambda given, **more: (read.append(given.name), one(given, **more))[1]
    )
    for changed, expected in ((None, ["a.md", "b.md", "c.md"]), (None, []), (1, ["b.md"])):
        if changed is not None:
            _line(tmp_path, changed, 5, LINES[0])
        read.clear()
        check_documents(found.inputs, found.project, is_kept=True)
        assert read == expected


def test_another_version_of_sachet_reads_everything_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _new(tmp_path, 0)
    found = find([tmp_path]).value
    stamps = itertools.count()
    before = cache.keys(found.inputs, found.project)
    monkeypatch.setattr(cache, "_installed", lambda: b"another %d" % next(stamps))
    assert cache.keys(found.inputs, found.project) != before
