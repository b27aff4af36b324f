"""The benchmark: what it gives to SUSHI, and how it judges."""

import sys
from pathlib import Path
from typing import Any

import fsh
import pytest
from conftest import SEED
from documents import copies
from measure import Bar, BenchmarkError, Verdict, run
from sushi import lean


def test_a_plan_definition_as_fsh() -> None:
    plan: dict[str, Any] = {
        "resourceType": "PlanDefinition",
        "id": "plan.one",
        "experimental": False,
        "status": "draft",
        "type": {"coding": [{"system": "https://example.com/types", "code": "two words"}]},
        "description": 'A "quoted" C:\\path\nand a tab\t.',
        "extension": [{"url": "https://example.com/x", "valueDuration": {"value": 1.5, "comparator": "<"}}],
        "action": [{"id": "a", "title": "First", "action": [{"title": "Below"}]}, {"title": "Second #2"}],
    }
    assert fsh.instance(plan).splitlines() == [
        "Instance: plan.one",
        "InstanceOf: PlanDefinition",
        "Usage: #definition",
        '* id = "plan.one"',
        "* experimental = false",
        "* status = #draft",
        '* type.coding[0].system = "https://example.com/types"',
        '* type.coding[0].code = #"two words"',
        r'* description = "A \"quoted\" C:\\path\nand a tab\t."',
        '* extension[0].url = "https://example.com/x"',
        "* extension[0].valueDuration.value = 1.5",
        '* extension[0].valueDuration.comparator = #"<"',
        '* action[0].id = "a"',
        '* action[0].title = "First"',
        '* action[0].action[0].title = "Below"',
        '* action[1].title = "Second #2"',
    ]


def test_a_lean_plan_keeps_its_actions() -> None:
    action = {"title": "A", "description": "B", "extension": [{"url": "https://example.com/x", "valueString": "C"}]}
    plan = {
        "id": "p",
        "text": {"div": "<div/>"},
        "relatedArtifact": [{"document": {"data": "QQ=="}}],
        "action": [action],
    }
    assert lean(plan) == {"id": "p", "relatedArtifact": [{}], "action": [{"title": "A", "description": "B"}]}


@pytest.mark.parametrize(
    ("bar", "value", "verdict"),
    [
        (Bar(15, more_is_better=True), 15, Verdict.MET),
        (Bar(15, more_is_better=True), 14.9, Verdict.HALF),
        (Bar(15, more_is_better=True), 7.5, Verdict.HALF),
        (Bar(15, more_is_better=True), 7.4, Verdict.MISSED),
        (Bar(1.5), 1.5, Verdict.MET),
        (Bar(1.5), 1.6, Verdict.HALF),
        (Bar(1.5), 3, Verdict.HALF),
        (Bar(1.5), 3.1, Verdict.MISSED),
    ],
)
def test_verdicts(bar: Bar, value: float, verdict: Verdict) -> None:
    assert bar.verdict(value) is verdict


def test_copies_have_ids_of_their_own(tmp_path: Path) -> None:
    made = copies([SEED], 3, tmp_path / "made")
    ids = [f.read_text("utf-8").splitlines()[1] for f in sorted(made.iterdir())]
    assert ids == ["id: intraosseous-access-02", "id: intraosseous-access-03", "id: intraosseous-access"]


def test_a_command_that_fails_is_no_figure() -> None:
    with pytest.raises(BenchmarkError, match=r"exited with 4:\nwhy"):
        run([sys.executable, "-c", "import sys; print('why'); sys.exit(4)"])


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="memory is measured with Linux's /proc")
def test_memory_is_that_of_all_processes_together() -> None:
    hold = "import subprocess, sys, time; held = b'x' * (40 << 20); "
    below = f"{hold} time.sleep(1)"
    both = f"{hold} subprocess.run([sys.executable, '-c', {below!r}])"
    assert run([sys.executable, "-c", both], memory=True).mebibytes > 80
