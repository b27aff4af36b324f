"""Measure sachet, each figure against a peer in the same run, and print a table of ratios.

usage: python benchmarks/run.py [--corpus FOLDER] [--quick] [--without-sushi] [--without-engine] [--without-server]

Without a folder, documents are copied from the seed and the documents of the tests. Exits with 1 where a figure is
worse than half of its bar, with 2 where something could not be measured. benchmarks/README.md says what is compared.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import documents
import publishing
import sushi
import validation
from measure import Bar, BenchmarkError, Figure, Run, Verdict, run, table

from sachet.fhir.releases import RELEASES

_ROOT = Path(__file__).parents[1]
_SEED = _ROOT / "seeds" / "intraosseous-access.md"
_DOCUMENTS = 250
_GROWTH = 10
_GROWTH_QUICK = 4
_EVERY_SUSHI = 2  # with --quick: fewer documents than 32 are built by one process
_COLD_STARTS = 7


class Bench:
    """The documents and the scratch folder of a run of the benchmark."""

    def __init__(self, options: argparse.Namespace, scratch: Path) -> None:
        self.options = options
        self.scratch = scratch
        self.sources = documents.sources(options.corpus)
        self.folder: Path = options.corpus or documents.copies(self.sources, _DOCUMENTS, scratch / "documents")
        self.number = len(documents.sources(self.folder))
        self.large_runs = 1 if options.quick else options.runs
        self._builds = 0

    def build(self, folder: Path, *arguments: str, memory: bool = False) -> tuple[Run, Path]:
        """Run `sachet build` into a new folder, as a user does; findings are no failure."""
        self._builds += 1
        out = self.scratch / f"out-{self._builds}"
        command = [sys.executable, "-m", "sachet", "build", str(folder), *arguments, "-o", str(out), "--quiet"]
        return run(command, accept=(0, 1), memory=memory), out

    def figures(self) -> Iterator[Figure]:
        """Every figure, as soon as it is measured."""
        yield from self.against_sushi()
        yield from self.against_the_floor_and_by_releases()
        yield self.reading()
        yield from self.checking()
        yield from self.at_scale()
        yield self.cold("r4")
        yield self.cold(",".join(RELEASES))
        yield from self.against_hl7s_engine()
        yield from self.against_a_server()

    def against_sushi(self) -> Iterator[Figure]:
        """Building a release, beside SUSHI compiling its PlanDefinitions."""
        if self.options.without_sushi:
            return
        sushi.fetch()
        folder, number = self.some(_EVERY_SUSHI)
        builds = [self.build(folder, "--fhir", "r4") for _ in range(self.options.runs)]
        (bundle,) = builds[0][1].glob("*.bundle.json")
        plans = sushi.plan_definitions(bundle)
        compiled = [sushi.compile_plans(plans, self.scratch / f"sushi-{n}") for n in range(self.options.sushi_runs)]
        seconds, cpu = min(one.seconds for one, _ in builds), min(one.cpu for one, _ in builds)
        name = f"one release, {number} documents"
        theirs = min(c.seconds for c in compiled)
        peer = f"{theirs:.1f} s: SUSHI, PlanDefinitions alone"
        yield Figure(name, f"{seconds:.2f} s", peer, theirs / seconds, Bar(15, True), ">= 15 (stretch 30)")
        theirs = min(c.cpu for c in compiled)
        yield Figure("the same, processor time", f"{cpu:.2f} s", f"{theirs:.1f} s: SUSHI", theirs / cpu)
        if self.options.quick:
            return
        least = sushi.compile_plans([sushi.lean(p) for p in plans], self.scratch / "sushi-lean").seconds
        one = sushi.compile_plans(plans[:1], self.scratch / "sushi-one").seconds
        peer = f"{least:.1f} s: SUSHI, no text, extensions, attachments (one plan: {one:.1f} s)"
        yield Figure(name, f"{seconds:.2f} s", peer, least / seconds)

    def against_hl7s_engine(self) -> Iterator[Figure]:
        """Validating the packages of R4 and R5, beside HL7's engine."""
        if self.options.without_engine:
            return
        folder, number = self.some()
        yield from validation.figures(folder, number, _SEED, self.build, self.scratch)

    def against_a_server(self) -> Iterator[Figure]:
        """Pushing the package of R4 to a real server."""
        if not self.options.without_server:
            yield from publishing.figures(*self.some(), self.build, self.scratch)

    def some(self, every: int = 10) -> tuple[Path, int]:
        """The folder of documents that slow peers get, and how many there are; with --quick one of so many."""
        if not self.options.quick:
            return self.folder, self.number
        some = documents.sources(self.folder)[::every]
        folder = self.scratch / f"every-{every}"
        return folder if folder.exists() else documents.copies(some, len(some), folder), len(some)

    def against_the_floor_and_by_releases(self) -> Iterator[Figure]:
        """Building one release and all, in turn, and what the libraries alone take."""
        releases = ",".join(RELEASES)
        one: list[float] = []
        every: list[float] = []
        for _ in range(self.large_runs):
            first, out = self.build(self.folder, "--fhir", "r4")
            one.append(first.seconds)
            every.append(self.build(self.folder, "--fhir", releases)[0].seconds)
        (bundle,) = out.glob("*.bundle.json")
        script = Path(__file__).with_name("floor.py")
        least = json.loads(run([sys.executable, script, self.folder, bundle]).output)
        parts = ", ".join(f"{name} {seconds:.2f}" for name, seconds in least.items() if name != "all")
        peer = f"{least['all']:.2f} s: the floor ({parts})"
        yield Figure(f"one release, {self.number} documents", f"{min(one):.2f} s", peer, min(one) / least["all"])
        # Another release may take half of the first: three of them less than twice one.
        bar = (len(RELEASES) + 1) / 2
        measured, peer = f"{min(every):.2f} s", f"{min(one):.2f} s: r4"
        yield Figure(
            f"{releases}, {self.number} documents", measured, peer, min(every) / min(one), Bar(bar), f"< {bar:g}"
        )

    def reading(self) -> Figure:
        """What the doses and warnings of all documents take to read."""
        script = Path(__file__).with_name("reading.py")
        took = json.loads(run([sys.executable, script, self.folder]).output)
        more = took["with"] - took["without"]
        name, peer = f"doses and warnings, {self.number} documents", f"{took['without']:.1f} s: all else"
        ratio = took["with"] / took["without"]
        return Figure(name, f"{more:.1f} s more", peer, ratio, Bar(3.0), "<= 3 s more", judged=more)

    def checking(self) -> Iterator[Figure]:
        """All checks over all documents, without a cache; and again when one document has changed."""
        folder = self.scratch / "checked"
        shutil.copytree(self.folder, folder, ignore=lambda _, names: [n for n in names if not n.endswith(".md")])
        command = [sys.executable, "-m", "sachet", "check", folder, "--format", "json", "--quiet"]
        every = [run([*command, "--no-cache"], accept=(0, 1)).seconds for _ in range(self.options.runs)]
        run(command, accept=(0, 1))
        changed = sorted(folder.glob("*.md"))[0]
        one = []
        for _ in range(self.options.runs):
            changed.write_text(changed.read_text("utf-8") + "\n- One more line.\n", "utf-8")
            one.append(run(command, accept=(0, 1)).seconds)
        best, again = min(every), min(one)
        bare = run([sys.executable, "-c", "pass"]).seconds
        name, peer = f"check, {self.number} documents", f"{bare:.3f} s: Python alone"
        yield Figure(name, f"{best:.2f} s", peer, best / bare, Bar(6.0), "<= 6 s", judged=best)
        name, peer = "check, one of them changed", f"{best:.2f} s: all of them"
        yield Figure(name, f"{again:.2f} s", peer, again / best, Bar(1.0), "<= 1 s", judged=again)

    def at_scale(self) -> Iterator[Figure]:
        """Many times as many documents."""
        number = self.number * (_GROWTH_QUICK if self.options.quick else _GROWTH)
        many = documents.copies(self.sources, number, self.scratch / "many")
        small, _ = self.build(self.folder, "--fhir", "r4", memory=True)
        large, _ = self.build(many, "--fhir", "r4", memory=True)
        name = f"{number} documents"
        measured, peer = f"{large.mebibytes:.0f} MiB", f"{small.mebibytes:.0f} MiB: {self.number} documents"
        yield Figure(f"memory, {name}", measured, peer, large.peak / small.peak, Bar(1.5), "<= 1.5")
        measured, peer = f"{large.seconds:.1f} s", f"{small.seconds:.1f} s: {self.number} documents"
        yield Figure(f"time, {name}", measured, peer, large.seconds / small.seconds)

    def cold(self, releases: str) -> Figure:
        """One document in a new process."""
        self.build(_SEED, "--fhir", releases)  # compiles what Python has not compiled yet
        builds, bare = [], []
        for _ in range(_COLD_STARTS):
            builds.append(self.build(_SEED, "--fhir", releases)[0].seconds)
            bare.append(run([sys.executable, "-c", "pass"]).seconds)
        best = min(builds)
        measured = f"{best:.3f} s (median {statistics.median(builds):.3f} s)"
        peer = f"{min(bare):.3f} s: Python alone"
        return Figure(f"cold start, {releases}", measured, peer, best / min(bare), Bar(0.5), "< 0.5 s", judged=best)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    options = _options(arguments)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # modules are compiled once, as where sachet is installed
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    figures: list[Figure] = []
    try:
        with tempfile.TemporaryDirectory(prefix="sachet-benchmark-") as scratch:
            bench = Bench(options, Path(scratch))
            print(
                f"{bench.number} documents; best of {bench.large_runs}, SUSHI best of {options.sushi_runs}", flush=True
            )
            for figure in bench.figures():
                print(f"  {figure.name}: {figure.measured} to {figure.peer}", file=sys.stderr)
                figures.append(figure)
    except BenchmarkError as e:
        print(table(figures))
        print(f"benchmark: {e}", file=sys.stderr)
        return 2
    print(table(figures))
    return 1 if any(f.verdict is Verdict.MISSED for f in figures) else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    default = os.environ.get("SACHET_CORPUS") or None
    parser = argparse.ArgumentParser(description="Measure sachet, each figure against a peer in the same run.")
    parser.add_argument("--corpus", type=Path, default=default, help="a folder of documents ($SACHET_CORPUS)")
    parser.add_argument("--quick", action="store_true", help="slow peers with fewer documents, fewer runs")
    parser.add_argument("--without-sushi", action="store_true", help="leave SUSHI out")
    parser.add_argument("--without-engine", action="store_true", help="leave HL7's engine out")
    parser.add_argument("--without-server", action="store_true", help="leave the FHIR server out")
    parser.add_argument("--runs", type=int, default=3, help="how often sachet builds (3)")
    parser.add_argument("--sushi-runs", type=int, default=1, help="how often SUSHI compiles (1)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
