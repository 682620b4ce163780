"""A small tape through the whole road up to the reports' cells, for the tests of reports.

Its folder holds `tape.csv` and `given.yaml`; beside them may lie the prior quarter as `prior.csv`,
what left the books as `exits.csv`, and the exchange rates of both quarters as `rates.csv`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from golden import Given

from npl_reporting.engine import Engine
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.law.syntax import parse_expression
from npl_reporting.law.yamlfile import load
from npl_reporting.portfolio.booked import with_original_amounts
from npl_reporting.portfolio.cases import Case
from npl_reporting.portfolio.classify import TREATED, classify
from npl_reporting.portfolio.movement import (
    MOVEMENT,
    Opening,
    declare_movement,
    movement_scope,
)
from npl_reporting.portfolio.prior import join_prior
from npl_reporting.portfolio.source import TapeSource
from npl_reporting.portfolio.tape import Tape, Terms, findings, read_tape
from npl_reporting.returns.book import compute_reports, plan_reports
from npl_reporting.returns.cells import Cell, Relations
from npl_reporting.returns.checks import CheckResult, evaluate
from npl_reporting.returns.figures import CELL, PRIOR, calls
from npl_reporting.returns.fitting import fitted
from npl_reporting.returns.outputs import decisions_sql
from npl_reporting.returns.plan import Plan
from npl_reporting.returns.report import Report
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
    relations: Relations
    prior: Mapping[str, tuple[Cell, ...]] | None

    def plan(self, report: str) -> Plan:
        """The plan of one report."""
        return next(planned for planned in self.plans if planned.report.id == report)

    def of(self, report: str) -> tuple[Cell, ...]:
        """One report's cells of the reporting date."""
        return tuple(c for c in self.cells if c.report == report and c.period == "current")


@contextmanager
def classified(folder: Path, work: Path, only: str | None = None) -> Iterator[Book]:
    """Classify a folder's tape and compute the reports of its jurisdiction over it.

    All of them, or `only` one and those whose cells it reads.
    """
    given = load(folder / "given.yaml", Given)
    parameters = {name: Decimal(value) for name, value in given.parameters.items()}
    jurisdiction, as_of = folder.name.split(".")[0], given.as_of
    rulebook = load_rulebook(jurisdiction, as_of, given.settings)
    opening, known = _before(folder, given, work, parameters, only)
    exits = folder / "exits.csv" if (folder / "exits.csv").exists() else None
    source = _source(folder, "tape.csv")
    inputs = [*source.files, *(path for path in (opening and opening.decisions, exits) if path)]
    with Engine(work, inputs) as engine:
        read, cases, plans = _planned(engine, source, rulebook, as_of, parameters, opening, only)
        relations = Relations(KEPT)
        if opening:
            unknown = declare_movement(
                engine, rulebook, read.columns, opening, as_of, exits, read.rates
            )
            assert unknown is None
            relations = Relations(KEPT, MOVEMENT)
        cells = compute_reports(engine, plans, known, relations)
        figures = _figures(read, cases)
        results = evaluate(engine, plans, cells, figures, relations, known)
        yield Book(engine, rulebook, plans, cells, figures, results, relations, known)


def _before(
    folder: Path, given: Given, work: Path, parameters: Mapping[str, Decimal], only: str | None
) -> tuple[Opening | None, dict[str, tuple[Cell, ...]] | None]:
    """The prior quarter of a book that has one: its decisions, and its cells by report."""
    if given.prior_as_of is None:
        return None, None
    source, day = _source(folder, "prior.csv"), given.prior_as_of
    rulebook = load_rulebook(folder.name.split(".")[0], day, given.settings)
    (work / "prior").mkdir()
    with Engine(work / "prior", source.files) as engine:
        _, _, plans = _planned(engine, source, rulebook, day, parameters, only=only)
        cells = compute_reports(engine, plans, relations=Relations(KEPT))
        engine.write_parquet(decisions_sql(rulebook), work / "prior" / "decisions.parquet")
    current = [cell for cell in cells if cell.period == "current"]
    known = {p.report.id: tuple(c for c in current if c.report == p.report.id) for p in plans}
    return Opening(work / "prior" / "decisions.parquet", day), known


def _source(folder: Path, tape: str) -> TapeSource:
    """A tape of a book, with the rates beside it if there are any."""
    rates = folder / "rates.csv"
    return TapeSource(folder / tape, rates=rates if rates.exists() else None)


def _planned(
    engine: Engine, tape: TapeSource, rulebook: Rulebook, as_of: date,
    parameters: Mapping[str, Decimal], opening: Opening | None = None, only: str | None = None,
) -> tuple[Tape, Sequence[Case], tuple[Plan, ...]]:  # fmt: skip
    """Read and classify a tape without errors, and plan every report over it."""
    terms = Terms(rulebook.columns, rulebook.file.currency, as_of)
    read = read_tape(engine, tape, terms)
    assert [str(found) for found in findings(engine) if found.severity == "error"] == []
    source: str = "exposures"
    columns: Sequence[str] = read.columns
    if opening:
        source, columns = join_prior(engine, rulebook, opening.decisions, opening.day, columns)
    if read.converted:
        source, columns = with_original_amounts(engine, rulebook, source, columns, as_of)
    cases = classify(engine, rulebook, columns, as_of, source)
    engine.execute(f"CREATE TABLE {KEPT} AS SELECT * FROM {TREATED}")
    reports = fitted(load_reports(rulebook.name, as_of), rulebook)
    if only:
        reports = _needed(reports, only)
    plans = plan_reports(reports, rulebook.scope, parameters, movement_scope(rulebook))
    return read, cases, plans


def _needed(reports: Sequence[Report], only: str) -> tuple[Report, ...]:
    """A report, and all whose cells it reads, near or far."""
    read = {report.id: _read(report) for report in reports}
    needed, waiting = set[str](), [only]
    while waiting:
        name = waiting.pop()
        if name in read and name not in needed:
            needed.add(name)
            waiting += read[name]
    return tuple(report for report in reports if report.id in needed)


def _read(report: Report) -> set[str]:
    """The other reports that checks, formulas and key figures of a report name."""
    definition = report.definition
    texts = [check.that for check in definition.checks]
    rows = [row for table in definition.tables for row in table.rows]
    texts += [text for row in rows for text in (row.formula, row.over) if text]
    nodes = [parse_expression(text) for text in texts]
    named = {
        args[0] for node in nodes for f in (CELL, PRIOR) for args in calls(node, f) if args[2:]
    }
    return named | {figure.report for figure in definition.figures}


def _figures(tape: Tape, cases: Sequence[Case]) -> dict[str, Decimal]:
    """The run's own numbers, as the road gives them to the checks; the ledger agrees."""
    figures = {
        "rows_read": Decimal(tape.counts.read),
        "rows_used": Decimal(tape.counts.used),
        "rows_set_aside": Decimal(tape.counts.set_aside),
        "cases": Decimal(len(cases)),
        "cases_amount": sum((case.amount for case in cases), Decimal(0)),
        "cells_uncommented": Decimal(0),
    }
    for column, total in tape.totals.items():
        figures[f"{column}_read"] = total.read
        figures[f"{column}_used"] = total.used
        figures[f"{column}_set_aside"] = total.set_aside
        figures[f"{column}_ledger"] = total.read
    return figures
