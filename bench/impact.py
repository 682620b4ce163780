"""What a change of rules moves on a large tape: `python -m bench.impact TAPE` as a process of its own.

The steps of `npl rules impact` without the report cells: the tape is read once, its cases are decided
under the earlier and the later rulebook, and everything that moves is summed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from bench.road import REPORTING_DATE
from bench.stopwatch import Stopwatch, peak_memory
from npl_reporting.engine import Engine
from npl_reporting.law.joint import joint_columns
from npl_reporting.law.shelf import load_rulebook, version
from npl_reporting.portfolio.contrast import Contrast
from npl_reporting.portfolio.decided import decide_tape
from npl_reporting.portfolio.tape import TapeSource, Terms, read_tape
from npl_reporting.work import work_folder

RULEBOOKS = ("TW@2011-01-01", "TW@2014-01-01")


def measure(path: Path) -> Mapping[str, float]:
    """Seconds of reading, of deciding under each rulebook, and of summing what moves."""
    books = [load_rulebook(str(version(reference))) for reference in RULEBOOKS]
    watch = Stopwatch()
    with work_folder(path.parent) as work, Engine(work, [path]) as engine:
        with watch.step("read"):
            terms = Terms(joint_columns(books), books[0].file.currency, REPORTING_DATE)
            tape = read_tape(engine, TapeSource(path), terms)
        sides = []
        for book, name in zip(books, ("before", "after"), strict=True):
            with watch.step(name):
                sides.append(decide_tape(engine, book, tape.columns, REPORTING_DATE, name))
        with watch.step("moves"):
            moves = Contrast(engine, *sides).moves()
    return {
        "exposures": tape.counts.used,
        "cases": sum(len(side.cases) for side in sides),
        "moves": len(moves),
        **{f"{step}, s": seconds for step, seconds in watch.seconds.items()},
        "memory": peak_memory(),
    }


if __name__ == "__main__":
    json.dump(measure(Path(sys.argv[1])), sys.stdout)
