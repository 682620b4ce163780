"""The published card panel as one Parquet file per quarter, with what a tape needs beside it.

`python -m npl_reporting.demo.cards.prepare client_months.csv.gz FOLDER` writes the files that
are bundled here. The published columns stay as they are; ATTRIBUTION.md says what is added.
"""

from __future__ import annotations

import shutil
import sys
from datetime import date
from pathlib import Path

from npl_reporting.demo.cards import QUARTERS
from npl_reporting.engine import Engine, literal
from npl_reporting.work import work_folder

_ACCOUNTS = """
    CREATE TABLE accounts AS
    SELECT CAST(period_end AS DATE) AS period_end,
           CAST("ID" AS INTEGER) AS id,
           CAST(limit_balance AS DECIMAL(18, 0)) AS limit_balance,
           CAST(pay_status AS INTEGER) AS pay_status,
           CAST(bill_amount AS DECIMAL(18, 0)) AS bill_amount,
           CAST(paid_in_month AS DECIMAL(18, 0)) AS paid_in_month
    FROM read_csv({source}, header = true, all_varchar = true)
"""

# A status of k months is a deadline on the last day of the k-th month before: exactly k months.
_QUARTER = """
    SELECT printf('%05d', id) AS account,
           printf('C%05d', id) AS client,
           limit_balance, pay_status, bill_amount, paid_in_month,
           greatest(bill_amount, 0) AS balance,
           greatest(limit_balance - greatest(bill_amount, 0), 0) AS unused_limit,
           CASE WHEN pay_status > 0 AND bill_amount > 0
                THEN last_day(period_end - to_months(pay_status)) END AS oldest_deadline
    FROM accounts WHERE period_end = DATE {quarter}
    ORDER BY id
"""


def write_quarters(source: Path, folder: Path) -> list[Path]:
    """Write one Parquet file per quarter into `folder`, the same bytes every time."""
    with work_folder() as work, Engine(work, [source]) as engine:
        engine.execute(_ACCOUNTS.format(source=literal(str(source))))
        return [_write_quarter(engine, quarter, folder) for quarter in QUARTERS]


def _write_quarter(engine: Engine, quarter: date, folder: Path) -> Path:
    written = engine.work / f"{quarter}.parquet"
    rows = _QUARTER.format(quarter=literal(quarter.isoformat()))
    engine.execute(f"COPY ({rows}) TO {literal(str(written))} (FORMAT parquet, COMPRESSION zstd)")
    return Path(shutil.copy(written, folder))


if __name__ == "__main__":
    for path in write_quarters(Path(sys.argv[1]), Path(sys.argv[2])):
        print(path)
