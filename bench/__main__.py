"""Measure the road at several sizes and print the ratios: `python -m bench [SIZE ...]`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.road import REPORTING_DATE
from npl_reporting.demo.portfolio import write_tape
from npl_reporting.work import work_folder

RULES = "TW"
SIZES = (1_000_000, 10_000_000)

Figures = Mapping[str, float]


def main() -> None:
    """Make a tape of each size, measure each step in a process of its own, print the report."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES, metavar="SIZE")
    sizes: Sequence[int] = sorted(parser.parse_args().sizes)
    with work_folder() as work:
        roads = [_road(work, size) for size in sizes]
        stored = _child("bench.storing", work / f"{sizes[0]}.decisions.parquet")
        largest = work / f"{sizes[-1]}.decisions.parquet"
        returns, impact = _child("bench.returns", RULES, largest), _child("bench.impact", largest)
    print("\n".join([*lines(roads, stored), *after(returns, impact)]))


def _road(work: Path, size: int) -> Figures:
    tape, decisions = work / f"{size}.parquet", work / f"{size}.decisions.parquet"
    print(f"making a tape of {size:,} exposures", file=sys.stderr)
    write_tape(tape, REPORTING_DATE, size=size)
    print(f"deciding {size:,} exposures", file=sys.stderr)
    return _child("bench.road", RULES, tape, decisions)


def _child(module: str, *words: str | Path) -> Figures:
    command = [sys.executable, "-m", module, *map(str, words)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    figures: Figures = json.loads(done.stdout)
    return figures


def lines(roads: Sequence[Figures], stored: Figures) -> list[str]:
    """The report: a line per measurement, a column per size."""
    rows = {
        "exposures": [f"{f['exposures']:,.0f}" for f in roads],
        "reading and checking the tape, s": [f"{f['read']:.1f}" for f in roads],
        "facts, cases, decisions, join, s": [f"{f['decide']:.1f}" for f in roads],
        "writing the decisions, s": [f"{f['write']:.1f}" for f in roads],
        "bare scan and write of these rows, s": [f"{f['bare']:.1f}" for f in roads],
        "ratio (aim: 1.5 or less)": [f"{_heart(f) / f['bare']:.2f}" for f in roads],
        "cases": [f"{f['cases']:,.0f}" for f in roads],
        "seconds in durable-rules": [f"{f['durable']:.2f}" for f in roads],
        "durable-rules for every exposure, s": [f"{_each(f):,.0f}" for f in roads],
        "times faster (aim: 100)": [f"{_each(f) / _heart(f):,.0f}" for f in roads],
        "peak memory, GB (aim: below 4)": [f"{f['memory'] / 1e9:.2f}" for f in roads],
    }
    table = [f"{name:<40}" + "".join(f"{cell:>14}" for cell in row) for name, row in rows.items()]
    speed, bare = (stored["rows"] / stored[how] for how in ("store", "bare"))
    rate = (
        f"{speed:,.0f} rows a second; bare insert of {stored['rows']:,.0f} ready rows: {bare:,.0f}"
    )
    return [*table, f"store: {rate}; ratio {bare / speed:.2f}"]


def after(returns: Figures, impact: Figures) -> list[str]:
    """What follows on the largest run: its returns, and what another version of the law moves."""
    return [
        (
            f"returns: {returns['cells']:,.0f} cells in {returns['cells, s']:.1f} s; bare scan of their "
            f"columns {returns['bare scan, s']:.1f} s; ratio {returns['ratio']:.2f} (aim: 3 or less)"
        ),
        (
            f"impact: {impact['cases']:,.0f} cases decided and summed in {impact['moves, s']:.1f} s, "
            f"report cells of both sides in {impact['cells, s']:.1f} s"
        ),
    ]


def _heart(figures: Figures) -> float:
    return figures["decide"] + figures["write"]


def _each(figures: Figures) -> float:
    return figures["call"] * figures["exposures"]


if __name__ == "__main__":
    main()
