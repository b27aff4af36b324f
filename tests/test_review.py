"""What instructions could become, and what a change of their surroundings does to that."""

import json
from pathlib import Path

import pytest
from conftest import PROJECT, SEED
from test_cli import sachet

from sachet import document
from sachet.guideline.understand import understand
from sachet.review.suggestion import Suggestion, suggestions

DOCUMENT = """---
id: croup
condition: Croup
last_updated: 2026-03-01
---
## Treatment

### Severe (stridor at rest)
Give all of these:
- **Dexamethasone 0.6 mg/kg PO** once
  - Onset: 2 hours
  - Repeat after a day if needed
- Epinephrine 5 mg nebulized
- Keep the child calm

## Workup
- Oximetry: below 92 %

## Disposition
- Observe for 4 hours
"""
STEP = "Dexamethasone 0.6 mg/kg PO once"


def suggested(tmp_path: Path, text: str = DOCUMENT) -> dict[str, Suggestion]:
    """The suggestions of a document, by their words."""
    file = tmp_path / "croup.md"
    file.write_text(text, "utf-8")
    value = document.read(file).value
    assert value is not None
    guideline = understand(value, PROJECT).value
    assert guideline is not None
    return {one.step.plain: one for one in suggestions(guideline)}


def test_each_instruction_says_what_it_could_become(tmp_path: Path) -> None:
    assert {words: list(map(str, one.readings)) for words, one in suggested(tmp_path).items()} == {
        STEP: ["MedicationRequest: Dexamethasone, 0.6 mg/kg PO once"],
        "Repeat after a day if needed": ["Task"],
        "Epinephrine 5 mg nebulized": ["MedicationRequest: Epinephrine, 5 mg nebulized"],
        "Keep the child calm": ["Task"],
        "Oximetry: below 92 %": ["ServiceRequest"],
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("5 mg", "0.5 mg"),
        ("stridor at rest", "stridor"),
        ("Give all of these", "Give one of these"),
        ("Keep the child calm", "Keep the child very calm"),
        ("0.6 mg/kg", "0.15 mg/kg"),
        ("Onset: 2 hours", "Onset: 3 hours"),
        ("after a day", "after two days"),
        ("## Treatment", "## Critical Actions"),
    ],
)
def test_a_changed_word_of_its_surroundings_changes_its_hash(tmp_path: Path, old: str, new: str) -> None:
    before = suggested(tmp_path)["Epinephrine 5 mg nebulized"].around.sha256
    after = suggested(tmp_path, DOCUMENT.replace(old, new))
    assert next(one for words, one in after.items() if words.startswith("Epinephrine")).around.sha256 != before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Observe for 4 hours", "Observe for 6 hours"),
        ("2026-03-01", "2026-04-01"),
        ("\n", "\r\n"),
        ("below 92 %", "below 90 %"),
    ],
)
def test_what_stands_elsewhere_does_not(tmp_path: Path, old: str, new: str) -> None:
    before = suggested(tmp_path)["Epinephrine 5 mg nebulized"].around.sha256
    assert suggested(tmp_path, DOCUMENT.replace(old, new))["Epinephrine 5 mg nebulized"].around.sha256 == before


def test_the_command_prints_them_for_people_and_for_machines() -> None:
    shown = sachet("suggest", str(SEED))
    assert "intraosseous-access.treatment" in shown.stdout
    assert "  1 MedicationRequest: NS (normal saline), 10 mL" in shown.stdout
    told = json.loads(sachet("suggest", str(SEED), "--format", "json").stdout)
    (one, *_) = [s for s in told["suggestions"] if s["readings"][0]["kind"] == "MedicationRequest"]
    assert one["words"].startswith("Flush with 10 mL NS")
    assert one["readings"][0]["dose"] == {"low": 10, "high": 10, "unit": "mL"}
    assert one["readings"][0]["ucum"] == "mL"
    assert len(one["sha256"]) == 64
    assert one["siblings"]
