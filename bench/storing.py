"""The store's bulk insert beside a bare one: `python -m bench.storing DECISIONS` prints JSON."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from bench.stopwatch import Stopwatch
from npl_reporting.engine import Engine, literal
from npl_reporting.evidence.records import Run
from npl_reporting.evidence.store import Store
from npl_reporting.work import work_folder

_ROWS = """
    SELECT row_number() OVER () AS "row", exposure_id, debtor_id, portion, case_id, amount,
           minimum_allowance
    FROM read_parquet({path}) ORDER BY exposure_id, portion
"""
_TABLE = """
    CREATE TABLE treated (run INTEGER, exposure_id TEXT, portion TEXT, "row" INTEGER,
        debtor_id TEXT, case_id TEXT, amount INTEGER, allowance INTEGER,
        PRIMARY KEY (run, exposure_id, portion)) WITHOUT ROWID
"""
_RUN = Run(
    id="TW-2025-09-30-00000000", jurisdiction="TW", variant=None,
    rulebook_effective_from=date(2014, 1, 1), rulebook_title={"en": "bench"},
    rulebook_sha256="0" * 64, reporting_date=date(2025, 9, 30), currency="TWD",
    tape_name="tape.parquet", tape_sha256="0" * 64, engine_version="0",
    created_at=datetime(2025, 10, 1, tzinfo=UTC), created_by="bench",
    rows_read=0, rows_used=0, rows_set_aside=0,
)  # fmt: skip


def measure(decisions: Path) -> Mapping[str, float]:
    """Store every portion as a run does, and insert the same rows, ready made, without it."""
    watch = Stopwatch()
    sql = _ROWS.format(path=literal(str(decisions)))
    with work_folder(decisions.parent) as work, Engine(work, [decisions]) as engine:
        store = Store(f"sqlite:///{work / 'store.db'}", work / "archive")
        store.save_run(replace(_RUN, id="TW-2025-06-30-00000000"))
        with watch.step("store"):
            store.save_run(_RUN, exposures=engine.batches(sql))
        ready = [_units(row) for row in engine.rows(sql)]
        bare = sqlite3.connect(work / "bare.db")
        bare.execute(_TABLE)
        with watch.step("bare"), bare:
            bare.executemany("INSERT INTO treated VALUES (?, ?, ?, ?, ?, ?, ?, ?)", ready)
        bare.close()
    return {"rows": len(ready), **watch.seconds}


def _units(row: tuple[int, str, str, str, str, Decimal, Decimal]) -> tuple[int | str, ...]:
    number, exposure, debtor, portion, case, amount, allowance = row
    units = int(amount.scaleb(2)), int(allowance.scaleb(6))
    return (1, exposure, portion, number, debtor, case, *units)


if __name__ == "__main__":
    json.dump(measure(Path(sys.argv[1])), sys.stdout)
