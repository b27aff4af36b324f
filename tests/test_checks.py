"""The checks: each with a document that has the mistake, one that has not, and one that looks like it."""

import re
from pathlib import Path

import pytest
from checked import FOLDER, document, excerpt, findings, formulary, parts

from sachet.rules import FAMILIES, rule, rules

FILES = sorted(FOLDER.glob("*.md"))


def _code(file: Path) -> str:
    return file.stem.partition("-")[0]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_check(file: Path, tmp_path: Path) -> None:
    code = _code(file)
    found = {part.name: part for part in parts(file)}
    assert list(found) == ["wrong", "right", "alike"]
    for name, part in found.items():
        folder = tmp_path / name
        folder.mkdir()
        of_code = [f for f in findings(part.documents, folder, formulary(file)) if f.code == code]
        if name == "wrong":
            assert of_code, "the mistake is not found"
            assert {f.severity for f in of_code} == {rule(code).severity}
            assert any(part.excerpt in excerpt(f, part.documents) for f in of_code), [
                (str(f), excerpt(f, part.documents)) for f in of_code
            ]
        else:
            assert not of_code, [str(f) for f in of_code]


def test_every_check_has_its_documents_and_its_reasons() -> None:
    of_checks = {r.code: r for family in FAMILIES for r in rules(family).values() if r.check}
    assert set(of_checks) == {_code(file) for file in FILES}
    for one in of_checks.values():
        assert all((one.why, one.source, one.wrong, one.right)), one.code


def test_the_common_front_matter_has_no_finding(tmp_path: Path) -> None:
    assert findings({"a": document("a", "## Treatment\n- Rest.\n")}, tmp_path) == ()


def test_the_severity_of_a_finding_is_the_one_that_its_rule_has() -> None:
    severities = {r.code: r.severity for family in FAMILIES for r in rules(family).values()}
    source = Path(__file__).parents[1] / "src" / "sachet"
    for file in source.rglob("*.py"):
        text = file.read_text("utf-8")
        for severity, code in re.findall(r'\.(error|warning|note)\(\s*"([A-Z]{3,4}\d{3})"', text):
            assert severities[code] == severity, f"{file}: {code}"
        for code, severity in re.findall(r'Finding\(\s*"([A-Z]{3,4}\d{3})",\s*Severity\.([A-Z]+)', text):
            assert severities[code] == severity.lower(), f"{file}: {code}"
