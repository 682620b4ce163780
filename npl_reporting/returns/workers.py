"""Pages drawn side by side, each in a fresh process that ends with its memory.

The processes are started from nothing, not forked, and never import the caller's main module:
a script needs no guard. Pages go in and files come back as pickles through their pipes.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from threading import Thread
from time import sleep
from typing import IO, Any

from npl_reporting.errors import NplError, Problem
from npl_reporting.returns.page import Page

_SERVE = "from npl_reporting.returns import render, workers; workers.serve(render.render)"
_CASE_WEIGHT = 8

Answer = bytes | tuple[Problem, ...]
"""A page's file, or the problems that it has."""


class Worker:
    """One process that draws the pages it is given, one after the other."""

    def __init__(self, folder: str) -> None:
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _SERVE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths, "TMPDIR": folder},
        )

    def draw(self, page: Page) -> Answer:
        """Give the page's file, or the problems that it has."""
        process = self._process
        assert process.stdin and process.stdout
        try:
            pickle.dump(page, process.stdin)
            process.stdin.flush()
            answer: Answer = pickle.load(process.stdout)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            code = process.wait()
            what = f"the process that drew {page.report} ended with exit code {code}"
            raise RuntimeError(what) from None
        return answer

    def end(self) -> None:
        """End the process, finished or not."""
        self._process.kill()
        self._process.wait()


def each(
    pages: Sequence[Page],
    *,
    processes: int | None,
    work: Path | None,
    done: Callable[[str], object],
) -> dict[str, bytes]:
    """Draw every page, the longest first; NplError holds the problems of all of them."""
    assert len({page.report for page in pages}) == len(pages), "two pages of one report"
    if not pages:
        return {}
    count = min(processes or len(os.sched_getaffinity(0)), len(pages))
    with TemporaryDirectory(prefix="npl-pages-", dir=work) as folder:
        answers = _answers(pages, [Worker(folder) for _ in range(count)], done)
    return _files([(page.report, answers[page.report]) for page in pages])


def _answers(
    pages: Sequence[Page], staff: Sequence[Worker], done: Callable[[str], object]
) -> dict[str, Answer]:
    idle: SimpleQueue[Worker] = SimpleQueue()
    for worker in staff:
        idle.put(worker)

    def draw(page: Page) -> tuple[str, Answer]:
        worker = idle.get()
        answer = worker.draw(page)
        idle.put(worker)
        done(page.report)
        return page.report, answer

    with ThreadPoolExecutor(len(staff)) as threads:
        try:
            return dict(threads.map(draw, sorted(pages, key=_weight, reverse=True)))
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            for worker in staff:
                worker.end()


def _files(answers: Sequence[tuple[str, Answer]]) -> dict[str, bytes]:
    problems = [problem for _, answer in answers if isinstance(answer, tuple) for problem in answer]
    if problems:
        raise NplError(*problems)
    return {report: answer for report, answer in answers if isinstance(answer, bytes)}


def _weight(page: Page) -> int:
    return sum(len(table.lines) for table in page.tables) + _CASE_WEIGHT * len(page.cases)


def serve(render: Callable[[Page], bytes]) -> None:
    """Draw pages from standard input until it ends: what a worker's process runs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller ends its workers itself
    Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        while (page := _next(sys.stdin.buffer)) is not None:
            pickle.dump(_answer(render, page), answers)
            answers.flush()
    except BrokenPipeError:
        os._exit(1)


def _end_with(caller: int) -> None:
    """End this process soon after the one that started it, even while it draws."""
    while os.getppid() == caller:
        sleep(1)
    os._exit(1)


def _answer(render: Callable[[Page], bytes], page: Page) -> Answer:
    try:
        return render(page)
    except NplError as error:
        return error.problems


def _next(source: IO[bytes]) -> Any:
    try:
        return pickle.load(source)
    except EOFError:
        return None
