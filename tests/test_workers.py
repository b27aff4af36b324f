"""The map over documents in several processes: the same results in the same order, and an end to every failure."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import SEED

from sachet.package import workers


def double(number: int) -> int:
    return 2 * number


def fail(number: int) -> int:
    raise ValueError(f"number {number}")


def end(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.fixture
def map_(monkeypatch: pytest.MonkeyPatch) -> workers.Map:
    monkeypatch.setattr(workers, "_processors", lambda: 2)
    return workers.map_for(1000)


def test_results_come_in_order(map_: workers.Map) -> None:
    assert list(map_(double, range(1000))) == [2 * n for n in range(1000)]


def test_few_documents_are_no_work_for_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_processors", lambda: 8)
    assert workers.map_for(5) is map
    monkeypatch.setattr(workers, "_processors", lambda: 1)
    assert workers.map_for(1000) is map


def test_a_bug_in_a_worker_is_raised(map_: workers.Map) -> None:
    with pytest.raises(ValueError, match="number 0"):
        list(map_(fail, range(100)))


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_a_worker_that_is_killed_is_an_error(map_: workers.Map) -> None:
    with pytest.raises(ChildProcessError, match="ended from outside"):
        list(map_(end, range(100)))


def at_work_in(folder: Path) -> list[Path]:
    """The processes whose working directory is the folder."""
    return [p for p in Path("/proc").glob("[0-9]*/cwd") if os.path.realpath(p) == str(folder)]


@pytest.mark.skipif(sys.platform != "linux", reason="needs signals and /proc")
def test_an_interrupt_ends_everything_and_leaves_nothing(tmp_path: Path) -> None:
    text = SEED.read_text("utf-8")
    for number in range(150):
        (tmp_path / f"{number}.md").write_text(text.replace("id: intraosseous-access", f"id: a{number}"), "utf-8")
    command = [sys.executable, "-m", "sachet", "build", ".", "-o", "dist", "--quiet"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # what runs in a background ignores it
    ) as process:
        until = time.monotonic() + 60
        while len(at_work_in(tmp_path)) < 2 and time.monotonic() < until:  # the command, and its first worker
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert not list(tmp_path.glob("dist/*"))
    assert at_work_in(tmp_path) == []
