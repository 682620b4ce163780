"""The only door to the store: runs go in whole, and come back as they went in."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
from sqlalchemy import Connection, Row, func, select

from npl_reporting.errors import Finding, NplError, Problem
from npl_reporting.evidence import saving, tables
from npl_reporting.evidence.archive import Archive
from npl_reporting.evidence.database import DEFAULT_URL, Database
from npl_reporting.evidence.log import Log, evidence_hashes
from npl_reporting.evidence.reading import as_case, as_portion, as_run, record
from npl_reporting.evidence.records import (
    CaseDecision,
    Cell,
    CheckResult,
    Run,
    RunFile,
    Saved,
    TreatedPortion,
)
from npl_reporting.evidence.seal import Seal
from npl_reporting.evidence.sealing import Seals, finish

_Record = TypeVar("_Record")
_RUN = tables.metadata.tables["run"]
_SETTLED = timedelta(days=1)


class Store:
    """Runs in a database, and their files in the archive beside it.

    `url` is any SQLAlchemy URL; the archive's folder is `archive`, else NPL_ARCHIVE, else
    beside the SQLite file. Runs are named by their id or by a beginning that only one has.
    Everything that a disk or a database refuses is an NplError with place and remedy.
    """

    def __init__(
        self, url: str = DEFAULT_URL, archive: Path | None = None, *, timeout: float = 20.0
    ) -> None:
        self.url = url
        self._database = Database(url, timeout=timeout)
        folder = archive or os.environ.get("NPL_ARCHIVE") or self._database.archive
        self.archive = Archive(Path(folder))
        self.log = Log(self._database)
        self.seals = Seals(self._database)

    @property
    def place(self) -> str:
        """The store's address as messages show it."""
        return self._database.place

    @property
    def made(self) -> bool:
        """Whether there is a store yet."""
        return self._database.made

    def save_run(
        self,
        run: Run,
        *,
        files: Iterable[RunFile] = (),
        cases: Iterable[CaseDecision] = (),
        exposures: Iterable[pa.RecordBatch] = (),
        cells: Iterable[Cell] = (),
        checks: Iterable[CheckResult] = (),
        findings: Iterable[Finding] = (),
        seal: Seal | None = None,
    ) -> Saved:
        """Write a run in one transaction; one that is there already is returned as it is.

        The files must be in the archive already. `exposures` are read as portions.py says. Without
        a `seal` the trees are grown from what was written; its event goes into the log as well.
        """
        with self._database.writing(run.id) as connection:
            known = connection.execute(select(_RUN).where(_RUN.c.id == run.id)).first()
            if known:
                return Saved(_same(as_run(known), run, self.place), stored=False)
            number = saving.insert_run(connection, run)
            saving.insert_files(connection, number, files, self.archive)
            saving.insert_cases(connection, number, cases, run.currency)
            saving.insert_exposures(connection, number, exposures, run.currency)
            saving.insert_parts(connection, number, "cell", cells)
            saving.insert_parts(connection, number, "check_result", checks)
            saving.insert_parts(connection, number, "finding", findings)
            finish(connection, number, seal)
        return Saved(run, stored=True)

    def runs(self, jurisdiction: str | None = None) -> tuple[Run, ...]:
        """All runs, in the order in which they were stored."""
        query = select(_RUN).order_by(_RUN.c.number)
        if jurisdiction is not None:
            query = query.where(_RUN.c.jurisdiction == jurisdiction)
        with self._database.reading() as connection:
            return tuple(as_run(row) for row in connection.execute(query))

    def run(self, name: str) -> Run:
        """The run of that id or beginning; NplError if there is none, or more than one."""
        with self._database.reading() as connection:
            return as_run(self._found(connection, name))

    def files(self, name: str) -> tuple[RunFile, ...]:
        """The run's files, as they were given."""
        return tuple(self._parts(name, "run_file", RunFile))

    def cases(self, name: str) -> tuple[CaseDecision, ...]:
        """The run's decisions on its cases, as they were given."""
        with self._database.reading() as connection:
            run = self._found(connection, name)
            return tuple(as_case(row, run) for row in _rows(connection, run, "case_decision"))

    def cells(
        self, name: str, report: str | None = None, period: str | None = None
    ) -> tuple[Cell, ...]:
        """The run's cells as they were given, of one report or period if named."""
        return tuple(self._parts(name, "cell", Cell, report=report, period=period))

    def checks(self, name: str, report: str | None = None) -> tuple[CheckResult, ...]:
        """The run's checks, as they were given."""
        return tuple(self._parts(name, "check_result", CheckResult, report=report))

    def findings(self, name: str) -> Iterator[Finding]:
        """The run's findings one by one: there may be millions."""
        return self._parts(name, "finding", Finding)

    def exposure(self, name: str, exposure_id: str) -> tuple[TreatedPortion, ...]:
        """The portions of one exposure; none if the run does not hold it."""
        with self._database.reading() as connection:
            run = self._found(connection, name)
            rows = _rows(connection, run, "treated_portion", exposure_id=exposure_id)
            return tuple(as_portion(row, run) for row in rows)

    def comparative(self, run: Run, on: date) -> Run | None:
        """The run to compare with as of a date: not superseded, the same rulebook first."""
        return next(iter(self._comparable(run, on, on)), None)

    def previous(self, run: Run) -> Run | None:
        """The run to compare with on the latest reporting date before this one's."""
        earlier = self._comparable(run, date.min, run.reporting_date - timedelta(days=1))
        return next(iter(earlier), None)

    def orphans(self, age: timedelta = _SETTLED) -> tuple[str, ...]:
        """Archived files that no run knows, left by runs that did not finish; harmless."""
        with self._database.reading() as connection:
            return self.archive.orphans(_hashes(connection), age)

    def remove_orphans(self, age: timedelta = _SETTLED) -> tuple[str, ...]:
        """Delete the orphans and name them; the young ones may belong to a run under way."""
        with self._database.writing("archive") as connection:
            names = self.archive.orphans(_hashes(connection), age)
            self.archive.remove(names)
            return names

    def _comparable(self, run: Run, first: date, last: date) -> Sequence[Run]:
        """Runs of the same kind between two dates, the one to compare with first."""
        runs = self.runs(run.jurisdiction)
        superseded = {other.supersedes for other in runs}
        return sorted(
            (
                other
                for other in reversed(runs)
                if first <= other.reporting_date <= last
                and (other.variant, other.currency) == (run.variant, run.currency)
                and other.id not in superseded | {run.id}
            ),
            key=lambda other: (
                last - other.reporting_date,
                other.rulebook_sha256 != run.rulebook_sha256,
            ),
        )

    def _found(self, connection: Connection, name: str) -> Row[Any]:
        begins = func.substr(_RUN.c.id, 1, len(name)) == name
        rows = connection.execute(select(_RUN).where(begins).order_by(_RUN.c.number)).all()
        exact = [row for row in rows if row.id == name]
        if len(exact or rows) != 1:
            raise NplError(Problem(*_unclear(name, [row.id for row in rows]), file=self.place))
        return (exact or rows)[0]

    def _parts(
        self, name: str, table: str, kind: type[_Record], **only: str | None
    ) -> Iterator[_Record]:
        with self._database.reading() as connection:
            run = self._found(connection, name)
            for row in _rows(connection, run, table, **only):
                yield record(kind, row)


def _rows(
    connection: Connection, run: Row[Any], name: str, **only: str | None
) -> Iterable[Row[Any]]:
    """Rows of a run in a table, in order, where each column named has the value given."""
    table = tables.metadata.tables[name]
    query = select(table).where(table.c.run == run.number)
    for column, value in only.items():
        if value is not None:
            query = query.where(table.c[column] == value)
    query = query.order_by(*table.primary_key.columns)
    return connection.execution_options(yield_per=1000).execute(query)


def _hashes(connection: Connection) -> frozenset[str]:
    files = connection.scalars(select(tables.metadata.tables["run_file"].c.sha256))
    return frozenset(files) | frozenset(evidence_hashes(connection))


def _same(known: Run, run: Run, place: str) -> Run:
    """Return the known run; NplError if another has the same id by chance or by hand."""
    for name in ("tape_sha256", "rulebook_sha256", "reporting_date", "prior_run"):
        if getattr(known, name) != getattr(run, name):
            what = f"run {run.id} is stored already with another {name}"
            raise NplError(Problem(what, "store this run elsewhere with --store", file=place))
    return known


def _unclear(name: str, ids: Sequence[str]) -> tuple[str, str]:
    if ids:
        return f"{len(ids)} runs begin with {name}: {', '.join(ids)}", "write more of the id"
    return f"there is no run {name}", "npl runs lists them"
