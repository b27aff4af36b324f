"""What holds for every document of the corpus that SACHET_CORPUS names."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from statistics import median

import pytest
from conftest import PROJECT, Package, missing
from coverage import lost_words
from test_convert import actions, assert_nothing_fires

from sachet import document
from sachet.guideline.medication import medications
from sachet.guideline.understand import understand
from sachet.terminology.ucum import is_unit


def test_every_document_builds(corpus: list[Path], corpus_package: Package) -> None:
    assert corpus_package.built.documents == len(corpus)
    for package in corpus_package.built.packages:
        assert package.resources["PlanDefinition"] == len(corpus)


@pytest.mark.parametrize("release", ["r4", "r4b", "r5"])
def test_nothing_fires(corpus_package: Package, release: str) -> None:
    assert_nothing_fires(
        corpus_package.resources(release, "PlanDefinition"), corpus_package.resources(release, "ActivityDefinition")
    )


@pytest.mark.parametrize("release", ["r4", "r4b", "r5"])
def test_no_word_is_lost(corpus: list[Path], corpus_package: Package, release: str) -> None:
    assert lost_words(corpus_package.tgz(release), corpus[0].parent) == []


@pytest.mark.parametrize("release", ["r4", "r4b", "r5"])
def test_ids_are_unique(corpus_package: Package, release: str) -> None:
    resources = corpus_package.resources(release)
    assert len({r["url"] for r in resources}) == len(resources)
    ids = [a["id"] for plan in corpus_package.resources(release, "PlanDefinition") for a in actions(plan)]
    assert len(set(ids)) == len(ids)
    assert max(map(len, ids)) <= 64


def test_r4_has_no_citation(corpus_package: Package) -> None:
    assert not corpus_package.resources("r4", "Citation")
    assert corpus_package.resources("r5", "Citation")


def test_every_dose_has_its_unit_in_ucum(corpus: list[Path]) -> None:
    units: Counter[str] = Counter()
    for file in corpus:
        read = document.read(file).value
        guideline = understand(read, PROJECT).value if read else None
        assert guideline is not None
        units.update(medication.dose.amount.ucum for medication in medications(guideline))
    assert units.total() > 2000
    assert [unit for unit in units if not is_unit(unit)] == []


def test_findings_stay_few_enough_to_be_read(corpus: list[Path]) -> None:
    command = [sys.executable, "-m", "sachet", "check", str(corpus[0].parent), "--format", "json", "--no-cache"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)["findings"]
    serious = Counter(f["path"] for f in found if f["severity"] != "note")
    assert serious.total() > len(corpus)
    assert median(serious[str(file)] for file in corpus) <= 6


def test_known_defects_are_found(corpus: list[Path]) -> None:
    """The scorer and the labels that lie beside the corpus."""
    documents = corpus[0].parent
    scorer, labels = documents.parents[1] / "score/score_defects.py", documents.parent / "labels/known-defects.json"
    if not (scorer.is_file() and labels.is_file()):
        missing(f"no labelled defects beside {documents}")
    checking = f"{sys.executable} -m sachet check --format json --no-cache"
    command = [sys.executable, scorer, "--labels", labels, "--documents", documents, "--command", checking]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = {m[1]: int(m[2]) / int(m[3]) for m in re.finditer(r"(deterministic|heuristic) (\d+)/(\d+)", printed)}
    assert found["deterministic"] >= 0.9
    assert found["heuristic"] >= 0.5
