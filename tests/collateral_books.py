"""Small books of collateral, written where tests need them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from npl_reporting.disposal.collateralfile import read_collateral
from npl_reporting.disposal.collateraltypes import CollateralRules
from npl_reporting.disposal.parameters import load_parameters
from npl_reporting.disposal.valuation import NO_SHOCK, Shock, value_assets
from npl_reporting.engine import Engine
from npl_reporting.errors import Finding

AS_OF = date(2025, 9, 30)
Row = Mapping[str, object]
SOUND: Row = {
    "rank": 1, "asset_type": "resi_std", "appraisal_value": "100", "appraisal_date": "2025-06-30",
    "pc1": "0",
}  # fmt: skip


@dataclass(frozen=True)
class Valued:
    """A book that has been read and valued."""

    engine: Engine
    rules: CollateralRules
    findings: tuple[Finding, ...]

    def one(self, columns: str, relation: str) -> tuple[object, ...]:
        """The one row of a relation, its columns as text."""
        (row,) = self.engine.rows(f"SELECT {columns} FROM {relation}")
        return tuple(None if value is None else str(value) for value in row)


def write_rows(path: Path, rows: Sequence[Row], sound: Row = SOUND) -> Path:
    """Write rows as CSV, sound where they say nothing else."""
    whole = [{**sound, **row} for row in rows]
    with path.open("w", encoding="utf-8", newline="") as file:
        names = list(dict.fromkeys(name for row in whole for name in row))
        writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(whole)
    return path


@contextmanager
def valued(
    folder: Path, loans: Mapping[str, str], rows: Sequence[Row],
    changes: Mapping[str, str] | None = None, shock: Shock = NO_SHOCK,
) -> Iterator[Valued]:  # fmt: skip
    """Read and value a book: loans by exposure_id, and the rows of the collateral file."""
    path = write_rows(folder / "collateral.csv", rows)
    rules = load_parameters("collateral", CollateralRules, changes)
    work = folder / "work"
    work.mkdir()
    with Engine(work) as engine:
        given = pa.table({"exposure_id": list(loans), "owed": list(loans.values())})
        engine.register("given_loans", given)
        engine.execute(
            "CREATE TABLE loans AS SELECT exposure_id, CAST(owed AS DECIMAL(20, 2)) AS balance "
            "FROM given_loans"
        )
        found = read_collateral(engine, path, rules, AS_OF)
        value_assets(engine, rules, AS_OF, shock)
        yield Valued(engine, rules, found)
