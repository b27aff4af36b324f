"""Doses, warnings and thresholds: line by line as in `lines/`, and over the labelled documents of the corpus."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelled import score

from sachet import document
from sachet.guideline.amount import amounts
from sachet.guideline.contraindication import contraindications
from sachet.guideline.dose import Dose, read_doses
from sachet.guideline.instruction import orders_a_drug
from sachet.guideline.threshold import thresholds
from sachet.guideline.understand import understand
from sachet.project import Project
from sachet.terminology import drugs
from sachet.terminology.ucum import is_unit
from sachet.terminology.units import denominators, units

LINES = Path(__file__).parent / "lines"
FIELDS = ("route", "frequency", "over", "volume", "concentration", "maximum", "population")


def shown(dose: Dose) -> str:
    """A dose as `lines/doses.txt` has it."""
    low, high = (f"{value.normalize():f}" for value in (dose.amount.low, dose.amount.high))
    amount = f"{low if low == high else f'{low}-{high}'} {dose.amount.ucum}"
    fields = [f"{name} {value}" for name in FIELDS if (value := getattr(dose, name))]
    return " | ".join([str(dose.drug), amount, *fields])


def lines(file: str) -> list[tuple[str, list[str]]]:
    """The lines of a file, each with what is expected of it."""
    found: list[tuple[str, list[str]]] = []
    for line in (LINES / file).read_text("utf-8").splitlines():
        if line.startswith("  = "):
            found[-1][1].append(line.removeprefix("  = "))
        elif line and not line.startswith("# "):
            found.append((line, []))
    return found


@pytest.mark.parametrize(("line", "expected"), lines("doses.txt"), ids=lambda v: v if isinstance(v, str) else "")
def test_a_line_is_read_as_it_is_meant(line: str, expected: list[str]) -> None:
    assert [shown(dose) for dose in read_doses(line.replace("**", ""))] == expected


@pytest.mark.parametrize("line", [line for line, _ in lines("no_orders.txt")])
def test_a_line_that_forbids_doubts_reports_or_compares_orders_nothing(line: str) -> None:
    assert not orders_a_drug(line)


@pytest.mark.parametrize(
    "line", ["Ibuprofen 400 mg PO if painful", "Give 1 g of cefazolin IV", "Step 2: Mannitol 1 g/kg IV"]
)
def test_a_line_that_begins_with_a_drug_and_its_dose_orders_it(line: str) -> None:
    assert orders_a_drug(line)


def test_every_unit_of_the_tables_is_of_ucum() -> None:
    codes = {unit.ucum for unit in units()}
    for by in denominators("by"):
        codes |= {f"{unit.ucum}/{by.ucum}/{time.ucum}" for unit in units() for time in denominators("time")}
    assert [code for code in sorted(codes) if not is_unit(code)] == []


WORDS = [
    "ketamine",
    "NS",
    "5 mg",
    "2-4 mg/kg",
    "1 g",
    "10 mL",
    "IV",
    "q6h",
    "over 5 min",
    "(",
    ")",
    ",",
    ";",
    ".",
    ":",
    "—",
]
WORDS += [
    "then",
    "max",
    "if",
    "for adults",
    "by",
    "in",
    "or",
    "+",
    "shock",
    "give",
    "1%",
    "<",
    "to",
    "per",
    "level",
    "=",
]


@given(st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join))
def test_no_dose_is_made_up(line: str) -> None:
    written = [(amount.start, amount.low, amount.high, amount.unit) for amount in amounts(line)]
    named = {name.drug for name in drugs.find(line)}
    for dose in read_doses(line):
        assert any((dose.amount.low, dose.amount.high, dose.amount.unit) == row[1:] for row in written)
        assert dose.drug.words in line
        assert all(part in named for part in dose.drug.substance.split(" or "))


@given(st.text(max_size=60))
def test_any_words_can_be_read(line: str) -> None:
    read_doses(line)


def test_the_labelled_documents_are_read(corpus: list[Path]) -> None:
    """Those that the rules were made with; scripts/score_labels.py measures the others too."""
    medications, contraindications = score("tuned", corpus[0].parent)
    assert medications.extra == []
    assert medications.recall >= 0.95
    assert contraindications.precision >= 0.95
    assert contraindications.recall >= 0.8


@pytest.mark.parametrize(("line", "expected"), lines("thresholds.txt"), ids=lambda v: v if isinstance(v, str) else "")
def test_a_threshold_is_read_as_it_is_meant(line: str, expected: list[str]) -> None:
    found = list(thresholds(line))
    assert [str(one) for one in found] == expected
    assert all(is_unit(one.ucum) for one in found)


@pytest.mark.parametrize(("line", "expected"), lines("warnings.txt"), ids=lambda v: v if isinstance(v, str) else "")
def test_a_warning_is_read_as_it_is_meant(line: str, expected: list[str], tmp_path: Path) -> None:
    file = tmp_path / "x.md"
    file.write_text(f"---\nid: x\ncondition: X\n---\n## Treatment\n### Sotalol\n- {line}\n", "utf-8")
    value = document.read(file).value
    guideline = understand(value, Project()).value if value else None
    assert guideline is not None
    assert [f"{one.strength} | {one.applies_to}" for one in contraindications(guideline)] == expected
