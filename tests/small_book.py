"""A small tape through the whole road up to the reports' cells, for the tests of reports."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.law.library import load_rulebook
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.portfolio.classify import TREATED, classify
from npl_reporting.portfolio.facts import sql_type
from npl_reporting.returns.book import plan_reports
from npl_reporting.returns.cells import Cell, compute
from npl_reporting.returns.checks import CheckResult, evaluate
from npl_reporting.returns.library import load_reports
from npl_reporting.returns.plan import Plan

KEPT = "kept"
"""The classified exposures as a table, so that many small queries stay quick."""


@dataclass(frozen=True)
class Book:
    """A classified tape with the reports computed over it."""

    engine: Engine
    rulebook: Rulebook
    plans: tuple[Plan, ...]
    cells: tuple[Cell, ...]
    results: tuple[CheckResult, ...]

    def plan(self, report: str) -> Plan:
        """The plan of one report."""
        return next(planned for planned in self.plans if planned.report.id == report)

    def of(self, report: str) -> tuple[Cell, ...]:
        """One report's cells of the reporting date."""
        return tuple(c for c in self.cells if c.report == report and c.period == "current")


@contextmanager
def classified(
    tape: Path, work: Path, jurisdiction: str, as_of: date, parameters: Mapping[str, Decimal]
) -> Iterator[Book]:
    """Classify a tape and compute every report of the jurisdiction over it."""
    rulebook = load_rulebook(jurisdiction, as_of)
    with Engine(work, [tape]) as engine:
        present = _exposures(engine, rulebook, tape)
        cases = classify(engine, rulebook, present, as_of)
        engine.execute(f"CREATE TABLE {KEPT} AS SELECT * FROM {TREATED}")
        plans = plan_reports(load_reports(jurisdiction, as_of), rulebook.scope, parameters)
        cells = tuple(cell for planned in plans for cell in compute(engine, planned, relation=KEPT))
        figures = {
            "rows_used": Decimal(engine.value("SELECT count(*) FROM exposures")),
            "cases": Decimal(len(cases)),
            "cases_amount": sum((case.amount for case in cases), Decimal(0)),
        }
        results = evaluate(engine, plans, cells, figures, KEPT)
        yield Book(engine, rulebook, plans, cells, results)


def _exposures(engine: Engine, rulebook: Rulebook, tape: Path) -> list[str]:
    with tape.open(encoding="utf-8") as file:
        names = next(csv.reader(file))
    columns = ", ".join(
        f"coalesce(CAST({quoted(n)} AS {sql_type(rulebook, n)}), {_default(rulebook, n)}) AS {n}"
        for n in names
    )
    engine.execute(
        f"CREATE TABLE exposures AS SELECT row_number() OVER () AS row, {columns}"
        f" FROM read_csv({literal(str(tape))}, all_varchar = true, header = true)"
    )
    return names


def _default(rulebook: Rulebook, column: str) -> str:
    default = rulebook.columns[column].default
    return "NULL" if default is None else literal(default)
