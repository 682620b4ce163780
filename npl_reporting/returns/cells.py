"""A report over the classified exposures: values in one pass, and the exposures behind each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.money import exact_text
from npl_reporting.returns.onepass import grid_sql
from npl_reporting.returns.plan import Plan, TablePlan
from npl_reporting.returns.report import Column, Period, Relation, Report, Row, Table

TREATED = "treated"
NO_PRIOR_RUN = "no_prior_run"
NOT_IN_PRIOR_RUN = "not_in_prior_run"
NO_EXPOSURES = "no_exposures"
ZERO_DENOMINATOR = "zero_denominator"
NEGATIVE_DENOMINATOR = "negative_denominator"
CellPeriod = Period | Literal["computed"]
COMPUTED: CellPeriod = "computed"
"""The period of a cell that holds what was computed, where persons had another value reported."""
PENDING = "pending"
"""Stands in a row's formula until every cell that it may read is there; see `rowformulas`."""
PARAMETER = "parameter:"
"""Begins the reason of a cell that waits for a parameter; its name follows."""


@dataclass(frozen=True)
class Relations:
    """The relations that tables are about; where there is no movement, `absent` says why.

    `exposures` has one row per exposure and portion, `movement` one per exposure of either quarter.
    """

    exposures: str = TREATED
    movement: str | None = None
    absent: str = NO_PRIOR_RUN

    def of(self, of: Relation) -> str | None:
        """The relation by the name that report files call it."""
        return self.exposures if of == "exposures" else self.movement


NO_MOVEMENT = Relations()
"""The exposures of one reporting date, with nothing to compare them with."""


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
    period: CellPeriod
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
    relations: Relations = NO_MOVEMENT,
) -> tuple[Cell, ...]:
    """Compute every cell of a report; `prior` are the cells that the prior run stored for it.

    All grids about one relation are computed in one pass, each list in one more. The cells of
    rows with a formula are left `PENDING`.
    """
    return (*_current(engine, planned, relations), *_comparative(planned.report, prior))


def queries_over(planned: Plan, of: Relation) -> Iterator[str]:
    """The queries of a report's tables about a relation, over a relation of that name."""
    if planned.rows.get(of):
        yield grid_sql(planned, of, of)
    for table in planned.tables.values():
        if table.table.kind == "list" and table.table.of == of:
            yield list_sql(planned, table, of)


def _current(engine: Engine, planned: Plan, relations: Relations) -> Iterator[Cell]:
    grids = {of: _grid_records(engine, planned, of, relations.of(of)) for of in planned.sources}
    for table in planned.tables.values():
        relation = relations.of(table.table.of)
        if table.table.kind == "grid" and relation:
            yield from _grid_cells(planned, table, grids[table.table.of])
        elif table.table.kind == "grid":
            yield from _absent(planned, table, relations.absent)
        elif relation:
            yield from _list_cells(engine, planned, table, relation)


def _grid_records(
    engine: Engine, planned: Plan, of: Relation, relation: str | None
) -> dict[int, dict[str, Any]]:
    if not planned.rows[of] or relation is None:
        return {}
    return {record["mark"]: record for record in engine.records(grid_sql(planned, relation, of))}


def _absent(planned: Plan, table: TablePlan, reason: str) -> Iterator[Cell]:
    for row, column in _places(table.table):
        yield _empty(planned, table, row.id, column, PENDING if row.formula else reason)


def _empty(planned: Plan, table: TablePlan, row: str, column: Column, reason: str) -> Cell:
    report = planned.report.id
    return Cell(report, table.table.id, row, column.id, "current", None, reason=reason)


def _grid_cells(
    planned: Plan, table: TablePlan, records: Mapping[int, Mapping[str, Any]]
) -> Iterator[Cell]:
    numbers = {row: number for number, row in enumerate(planned.rows[table.table.of], 1)}
    for row in (row for row in table.table.rows if not row.heading):
        shown = [column for column in table.table.columns if column.id not in row.blank]
        if row.formula is not None:
            yield from (_empty(planned, table, row.id, column, PENDING) for column in shown)
            continue
        lines = {id_: records.get(numbers[id_], records[0]) for id_ in (row.id, *row.sum_of)}
        columns = table.of(row.id)
        values = {c.id: _grid_value(lines, row, columns.name(c.id), c) for c in table.table.columns}
        for column in shown:
            yield _cell(planned, table, row.id, column, values)


def _grid_value(lines: Mapping[str, Mapping[str, Any]], row: Row, name: str, column: Column) -> Any:
    """The value of a column in a row; in a total, of the rows it totals where the column says so."""
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
            return replace(cell, reason=_reason(planned, table, row, column, values))
        case date():
            return replace(cell, text=value.isoformat())
        case int() | Decimal():
            return replace(cell, value=Decimal(value))
    return replace(cell, text=str(value))


def _reason(
    planned: Plan, table: TablePlan, row: str, column: Column, values: Mapping[str, Any]
) -> str:
    """Say why a value is missing; of several reasons, the one that the user can mend."""
    formula = table.of(row).formulas.get(column.id)
    if formula is None:
        return NO_EXPOSURES
    absent = sorted(formula.parameters - set(planned.parameters))
    if absent:
        return PARAMETER + absent[0]
    if any(values[name] is None for name in formula.columns):
        return NO_EXPOSURES
    divisor = values.get(column.over or "")
    negative = divisor is not None and divisor < 0
    return NEGATIVE_DENOMINATOR if negative else ZERO_DENOMINATOR


def list_sql(planned: Plan, table: TablePlan, relation: str = TREATED) -> str:
    """Write the query for a whole list, in its order; rank 1 is the first line.

    A group without a key is left out unless the list has a label for it.
    """
    columns, of = table.columns, table.table.of
    named = "" if table.table.blank else f" HAVING {table.key} <> ''"
    grouped = (
        f"SELECT {table.key} AS key, {_values(table)} FROM {planned.source(relation, of)}"
        f" WHERE {table.where or 'true'} GROUP BY {table.key}{named}"
    )
    by = quoted(columns.name(table.table.order_by or ""))
    order = f"{by} {'ASC' if table.table.ascending else 'DESC'}"
    return (
        f"SELECT row_number() OVER (ORDER BY {order} NULLS LAST, key) AS rank, *"
        f" FROM (SELECT {_with_formulas(table)} FROM ({grouped})) ORDER BY rank"
    )


def _last_sql(planned: Plan, table: TablePlan, relation: str, told: Sequence[str]) -> str:
    """Write the query for a line under a list: all of its exposures but those of groups told."""
    source = planned.source(relation, table.table.of)
    others = f" AND {table.key} NOT IN ({', '.join(map(literal, told))})" if told else ""
    whole = f"SELECT {_values(table)} FROM {source} WHERE {table.where or 'true'}{others}"
    return f"SELECT {_with_formulas(table)} FROM ({whole})"


def _values(table: TablePlan) -> str:
    columns = table.columns
    return ", ".join(
        f"{value.sql} AS {quoted(columns.name(id_))}" for id_, value in columns.values.items()
    )


def _with_formulas(table: TablePlan) -> str:
    columns = table.columns
    formulas = [f"{f.sql} AS {quoted(columns.name(id_))}" for id_, f in columns.formulas.items()]
    return ", ".join(["*", *formulas])


def _list_cells(engine: Engine, planned: Plan, table: TablePlan, relation: str) -> Iterator[Cell]:
    limit = f" LIMIT {table.table.limit}" if table.table.limit else ""
    told = []
    for record in engine.records(f"{list_sql(planned, table, relation)}{limit}"):
        told.append(str(record["key"]))
        row = f"{table.table.id}.{record['rank']}"
        for cell in _line_cells(planned, table, row, record):
            yield replace(cell, key=told[-1])
    beyond = table.table.limit is not None and len(told) >= table.table.limit
    for row in table.table.last_rows():
        if row.endswith(".rest") and not beyond:
            continue
        left_out = told if row.endswith(".rest") else ()
        (record,) = engine.records(_last_sql(planned, table, relation, left_out))
        yield from _line_cells(planned, table, row, record)


def _line_cells(
    planned: Plan, table: TablePlan, row: str, record: Mapping[str, Any]
) -> Iterator[Cell]:
    values = {c.id: record[table.columns.name(c.id)] for c in table.table.columns}
    for column in table.table.columns:
        yield _cell(planned, table, row, column, values)


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
