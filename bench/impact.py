"""What a change of rules moves on a large run: `python -m bench.impact DECISIONS` as a process of its own.

The steps of `npl rules impact` on the decisions that a run under the later rulebook wrote down: the
cases are decided under the earlier and the later one, everything that moves is summed and listed,
and the report cells are computed under both.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from bench.road import REPORTING_DATE
from bench.stopwatch import Stopwatch, peak_memory
from npl_reporting.engine import Engine
from npl_reporting.impact import MOVED
from npl_reporting.law.shelf import load_rulebook, version
from npl_reporting.portfolio.again import declare_kept, lay_side_by_side
from npl_reporting.portfolio.classify import TREATED, keep_treated
from npl_reporting.portfolio.movement import movement_scope
from npl_reporting.returns.book import columns_read, compute_reports, plan_reports
from npl_reporting.returns.fitting import fitted
from npl_reporting.returns.shelf import load_reports
from npl_reporting.work import work_folder

RULEBOOKS = ("TW@2011-01-01", "TW@2014-01-01")


def measure(path: Path) -> Mapping[str, float]:
    """Seconds of deciding under each rulebook, of its cells, and of what moves."""
    books = [load_rulebook(str(version(reference))) for reference in RULEBOOKS]
    run = load_rulebook("TW", REPORTING_DATE)
    watch = Stopwatch()
    with work_folder(path.parent) as work, Engine(work, [path]) as engine:
        kept = declare_kept(engine, path, run, REPORTING_DATE)
        if not kept.serves(books, whole=True):
            raise SystemExit("these decisions do not hold what the rulebooks read")
        sides = []
        for book, name in zip(books, ("before", "after"), strict=True):
            with watch.step(name):
                sides.append(kept.decide(book, name))
            with watch.step(f"cells {name}"):
                forms = fitted(load_reports(book.name, REPORTING_DATE), book)
                plans = plan_reports(forms, book.scope, {}, movement_scope(book))
                keep_treated(engine, columns_read(plans, engine.columns(TREATED)))
                cells = compute_reports(engine, plans)
        with watch.step("moves"):
            contrast = lay_side_by_side(engine, *sides)
            moves = contrast.moves()
        with watch.step("list"):
            engine.write_csv(contrast.moved_sql(), work / MOVED)
    spent = watch.seconds
    return {
        "cases": sum(len(side.cases) for side in sides),
        "moves": len(moves),
        "cells": len(cells),
        "moves, s": spent["before"] + spent["after"] + spent["moves"],
        "cells, s": spent["cells before"] + spent["cells after"],
        "list, s": spent["list"],
        "memory": peak_memory(),
    }


if __name__ == "__main__":
    json.dump(measure(Path(sys.argv[1])), sys.stdout)
