"""A report over the classified exposures: values in one pass, and the exposures behind each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from npl_reporting.engine import Engine, quoted
from npl_reporting.money import exact_text
from npl_reporting.returns.onepass import grid_sql
from npl_reporting.returns.plan import Plan, TablePlan
from npl_reporting.returns.report import Column, Period, Report, Row, Table

TREATED = "treated"
NO_PRIOR_RUN = "no_prior_run"
NOT_IN_PRIOR_RUN = "not_in_prior_run"
NO_EXPOSURES = "no_exposures"
ZERO_DENOMINATOR = "zero_denominator"
PARAMETER = "parameter:"
"""Begins the reason of a cell that waits for a parameter; its name follows."""


@dataclass(frozen=True)
class Cell:
    """One cell's value, exact and unrounded; without one, `reason` is the code that says why.

    Texts and dates (ISO) of a list stand in `text`; a list's `row` is its table and rank, and
    `key` the value it was grouped by.
    """

    report: str
    table: str
    row: str
    column: str
    period: Period
    value: Decimal | None
    text: str | None = None
    reason: str | None = None
    key: str | None = None

    @property
    def state(self) -> Literal["value", "not_computed"]:
        """Whether the cell has a value; zero is one."""
        return "not_computed" if self.reason else "value"

    @property
    def exact(self) -> str:
        """The value as files hold it: the exact decimal or the text, empty if not computed."""
        return exact_text(self.value) if self.value is not None else self.text or ""


def compute(
    engine: Engine,
    planned: Plan,
    prior: Sequence[Cell] | None = None,
    relation: str = TREATED,
) -> tuple[Cell, ...]:
    """Compute every cell of a report; `prior` are the cells that the prior run stored for it.

    `relation` has one row per exposure and portion. All grids are computed in one pass, each
    list in one more.
    """
    return (*_current(engine, planned, relation), *_comparative(planned.report, prior))


def _current(engine: Engine, planned: Plan, relation: str) -> Iterator[Cell]:
    grids = _grid_records(engine, planned, relation)
    for table in planned.tables.values():
        if table.table.kind == "grid":
            yield from _grid_cells(planned, table, grids)
        else:
            yield from _list_cells(engine, planned, table, relation)


def _grid_records(engine: Engine, planned: Plan, relation: str) -> dict[int, dict[str, Any]]:
    if not planned.rows:
        return {}
    return {record["mark"]: record for record in engine.records(grid_sql(planned, relation))}


def _grid_cells(
    planned: Plan, table: TablePlan, records: Mapping[int, Mapping[str, Any]]
) -> Iterator[Cell]:
    numbers = {row: number for number, row in enumerate(planned.rows, 1)}
    owner = table.table.columns_of or table.table.id
    for row in (row for row in table.table.rows if not row.heading):
        lines = {id_: records.get(numbers[id_], records[0]) for id_ in (row.id, *row.sum_of)}
        values = {c.id: _grid_value(lines, row, owner, c) for c in table.table.columns}
        for column in (column for column in table.table.columns if column.id not in row.blank):
            yield _cell(planned, table, row.id, column, values)


def _grid_value(
    lines: Mapping[str, Mapping[str, Any]], row: Row, owner: str, column: Column
) -> Any:
    """The value of a column in a row; in a total, of the rows it totals where the column says so."""
    name = f"{owner}.{column.id}"
    if not row.sum_of or column.total == "formula":
        return lines[row.id][name]
    parts = [lines[part][name] for part in row.sum_of]
    return None if None in parts else sum(parts)


def _cell(
    planned: Plan, table: TablePlan, row: str, column: Column, values: Mapping[str, Any]
) -> Cell:
    cell = Cell(planned.report.id, table.table.id, row, column.id, "current", None)
    value = values[column.id]
    match value:
        case None:
            return replace(cell, reason=_reason(planned, table, column, values))
        case date():
            return replace(cell, text=value.isoformat())
        case int() | Decimal():
            return replace(cell, value=Decimal(value))
    return replace(cell, text=str(value))


def _reason(planned: Plan, table: TablePlan, column: Column, values: Mapping[str, Any]) -> str:
    """Say why a value is missing; of several reasons, the one that the user can mend."""
    formula = table.formulas.get(column.id)
    if formula is None:
        return NO_EXPOSURES
    absent = sorted(formula.parameters - set(planned.parameters))
    if absent:
        return PARAMETER + absent[0]
    if any(values[name] is None for name in formula.columns):
        return NO_EXPOSURES
    return ZERO_DENOMINATOR


def list_sql(planned: Plan, table: TablePlan, relation: str = TREATED) -> str:
    """Write the query for a whole list, in its order; rank 1 is the first line."""
    name = table.table.id
    values = ", ".join(
        f"{value.sql} AS {quoted(f'{name}.{id_}')}" for id_, value in table.values.items()
    )
    formulas = [f"{f.sql} AS {quoted(f'{name}.{id_}')}" for id_, f in table.formulas.items()]
    grouped = (
        f"SELECT {table.key} AS key, {values} FROM {planned.source(relation)}"
        f" WHERE {table.where or 'true'} GROUP BY {table.key} HAVING {table.key} <> ''"
    )
    order = (
        f"{quoted(f'{name}.{table.table.order_by}')} {'ASC' if table.table.ascending else 'DESC'}"
    )
    return (
        f"SELECT row_number() OVER (ORDER BY {order} NULLS LAST, key) AS rank, *"
        f" FROM (SELECT {', '.join(['*', *formulas])} FROM ({grouped})) ORDER BY rank"
    )


def _list_cells(engine: Engine, planned: Plan, table: TablePlan, relation: str) -> Iterator[Cell]:
    limited = f"{list_sql(planned, table, relation)} LIMIT {table.table.limit}"
    for record in engine.records(limited):
        values = {c.id: record[f"{table.table.id}.{c.id}"] for c in table.table.columns}
        for column in table.table.columns:
            row = f"{table.table.id}.{record['rank']}"
            cell = _cell(planned, table, row, column, values)
            yield replace(cell, key=str(record["key"]))


def _comparative(report: Report, prior: Sequence[Cell] | None) -> Iterator[Cell]:
    """The comparative cells: what the prior run stored, or why there is nothing to compare."""
    stored = {(c.row, c.column): c for c in prior or () if c.period == "current"}
    for table in report.tables:
        if "comparative" not in table.periods:
            continue
        if table.kind == "list":
            mine = [cell for cell in stored.values() if cell.table == table.id]
            yield from (replace(cell, period="comparative") for cell in mine)
            continue
        for row, column in _places(table):
            cell = Cell(report.id, table.id, row.id, column.id, "comparative", None)
            found = stored.get((row.id, column.id))
            reason = NO_PRIOR_RUN if prior is None else NOT_IN_PRIOR_RUN
            yield replace(found, period="comparative") if found else replace(cell, reason=reason)


def _places(table: Table) -> Iterator[tuple[Row, Column]]:
    for row in table.rows:
        for column in table.columns:
            if not row.heading and column.id not in row.blank:
                yield row, column
