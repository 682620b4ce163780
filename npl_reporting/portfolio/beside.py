"""A small file beside the tape, read by a dictionary of columns into a table of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from npl_reporting.engine import Engine, UnreadableFile, quoted
from npl_reporting.errors import DataError, NplError, Problem
from npl_reporting.law.columns import Column
from npl_reporting.money import minor_digits
from npl_reporting.portfolio.casts import sql_type
from npl_reporting.portfolio.mapping import map_columns
from npl_reporting.portfolio.opening import open_raw
from npl_reporting.portfolio.rawtape import CELLS, ROW
from npl_reporting.portfolio.readings import Reading, read_column
from npl_reporting.portfolio.source import TapeSource, refusal
from npl_reporting.resources import shown

MOST_LISTED = 1000
"""Faults that an error lists itself; of more, it gives the number."""


def read_beside(
    engine: Engine, path: Path, dictionary: Mapping[str, Column], table: str, currency: str
) -> None:
    """Read a file into `table`: line, and every column of the dictionary, typed.

    NplError if it cannot be such a file, DataError with every cell that cannot be read, every
    negative amount and every id that stands twice.
    """
    source = TapeSource(path)
    raw = open_raw(engine, source, dictionary)
    found = map_columns(None, raw.kinds, dictionary).columns
    _refuse_missing(path, dictionary, {column.name for column in found})
    decimals = minor_digits(currency)
    readings = tuple(
        read_column(c.name, dictionary[c.name], c.raw, c.kind, decimals) for c in found
    )
    columns = ", ".join(_columns(readings, dictionary, decimals))
    try:
        with engine.reading():
            engine.execute(
                f"CREATE OR REPLACE TABLE {table} AS "
                f"SELECT {ROW} AS line, {CELLS} AS cells, {columns} FROM raw"
            )
    except UnreadableFile as error:
        raise refusal(path, f"is damaged: {error}", "export it again") from None
    faults = _faults(engine, path, dictionary, readings, table)
    problems = sorted(faults, key=lambda problem: problem.line or 0)
    if problems:
        raise DataError(*_listed(path, problems))


def _refuse_missing(path: Path, dictionary: Mapping[str, Column], found: set[str]) -> None:
    absent = [name for name, column in dictionary.items() if column.required and name not in found]
    if absent:
        raise NplError(*(
            Problem(f"the file has no column '{name}'", "add it", shown(path), 1) for name in absent
        ))  # fmt: skip


def _columns(
    readings: Sequence[Reading], dictionary: Mapping[str, Column], decimals: int
) -> Iterator[str]:
    have = {reading.column: reading for reading in readings}
    for name, column in dictionary.items():
        absent = f"CAST(NULL AS {sql_type(column, decimals)})"
        yield f"{have[name].typed if name in have else absent} AS {quoted(name)}"
    for name, reading in have.items():
        yield f"{reading.text} AS {quoted(f'text of {name}')}"
        yield f"CAST({reading.fault} AS VARCHAR) AS {quoted(f'fault of {name}')}"


def _faults(
    engine: Engine,
    path: Path,
    dictionary: Mapping[str, Column],
    readings: Sequence[Reading],
    table: str,
) -> Iterator[Problem]:
    file = shown(path)
    for line, cells in engine.rows(f"SELECT line, cells FROM {table} WHERE cells <> 0"):
        yield Problem(f"the row has {cells} cells", "as many as the header", file, line)
    for reading in readings:
        name, text = reading.column, quoted(f"text of {reading.column}")
        fault = quoted(f"fault of {name}")
        wrong = f"SELECT line, {text} FROM {table} WHERE cells = 0 AND {fault} IS NOT NULL"
        for line, value in engine.rows(f"{wrong} ORDER BY line"):
            expected = reading.expected or "a value"
            yield Problem(f"{name} is '{value or ''}'", f"expected: {expected}", file, line)
        column = dictionary[name]
        if column.type == "money":
            below = f"SELECT line, {text} FROM {table} WHERE {quoted(name)} < 0 ORDER BY line"
            for line, value in engine.rows(below):
                yield Problem(f"{name} is {value}", "an amount is not negative", file, line)
        if column.unique:
            twice = (
                f"SELECT max(line), {quoted(name)} FROM {table} WHERE {quoted(name)} IS NOT NULL "
                f"GROUP BY {quoted(name)} HAVING count(*) > 1 ORDER BY 1"
            )
            for line, value in engine.rows(twice):
                yield Problem(f"{name} '{value}' stands twice", "give one row of it", file, line)


def _listed(path: Path, problems: Sequence[Problem]) -> Iterator[Problem]:
    yield from problems[:MOST_LISTED]
    if len(problems) > MOST_LISTED:
        rest = len(problems) - MOST_LISTED
        yield Problem(f"and {rest:,} more faults", "mend these first", shown(path))
