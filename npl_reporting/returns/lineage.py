"""The exposures behind a cell: the cell's own conditions, run again for each exposure."""

from __future__ import annotations

from npl_reporting.engine import literal
from npl_reporting.returns.cells import TREATED, Cell
from npl_reporting.returns.columnplan import ColumnPlan
from npl_reporting.returns.plan import Plan, TablePlan


def exposures_behind(planned: Plan, cell: Cell, relation: str = TREATED) -> str:
    """Write the query for the exposures behind a cell of the reporting date.

    Columns: exposure_id, contribution. The contributions add up to the cell where `adds_up`;
    they are missing for a formula, behind which stand the exposures of the columns it reads.
    `relation` is what the cell's table is about. Behind a row's formula stand no exposures but
    those of the cells that it reads.
    """
    table = planned.tables[cell.table]
    columns = table.of(cell.row)
    value = columns.values.get(cell.column)
    contribution = value.sql if value and not _picks(table, cell) else "CAST(NULL AS DECIMAL)"
    conditions = " AND ".join((_row(planned, table, cell), _column(columns, cell)))
    return (
        f"SELECT exposure_id, {contribution} AS contribution"
        f" FROM {planned.source(relation, table.table.of)}"
        f" WHERE {conditions} GROUP BY exposure_id ORDER BY exposure_id"
    )


def adds_up(planned: Plan, cell: Cell) -> bool:
    """Whether the contributions of the exposures behind a cell that was computed sum to it."""
    table = planned.tables[cell.table]
    return (
        cell.reason is None
        and not _by_formula(table, cell)
        and cell.row != f"{table.table.id}.rest"
        and cell.column in table.of(cell.row).additive
    )


def _by_formula(table: TablePlan, cell: Cell) -> bool:
    return any(row.id == cell.row and row.formula is not None for row in table.table.rows)


def _picks(table: TablePlan, cell: Cell) -> bool:
    """Whether the column takes one exposure's value instead of adding values up."""
    return any(c.id == cell.column and c.of_largest for c in table.table.columns)


def _row(planned: Plan, table: TablePlan, cell: Cell) -> str:
    if table.table.kind == "grid":
        return planned.rows[table.table.of].get(cell.row, "false")
    if cell.row in table.table.last_rows():
        return table.where or "true"
    return f"{table.where or 'true'} AND {table.key} = {literal(cell.key or '')}"


def _column(columns: ColumnPlan, cell: Cell) -> str:
    formula = columns.formulas.get(cell.column)
    if formula is None:
        return columns.behind[cell.column]
    behind = [columns.behind[name] for name in sorted(formula.columns)]
    return "(" + " OR ".join(behind or ["false"]) + ")"
