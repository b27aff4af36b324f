"""The validator beside HL7's engine: the same packages, the same machine, as many processors."""

from __future__ import annotations

import gc
import json
import shutil
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import Bar, BenchmarkError, Figure, Run, run

from sachet.validation.validator import Validator

_JAR = Path(__file__).parents[1] / "tests" / "hl7_engine" / "target" / "hl7-engine.jar"
_RELEASES = ("r4", "r5")
_CORES = 2
_RUNS = 3
_GROWTH_RUNS = 20  # milliseconds each
_PLANS = (100, 1_000)  # actions

Build = Callable[..., tuple[Run, Path]]


@dataclass(frozen=True, slots=True)
class Engine:
    """A run of HL7's engine: the whole of it, and what it says of itself."""

    whole: Run
    summary: dict[str, Any]

    @property
    def warm(self) -> float:
        """The seconds that it took to judge the files, after it had read its definitions and judged one resource."""
        seconds: float = self.summary["validate_ms"] / 1000
        return seconds


def engine(release: str, package: Path, files: Sequence[Path], threads: int = _CORES) -> Engine:
    """HL7's engine over files or folders, with the definitions of a package."""
    if not _JAR.is_file():
        raise BenchmarkError("HL7's engine is not built; run: python tests/engine.py")
    command = [shutil.which("java") or "java", "-Xmx4g", "-XX:+UseParallelGC", "-jar", _JAR, "--fhir", release]
    command += ["--profiles", package, "--any-ext", "no", "--no-best-practice", "--level", "warning"]
    whole = run([*command, "--threads", str(threads), *files], accept=(0, 1))
    summary = json.loads(whole.output.splitlines()[-1])
    if summary["errors"]:
        raise BenchmarkError(f"HL7's engine found {summary['errors']} errors in {package.name}")
    return Engine(whole, summary)


def validate(*arguments: str | Path, memory: bool = False) -> Run:
    """`sachet validate`, a whole process."""
    return run([sys.executable, "-m", "sachet", "validate", *map(str, arguments), "--quiet"], memory=memory)


def figures(folder: Path, number: int, seed: Path, build: Build, scratch: Path) -> Iterator[Figure]:
    """The figures of the validator: the packages of the documents in a folder, and the plan of one document."""
    _, many = build(folder, "--fhir", ",".join(_RELEASES))
    _, one = build(seed, "--fhir", ",".join(_RELEASES))
    for release in _RELEASES:
        package, unpacked = _unpacked(many, release, scratch / f"package-{release}")
        resources = [f for f in (unpacked / "package").glob("*.json") if f.name not in ("package.json", ".index.json")]
        theirs = engine(release, package, resources)
        ours = min(validate(package).seconds for _ in range(_RUNS))
        peak = validate(package, memory=True)
        name = f"validate {release}, {len(resources):,} resources of {number} documents"
        peer = f"{theirs.warm:.1f} s: HL7's engine, warm, {_CORES} threads"
        yield Figure(name, f"{ours:.2f} s", peer, theirs.warm / ours, Bar(20, True), ">= 20")
        size = theirs.summary["peak_rss_mb"]
        bar = Bar(0.1)
        yield Figure(f"the same, memory, {release}", f"{peak.mebibytes:.0f} MiB", f"{size} MiB: the engine",
                     peak.mebibytes / size, bar, "< 0.1")  # fmt: skip
        package, unpacked = _unpacked(one, release, scratch / f"one-{release}")
        (plan,) = unpacked.glob("package/PlanDefinition-*.json")
        whole = engine(release, package, [plan], 1).whole.seconds
        cold = min(validate(plan, "--fhir", release, "--profile", package).seconds for _ in range(_RUNS * 2))
        yield Figure(f"validate {release}, cold start, one plan", f"{cold:.3f} s", f"{whole:.1f} s: the engine",
                     whole / cold, Bar(30, True), ">= 30")  # fmt: skip
        yield growth(release)


def _unpacked(out: Path, release: str, into: Path) -> tuple[Path, Path]:
    """The package of a release among what was built, and the folder that it is unpacked into."""
    (package,) = out.glob(f"*.{release}.tgz")
    with tarfile.open(package) as tar:
        tar.extractall(into, filter="data")
    return package, into


def growth(release: str) -> Figure:
    """A plan of ten times as many actions, in one process that has judged such a plan before."""
    gc.set_threshold(100_000)  # as the command does
    validator = Validator(release)
    seconds = [min(_timed(validator, plan(actions)) for _ in range(_GROWTH_RUNS)) for actions in _PLANS]
    name = f"validate {release}, a plan of {_PLANS[1]:,} actions"
    measured, peer = f"{seconds[1] * 1000:.0f} ms", f"{seconds[0] * 1000:.1f} ms: {_PLANS[0]} actions"
    return Figure(name, measured, peer, seconds[1] / seconds[0], Bar(12), "<= 12")


def plan(actions: int) -> bytes:
    """A PlanDefinition whose actions refer to one another and to goals, as pld-3 and pld-4 judge."""
    made = [
        {
            "id": f"a{number}",
            "title": f"Action {number}",
            "goalId": [f"g{number % 10}"],
            "action": [{"id": f"a{number}.b", "title": "Below"}],
        }
        for number in range(actions // 2)
    ]
    goals = [{"id": f"g{number}", "description": {"text": "x"}} for number in range(10)]
    return json.dumps({"resourceType": "PlanDefinition", "status": "draft", "goal": goals, "action": made}).encode()


def _timed(validator: Validator, text: bytes) -> float:
    start = time.perf_counter()
    if found := [issue for issue in validator.validate(text) if issue.severity == "error"]:
        raise BenchmarkError(f"the plan is not valid: {found[0]}")
    return time.perf_counter() - start
