"""`make golden`: every golden book once, and the share of cells and checks that they exercise.

`golden` says what that means. The command ends with 1 where a book does not give what is written
down in it, a check of a sound book does not hold, or a return falls short. `--missing` lists the
cells and checks that no book exercises, `--json` prints everything for a machine, `--written` counts
what is written down without computing the books.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from golden import (
    BOOKS,
    SOUND,
    Share,
    alive,
    exact,
    expected,
    failing_of,
    shares,
)
from golden_checks import idle, state
from small_book import classified

_LINE = "{:<8} {:<20} {:>6} {:>9} {:>7} {:>7} {:>9}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the shares; 1 where something is wrong, else 0."""
    parser = argparse.ArgumentParser(prog="golden_share", description=__doc__.splitlines()[0])
    parser.add_argument("--missing", action="store_true", help="list what is not exercised")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--written", action="store_true", help="do not compute the books")
    asked = parser.parse_args(arguments)
    wrong = [] if asked.written else list(_wrong())
    found = shares()
    print(_json(found, wrong) if asked.json else "\n".join(_table(found, asked.missing)))
    print(*wrong, sep="\n", file=sys.stderr, end="\n" if wrong else "")
    return 1 if wrong or any(share.short for share in found) else 0


def _wrong() -> Iterator[str]:
    """What does not come out as the books say, each book in a process of its own."""
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for found in (pool.map(faults_of, BOOKS), pool.map(faults_of_sound, SOUND)):
            for problems in found:
                yield from problems


def faults_of(folder: Path) -> list[str]:
    """Every cell in which a golden book comes out otherwise than it is written down."""
    report = folder.name.split(".")[1]
    with TemporaryDirectory() as work, classified(folder, Path(work), report) as book:
        found = {(cell.row, cell.column): cell.exact or cell.reason for cell in book.of(report)}
    by_hand = {place: exact(value) for place, value in expected(folder).items()}
    return [
        f"{folder.name}: {'/'.join(place)} is {found.get(place)}, not {by_hand.get(place)}"
        for place in sorted({*found, *by_hand})
        if found.get(place) != by_hand.get(place)
    ]


def faults_of_sound(folder: Path) -> list[str]:
    """Every check that does not hold in a sound book, or does not fail as the book says."""
    with TemporaryDirectory() as work, classified(folder, Path(work)) as book:
        wrong = [f"{r.report}/{r.id} is {r.state}" for r in book.results if r.state != "passed"]
        silent = {*idle(book)} - alive(folder.name.split(".")[0])
        wrong += [f"{check} reads nothing but zeros" for check in sorted(silent)]
        wrong += [
            f"{each.check} does not fail"
            for each in failing_of(folder)
            if state(book, each) != "failed"
        ]
    return [f"{folder.name}: {problem}" for problem in wrong]


def _table(found: Sequence[Share], missing: bool) -> Iterator[str]:
    yield _LINE.format("", "return", "cells", "exercised", "share", "checks", "exercised")
    for jurisdiction in dict.fromkeys(share.jurisdiction for share in found):
        own = [share for share in found if share.jurisdiction == jurisdiction]
        for share in own:
            yield _line(share, f"({share.report})" if share.shared else share.report)
            yield from _left(share) if missing else ()
        yield _line(_sum(jurisdiction, own), "all returns")
    yield _line(_sum("all", found), "all returns")
    yield "In brackets: pages that every jurisdiction has; the books are about their checks alone."


def _line(share: Share, name: str) -> str:
    checks = share.checks - len(share.missing_checks)
    percent = f"{float(share.share):.1%}" if share.cells else "-"
    return _LINE.format(
        share.jurisdiction, name, share.cells, share.exercised, percent, share.checks, checks
    )


def _left(share: Share) -> Iterator[str]:
    if not share.shared:
        yield from (f"    cell {row}/{column}" for row, column in share.missing_cells)
    yield from (f"    check {check}" for check in share.missing_checks)


def _sum(jurisdiction: str, found: Sequence[Share]) -> Share:
    """Several returns together; of pages without books only the checks."""
    own = [share for share in found if not share.shared]
    return Share(
        jurisdiction, "", sum(share.cells for share in own),
        tuple(place for share in own for place in share.missing_cells),
        sum(share.checks for share in found),
        tuple(check for share in found for check in share.missing_checks),
    )  # fmt: skip


def _json(found: Sequence[Share], wrong: Sequence[str]) -> str:
    told = [
        {
            "jurisdiction": share.jurisdiction,
            "report": share.report,
            "shared": share.shared,
            "cells": share.cells,
            "cells_exercised": share.exercised,
            "share": f"{float(share.share):.4f}",
            "cells_missing": ["/".join(place) for place in share.missing_cells],
            "checks": share.checks,
            "checks_missing": list(share.missing_checks),
        }
        for share in found
    ]
    return json.dumps({"returns": told, "wrong": list(wrong)}, indent=2, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
