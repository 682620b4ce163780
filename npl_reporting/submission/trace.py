"""From a cell to the rows of the source file: exposures, their cases, rules and articles."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.history import Told, cases_of, told_of
from npl_reporting.evidence.records import Cell
from npl_reporting.evidence.store import Store
from npl_reporting.returns import cells as computed
from npl_reporting.returns.lineage import adds_up, exposures_behind
from npl_reporting.returns.plan import Plan
from npl_reporting.submission.archived import TakenUp, take_up


@dataclass(frozen=True)
class Behind:
    """One exposure behind a cell: what it contributes, if that adds up, and what was decided."""

    exposure_id: str
    contribution: Decimal | None
    decided: tuple[Told, ...]


@dataclass(frozen=True)
class Traced:
    """A stored cell, and the exposures behind it.

    `exposures` counts all of them, of which `behind` may hold fewer. Where contributions add up,
    `sum` is theirs, over all. `computed` is what was computed, where another value is reported.
    """

    run: str
    cell: Cell
    computed: Cell | None
    exposures: int
    sum: Decimal | None
    behind: tuple[Behind, ...]


def trace(store: Store, name: str, place: str, limit: int | None = None) -> Traced:
    """List the exposures behind a cell, named report/row/column, those that contribute most first."""
    with take_up(store, name) as up:
        return trace_in(store, up, place, limit)


def trace_in(store: Store, up: TakenUp, place: str, limit: int | None = None) -> Traced:
    """The same in a run that was taken up already."""
    run = up.again.run
    found = {cell.period: cell for cell in store.cells(run.id) if _place(cell) == place}
    if "current" not in found:
        what = f"run {run.id} has no cell {place}"
        raise NplError(Problem(what, "name it as cells.csv does: report/row/column"))
    cell = found["current"]
    planned = next(p for p in up.plans if p.report.id == cell.report)
    sql = behind_sql(up, planned, cell)
    sums = adds_up(planned, as_computed(cell))
    count, total = up.again.engine.rows(f"SELECT count(*), sum(contribution) FROM ({sql})")[0]
    order = "ORDER BY abs(contribution) DESC NULLS LAST, exposure_id"
    rows = up.again.engine.rows(f"SELECT * FROM ({sql}) {order} LIMIT {limit or 'ALL'}")
    cases = cases_of(store, run)
    behind = tuple(
        Behind(exposure, value if sums else None, tuple(told_of(store, run, cases, exposure)))
        for exposure, value in rows
    )
    return Traced(run.id, cell, found.get("computed"), count, total if sums else None, behind)


def behind_sql(up: TakenUp, planned: Plan, cell: Cell) -> str:
    """Write the query for the exposures behind a stored cell: exposure_id, contribution."""
    relation = up.relations.of(planned.tables[cell.table].table.of)
    if relation is None:
        return "SELECT '' AS exposure_id, CAST(NULL AS DECIMAL) AS contribution WHERE false"
    return exposures_behind(planned, as_computed(cell), relation)


def as_computed(cell: Cell) -> computed.Cell:
    """A stored cell of the reporting date as it was when it was computed."""
    value = None if cell.value is None else Decimal(cell.value)
    return computed.Cell(
        cell.report, cell.table, cell.row, cell.column, "current", value, cell.text, cell.reason,
        cell.key,
    )  # fmt: skip


def _place(cell: Cell) -> str:
    return f"{cell.report}/{cell.row}/{cell.column}"
