"""A stored run taken up again from the archive: its exposures treated, its reports planned."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from npl_reporting.evidence.records import Role, Run
from npl_reporting.evidence.reopen import Reopened, reopen
from npl_reporting.evidence.store import Store
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.portfolio.booked import with_original_amounts
from npl_reporting.portfolio.classify import TREATED, classify, keep_treated
from npl_reporting.portfolio.movement import MOVEMENT, Opening, declare_movement, movement_scope
from npl_reporting.portfolio.overridden import override
from npl_reporting.portfolio.recalled import recall
from npl_reporting.returns.book import plan_reports
from npl_reporting.returns.cells import Relations
from npl_reporting.returns.fitting import fitted
from npl_reporting.returns.plan import Plan
from npl_reporting.returns.report import Report
from npl_reporting.returns.shelf import load_report
from npl_reporting.submission.deltafiles import deltas_of


@dataclass(frozen=True)
class TakenUp:
    """A run as it stood before its pages were drawn: engine, plans, and what tables are about."""

    again: Reopened
    plans: tuple[Plan, ...]
    relations: Relations


@contextmanager
def take_up(store: Store, name: str) -> Iterator[TakenUp]:
    """Treat a stored run's exposures again, overrides included, and plan its reports."""
    with reopen(store, name) as again:
        run, engine, rulebook = again.run, again.engine, again.rulebook
        source, columns = _source(again)
        classify(engine, rulebook, columns, run.reporting_date, source)
        keep_treated(engine)
        deltas = deltas_of(archived_files(store, run, engine.work, "deltas"))
        override(engine, rulebook, columns, run.reporting_date, source, deltas.overrides)
        yield _planned(store, again)


@contextmanager
def as_decided(store: Store, name: str) -> Iterator[TakenUp]:
    """The same from the decisions that the run kept: nothing is decided."""
    with reopen(store, name) as again:
        source, columns = _source(again)
        kept = archived_files(store, again.run, again.engine.work, "decisions")
        decisions = next(path for path in kept if path.suffix == ".parquet")
        recall(
            again.engine, again.rulebook, columns, again.run.reporting_date, source, decisions
        )  # fmt: skip
        yield _planned(store, again)


def _source(again: Reopened) -> tuple[str, Sequence[str]]:
    """The exposures with their columns; what was converted also as it was booked."""
    if not again.tape.converted:
        return again.source, again.columns
    return with_original_amounts(
        again.engine, again.rulebook, again.source, again.columns, again.run.reporting_date
    )


def _planned(store: Store, again: Reopened) -> TakenUp:
    run, rulebook = again.run, again.rulebook
    reports = archived_reports(store, run, rulebook, again.engine.work)
    scope = movement_scope(rulebook)
    plans = plan_reports(reports, rulebook.scope, _parameters(run, reports), scope)
    return TakenUp(again, plans, _relations(store, again))


def archived_reports(
    store: Store, run: Run, rulebook: Rulebook, folder: Path
) -> tuple[Report, ...]:
    """The reports of a stored run as they stood under its rulebook, by way of files in `folder`."""
    paths = archived_files(store, run, folder, "report_definition")
    return fitted([load_report(path) for path in paths], rulebook)


def archived_files(store: Store, run: Run, folder: Path, role: Role) -> tuple[Path, ...]:
    """Copies of a run's files of one role, each under its own name."""
    found = [file for file in store.files(run.id) if file.role == role]
    place = folder / f"archived_{role}"
    place.mkdir(exist_ok=True)
    return tuple(
        Path(shutil.copyfile(store.archive.open_path(file.sha256), place / file.name))
        for file in found
    )


def _parameters(run: Run, reports: Sequence[Report]) -> dict[str, Decimal]:
    known = {name for report in reports for name in report.definition.parameters}
    return {name: Decimal(str(run.parameters[name])) for name in known if name in run.parameters}


def _relations(store: Store, again: Reopened) -> Relations:
    if again.prior is None:
        return Relations()
    exits = archived_files(store, again.run, again.engine.work, "exits")
    unknown = declare_movement(
        again.engine, again.rulebook, again.tape.columns, Opening(*again.prior),
        again.run.reporting_date, exits[0] if exits else None, again.tape.rates,
    )  # fmt: skip
    return Relations(TREATED, absent=unknown) if unknown else Relations(TREATED, MOVEMENT)
