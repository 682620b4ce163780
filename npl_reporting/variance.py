"""What moved between a run and the one before it: cells, and the exposures that moved them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from decimal import Decimal

import pyarrow as pa

from npl_reporting.earlier import stored_cells
from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.records import Run
from npl_reporting.evidence.store import Store
from npl_reporting.portfolio.classify import TREATED
from npl_reporting.returns.cells import Cell
from npl_reporting.returns.lineage import adds_up, exposures_behind
from npl_reporting.returns.plan import Plan
from npl_reporting.returns.variance import Moved, moved_cells
from npl_reporting.submission.archived import TakenUp, take_up


@dataclass(frozen=True)
class Mover:
    """An exposure with what it contributed to a cell then and now; zero where it had no part."""

    exposure_id: str
    was: Decimal
    now: Decimal


@dataclass(frozen=True)
class MovedBy:
    """A cell that moved, and the exposures that moved it most; none behind a ratio."""

    moved: Moved
    movers: tuple[Mover, ...]


@dataclass(frozen=True)
class Variance:
    """Two runs, and the cells that moved from one to the other."""

    run: Run
    prior: Run
    cells: tuple[MovedBy, ...]


def variance(store: Store, name: str, cells: int = 10, exposures: int = 5) -> Variance:
    """Compare a run with the one before it; both are taken up again from the archive.

    NplError if the run has no prior run.
    """
    run = store.run(name)
    if run.prior_run is None:
        raise NplError(Problem(f"the run {run.id} has no prior run", "name one that has"))
    prior = store.run(run.prior_run)
    with ExitStack() as stack:
        now, then = (stack.enter_context(take_up(store, each.id)) for each in (run, prior))
        names = [planned.report.id for planned in now.plans]
        current = [cell for each in names for cell in stored_cells(store, run.id, each)]
        before = {each: stored_cells(store, prior.id, each) for each in names}
        moved = moved_cells(now.plans, current, before, {}, _whole(now)) or ()
        found = tuple(
            MovedBy(each, tuple(_movers(now, then, each, current, exposures)))
            for each in moved[:cells]
        )
    return Variance(run, prior, found)


def _whole(taken: TakenUp) -> Decimal:
    """The amount of all exposures of a run."""
    return Decimal(taken.again.engine.value(f"SELECT sum(amount) FROM {TREATED}") or 0)


def _movers(
    now: TakenUp, then: TakenUp, moved: Moved, cells: list[Cell], limit: int
) -> Iterator[Mover]:
    cell = next(c for c in cells if (c.report, c.row, c.column) == moved.place)
    old = _plan(then, cell.report)
    if old is None or cell.table not in old.tables or not adds_up(_own(now, cell.report), cell):
        return
    table = old.tables[cell.table]
    if cell.column not in table.of(cell.row).values:
        return
    now.again.engine.register("contributed_then", _contributions(then, old, cell))
    current = exposures_behind(_own(now, cell.report), cell, now.relations.exposures)
    rows = now.again.engine.rows(
        "SELECT * FROM (SELECT coalesce(n.exposure_id, t.exposure_id) AS exposure_id, "
        "coalesce(t.contribution, 0) AS was, coalesce(n.contribution, 0) AS now "
        f"FROM ({current}) n FULL JOIN contributed_then t ON t.exposure_id = n.exposure_id) "
        f"WHERE was <> now ORDER BY abs(now - was) DESC, exposure_id LIMIT {limit}"
    )
    for exposure, was, is_now in rows:
        yield Mover(exposure, Decimal(was), Decimal(is_now))


def _contributions(taken: TakenUp, planned: Plan, cell: Cell) -> pa.Table:
    """What each exposure contributed to the same cell, in the run that was taken up."""
    sql = exposures_behind(planned, replace(cell, key=None), taken.relations.exposures)
    rows = taken.again.engine.rows(sql)
    return pa.table(
        {
            "exposure_id": pa.array([exposure for exposure, _ in rows], pa.string()),
            "contribution": pa.array([Decimal(value) for _, value in rows], pa.decimal128(38, 6)),
        }
    )


def _own(taken: TakenUp, report: str) -> Plan:
    found = _plan(taken, report)
    assert found is not None
    return found


def _plan(taken: TakenUp, report: str) -> Plan | None:
    return next((each for each in taken.plans if each.report.id == report), None)
