"""Cells that persons moved: adjusted by an amount, or computed from outcomes they overrode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from npl_reporting.portfolio.deltas import Delta
from npl_reporting.returns.cells import COMPUTED, PENDING, Cell
from npl_reporting.returns.plan import Plan
from npl_reporting.returns.report import Row, Table

Place = tuple[str, str, str]


def adjust(
    plans: Sequence[Plan], cells: Sequence[Cell], adjustments: Sequence[Delta]
) -> Sequence[Cell]:
    """Add adjustments to their cells and to the totals above these.

    Formulas of the rows that it touches are left `PENDING`, to be computed anew.
    """
    if not adjustments:
        return cells
    moves: dict[Place, Decimal] = {}
    for delta in adjustments:
        for place in _reached(plans, delta.place):
            moves[place] = moves.get(place, Decimal(0)) + delta.amount
    rows = {place[:2] for place in moves}
    formulas = {(report, column) for report, column in _formulas(plans)}
    return [_moved(cell, moves, rows, formulas) for cell in cells]


def unfitting(
    plans: Sequence[Plan], cells: Sequence[Cell], adjustments: Sequence[Delta]
) -> tuple[Delta, ...]:
    """The adjustments whose cell is not there, has no value, or is computed from other cells."""
    valued = {_place(c) for c in cells if c.period == "current" and c.value is not None}
    fitting = {place for d in adjustments for place in [*_reached(plans, d.place)][:1]} & valued
    return tuple(delta for delta in adjustments if delta.place not in fitting)


def computed_beside(before: Sequence[Cell], after: Sequence[Cell]) -> Iterator[Cell]:
    """For each cell that no longer is what was computed, the cell that was."""
    now = {_place(c): c for c in after if c.period == "current"}
    for cell in before:
        if cell.period == "current" and now.get(_place(cell)) != cell:
            yield replace(cell, period=COMPUTED)


def _reached(plans: Sequence[Plan], place: Place) -> Iterator[Place]:
    """A cell that can be adjusted, then the totals that it goes into; none if it cannot."""
    report, row, column = place
    for table in (t for p in plans if p.report.id == report for t in p.report.tables):
        rows = {known.id: known for known in table.rows}
        if _plain(table, rows, row, column):
            yield place
            for total in table.rows:
                if row in total.sum_of:
                    yield from _reached(plans, (report, total.id, column))


def _plain(table: Table, rows: Mapping[str, Row], row: str, column: str) -> bool:
    """Whether a cell has a value of its own, and none from other cells."""
    known = rows.get(row)
    if table.kind == "grid" and (known is None or known.formula or column in known.blank):
        return False
    lists = table.kind == "list" and row.rpartition(".")[0] == table.id
    return (table.kind == "grid" or lists) and any(
        c.id == column and c.formula is None for c in table.columns
    )


def _formulas(plans: Sequence[Plan]) -> Iterator[tuple[str, str]]:
    for planned in plans:
        for table in planned.report.tables:
            for column in table.columns:
                if column.formula is not None and table.kind == "grid":
                    yield f"{planned.report.id}/{table.id}", column.id


def _moved(
    cell: Cell, moves: Mapping[Place, Decimal], rows: set[tuple[str, str]],
    formulas: set[tuple[str, str]],
) -> Cell:  # fmt: skip
    if cell.period != "current":
        return cell
    by = moves.get(_place(cell))
    if by is not None and cell.value is not None:
        return replace(cell, value=cell.value + by)
    if (cell.report, cell.row) in rows and (f"{cell.report}/{cell.table}", cell.column) in formulas:
        return replace(cell, value=None, reason=PENDING)
    return cell


def _place(cell: Cell) -> Place:
    return cell.report, cell.row, cell.column
