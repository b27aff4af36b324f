"""How the code is kept: lint, format, types, layers, and documents that tell the truth."""

import json
import re
import runpy
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from test_cli import sachet
from test_convert import actions

from sachet.rules import FAMILIES, rules

SOURCES = sorted((ROOT / "src").rglob("*.py"))


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "-m", "ruff", "check", "."],
        [sys.executable, "-m", "ruff", "format", "--check", "."],
        [sys.executable, "-m", "mypy"],
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
    ],
    ids=["lint", "format", "types", "layers"],
)
def test_house_rules(command: list[str]) -> None:
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_finding_code_is_documented_and_every_documented_code_exists() -> None:
    used = {code for s in SOURCES for code in re.findall(r'"([A-Z]{3,4}\d{3})"', s.read_text("utf-8"))}
    assert used == {rule.code for family in FAMILIES for rule in rules(family).values()}


def test_the_page_of_findings_is_made_of_the_rules() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "findings_page.py"))
    assert (ROOT / "docs" / "findings.md").read_text("utf-8") == made["page"](), "run scripts/findings_page.py"


def test_the_excerpt_of_the_readme_is_real() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (excerpt,) = re.findall(r"```json\n(.*?)```", readme, re.DOTALL)
    bundle = json.loads((ROOT / "dist" / "sachet.seeds.r4.bundle.json").read_text("utf-8"))
    plans = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "PlanDefinition"]
    assert json.loads(excerpt) in actions(plans[0])
    assert "    - Remove the trocar (inner stylet)" in readme


def test_the_trace_of_the_readme_is_real() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (command, shown) = re.findall(r"    \$ sachet (trace [^\n]+)\n(.*?)        …\n", readme, re.DOTALL)[0]
    run = sachet(*command.split())
    assert run.stdout.startswith(textwrap.dedent(shown))


def test_every_extension_is_documented() -> None:
    text = (ROOT / "docs" / "mapping.md").read_text("utf-8")
    for definition in (ROOT / "profiles").glob("*.yaml"):
        identifier = yaml.safe_load(definition.read_text("utf-8"))["id"]
        assert f"`{identifier}`" in text, definition.name


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    text = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    extras = [one for some in project["optional-dependencies"].values() for one in some]
    for requirement in project["dependencies"] + extras:
        assert f"`{re.split('[<>=]', requirement)[0]}`" in text, requirement


def test_no_sentence_of_the_corpus_is_in_the_repository(corpus: list[Path]) -> None:
    """No line of a corpus document of eight words or more, the seed excepted, stands in a committed file."""
    trim = " -*0123456789.|>"
    seed = (ROOT / "seeds" / "intraosseous-access.md").read_text("utf-8")
    lines = {line.strip(trim) for f in corpus for line in f.read_text("utf-8").splitlines()}
    long: dict[tuple[str, ...], list[str]] = {}
    for line in lines:
        if len(words := line.split()) >= 8 and line not in seed:
            long.setdefault(tuple(words[1:7]), []).append(line)  # its first and last word may touch something else
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, tracked):
        path = ROOT / name
        if path.suffix in (".gz", ".tgz", ".java") or not path.is_file():
            continue
        text = path.read_text("utf-8")
        words = text.split()
        near = (line for at in range(len(words)) for line in long.get(tuple(words[at : at + 6]), ()))
        assert not [line for line in near if line in text], name
