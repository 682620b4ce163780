"""Files of disposal read by their dictionary of columns: typed table, and what could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.errors import Finding, NplError, Problem
from npl_reporting.law.columns import Column
from npl_reporting.portfolio.casts import sql_type
from npl_reporting.portfolio.opening import open_raw
from npl_reporting.portfolio.rawtape import ROW
from npl_reporting.portfolio.readings import Reading, read_column
from npl_reporting.portfolio.source import TapeSource
from npl_reporting.resources import shown


@dataclass(frozen=True)
class Intake:
    """A file, the columns it may have, and the table it becomes."""

    path: Path
    columns: Mapping[str, Column]
    table: str


def take_in(engine: Engine, intake: Intake, decimals: int = 2) -> list[Finding]:
    """Make the table from the file: row, and every column of the dictionary, typed.

    Columns that the file lacks are empty. A cell that cannot be read is an error, and its row
    stands in `faulty_rows`. NplError if the file lacks a required column. The file is opened by
    an engine of its own, so that nothing of the caller's is overwritten.
    """
    folder = engine.work / intake.table
    folder.mkdir(exist_ok=True)
    with Engine(folder, [intake.path]) as reader:
        raw = open_raw(reader, TapeSource(intake.path), intake.columns)
        _refuse_missing(intake, raw.kinds)
        readings = [
            read_column(name, intake.columns[name], quoted(name), kind, decimals)
            for name, kind in raw.kinds.items()
            if name in intake.columns
        ]
        found = [f for reading in readings for f in _faults(reader, reading, raw.kinds)]
        reader.write_parquet(_typed(intake, readings, decimals), folder / "typed.parquet")
    source = literal(str(folder / "typed.parquet"))
    engine.execute(
        f"CREATE OR REPLACE TABLE {intake.table} AS SELECT * FROM read_parquet({source})"
    )
    rows = ", ".join(f"({finding.row})" for finding in found)
    engine.execute("CREATE OR REPLACE TABLE faulty_rows (row BIGINT)")
    if rows:
        engine.execute(f"INSERT INTO faulty_rows VALUES {rows}")
    return found


def _refuse_missing(intake: Intake, present: Mapping[str, str]) -> None:
    problems = [
        Problem(f"the required column '{name}' is missing", "add it", shown(intake.path), 1)
        for name, column in intake.columns.items()
        if column.required and name not in present
    ]
    if problems:
        raise NplError(*problems)


def _typed(intake: Intake, readings: list[Reading], decimals: int) -> str:
    given = {reading.column: reading.typed for reading in readings}
    columns = ", ".join(
        f"{given[name]} AS {quoted(name)}"
        if name in given
        else f"CAST(NULL AS {sql_type(column, decimals)}) AS {quoted(name)}"
        for name, column in intake.columns.items()
    )
    return f"SELECT {ROW} AS row, {columns} FROM raw"


def _faults(reader: Engine, reading: Reading, kinds: Mapping[str, str]) -> list[Finding]:
    if reading.fault == "NULL":
        return []
    exposure = '"exposure_id"' if "exposure_id" in kinds else "NULL"
    rows = reader.rows(
        f"SELECT {ROW}, CAST({exposure} AS VARCHAR), {reading.text}, {reading.fault} FROM raw "
        f"WHERE ({reading.fault}) IS NOT NULL ORDER BY 1"
    )
    return [
        Finding(
            "CO-00", "error", row, exposure_id, reading.column, text, reading.expected,
            {"en": f"{reading.column} cannot be read ({kind}); {reading.expected} is wanted."},
        )
        for row, exposure_id, text, kind in rows
    ]  # fmt: skip
