"""The exposures behind a cell: the cell's own conditions, run again for each exposure."""

from __future__ import annotations

from npl_reporting.engine import literal
from npl_reporting.returns.cells import TREATED, Cell
from npl_reporting.returns.plan import Plan, TablePlan


def exposures_behind(planned: Plan, cell: Cell, relation: str = TREATED) -> str:
    """Write the query for the exposures behind a cell of the reporting date.

    Columns: exposure_id, contribution. The contributions add up to the cell where `adds_up`;
    they are missing for a formula, behind which stand the exposures of the columns it reads.
    """
    table = planned.tables[cell.table]
    value = table.values.get(cell.column)
    contribution = value.sql if value and not _picks(table, cell) else "CAST(NULL AS DECIMAL)"
    conditions = " AND ".join((_row(planned, table, cell), _column(table, cell)))
    return (
        f"SELECT exposure_id, {contribution} AS contribution FROM {planned.source(relation)}"
        f" WHERE {conditions} GROUP BY exposure_id ORDER BY exposure_id"
    )


def adds_up(planned: Plan, cell: Cell) -> bool:
    """Whether the contributions of the exposures behind a cell sum to it."""
    return cell.column in planned.tables[cell.table].additive


def _picks(table: TablePlan, cell: Cell) -> bool:
    """Whether the column takes one exposure's value instead of adding values up."""
    return any(c.id == cell.column and c.of_largest for c in table.table.columns)


def _row(planned: Plan, table: TablePlan, cell: Cell) -> str:
    if table.table.kind == "grid":
        return planned.rows[cell.row]
    return f"{table.where or 'true'} AND {table.key} = {literal(cell.key or '')}"


def _column(table: TablePlan, cell: Cell) -> str:
    formula = table.formulas.get(cell.column)
    if formula is None:
        return table.behind[cell.column]
    return "(" + " OR ".join(table.behind[name] for name in sorted(formula.columns)) + ")"
