"""Processes and what they take, and what a figure is worth against its bar."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_EVERY = 0.05  # seconds between two samples of memory: asking costs the process some of its time
_MIB = 1 << 20


class BenchmarkError(Exception):
    """A figure could not be measured; the message says why."""


class Verdict(StrEnum):
    """What a figure is worth: `half` is within twice its bar, `missed` is beyond."""

    MET = "met"
    HALF = "half"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Bar:
    """A bound that a figure has to keep."""

    limit: float
    more_is_better: bool = False

    def verdict(self, value: float) -> Verdict:
        """How a value stands to the bar."""
        share = value / self.limit if self.more_is_better else self.limit / value
        if share >= 1:
            return Verdict.MET
        return Verdict.HALF if share >= 0.5 else Verdict.MISSED


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the table. `judged` is what the bar is for: mostly the ratio; a figure without a bar only informs."""

    name: str
    measured: str
    peer: str
    ratio: float
    bar: Bar | None = None
    bar_words: str = ""
    judged: float | None = None

    @property
    def verdict(self) -> Verdict | None:
        """What the figure is worth; None where it has no bar."""
        return self.bar.verdict(self.ratio if self.judged is None else self.judged) if self.bar else None


def table(figures: Sequence[Figure]) -> str:
    """The figures in columns."""
    rows = [("figure", "measured", "peer", "ratio", "bar", "verdict")]
    rows += [(f.name, f.measured, f.peer, f"{f.ratio:.2f}", f.bar_words, f.verdict or "") for f in figures]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


@dataclass(frozen=True, slots=True)
class Run:
    """What a process took from start to end, and what it printed."""

    seconds: float
    cpu: float  # seconds of all its processes that it waited for: other work of the machine does not change them much
    output: str
    peak: int = 0  # bytes; 0 where memory was not asked for

    @property
    def mebibytes(self) -> float:
        """The peak of memory in MiB."""
        return self.peak / _MIB


def run(
    command: Sequence[str | Path],
    *,
    accept: Sequence[int] = (0,),
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    memory: bool = False,
) -> Run:
    """Run a command in a session of its own, wait for it, and say what it took.

    With `memory`, the peak of the command and all processes that it starts: see `_Sampler`. Raises BenchmarkError
    where it exits with a code that is not accepted.
    """
    start, cpu = time.perf_counter(), _cpu()
    with subprocess.Popen(
        [str(c) for c in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=env,
        cwd=cwd,
        start_new_session=True,
    ) as process:
        sampler = _Sampler(process.pid) if memory else None
        try:
            output, _ = process.communicate()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        seconds = time.perf_counter() - start
        peak = sampler.stop() if sampler else 0
    if process.returncode not in accept:
        what = " ".join(map(str, command))
        raise BenchmarkError(f"{what} exited with {process.returncode}:\n{output[-3000:]}")
    return Run(seconds, _cpu() - cpu, output, peak)


def _cpu() -> float:
    times = os.times()
    return times.children_user + times.children_system


class _Sampler:
    """The peak of memory of all processes of a session, from Linux's /proc.

    It is the larger of two: the largest sum of proportional set sizes (a page that processes share counts once) among
    the samples, and the highest resident set that the kernel noted for any one of the processes, so that no short peak
    of a single process is missed.
    """

    def __init__(self, session: int) -> None:
        if not Path("/proc/self/smaps_rollup").exists():
            raise BenchmarkError("memory is measured with Linux's /proc, which is not here")
        self._session = session
        self._peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> int:
        """The peak in bytes."""
        self._ended.set()
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while not self._ended.wait(_EVERY):
            processes = [p for p in Path("/proc").iterdir() if p.name.isdigit() and _session(p) == self._session]
            together = sum(_kilobytes(p / "smaps_rollup", "Pss:") for p in processes)
            highest = max((_kilobytes(p / "status", "VmHWM:") for p in processes), default=0)
            self._peak = max(self._peak, together * 1024, highest * 1024)


def _session(process: Path) -> int | None:
    try:
        after_name = (process / "stat").read_text("utf-8", "replace").rpartition(")")[2]
    except OSError:  # it has ended
        return None
    return int(after_name.split()[3])


def _kilobytes(file: Path, field: str) -> int:
    """A field of a file of /proc; 0 where its process has ended."""
    try:
        lines = file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(field)), 0)
