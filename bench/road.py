"""The heart of the road on one tape, beside DuckDB's bare scan and write of the same rows.

Run as a process of its own, so that its peak of memory is its own: `python -m bench.road RULES TAPE OUT`
leaves OUT as `decisions.parquet` and prints the measurements as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter

from bench.stopwatch import Stopwatch, peak_memory
from npl_reporting.demo.bank.banks import QUARTERS
from npl_reporting.engine import Engine, literal
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.portfolio import classify as heart
from npl_reporting.portfolio.cases import Case
from npl_reporting.portfolio.decide import DecisionRules
from npl_reporting.portfolio.tape import TapeSource, Terms, read_tape
from npl_reporting.returns.outputs import PLACE, decisions_sql
from npl_reporting.work import work_folder

REPORTING_DATE = QUARTERS[1]
_SAMPLE = 300
_REPEATS = 2


class _TimedRules(DecisionRules):
    """Counts the seconds spent inside durable-rules, building its rulesets included."""

    watch = Stopwatch()

    def _register(self) -> None:
        with self.watch.step("durable"):
            super()._register()

    def _ask(self, values: tuple[int, ...]) -> frozenset[str]:
        with self.watch.step("durable"):
            return super()._ask(values)


def measure(rules: str, path: Path, out: Path) -> Mapping[str, float]:
    """Read a tape, decide it, write the decisions; then write the same rows bare."""
    rulebook = load_rulebook(rules, REPORTING_DATE)
    vars(heart)["DecisionRules"] = _TimedRules
    watch = Stopwatch()
    with work_folder(out.parent) as work, Engine(work, [path]) as engine:
        with watch.step("read"):
            terms = Terms(rulebook.columns, rulebook.file.currency, REPORTING_DATE)
            tape = read_tape(engine, TapeSource(path), terms)
        with watch.step("decide"):
            cases = heart.classify(engine, rulebook, tape.columns, REPORTING_DATE)
        with watch.step("write"):
            whole = decisions_sql(rulebook, beside=(*PLACE, *tape.columns))
            engine.write_parquet(whole, work / "decisions.parquet")
        memory = peak_memory()
        (work / "decisions.parquet").rename(out)
    return {
        "exposures": tape.counts.used,
        "cases": len(cases),
        **watch.seconds,
        "durable": _TimedRules.watch.seconds["durable"],
        "memory": memory,
        "bare": bare_write(out),
        "call": seconds_per_call(rulebook, cases),
    }


def bare_write(rows: Path) -> float:
    """Seconds in which DuckDB scans these rows and writes them again; the better of two."""
    seconds = []
    for _ in range(_REPEATS):
        with work_folder(rows.parent) as work, Engine(work, [rows]) as engine:
            start = perf_counter()
            engine.write_parquet(f"FROM read_parquet({literal(str(rows))})", work / "bare.parquet")
            seconds.append(perf_counter() - start)
    return min(seconds)


def seconds_per_call(rulebook: Rulebook, cases: Sequence[Case]) -> float:
    """Seconds that durable-rules needs for one exposure, when each is asked about anew.

    The largest cases stand for the exposures: asked in turn, nothing remembered in between.
    """
    engines = [DecisionRules(d, rulebook.bands) for d in rulebook.decisions]
    sample = cases[:_SAMPLE]
    start = perf_counter()
    for case in sample:
        for rules in engines:
            rules._seen.clear()
            rules.fired(case.bands)
    return (perf_counter() - start) / len(sample)


if __name__ == "__main__":
    json.dump(measure(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])), sys.stdout)
