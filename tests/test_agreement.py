"""The validator and HL7's engine on the same resources: what they judge differently is known, with a reason."""

import re
import sys
from collections import Counter

import pytest
from agreement import SEED, definitions, generate
from conftest import ROOT
from engine import Engines

from sachet.validation.validator import Validator

sys.path.append(str(ROOT / "scripts"))
from agree import Verdict, ask_sachet, is_error, line, table

CASES = 400
ROW = re.compile(r"^\| (sachet|engine) \| `(.+?)` \| (.+) \|$", re.MULTILINE)


def known() -> list[tuple[str, re.Pattern[str]]]:
    """Who alone finds an error, and its words, as docs/agreement.md has them."""
    text = (ROOT / "docs" / "agreement.md").read_text("utf-8")
    return [(who, re.compile(words.replace("\\|", "|"), re.DOTALL)) for who, words, _ in ROW.findall(text)]


def explained(verdict: Verdict) -> bool:
    who, lines = ("engine", verdict.engine) if verdict.engine else ("sachet", verdict.sachet)
    return all(any(by == who and words.search(line) for by, words in known()) for line in lines)


@pytest.mark.parametrize("release", ["r4", "r4b", "r5"])
def test_both_judge_alike(hl7_engine: Engines, release: str) -> None:
    cases = list(generate(release, SEED, CASES))
    judged = hl7_engine[release].judge_texts({case.name: case.text for case in cases})
    validator = Validator(release, definitions=definitions(release))
    verdicts = [
        Verdict(case, [line(i) for i in judged[case.name] if is_error(i)], ask_sachet(validator, case))
        for case in cases
    ]
    print(table(verdicts))
    differ = [v for v in verdicts if bool(v.engine) != bool(v.sachet)]
    assert [(v.case.name, v.engine, v.sachet) for v in differ if not explained(v)] == []
    assert sum(bool(v.engine) for v in verdicts) > CASES / 2
    assert sum(not v.engine for v in verdicts) > CASES / 5


def test_the_corpus_is_large_and_the_same_each_time() -> None:
    cases = {release: list(generate(release, SEED, CASES)) for release in ("r4", "r4b", "r5")}
    broken = Counter(case.rule for each in cases.values() for case in each if case.rule != "valid")
    assert broken.total() >= 200
    assert len(broken) >= 200
    assert [case.text for case in generate("r4", SEED, 50)] == [case.text for case in cases["r4"][:50]]


def test_every_row_of_the_docs_is_a_pattern() -> None:
    rows = known()
    assert len(rows) >= 10
    text = (ROOT / "docs" / "agreement.md").read_text("utf-8")
    assert text.count("\n| ") == len(rows) + 1  # and the header
