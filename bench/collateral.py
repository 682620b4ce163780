"""Measure a book of collateral: read, allocated, valued and compared, against a bare scan and write.

`python -m bench.collateral [ASSETS]` makes the assets itself and prints one line of JSON. Bare is
reading the file and writing the rows that come out, without working them out.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

from bench.stopwatch import Stopwatch
from npl_reporting.disposal.collateralfile import read_collateral
from npl_reporting.disposal.compare import compare_channels
from npl_reporting.disposal.desk import load_rules
from npl_reporting.disposal.valuation import value_assets
from npl_reporting.engine import Engine, literal
from npl_reporting.work import work_folder

DAY = date(2025, 9, 30)
MILLION = 1_000_000
TYPES = ("resi_small", "resi_std", "office", "land_resi", "vehicle", "mach_gen")


def make(work: Path, assets: int) -> Path:
    """Write a collateral file: every fifth loan has two assets, every seventh asset two loans."""
    path = work / "made.parquet"
    types = literal(list(TYPES))
    with Engine(work / "making") as engine:
        engine.write_parquet(
            "WITH n AS (SELECT range AS n, unnest(CASE WHEN range % 7 = 0 THEN [1, 2] ELSE [1] END)"
            f" AS rank FROM range({assets})) SELECT 'A' || n AS asset_id, "
            "'E' || (CASE WHEN rank = 2 THEN n + 3 WHEN n % 5 = 1 THEN n - 1 ELSE n END) "
            "AS exposure_id, CAST(rank AS BIGINT) AS rank, "
            f"{types}[1 + n % 6] AS asset_type, "
            "CAST(1000000 + (n * 7919) % 9000000 AS DECIMAL(18, 2)) AS appraisal_value, "
            "DATE '2025-03-31' AS appraisal_date, 'R' || n % 20 AS region, "
            "CAST((n * 31) % 500000 AS DECIMAL(18, 2)) AS pc1, 12 + n % 12 AS months_to_sale, "
            "CAST(0.02 + (n % 50) * 0.001 AS DECIMAL(12, 6)) AS interest_rate, "
            "1 + n % 14 AS floor, 4 + n % 16 AS building_floors, n % 3 = 0 AS vacant, "
            "n % 4 > 0 AS handover, "
            "['city_centre', 'old_city', 'other'][1 + n % 3] AS location FROM n",
            work / "making" / "made.parquet",
        )
    (work / "making" / "made.parquet").rename(path)
    return path


def main() -> None:
    """Measure and print."""
    assets = int(sys.argv[1]) if len(sys.argv) > 1 else MILLION
    rules, watch = load_rules({}), Stopwatch()
    with work_folder() as work:
        (work / "making").mkdir()
        path = make(work, assets)
        with Engine(work, [path]) as engine:
            engine.execute(
                "CREATE TABLE loans AS SELECT DISTINCT exposure_id, "
                "CAST(2000000 + hash(exposure_id) % 3000000 AS DECIMAL(20, 2)) AS balance "
                f"FROM read_parquet({literal(str(path))})"
            )
            with watch.step("read"):
                read_collateral(engine, path, rules.collateral, DAY)
            with watch.step("value"):
                value_assets(engine, rules.collateral, DAY)
            with watch.step("compare"):
                compare_channels(engine, rules.channels, rules.rounds)
            with watch.step("bare"):
                source = f"read_parquet({literal(str(path))})"
                engine.execute(f"CREATE TABLE bare AS SELECT * FROM {source}")
                for table in ("valued", "covered", "compared"):
                    engine.execute(f"CREATE TABLE bare_{table} AS SELECT * FROM {table}")
            found = engine.value("SELECT count(*) FROM compared WHERE best IS NOT NULL")
    total = sum(watch.seconds[step] for step in ("read", "value", "compare"))
    ratio = total / watch.seconds["bare"]
    print(json.dumps({"assets": found, **watch.seconds, "ratio_to_bare_scan": round(ratio, 1)}))


if __name__ == "__main__":
    main()
