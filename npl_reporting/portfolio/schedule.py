"""The payment schedule beside a tape: a file of instalments and payments as typed rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from npl_reporting.engine import Engine, UnreadableFile, quoted
from npl_reporting.errors import NplError, Problem
from npl_reporting.law.columns import Column, Dictionary
from npl_reporting.law.rulefile import Part
from npl_reporting.law.yamlfile import load
from npl_reporting.portfolio.casts import sql_type
from npl_reporting.portfolio.mapping import map_columns
from npl_reporting.portfolio.opening import open_raw
from npl_reporting.portfolio.rawtape import CELLS, ROW, RawTape, declare_rewritten
from npl_reporting.portfolio.readings import Reading, read_column
from npl_reporting.portfolio.source import TapeSource, refusal
from npl_reporting.resources import RULES, shown

WHOLE = "amount_due"
PARTS: Mapping[Part, str] = {
    "costs": "costs_due", "interest": "interest_due", "principal": "principal_due",
}  # fmt: skip


@cache
def schedule_columns() -> Mapping[str, Column]:
    """What a schedule may hold: `rules/schedule.yaml`."""
    return load(RULES / "schedule.yaml", Dictionary).columns


@dataclass(frozen=True)
class Schedule:
    """A schedule that has been opened: the columns of the dictionary that it has.

    The table `schedule` has a row per row of the file: line, every column of the dictionary
    (missing where the file has none), and for each that it has the text and fault of its cell.
    """

    path: Path
    readings: tuple[Reading, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The dictionary's columns that the file has."""
        return tuple(reading.column for reading in self.readings)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of instalments that the file tells apart; none where it gives the whole."""
        return tuple(part for part, column in PARTS.items() if column in self.columns)


def open_schedule(engine: Engine, path: Path, decimals: int) -> Schedule:
    """Read a schedule into the table `schedule`; NplError if the file cannot be one.

    `decimals` are those that its money may have.
    """
    source = TapeSource(path)
    raw = open_raw(engine, source, schedule_columns())
    columns = map_columns(None, raw.kinds, schedule_columns()).columns
    _refuse_unfit(path, {column.name for column in columns})
    readings = tuple(
        read_column(c.name, schedule_columns()[c.name], c.raw, c.kind, decimals) for c in columns
    )
    _declare(engine, source, raw, tuple(_columns(readings, decimals)))
    return Schedule(path, readings)


def _refuse_unfit(path: Path, found: Collection[str]) -> None:
    parts = [column for column in PARTS.values() if column in found]
    missing = [name for name in ("exposure_id", "due_date") if name not in found]
    if not parts and WHOLE not in found:
        missing.append(WHOLE)
    problems = [
        Problem(f"the schedule has no column '{name}'", "see rules/schedule.yaml", shown(path), 1)
        for name in missing
    ]
    if parts and WHOLE in found:
        what = f"the schedule has both {WHOLE} and {', '.join(parts)}"
        problems.append(Problem(what, "give the whole or its parts", shown(path), 1))
    if problems:
        raise NplError(*problems)


def _declare(engine: Engine, source: TapeSource, raw: RawTape, columns: Sequence[str]) -> None:
    """Make the table; where the engine's reader gives up, mend the rows and read them again."""
    select = f"SELECT {ROW} AS line, {CELLS} AS cells, {', '.join(columns)} FROM raw"
    try:
        with engine.reading():
            engine.execute(f"CREATE TABLE schedule AS {select}")
    except UnreadableFile as error:
        if raw.mend is None:
            raise refusal(source.path, f"is damaged: {error}", "export it again") from None
        declare_rewritten(engine, raw.mend(), list(raw.kinds))
        engine.execute(f"CREATE TABLE schedule AS {select}")


def _columns(readings: Sequence[Reading], decimals: int) -> Iterator[str]:
    """SQL of every column of the table."""
    have = {reading.column: reading for reading in readings}
    for name, column in schedule_columns().items():
        absent = f"CAST(NULL AS {sql_type(column, decimals)})"
        yield f"{have[name].typed if name in have else absent} AS {quoted(name)}"
    for name, reading in have.items():
        yield f"{reading.text} AS {quoted(text_column(name))}"
        yield f"CAST({reading.fault} AS VARCHAR) AS {quoted(fault_column(name))}"


def fault_column(column: str) -> str:
    """Name of the column that holds the fault of a cell."""
    return f"fault of {column}"


def text_column(column: str) -> str:
    """Name of the column that holds what stands in the file."""
    return f"text of {column}"
