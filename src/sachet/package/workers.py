"""Where the work over documents runs: in this process, or in several that share the documents."""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Future

Map = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
_WORTH = 32  # so many documents are worth a second process
_CHUNK = 8
_function: Callable[[Any], Any] = str  # of a worker: what it does with each document


def map_for(documents: int) -> Map:
    """The map for so many documents: Python's own, or one over as many processes as there are processors."""
    workers = min(_processors(), 8, documents // (_WORTH // 2))
    if workers < 2:
        return map
    return lambda function, items: _over_processes(function, items, workers)


def _processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _over_processes(function: Callable[[Any], Any], items: Iterable[Any], workers: int) -> Iterator[Any]:
    """Results in the order of the items. Few are under way at a time, so that no result waits long in memory.

    Raises ChildProcessError where a process was ended from outside.
    """
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    # A fork shares what is imported already; elsewhere a new process is what Python starts by itself.
    gc.freeze()  # no worker's collector touches, and so copies, the memory that it shares
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else None)
    with ProcessPoolExecutor(workers, context, _start, (function,)) as pool:
        under_way: deque[Future[list[Any]]] = deque()
        remaining = iter(items)
        with _interrupts_wait():  # the first task starts the workers
            under_way.append(pool.submit(_run, []))
        try:
            while chunk := list(islice(remaining, _CHUNK)):
                under_way.append(pool.submit(_run, chunk))
                if len(under_way) > 2 * workers:
                    yield from under_way.popleft().result()
            while under_way:
                yield from under_way.popleft().result()
        except BrokenProcessPool as e:
            what = "a process at work was ended from outside, for lack of memory perhaps"
            raise ChildProcessError(errno.ECHILD, what) from e
        finally:
            for future in under_way:
                future.cancel()
            gc.unfreeze()


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Interrupts reach this process when the block ends, and never a process that is started in it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start(function: Callable[[Any], Any]) -> None:
    global _function
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who starts the workers ends them
    _function = function


def _run(chunk: list[Any]) -> list[Any]:
    return [_function(item) for item in chunk]
