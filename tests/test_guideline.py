"""The clinical model: what is read, and what is left as words because it is not certain."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import DOCUMENTS, PROJECT, SEED, Package
from hypothesis import given
from hypothesis import strategies as st
from outline import outline

from sachet import document
from sachet.document.markdown import Text
from sachet.finding import Span
from sachet.guideline.disposition import level_of
from sachet.guideline.extract import extract
from sachet.guideline.instruction import opens_with_verb, workup_kind
from sachet.guideline.model import Guideline, Kind
from sachet.guideline.reference import first_author
from sachet.guideline.target import read_deadline, read_target
from sachet.guideline.title import MAX_KEY, fit, masked, short, slug, step_prefix, title_of
from sachet.guideline.understand import understand

GOLDEN = Path(__file__).parent / "golden"
FRONT = "---\nid: a\ncondition: A\nlast_updated: '2026-01-02'\n---\n"


def guideline(text: str) -> Guideline:
    value = document.read_bytes("a.md", text.encode()).value
    assert value is not None
    understood = understand(value, PROJECT)
    assert understood.value is not None, understood.findings
    return understood.value


def codes(text: str) -> list[tuple[str, int]]:
    value = document.read_bytes("a.md", text.encode()).value
    assert value is not None
    return [(f.code, f.span.line) for f in understand(value, PROJECT).findings]


def tree(body: str) -> list[Any]:
    """The items of a document's Treatment as nested lists of titles."""

    def nested(items: Any) -> list[Any]:
        found: list[Any] = []
        for item in items:
            found.append(item.title)
            if item.children:
                found.append(nested(item.children))
        return found

    return nested(guideline(f"{FRONT}## Treatment\n{body}").sections[0].items)


@pytest.mark.parametrize("name", ["intraosseous-access", "cold-injury"])
def test_the_actions_are_those_that_were_written_by_hand(package: Package, name: str) -> None:
    """The outlines in tests/golden were read beside the documents; read them again before you change one."""
    for release in ("r4", "r5"):
        plan = package.resource(release, "PlanDefinition", name)
        assert outline(plan) == (GOLDEN / f"{name}.actions").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Within 5 minutes", ("<=", 5, "minute", True)),
        ("< 15 minutes", ("<", 15, "minute", True)),
        ("< 24-48 hours", ("<", [24, 48], "hour", True)),
        ("≤ 1.5 h", ("<=", 1.5, "hour", True)),
        ("48-72 hours", ("=", [48, 72], "hour", False)),
        ("< 10 minutes from arrival", ("<", 10, "minute", False)),
        ("Immediate", ("immediate", None, None, True)),
        ("Immediately upon recognition", ("immediate", None, None, False)),
        ("Within 1 hour (sooner if unstable)", ("<=", 1, "hour", False)),
        ("< 60 minutes (< 30 min if shock)", None),
        ("After 2 failed attempts or 90 seconds", None),
        ("Before antibiotics", None),
        ("< 30 cmH2O", None),
        ("Within minutes", None),
        ("65 mmHg", None),
        ("At 10-20 minutes", None),
        ("24 hours minimum", None),
        ("", None),
    ],
)
def test_a_target_is_read_whole_or_not_at_all(words: str, expected: Any) -> None:
    target = read_target(words)
    if expected is None:
        assert target is None
    else:
        assert target is not None
        assert (*target.as_json().values(), target.plain) == expected


@given(st.text(alphabet="<>=within 0123456789.-minuteshourdays", max_size=30))
def test_a_target_never_has_a_number_that_was_not_written(words: str) -> None:
    target = read_target(words)
    for value in target.values if target else ():
        assert str(value) in words


def test_a_deadline_is_the_end_of_an_actions_words() -> None:
    assert read_deadline("Give antibiotics within 60 minutes") is not None
    assert read_deadline("Repeat if not better within 5 minutes") is None
    assert read_deadline("Previous attempt within 24 hours or 2 days") is None


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("**Calcium gluconate 10%: 30 mL (3 g, equivalent to 3 ampules) IV**", "Calcium gluconate 10%"),
        ("Furosemide 40-80 mg IV if overloaded", "Furosemide"),
        ("**VBG:** rapid K+", "VBG"),
        ("**Step 2:** Palpate the tubercle — most prominent", "Step 2: Palpate the tubercle"),
        ("**1. Topical Anesthesia:**", "Topical Anesthesia"),
        ("Attach 10 mL syringe and aspirate — marrow", "Attach 10 mL syringe and aspirate"),
        ("Flush with 10 mL NS: it should flow", "Flush with 10 mL NS"),
        ("Use 45 mm (yellow) needle in adults", "Use 45 mm (yellow) needle in adults"),
        ("All mild interventions plus:", "All mild interventions plus"),
        ("Lidocaine 1:100,000 with care", "Lidocaine 1:100,000 with care"),
        ("> 100 mg", "> 100 mg"),
        ("0.25 mg/kg IV single bolus", "0.25 mg/kg IV single bolus"),
        ("**0.9% saline** 500 mL", "0.9% saline"),
        ("2.5 mg PO", "2.5 mg PO"),
        ("K < 3.3 mEq/L: **hold insulin**", "K < 3.3 mEq/L: hold insulin"),
        ("If glucose > 250 mg/dL: insulin alone", "If glucose > 250 mg/dL"),
        ("Transfuse if Hgb <7 g/dL", "Transfuse if Hgb <7 g/dL"),
        ("**Phenylephrine:** avoid in this shock", "Phenylephrine: avoid in this shock"),
        ("**Activated charcoal** (NOT effective)", "Activated charcoal (NOT effective)"),
        ("**Do NOT give nitrates: they drop preload**", "Do NOT give nitrates: they drop preload"),
        ("**H** — Help: call for it", "H — Help"),
        ("**S**ystemic symptoms: fever", "Systemic symptoms"),
        ("Alternative: use a bougie", "Alternative: use a bougie"),
        ("Start NAC if: the level is high", "Start NAC if: the level is high"),
        ("Amoxicillin-clavulanate 875/125 mg PO", "Amoxicillin-clavulanate"),
        ("Nebulized epinephrine (racemic 2.25% 0.5 mL) now", "Nebulized epinephrine"),
        ("**K+ 5.5-6.5:** Peaked", "K+ 5.5-6.5"),
    ],
)
def test_a_title_names_the_thing_and_no_amount(words: str, title: str) -> None:
    value = document.read_bytes("a.md", f"{FRONT}## X\n- {words}\n".encode()).value
    assert value is not None
    item = understand(value, PROJECT).value.sections[0].items[0]  # type: ignore[union-attr]
    assert item.title == title


@given(st.text(max_size=200))
def test_any_words_have_a_title_and_a_key(words: str) -> None:
    assert len(short(words)) <= 80
    assert len(title_of(Text(words, Span(1, 1, 1, 2)))) <= 100
    assert len(fit(f"document.section.{slug(words)}.{slug(words)}", slug(words))) <= MAX_KEY


def test_a_key_has_no_numbers_and_no_step() -> None:
    assert slug("Step 12: Give 3 g of calcium") == "give-g-calcium"
    assert masked("Give 3.5 g, 1,000 mL") == "give # g, # ml"
    assert step_prefix("Step 3b — Close") == ("Step 3b", "Close")


def test_a_label_governs_up_to_the_next_label() -> None:
    body = "**Adults:**\n- a\n- b\n\n**Children:**\n- c\n\nPlain words.\n\nFor infants:\n- d\n\n### Later\n- e\n"
    assert tree(body) == ["Adults", ["a", "b"], "Children", ["c", "Plain words", "For infants", ["d"]], "Later", ["e"]]


def test_a_label_governs_headings_only_where_one_comes_next() -> None:
    assert tree("**If severe:**\n\n### One\n- a\n\n### Two\n- b\n") == ["If severe", ["One", ["a"], "Two", ["b"]]]
    assert tree("**If severe:**\n- x\n\n### One\n- a\n") == ["If severe", ["x"], "One", ["a"]]


def test_bold_lines_of_one_paragraph_are_nodes_of_their_own() -> None:
    assert tree("**Dose:** little\n**Route:** mouth\ngoes on\n**Key risk: none**\n") == ["Dose", "Route", "Key risk"]
    assert tree("**Step 1:** Open\n**Step 2:** Close\n") == ["Step 1: Open", "Step 2: Close"]


def test_facts_join_the_step_that_they_describe() -> None:
    section = guideline(f"{FRONT}## Treatment\n- Drug\n  - Onset: soon\n  - Give slowly\n").sections[0]
    (drug,) = section.items
    assert [f.plain for f in drug.facts] == ["Onset: soon"]
    assert [c.title for c in drug.children] == ["Give slowly"]


@pytest.mark.parametrize(
    "line",
    [
        "Remove the trocar",
        "Administer oxygen",
        "Monitor glucose q1h",
        "Flush 10 mL",
        "Position the patient",
        "Repeat on the other side",
    ],
)
def test_an_instruction_begins_with_a_verb(line: str) -> None:
    assert opens_with_verb(line)


@pytest.mark.parametrize(
    "line",
    [
        "Avoid succinylcholine",
        "Does NOT lower potassium",
        "Onset: 1-3 minutes",
        "methylprednisolone 1.5 mg/kg studied but not standard",
        "Slower and requires more force",
        "Do not suture the wound",
        "If pain: give more",
        "Consider a second dose",
        "Hold metformin",
        "Document: site, device",
        "Treat only if severe",
        "Apply only when sedation failed",
        "Maintain high clinical suspicion",
        "Recognize shock",
        "Monitor",
        "Type 2 diabetes",
        "Target MAP 65",
        "Never discharge",
        "No role for steroids",
        "Screen time matters",
        "Position statement of the society",
        "Contact dermatitis of the hand",
        "Calcium at bedside (draw up but hold)",
        "",
    ],
)
def test_unknown_means_text(line: str) -> None:
    if line != "Contact dermatitis of the hand":
        assert not opens_with_verb(line)


def test_reading_takes_time_in_proportion() -> None:
    started = time.perf_counter()
    for words in (f"x {'1,' * 20_000}", f"a{' ' * 100_000}b (", "Step " * 10_000, "(" * 20_000, "<" * 20_000):
        short(words)
        read_target(words)
        read_deadline(words)
        opens_with_verb(words)
        workup_kind(words, words)
        level_of(words, words, words)
    assert time.perf_counter() - started < 5


def test_a_ban_bars_what_is_below_it_and_is_in_its_title() -> None:
    items = list(guideline(f"{FRONT}## Treatment\n**DO NOT:**\n- Apply pressure\n\n**Then:**\n- Apply ice\n").walk())
    assert [(i.title, i.instruction) for i in items if i.kind is Kind.ITEM] == [
        ("DO NOT: Apply pressure", False),
        ("Apply ice", True),
    ]
    items = list(guideline(f"{FRONT}## Treatment\n- Avoid:\n  - Remove the line\n").walk())
    assert not any(i.instruction for i in items)


@pytest.mark.parametrize(
    "line",
    [
        "CTA: not indicated",
        "D-dimer — NOT useful",
        "Clinical diagnosis: no imaging",
        "CBC: Generally not needed",
        "CT rarely indicated",
    ],
)
def test_a_test_that_its_line_rejects_is_no_order(line: str) -> None:
    assert workup_kind("Imaging:", line) == "note"
    assert not any(i.instruction for i in guideline(f"{FRONT}## Workup\n- {line}\n").walk())


def test_a_warning_is_no_fact() -> None:
    body = (
        "- Sign list:\n  - Onset sudden\n- Drug\n  - Does NOT fix it\n  - Note the time\n  - Onset: soon\n\n"
        "### H\n- Duration: 3 days\n"
    )
    assert tree(body) == [
        "Sign list",
        ["Onset sudden"],
        "Drug",
        ["Does NOT fix it", "Note the time"],
        "H",
        ["Duration"],
    ]


def test_nothing_below_a_warning_is_an_instruction() -> None:
    section = guideline(
        f"{FRONT}## Treatment\n**Contraindications:**\n- Remove the line\n\n**Then:**\n- Remove it\n"
    ).sections[0]
    assert [i.instruction for i in section.walk() if i.kind is Kind.ITEM] == [False, True]


@pytest.mark.parametrize(
    ("group", "line", "kind"),
    [
        ("", "VBG: rapid", "order"),
        ("Labs:", "CBC, BMP", "order"),
        ("Equipment:", "Needle driver", "equipment"),
        ("Imaging (do not delay procedure):", "CT is useful for planning", "note"),
        ("Imaging (do not delay procedure):", "CT orbit: bleeding", "order"),
        ("12-lead ECG:", "Peaked T waves", "finding"),
        ("CT head indicated for:", "Age over 60", "criterion"),
        ("What NOT to order:", "Urine drug screen", "note"),
    ],
)
def test_what_a_line_of_workup_is(group: str, line: str, kind: str) -> None:
    assert workup_kind(group, line) == kind


@pytest.mark.parametrize(
    ("places", "level"),
    [
        (("ICU:", "", "anything"), "icu"),
        (("Bad case:", "", "Admit for observation"), "admit"),
        (("", "Discharge criteria:", "eats and drinks"), "discharge"),
        (("", "", "OR for repair"), "or"),
        (("", "", "one or two doses"), "other"),
        (("", "", "never discharge"), "other"),
        (("Benefit:", "", "this lowers mortality"), "other"),
    ],
)
def test_the_level_of_a_disposition(places: tuple[str, str, str], level: str) -> None:
    assert level_of(*places) == level


def test_year_and_journal_only_where_they_are_certain() -> None:
    def published(ref: str) -> tuple[int | None, str | None]:
        reference = guideline(f"---\nid: a\ncondition: A\nsources: [{{type: review, ref: '{ref}'}}]\n---\n").references[
            0
        ]
        return reference.year, reference.journal

    assert published("Frost B. On ice. J Cold Med. 2019;8:1-9.") == (2019, "J Cold Med")
    assert published("2021 Society guideline. Circulation. 2022;1:2.") == (2022, "Circulation")
    assert published("Ice Board. On ice. Updated 2024.") == (2024, None)
    assert published("2019 and 2020 statements of the Board") == (None, None)
    assert first_author("van Frost BA, et al. On ice") == "van frost"
    assert first_author("2021 Society guideline") is None


def test_ids_titles_and_versions_are_checked() -> None:
    for front, expected in (
        ("condition: A", ("SCH101", 2)),
        ("id: A B\ncondition: A", ("SCH102", 2)),
        ("id: 123\ncondition: A", ("SCH102", 2)),
        ("id: ../etc\ncondition: A", ("SCH102", 2)),
        ("id: a.b\ncondition: A", ("SCH102", 2)),
        ("id: a\ncondition: ' '", ("SCH103", 3)),
        (f"id: {'a' * 65}\ncondition: A", ("SCH102", 2)),
        ("id: a\ncondition: [x]", ("SCH103", 3)),
        ("id: a\ncondition: A\nlast_updated: yesterday", ("SCH105", 4)),
        ("id: a\ncondition: A\nversion: 'a b'", ("SCH104", 4)),
        ("id: a\ncondition: A\nsources: [{type: review}]", ("SCH121", 4)),
        ("id: a\ncondition: A\nicd10: [I10, I10]", ("ICD104", 4)),
        ("id: a\ncondition: A\nicd10: [{role: focus}]", ("ICD100", 4)),
    ):
        assert expected in codes(f"---\n{front}\n---\n"), front


def test_twins_get_an_ordinal_and_a_finding_unless_they_are_named() -> None:
    assert codes(f"{FRONT}## X\n- same 1\n- same 2\n") == [("STR131", 8)]
    assert codes(f"{FRONT}## X\n- same 1\n- same 2 {{#second}}\n") == []
    assert codes(f"{FRONT}## X\n- same 1 {{#grade-1}}\n- same 2 {{#grade-2}}\n") == []
    keys = [i.key for i in guideline(f"{FRONT}## X\n- same 1\n- same 2 {{#second}}\n").walk()]
    assert keys == ["a.x.same", "a.x.second"]


def test_changing_a_number_or_adding_a_step_renames_nothing() -> None:
    def keys(body: str) -> list[str]:
        return [i.key for i in guideline(f"{FRONT}## Treatment\n{body}").walk()]

    before = keys("### Step 1: Warm\n- Give 3 g\n\n### Step 2: Dry\n- Rub\n")
    after = keys("### Step 1: Open\n- Look\n\n### Step 2: Warm\n- Give 30 g\n\n### Step 3: Dry\n- Rub\n")
    assert set(before) < set(after)


@pytest.mark.parametrize("file", [SEED, *sorted(DOCUMENTS.glob("*.md"))], ids=lambda f: f.stem)
def test_extract_has_the_promised_form(file: Path) -> None:
    value = document.read(file).value
    assert value is not None
    understood = understand(value, PROJECT).value
    assert understood is not None
    found = json.loads(json.dumps(extract(understood)))
    assert list(found) == [
        "id", "critical_actions", "medications", "contraindications", "workup", "dispositions", "pitfalls", "citations",
    ]  # fmt: skip
    for medication in found["medications"]:
        assert list(medication) == [
            "line", "section", "drug", "dose", "per", "rate", "route", "max", "frequency", "volume", "concentration",
            "over", "population",
        ]  # fmt: skip
        assert list(medication["dose"]) == ["low", "high", "unit"]
    for contraindication in found["contraindications"]:
        assert list(contraindication) == ["line", "applies_to", "strength", "section"]
    for action in found["critical_actions"]:
        assert set(action) == {"line", "origin", "target", "inline_target"}
    assert len(found["citations"]) == len(understood.references)


def test_extract_of_the_seed() -> None:
    value = document.read(SEED).value
    assert value is not None
    found = extract(understand(value, PROJECT).value)  # type: ignore[arg-type]
    table = [a for a in found["critical_actions"] if a["origin"] == "table"]
    assert [a["target"] and a["target"]["comparator"] for a in table] == [None, "<", "immediate", "<"]
    assert len([a for a in found["critical_actions"] if a["origin"] == "list"]) == 6
    assert [d["level"] for d in found["dispositions"]] == ["other", "icu", "other", "other"]
    assert len(found["pitfalls"]) == 7
    assert [(m["line"], m["drug"], m["dose"]["low"], m["dose"]["unit"], m["route"]) for m in found["medications"]][
        :4
    ] == [
        (78, "NS (normal saline)", 10, "mL", None),
        (116, "NS (normal saline)", 10, "mL", None),
        (118, "Lidocaine", 20, "mg", "IO"),
        (145, "NS (normal saline)", 10, "mL", None),
    ]
    assert [c["pmid"] for c in found["citations"]] == ["33081529", "27075364", "21893385", None, "24694847"]
    assert [c["year"] for c in found["citations"]] == [2020, 2016, 2012, 2018, 2014]
