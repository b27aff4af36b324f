"""Accepting: what a named person makes computable, what is asked of them, and what a change undoes."""

import datetime
import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT, REVIEWED, build_package
from test_cli import sachet
from test_review import suggested

from sachet import document
from sachet.guideline.understand import understand
from sachet.review import acceptance
from sachet.review.acceptance import Acceptance, RequestKind, Timing
from sachet.review.decision import Answers, NotAcceptableError, decide, fitting
from sachet.review.timing import read_timing

FOLDER = REVIEWED.parent
TODAY = datetime.date(2026, 11, 23)
ALL = Answers(reviewer="Dr Ada Example", condition="unconditional", alternatives=("none",), reading=1)
EPINEPHRINE = "Epinephrine 5 mg nebulized"


def problems(suggestion: Any, answers: Answers) -> list[str]:
    with pytest.raises(NotAcceptableError) as raised:
        decide(suggestion, answers, TODAY)
    return [problem.partition(":")[0] for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ({"reviewer": None}, "reviewer"),
        ({"reviewer": "  "}, "reviewer"),
        ({"reviewer": "123"}, "reviewer"),
        ({"reviewer": "Dr\nWho"}, "reviewer"),
        ({"what": "a\x07b"}, "what.text"),
        ({"codes": ("http://loinc.org|1 \t2",)}, "what.codes[0].code"),
        ({"condition": "a\nb", "expression": "true"}, "condition.words"),
        ({"condition": None}, "condition"),
        ({"condition": " "}, "condition"),
        ({"condition": "Unconditional"}, "expression"),
        ({"condition": "stridor"}, "expression"),
        ({"expression": "true"}, "expression"),
        ({"condition": "stridor", "expression": "%subject.gender ="}, "expression"),
        ({"alternatives": ()}, "alternatives"),
        ({"alternatives": ("", " ")}, "alternatives"),
        ({"alternatives": ("none", "croup.treatment.severe.keep-child-calm")}, "alternatives"),
        ({"alternatives": ("croup.workup.oximetry",)}, "alternatives"),
        ({"alternatives": ("croup.treatment.severe.epinephrine",)}, "alternatives"),
        ({"reading": None}, "reading"),
        ({"reading": 0}, "reading"),
        ({"reading": 2}, "reading"),
        ({"kind": RequestKind.TASK}, "kind"),
        ({"reading": None, "kind": RequestKind.TASK, "dose": "5 mg"}, "dose"),
        ({"dose": "some"}, "dose"),
        ({"dose": "5"}, "dose"),
        ({"dose": "> 5 mg"}, "dose"),
        ({"dose": "5 mg/mL"}, "dose"),
        ({"dose": "5 mg and 6 mg"}, "dose"),
        ({"dose": "20 mg/kg/day"}, "dose"),
        ({"unit": "mgg"}, "dose"),
        ({"over": "soon"}, "over"),
        ({"maximum": "4 mg/hr"}, "maximum"),
        ({"maximum": "a lot"}, "maximum"),
        ({"codes": ("1908",)}, "codes"),
        ({"codes": ("RxNorm|1908",)}, "codes"),
        ({"route_codes": ("http://snomed.info/sct",)}, "route_codes"),
    ],
)
def test_nothing_is_accepted_without_a_whole_answer(tmp_path: Path, missing: dict[str, Any], named: str) -> None:
    one = suggested(tmp_path)[EPINEPHRINE]
    assert decide(one, ALL, TODAY).what.text == "Epinephrine"
    assert named in problems(one, replace(ALL, **missing))


def test_everything_that_is_not_answered_is_said_at_once(tmp_path: Path) -> None:
    one = suggested(tmp_path)[EPINEPHRINE]
    assert problems(one, Answers()) == ["reading", "reviewer", "condition", "alternatives"]


def test_a_maximum_of_the_words_has_to_be_answered(tmp_path: Path) -> None:
    one = suggested(
        tmp_path,
        """---
id: croup
condition: Croup
---
## Treatment
- Dexamethasone 0.6 mg/kg PO (max 16 mg)
""",
    )["Dexamethasone 0.6 mg/kg PO (max 16 mg)"]
    assert problems(one, ALL) == ["maximum"]
    limited = decide(one, replace(ALL, maximum="16 mg"), TODAY).dosage
    assert limited is not None
    assert str(limited.maximum) == "16 mg"
    free = decide(one, replace(ALL, maximum="none"), TODAY).dosage
    assert free is not None
    assert free.maximum is None


def test_a_reviewer_corrects_what_was_read(tmp_path: Path) -> None:
    one = suggested(tmp_path)[EPINEPHRINE]
    answers = replace(
        ALL, what="Adrenaline", dose="0.05-0.1 mcg/kg/min", route="IV", frequency="q4h prn", over="5-10 minutes"
    )
    made = decide(one, answers, TODAY)
    assert made.what.text == "Adrenaline"
    assert made.dosage is not None
    assert made.dosage.dose is None
    assert str(made.dosage.rate) == "0.05-0.1 ug/kg/min"
    assert made.dosage.route is not None
    assert made.dosage.route.text == "IV"
    timing = made.dosage.timing
    assert timing is not None
    assert (timing.frequency, timing.period, timing.period_unit, timing.as_needed) == (1, 4, "h", True)
    assert (timing.duration, timing.duration_max, timing.duration_unit) == (5, 10, "min")


def test_a_unit_of_the_reviewer_is_one_of_ucum(tmp_path: Path) -> None:
    made = decide(suggested(tmp_path)[EPINEPHRINE], replace(ALL, dose="5 units", unit="[iU]"), TODAY)
    assert made.dosage is not None
    assert str(made.dosage.dose) == "5 [iU]"


@pytest.mark.parametrize(
    ("words", "certain"),
    [
        ("q8h", {"frequency": 1, "period": 8, "period_unit": "h"}),
        ("q4-6 hours PRN", {"frequency": 1, "period": 4, "period_max": 6, "period_unit": "h", "as_needed": True}),
        ("every 20 minutes", {"frequency": 1, "period": 20, "period_unit": "min"}),
        ("every day", {"frequency": 1, "period": 1, "period_unit": "d"}),
        ("BID", {"frequency": 2, "period": 1, "period_unit": "d"}),
        ("daily", {"frequency": 1, "period": 1, "period_unit": "d"}),
        ("once", {"count": 1}),
        ("x3 doses", {"count": 3}),
        ("prn", {"as_needed": True}),
        ("q5m", {}),  # minutes or months
        ("q3 months", {}),
        ("q6-4h", {}),
        ("q0h", {}),
        ("twice", {}),
        ("at bedtime", {}),
        ("divided q6h", {}),
    ],
)
def test_a_timing_says_what_is_certain_and_keeps_the_words(words: str, certain: dict[str, Any]) -> None:
    assert read_timing(words, None) == Timing(words=words, **certain)


def test_a_duration_that_is_none_is_refused() -> None:
    for words in ("10", "10 weeks", "0 minutes", "10-5 minutes", "a while"):
        with pytest.raises(ValueError, match="is no time"):
            read_timing(None, words)


# The file.


def project(tmp_path: Path) -> Path:
    """The reviewed document with what was accepted of it, to be changed."""
    folder = tmp_path / "project"
    shutil.copytree(FOLDER, folder)
    return folder / "wheeze.md"


def codes(file: Path) -> list[str]:
    found = json.loads(sachet("check", str(file), "--format", "json").stdout)["findings"]
    return [f["code"] for f in found]


def accepted(file: Path) -> dict[str, Acceptance]:
    value = document.read(file).value
    assert value is not None
    guideline = understand(value, PROJECT).value
    assert guideline is not None
    return dict(fitting(guideline, file.parent)[0])


def test_what_is_written_is_read_as_it_was(tmp_path: Path) -> None:
    held, findings = acceptance.load(FOLDER, "wheeze")
    assert len(held) == 7
    assert not findings.found
    acceptance.save(tmp_path, "wheeze", [one for one, _ in held])
    written = (tmp_path / "accepted" / "wheeze.yaml").read_bytes()
    assert written == (FOLDER / "accepted" / "wheeze.yaml").read_bytes()
    assert [one for one, _ in acceptance.load(tmp_path, "wheeze")[0]] == [one for one, _ in held]


def test_what_was_accepted_fits_as_long_as_nothing_changed(tmp_path: Path) -> None:
    file = project(tmp_path)
    assert len(accepted(file)) == 7
    assert codes(file) == []


@pytest.mark.parametrize(
    ("old", "new", "left"),
    [
        ("2.5-5 mg", "2.5-10 mg", 2),  # everything in its list is text again: what stands beside a step is looked at
        ("Watch the heart rate", "Watch the heart rate closely", 2),
        ("### First hour", "### After the first hour", 2),
        ("Lactated Ringer's 10", "Lactated Ringer's 20", 6),
        ("on arrival", "on leaving", 6),
        ("four hours", "six hours", 7),
    ],
)
def test_a_changed_word_makes_text_again_and_says_so(tmp_path: Path, old: str, new: str, left: int) -> None:
    file = project(tmp_path)
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")
    assert len(accepted(file)) == left
    gone = "REV102" if new.startswith("###") else "REV101"  # a heading is in the keys of what stands below it
    assert codes(file) == [gone] * (7 - left)
    built = build_package(tmp_path / "out", file, releases=("r4",))
    kinds = [a for a in built.resources("r4", "ActivityDefinition") if "kind" in a]
    assert len(kinds) == left


def changed(text: str, change: Callable[[str], str], tmp_path: Path) -> list[str]:
    file = project(tmp_path)
    held = file.parent / "accepted" / "wheeze.yaml"
    held.write_text(change(text), "utf-8")
    return codes(file)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("step: wheeze.workup.pulse-oximetry", "step: wheeze.workup.blood-gas", "REV102"),
        ("    reviewer: Dr Ada Example\n", "", "REV103"),
        ("condition: unconditional", "condition: always", "REV103"),
        ("alternatives: none", "alternatives: []", "REV103"),
        ("    alternatives: none\n", "", "REV103"),
        ("kind: MedicationRequest", "kind: MedicationAdministration", "REV103"),
        ("kind: ServiceRequest", "kind: MedicationRequest", "REV103"),
        ("low: 2.5", "low: 25", "REV103"),
        ("low: 2.5", "low: none", "REV103"),
        ("low: 2.5", "low: -2.5", "REV103"),
        ("low: 2.5", "low: nan", "REV103"),
        ("unit: mg/kg/h", "unit: mgg/kg/h", "REV103"),
        ("      dose:\n", "      dosage:\n", "REV103"),
        ("document: wheeze", "document: whistle", "REV103"),
        ("accepted:", "taken:", "REV103"),
        ("''female'''", "''female''", "STR113"),
        ("'%subject.gender = ''female'''", "'%subject.gender ='", "REV103"),
        ("date: 2026-11-23", "date: yesterday", "REV103"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_accepts_nothing_of_it(
    tmp_path: Path, old: str, new: str, code: str
) -> None:
    text = (FOLDER / "accepted" / "wheeze.yaml").read_text("utf-8")
    assert old in text
    assert set(changed(text, lambda t: t.replace(old, new), tmp_path)) == {code}


def test_a_file_without_its_document_is_found(tmp_path: Path) -> None:
    file = project(tmp_path)
    file.write_text(file.read_text("utf-8").replace("id: wheeze", "id: whistle"), "utf-8")
    assert "REV104" in codes(file.parent)
    assert codes(project(tmp_path / "other").parent) == []


def test_steps_that_disagree_about_their_alternatives_are_text(tmp_path: Path) -> None:
    file = project(tmp_path)
    step = "wheeze.treatment.fluids.lactated-ringers"
    answers = ("--reviewer", "Dr B", "--condition", "unconditional", "--reading", "1")
    done = sachet("accept", str(file), "--step", step, *answers, "--alternatives", "none")
    assert done.returncode == 0, done.stderr
    assert codes(file) == ["REV105", "REV105"]
    done = sachet(
        "accept", str(file), "--step", step, *answers, "--alternatives", "wheeze.treatment.fluids.normal-saline"
    )
    assert done.returncode == 0, done.stderr
    assert codes(file) == []
    assert len(accepted(file)) == 8


def test_the_command_says_what_is_missing_and_writes_nothing(tmp_path: Path) -> None:
    file = project(tmp_path)
    before = (file.parent / "accepted" / "wheeze.yaml").read_bytes()
    done = sachet("accept", str(file), "--step", "wheeze.workup.chest-film")
    assert done.returncode == 2
    for name in ("reading", "reviewer", "condition", "alternatives"):
        assert f"\n  {name}: " in done.stderr
    assert "Traceback" not in done.stderr
    assert (file.parent / "accepted" / "wheeze.yaml").read_bytes() == before
    assert "no terminal" in sachet("accept", str(file)).stderr
    assert "no instruction" in sachet("accept", str(file), "--step", "nothing").stderr


def test_what_was_accepted_is_withdrawn(tmp_path: Path) -> None:
    file = project(tmp_path)
    step = "wheeze.workup.pulse-oximetry"
    assert "is text again" in sachet("accept", str(file), "--step", step, "--withdraw").stdout
    assert step not in accepted(file)
    assert sachet("accept", str(file), "--step", step, "--withdraw").returncode == 2


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pseudo-terminal")
def test_on_a_terminal_a_person_is_asked(tmp_path: Path) -> None:
    """Each question in turn; a wrong answer is asked again, and 'no' at the end accepts nothing."""
    file = project(tmp_path)
    (file.parent / "accepted" / "wheeze.yaml").unlink()
    answers = ["x", "1", "Dr C", "unconditional", "none", "", "no"]  # oximetry
    answers += ["l"]  # the film
    code = "http://www.nlm.nih.gov/research/umls/rxnorm|435"
    answers += [
        "1",
        "Dr C",
        "wheeze",
        "%subject.gender =",
        "none",
        code,
        "%subject.gender = 'male'",
        "yes",
    ]  # salbutamol
    answers += ["m", "Prednisone", "2 mg/kg", "PO", "", "", "", "Dr C", "unconditional", "none", "", "yes"]
    answers += ["q"]
    shown = typed(["accept", str(file)], answers)
    assert "> " in shown
    assert "is no FHIRPath" in shown
    held = accepted(file)
    assert [key.rpartition(".")[2] for key in held] == ["salbutamol", "prednisolone"]
    read, corrected = held.values()
    assert read.reviewer == "Dr C"
    assert [c.code for c in read.what.codes] == ["435"]
    assert read.dosage is not None
    assert str(read.dosage.dose) == "2.5-5 mg"
    assert corrected.what.text == "Prednisone"
    assert corrected.dosage is not None
    assert str(corrected.dosage.dose) == "2 mg/kg"


def typed(arguments: list[str], answers: list[str]) -> str:
    """What a command prints on a pseudo-terminal, with one answer after each question."""
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "sachet", *arguments]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True)
    os.close(theirs)
    shown, left = "", list(answers)
    while True:
        ready, _, _ = select.select([ours], [], [], 60)
        try:
            chunk = os.read(ours, 65536).decode() if ready else ""
        except OSError:
            chunk = ""
        if not chunk:
            break
        shown += chunk
        if shown.endswith(": ") and left:
            os.write(ours, f"{left.pop(0)}\n".encode())
    process.wait(60)
    os.close(ours)
    assert not left, shown
    return shown
