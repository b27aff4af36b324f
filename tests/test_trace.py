"""The source map is exact: change a word, and just the elements that it names for that word change."""

import json
from pathlib import Path

import pytest
from conftest import DOCUMENTS, SEED, Package
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mutation import Built, changed, unexplained, words_of
from test_cli import sachet

from sachet.fhir.releases import R4, R4B, R5

COLD = (DOCUMENTS / "cold-injury.md").read_text("utf-8")
TEXTS = {"seed": SEED.read_text("utf-8"), "cold-injury": COLD}
WORDS = [(name, place) for name, text in TEXTS.items() for place in words_of(text)]
BUILT = {(name, release): Built(text, release) for name, text in TEXTS.items() for release in (R4, R4B, R5)}


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(WORDS), st.sampled_from((R4, R4B, R5)))
def test_a_changed_word_changes_just_what_trace_names(word, release) -> None:  # type: ignore[no-untyped-def]
    name, place = word
    before, after = BUILT[name, release], Built(changed(TEXTS[name], *place), release)
    # A word of a grammar (a verb, a unit, a section's name) decides what there is, so it changes more than words.
    assume(after.leaves.keys() == before.leaves.keys())
    assert unexplained(before, after, *place) == []


def test_few_words_decide_what_there_is() -> None:
    """The property above would say little if it left out most words."""
    words = words_of(COLD)[::3]
    same = sum(Built(changed(COLD, *w), R5).leaves.keys() == BUILT["cold-injury", R5].leaves.keys() for w in words)
    assert same > 0.75 * len(words)


def test_the_property_can_fail() -> None:
    before = Built(COLD, R4)
    place = next(w for w in words_of(COLD) if COLD.split("\n")[w[0] - 1][w[1] - 1 :].startswith("trocar") or w[0] > 60)
    after = Built(changed(COLD, *place), R4)
    assert unexplained(before, after, *place) == []
    named = before.names(*place)
    before.named = {where: spans for where, spans in before.named.items() if where not in named}
    assert any(line.startswith("changed, not named") for line in unexplained(before, after, *place))
    assert unexplained(after, after, *place)


def test_every_line_with_words_is_named_beside_the_attached_document() -> None:
    for name, text in TEXTS.items():
        built = BUILT[name, R5]
        whole = {where for where, spans in built.named.items() if spans[0][0] == 1 and spans[0][2] > text.count("\n")}
        assert len(whole) == 1
        for number, line in enumerate(text.split("\n"), 1):
            if any(c.isalnum() for c in line) and not line.rstrip().endswith((":", "[]")):
                assert built.names(number, 1, len(line) + 1) - whole, f"{name}:{number}"


def test_a_word_of_every_second_document_of_the_corpus(corpus: list[Path]) -> None:
    exact = 0
    for number, file in enumerate(corpus[::2]):
        text = file.read_text("utf-8")
        words = words_of(text)
        before, place = Built(text, R5), words[number * 37 % len(words)]
        after = Built(changed(text, *place), R5)
        if after.leaves.keys() == before.leaves.keys():
            assert unexplained(before, after, *place) == [], file.name
            exact += 1
    assert exact > 0.4 * len(corpus)


def test_trace_of_a_line() -> None:
    line = next(n for n, text in enumerate(TEXTS["seed"].split("\n"), 1) if text.startswith("- Remove the trocar"))
    run = sachet("trace", f"seeds/intraosseous-access.md:{line}", "--fhir", "r5")
    assert run.returncode == 0
    assert run.stdout.startswith(f"seeds/intraosseous-access.md:{line}: - Remove the trocar (inner stylet)\n")
    assert '.title  "Remove the trocar"\n' in run.stdout
    assert "\n  ActivityDefinition/intraosseous-access.treatment.remove-trocar-1f71c273\n" in run.stdout
    found = json.loads(sachet("trace", f"seeds/intraosseous-access.md:{line}:19", "--format", "json").stdout)
    assert found["text"] == "- Remove the trocar (inner stylet)"
    values = {e["expression"].rsplit(".", 1)[-1]: e["value"] for e in found["elements"]}
    assert values["description"] == "Remove the trocar (inner stylet)"
    assert "title" in values
    behind = json.loads(sachet("trace", f"seeds/intraosseous-access.md:{line}:27", "--format", "json").stdout)
    assert not any(e["expression"].endswith(".title") for e in behind["elements"])


@pytest.mark.parametrize(
    ("element", "line"),
    [
        ("PlanDefinition/cold-injury.title", "condition:"),
        ("PlanDefinition/cold-injury.relatedArtifact[0]", "  - type: guideline"),
        ("PlanDefinition/cold-injury#PlanDefinition.date", "last_updated:"),
        ("PlanDefinition/cold-injury.useContext[0].code.code", "icd10:"),
    ],
)
def test_trace_of_an_element(package: Package, element: str, line: str) -> None:
    run = sachet("trace", f"{package.tgz('r4')}#{element}")
    assert run.returncode == 0
    path, _, rest = run.stdout.partition(":")
    assert path == "cold-injury.md"
    assert line in rest


def test_trace_of_an_action_and_back(package: Package) -> None:
    tgz = package.tgz("r5")
    action = package.resource("r5", "PlanDefinition", "cold-injury")["action"][1]["action"][0]
    by_id = sachet("trace", f"{tgz}#{action['id']}").stdout
    assert by_id
    assert by_id == sachet("trace", f"{tgz}#PlanDefinition/cold-injury.action[1].action[0]").stdout
    citation = package.resources("r5", "Citation")[0]
    words = citation["citedArtifact"]["note"][0]["text"]
    assert words.split()[0] in sachet("trace", f"{tgz}#Citation/{citation['id']}.description").stdout
    assert "from no line" in sachet("trace", f"{tgz}#Library/test-package.status").stdout


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("nowhere", "write DOC:LINE"),
        ("nowhere.md:3", "there is no such file"),
        ("seeds/intraosseous-access.md:9999", "there is no line 9999"),
        ("README.md#PlanDefinition/x", "no package of sachet"),
        ("nowhere.tgz#PlanDefinition/x", "No such file"),
        ("dist/sachet.seeds.r4.tgz#PlanDefinition/x", "no resource or action is called"),
        ("dist/sachet.seeds.r4.tgz#PlanDefinition/intraosseous-access.fee", "has no element PlanDefinition.fee"),
    ],
)
def test_a_place_that_is_not_there(place: str, words: str) -> None:
    run = sachet("trace", place)
    assert run.returncode == 2
    assert words in run.stderr
    assert "Traceback" not in run.stderr
