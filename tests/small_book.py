"""A small tape through the whole road up to the reports' cells, for the tests of reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from pydantic import Field

from npl_reporting.engine import Engine
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.law.yamlfile import Record, load
from npl_reporting.portfolio.cases import Case
from npl_reporting.portfolio.classify import TREATED, classify
from npl_reporting.portfolio.source import TapeSource
from npl_reporting.portfolio.tape import Tape, Terms, findings, read_tape
from npl_reporting.returns.book import plan_reports
from npl_reporting.returns.cells import Cell, compute
from npl_reporting.returns.checks import CheckResult, evaluate
from npl_reporting.returns.plan import Plan
from npl_reporting.returns.shelf import load_reports

KEPT = "kept"
"""The classified exposures as a table, so that many small queries stay quick."""


@dataclass(frozen=True)
class Book:
    """A classified tape with the reports computed over it."""

    engine: Engine
    rulebook: Rulebook
    plans: tuple[Plan, ...]
    cells: tuple[Cell, ...]
    figures: Mapping[str, Decimal]
    results: tuple[CheckResult, ...]

    def plan(self, report: str) -> Plan:
        """The plan of one report."""
        return next(planned for planned in self.plans if planned.report.id == report)

    def of(self, report: str) -> tuple[Cell, ...]:
        """One report's cells of the reporting date."""
        return tuple(c for c in self.cells if c.report == report and c.period == "current")


class Given(Record):
    """What stands beside a small book's tape."""

    as_of: date
    why: str
    parameters: dict[str, Decimal | int] = Field(default_factory=dict)


@contextmanager
def classified(folder: Path, work: Path) -> Iterator[Book]:
    """Classify a folder's tape and compute every report of its jurisdiction over it."""
    given = load(folder / "given.yaml", Given)
    parameters = {name: Decimal(value) for name, value in given.parameters.items()}
    jurisdiction, as_of, tape = folder.name.split(".")[0], given.as_of, folder / "tape.csv"
    rulebook = load_rulebook(jurisdiction, as_of)
    with Engine(work, [tape]) as engine:
        read = read_tape(
            engine, TapeSource(tape), Terms(rulebook.columns, rulebook.file.currency, as_of)
        )
        assert [str(found) for found in findings(engine) if found.severity == "error"] == []
        cases = classify(engine, rulebook, read.columns, as_of)
        engine.execute(f"CREATE TABLE {KEPT} AS SELECT * FROM {TREATED}")
        plans = plan_reports(load_reports(jurisdiction, as_of), rulebook.scope, parameters)
        cells = tuple(cell for planned in plans for cell in compute(engine, planned, relation=KEPT))
        figures = _figures(read, cases)
        results = evaluate(engine, plans, cells, figures, KEPT)
        yield Book(engine, rulebook, plans, cells, figures, results)


def _figures(tape: Tape, cases: Sequence[Case]) -> dict[str, Decimal]:
    """The run's own numbers, as the road gives them to the checks; the ledger agrees."""
    figures = {
        "rows_read": Decimal(tape.counts.read),
        "rows_used": Decimal(tape.counts.used),
        "rows_set_aside": Decimal(tape.counts.set_aside),
        "cases": Decimal(len(cases)),
        "cases_amount": sum((case.amount for case in cases), Decimal(0)),
    }
    for column, total in tape.totals.items():
        figures[f"{column}_read"] = total.read
        figures[f"{column}_used"] = total.used
        figures[f"{column}_set_aside"] = total.set_aside
        figures[f"{column}_ledger"] = total.read
    return figures
