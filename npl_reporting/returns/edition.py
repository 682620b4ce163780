"""What the pages of a run show beside the cells: the run, its cases, findings and sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from npl_reporting.errors import Finding
from npl_reporting.evidence.records import Run
from npl_reporting.law.rulefile import Source
from npl_reporting.law.yamlfile import Text
from npl_reporting.portfolio.deltas import NO_DELTAS, Deltas
from npl_reporting.returns.layout import History
from npl_reporting.returns.page import Attachment, CaseBlock
from npl_reporting.returns.variance import Moved
from npl_reporting.returns.variance import figures as variance_figures


@dataclass(frozen=True)
class Control:
    """One column of the tape summed up: rows read = rows used + rows set aside, and likewise money.

    `ledger` is the control total given with the tape, if any.
    """

    column: str
    label: Text
    read: Decimal
    used: Decimal
    set_aside: Decimal
    ledger: Decimal | None = None


@dataclass(frozen=True)
class Edition:
    """One run as its pages tell it; `run` says in which languages, main language first.

    `setting_reasons` says why each setting of the rulebook is one; `lists` are the attachments of
    each report, by its id. `sources` are what citations point into; `checks_not_made` are checks of
    the tape that lacked a column. `content` is the root of the run's content, which the cover prints.
    `deltas` are what persons set against the computed values.
    `history` is, by report, what earlier runs stored in the cells that it draws over quarters.
    `moved` are the cells that moved much since the prior run, None where they were not compared.
    """

    run: Run
    prior_date: date | None = None
    setting_reasons: Mapping[str, Text] = field(default_factory=dict)
    cases: tuple[CaseBlock, ...] = ()
    findings: tuple[Finding, ...] = ()
    controls: tuple[Control, ...] = ()
    lists: Mapping[str, tuple[Attachment, ...]] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    checks_not_made: tuple[str, ...] = ()
    content: str = ""
    deltas: Deltas = NO_DELTAS
    history: Mapping[str, History] = field(default_factory=dict)
    moved: tuple[Moved, ...] | None = None


def run_figures(edition: Edition) -> dict[str, Decimal]:
    """The run's own numbers, as checks read them: run('rows_used'), run('cases_amount'), …

    Each control gives its column's name followed by _read, _used, _set_aside and _ledger.
    """
    run = edition.run
    figures = {
        **variance_figures(edition.moved),
        "rows_read": Decimal(run.rows_read),
        "rows_used": Decimal(run.rows_used),
        "rows_set_aside": Decimal(run.rows_set_aside),
        "cases": Decimal(len(edition.cases)),
        "cases_amount": sum((case.amount for case in edition.cases), Decimal(0)),
    }
    for control in edition.controls:
        figures[f"{control.column}_read"] = control.read
        figures[f"{control.column}_used"] = control.used
        figures[f"{control.column}_set_aside"] = control.set_aside
        if control.ledger is not None:
            figures[f"{control.column}_ledger"] = control.ledger
    return figures
