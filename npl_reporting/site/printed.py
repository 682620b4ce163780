"""A run's returns as they were defined: its rulebook and report files, read from the archive once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import cast

from npl_reporting.evidence.records import Cell, CheckResult, Run
from npl_reporting.evidence.reopen import archived_rulebook
from npl_reporting.evidence.store import Store
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.returns.cells import CellPeriod
from npl_reporting.returns.layout import Layout
from npl_reporting.returns.page import Head, Line, Shown, Table
from npl_reporting.returns.report import Period, Report
from npl_reporting.returns.wording import Wording
from npl_reporting.site.answers import href, wording_of
from npl_reporting.submission.archived import archived_reports
from npl_reporting.submission.trace import as_computed
from npl_reporting.work import work_folder

_KEPT = 16


@dataclass(frozen=True)
class Printed:
    """What a run's returns are laid out by; `languages` has the jurisdiction's own first."""

    rulebook: Rulebook
    reports: Mapping[str, Report]
    languages: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """A printed table; `links` lead from line and head to what stands behind the cell."""

    table: Table
    links: Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class Placed:
    """One cell of the reporting date where it is printed."""

    table: Table
    line: Line
    head: Head
    shown: Shown


@dataclass(frozen=True)
class Return:
    """One return of a run with its cells, as it is printed."""

    run: Run
    report: Report
    languages: tuple[str, ...]
    wording: Wording
    cells: tuple[Cell, ...]
    checks: tuple[CheckResult, ...]
    layout: Layout

    def grids(self, prior: frozenset[tuple[str, str]] = frozenset()) -> Iterator[Grid]:
        """Every table; `prior` are the cells of the prior run that a link may lead to."""
        for table, period in self._tables():
            links = {
                (line.id, head.id): self._link(line.id, *_column(head, period))
                for line in table.lines
                for head in table.heads
                if self._stored(line.id, *_column(head, period), prior)
            }
            yield Grid(table, links)

    def placed(self, row: str, column: str) -> Placed | None:
        """Where a cell of the reporting date is printed; None for a hidden one."""
        for table, period in self._tables():
            for line in table.lines:
                if line.id != row:
                    continue
                for head, shown in zip(table.heads, line.cells, strict=False):
                    if _column(head, period) == (column, "current"):
                        return Placed(table, line, head, shown)
        return None

    def _tables(self) -> Iterator[tuple[Table, Period]]:
        """Each printed table with the period that it stands for; a grid's heads name their own."""
        periods: list[Period] = []
        for table in self.report.tables:
            periods += ["current"] if table.kind == "grid" else table.periods
        yield from zip(self.layout.tables(), periods, strict=True)

    def _link(self, row: str, column: str, period: Period) -> str:
        run = self.run.id if period == "current" else self.run.prior_run
        return href("runs", run, "returns", self.report.id, row, column)

    def _stored(
        self, row: str, column: str, period: Period, prior: frozenset[tuple[str, str]]
    ) -> bool:
        if period == "comparative":
            return (row, column) in prior
        return (row, column) in {(c.row, c.column) for c in self.cells if c.period == "current"}


def return_of(store: Store, run: Run, report: str) -> Return | None:
    """One return of a run; None if the run has no such report."""
    known = printed(store, run.id)
    found = known.reports.get(report)
    if found is None:
        return None
    dates: dict[Period, date] = {"current": run.reporting_date}
    if run.prior_run:
        dates["comparative"] = store.run(run.prior_run).reporting_date
    cells = store.cells(run.id, report)
    layout = Layout(
        found, [replace(as_computed(c), period=cast(CellPeriod, c.period)) for c in cells], dates
    )
    return Return(
        run, found, known.languages, wording_of(run, known.languages), cells,
        store.checks(run.id, report), layout,
    )  # fmt: skip


@lru_cache(maxsize=_KEPT)
def printed(store: Store, name: str) -> Printed:
    """The rulebook and the reports of a run, which never change."""
    run = store.run(name)
    with work_folder() as work:
        rulebook = archived_rulebook(store, name, work)
        reports = archived_reports(store, run, rulebook, work)
    languages = tuple(dict.fromkeys((*rulebook.file.languages, *run.languages, "en")))
    return Printed(rulebook, {report.id: report for report in reports}, languages)


def _column(head: Head, period: Period) -> tuple[str, Period]:
    """The column of a head, and the period: a grid of two periods has both in the head's id."""
    named, dot, column = head.id.partition(".")
    if dot and named in ("current", "comparative"):
        return column, "current" if named == "current" else "comparative"
    return head.id, period
