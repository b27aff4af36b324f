"""Hold sachet's validator against HL7's engine, over the cases of the corpus in tests/agreement.

    python scripts/agree.py --release r4 --seed 1 --limit 400
    python scripts/agree.py --release r5 --rule invariant --show 20

Both judge every case; a case agrees where both find an error or neither does. The table has a line for each rule with
how many cases it has, in how many only the engine finds an error, and in how many only sachet does. The engine's
verdicts are kept in a folder, so that only new cases need its JVM.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import signal
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

import engine  # noqa: E402
from agreement import SEED, Case, definitions, generate  # noqa: E402

from sachet.fhir.definitions import definitions as own_definitions  # noqa: E402
from sachet.fhir.releases import RELEASES  # noqa: E402
from sachet.validation.validator import Validator  # noqa: E402

_PATIENCE = 20  # seconds for sachet to judge one case


@dataclass
class Verdict:
    """What the engine and sachet find wrong with a case: the lines of their errors."""

    case: Case
    engine: list[str]
    sachet: list[str]


@dataclass
class Cache:
    """The engine's verdicts by the hash of a case's text, its release and the definitions."""

    folder: Path
    definitions: str
    _known: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def get(self, case: Case) -> list[str] | None:
        """The engine's errors; None where it has not judged the case."""
        return self._of(case.release).get(self._key(case))

    def put(self, case: Case, errors: list[str]) -> None:
        """Keep the engine's errors."""
        self._of(case.release)[self._key(case)] = errors

    def save(self) -> None:
        """Write everything to the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for release, known in self._known.items():
            text = json.dumps(known, ensure_ascii=False, indent=0, sort_keys=True)
            self._file(release).write_text(text, "utf-8", "surrogatepass")

    def _of(self, release: str) -> dict[str, list[str]]:
        if release not in self._known:
            file = self._file(release)
            self._known[release] = json.loads(file.read_text("utf-8", "surrogatepass")) if file.is_file() else {}
        return self._known[release]

    def _file(self, release: str) -> Path:
        return self.folder / f"{release}.json"

    def _key(self, case: Case) -> str:
        about = f"{case.release} {self.definitions} ".encode()
        return hashlib.sha256(about + case.text).hexdigest()


def judge(release: str, cases: Sequence[Case], folder: Path, threads: int = 2) -> list[Verdict]:
    """What both find, case by case."""
    beside = definitions(release)
    own = (d for d in own_definitions().values() if RELEASES[release].has_citation or d.get("type") != "Citation")
    both = [*(dict(d) for d in own), *beside]
    cache = Cache(folder, hashlib.sha256(json.dumps(both, sort_keys=True, default=str).encode()).hexdigest())
    new = [case for case in cases if cache.get(case) is None]
    for start in range(0, len(new), 1000):
        _ask_engine(release, new[start : start + 1000], both, cache, threads)
        cache.save()
    validator = Validator(release, definitions=beside)
    return [Verdict(case, cache.get(case) or [], ask_sachet(validator, case)) for case in cases]


def _ask_engine(
    release: str, cases: Iterable[Case], both: Sequence[Mapping[str, Any]], cache: Cache, threads: int
) -> None:
    with tempfile.TemporaryDirectory() as place:
        known, files = Path(place, "definitions"), Path(place, "cases")
        known.mkdir()
        files.mkdir()
        for number, one in enumerate(both):
            (known / f"{number:03}.json").write_text(json.dumps(one), "utf-8")
        by_name = {case.name: case for case in cases}
        for name, case in by_name.items():
            (files / f"{name}.json").write_bytes(case.text)
        rows, _ = engine.validate([files], release, known, threads)
        for row in rows:
            errors = [line(i) for i in row["issues"] if is_error(i)]
            cache.put(by_name[Path(row["file"]).stem], errors)


def is_error(issue: Mapping[str, Any]) -> bool:
    """Whether an issue of the engine is an error."""
    return issue["severity"] in ("error", "fatal")


def line(issue: Mapping[str, Any]) -> str:
    return f"{issue['messageId']} {issue['location']}: {issue['message']}"[:400]


def ask_sachet(validator: Validator, case: Case) -> list[str]:
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(_PATIENCE)
    try:
        found = validator.validate(case.text)
    except Exception as e:  # a crash is a disagreement too
        return [f"CRASH {type(e).__name__}: {e}"]
    finally:
        signal.alarm(0)
    return [f"{i.code} {i.expression}: {i.message}"[:400] for i in found if i.severity in ("error", "fatal")]


def _too_long(*_: object) -> None:
    raise TimeoutError(f"no answer in {_PATIENCE} seconds")


def table(verdicts: Sequence[Verdict]) -> str:
    """A line for each rule: cases, errors of the engine alone, errors of sachet alone."""
    by_rule: dict[str, list[Verdict]] = defaultdict(list)
    for one in verdicts:
        by_rule[one.case.rule].append(one)
    lines = [f"{'rule':44} {'cases':>6} {'right':>6} {'engine':>7} {'sachet':>7}"]
    lines += [_counted(rule, by_rule[rule]) for rule in sorted(by_rule)]
    return "\n".join([*lines, _counted("all", verdicts)])


def _counted(rule: str, verdicts: Sequence[Verdict]) -> str:
    right = sum(not v.engine for v in verdicts)
    engine_only = sum(bool(v.engine) and not v.sachet for v in verdicts)
    sachet_only = sum(bool(v.sachet) and not v.engine for v in verdicts)
    return f"{rule:44} {len(verdicts):6} {right:6} {engine_only or '':7} {sachet_only or '':7}"


def crashed(verdict: Verdict) -> bool:
    """Whether sachet came to no verdict."""
    return any(line.startswith("CRASH") for line in verdict.sachet)


def shown(verdict: Verdict) -> str:
    """A case on which the two do not agree, with what each says."""
    lines = [verdict.case.name]
    lines += [f"    engine: {line}" for line in verdict.engine[:4]]
    lines += [f"    sachet: {line}" for line in verdict.sachet[:4]]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", default="r4", choices=("r4", "r4b", "r5"))
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--limit", type=int, default=400)
    parser.add_argument("--rule", default="", help="only rules that begin so")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="show N cases on which the two do not agree")
    parser.add_argument("--text", action="store_true", help="show their texts too")
    parser.add_argument("--agreed", action="store_true", help="show cases on which they agree, too")
    parser.add_argument("--cache", type=Path, default=ROOT / "build" / "agreement", help="the engine's verdicts")
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    cases = [c for c in generate(chosen.release, chosen.seed, chosen.limit) if c.rule.startswith(chosen.rule)]
    verdicts = judge(chosen.release, cases, chosen.cache, chosen.threads)
    odd = [v for v in verdicts if chosen.agreed or bool(v.engine) != bool(v.sachet) or crashed(v)]
    for one in odd[: chosen.show]:
        print(shown(one))
        if chosen.text:
            print(one.case.text.decode("utf-8", "replace")[:3000])
    print(table(verdicts))


if __name__ == "__main__":
    main()
