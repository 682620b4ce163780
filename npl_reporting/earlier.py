"""What runs before this one stored: the cells of a report, and a cell from quarter to quarter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from npl_reporting.evidence.records import Run
from npl_reporting.evidence.store import Store
from npl_reporting.returns.cells import Cell
from npl_reporting.returns.layout import History
from npl_reporting.returns.plan import Plan

QUARTERS = 7
"""Runs before this one that a chart over quarters goes back to."""


def stored_cells(store: Store, run: str, report: str) -> tuple[Cell, ...]:
    """The cells of a report that a run stored for its reporting date."""
    return tuple(
        Cell(
            stored.report, stored.table, stored.row, stored.column, "current",
            None if stored.value is None else Decimal(stored.value),
            stored.text, stored.reason, stored.key,
        )
        for stored in store.cells(run, report, "current")
    )  # fmt: skip


def told_before(store: Store, prior: Run | None, plans: Sequence[Plan]) -> dict[str, History]:
    """By report, the cells that it draws over quarters, as each earlier run stored them."""
    runs = list(_back_from(store, prior))[::-1]
    history: dict[str, History] = {}
    for planned in plans:
        charts = [c for c in planned.report.definition.charts if c.kind == "quarters"]
        places = {(row, column) for chart in charts for row, column, _ in chart.places()}
        told: dict[tuple[str, str], list[tuple[date, Decimal]]] = {place: [] for place in places}
        for run in runs if places else ():
            for cell in stored_cells(store, run.id, planned.report.id):
                if (cell.row, cell.column) in told and cell.value is not None:
                    told[cell.row, cell.column].append((run.reporting_date, cell.value))
        history[planned.report.id] = told
    return history


def _back_from(store: Store, prior: Run | None) -> Iterator[Run]:
    """A run and those before it, the latest first."""
    for _ in range(QUARTERS):
        if prior is None:
            return
        yield prior
        prior = store.run(prior.prior_run) if prior.prior_run else None
