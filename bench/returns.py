"""Every return of a jurisdiction over a large run: `python -m bench.returns RULES DECISIONS`.

For each report file the seconds in which its cells are computed, and those of a bare scan of the
same columns: their smallest and largest values, which reads every one of them once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from bench.road import REPORTING_DATE
from bench.stopwatch import Stopwatch, peak_memory
from npl_reporting.engine import Engine, quoted
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.portfolio.again import declare_kept
from npl_reporting.portfolio.classify import TREATED, keep_treated
from npl_reporting.portfolio.movement import movement_scope
from npl_reporting.returns.book import columns_read, compute_reports, plan_reports
from npl_reporting.returns.fitting import fitted
from npl_reporting.returns.shelf import load_reports
from npl_reporting.work import work_folder


def measure(rules: str, path: Path) -> Mapping[str, object]:
    """Seconds of all cells and of the bare scans, in all and by report; cells and peak memory."""
    rulebook = load_rulebook(rules, REPORTING_DATE)
    forms = fitted(load_reports(rulebook.name, REPORTING_DATE), rulebook)
    watch, bare, number = Stopwatch(), Stopwatch(), 0
    with work_folder(path.parent) as work, Engine(work, [path]) as engine:
        kept = declare_kept(engine, path, rulebook, REPORTING_DATE)
        kept.decide(rulebook, "bench")
        plans = plan_reports(forms, rulebook.scope, {}, movement_scope(rulebook))
        keep_treated(engine, columns_read(plans, engine.columns(TREATED)))
        for planned in plans:
            read = columns_read([planned], engine.columns(TREATED))
            ends = ", ".join(f"min({quoted(name)}), max({quoted(name)})" for name in read)
            with bare.step(planned.report.id):
                engine.rows(f"SELECT {ends or 'count(*)'} FROM {TREATED}")
            with watch.step(planned.report.id):
                number += len(compute_reports(engine, [planned]))
    cells, scans = sum(watch.seconds.values()), sum(bare.seconds.values())
    return {
        "cells": number,
        "cells, s": cells,
        "bare scan, s": scans,
        "ratio": cells / scans,
        "by report": {name: (spent, bare.seconds[name]) for name, spent in watch.seconds.items()},
        "memory": peak_memory(),
    }


if __name__ == "__main__":
    json.dump(measure(sys.argv[1], Path(sys.argv[2])), sys.stdout)
