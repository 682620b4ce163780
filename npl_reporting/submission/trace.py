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
class Contributions:
    """How many exposures stand behind a cell, their sum if it is one, and some of them with theirs."""

    count: int
    total: Decimal | None
    some: tuple[tuple[str, Decimal | None], ...]


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
    found_behind = contributions(up, planned, cell, limit)
    cases = cases_of(store, run)
    behind = tuple(
        Behind(exposure, value, tuple(told_of(store, run, cases, exposure)))
        for exposure, value in found_behind.some
    )
    computed = found.get("computed")
    return Traced(run.id, cell, computed, found_behind.count, found_behind.total, behind)


def contributions(
    up: TakenUp, planned: Plan, cell: Cell, limit: int | None = None, offset: int = 0
) -> Contributions:
    """Count the exposures behind a stored cell, add up what they contribute, and list some of them.

    Those that contribute most come first; where it does not add up, they come by their ids.
    """
    sums = adds_up(planned, as_computed(cell))
    adds = "contribution" if sums else "CAST(NULL AS DECIMAL)"
    query = f"SELECT exposure_id, {adds} AS contribution FROM ({_behind_sql(up, planned, cell)})"
    engine = up.again.engine
    count, total = engine.rows(f"SELECT count(*), sum(contribution) FROM ({query})")[0]
    order = "ORDER BY abs(contribution) DESC NULLS LAST, exposure_id"
    rows = engine.rows(f"SELECT * FROM ({query}) {order} LIMIT {limit or 'ALL'} OFFSET {offset}")
    return Contributions(count, (total or Decimal(0)) if sums else None, tuple(rows))


def _behind_sql(up: TakenUp, planned: Plan, cell: Cell) -> str:
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
