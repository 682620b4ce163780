"""Overrides and adjustments laid over a run while it is made; what was computed stays beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from npl_reporting.engine import Engine
from npl_reporting.evidence.records import Run
from npl_reporting.evidence.store import Store
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.portfolio.deltafindings import add_delta_findings
from npl_reporting.portfolio.deltas import Deltas
from npl_reporting.portfolio.overridden import override
from npl_reporting.request import Request
from npl_reporting.returns.adjusted import computed_beside, unfitting
from npl_reporting.returns.cells import Cell
from npl_reporting.returns.checks import CheckResult
from npl_reporting.returns.plan import Plan
from npl_reporting.submission.deltafiles import delta_files
from npl_reporting.submission.deltas import bearing


def with_deltas(
    request: Request, rulebook: Rulebook, store: Store, prior: Run | None, work: Path
) -> Request:
    """The request with the deltas that bear on it, as files in a work folder."""
    if request.deltas is not None:
        return request
    before = prior.reporting_date if prior else None
    found = bearing(store, rulebook.name, request.entity, request.reporting_date, before)
    return replace(request, deltas=delta_files(store, found, work / "deltas"))


def lay_over(
    engine: Engine, rulebook: Rulebook, columns: Sequence[str], day: date, source: str,
    deltas: Deltas,
) -> None:  # fmt: skip
    """Override outcomes of the treated exposures; what expired or fits nothing is a finding."""
    unfit = override(engine, rulebook, columns, day, source, deltas.overrides)
    add_delta_findings(engine, deltas.expired, unfit)


def reported(
    engine: Engine, plans: Sequence[Plan], computed: Sequence[Cell], moved: Sequence[Cell],
    deltas: Deltas,
) -> tuple[Cell, ...]:  # fmt: skip
    """The cells as they are reported, and beside each that was moved the one that was computed."""
    add_delta_findings(engine, unfit=unfitting(plans, computed, deltas.adjustments))
    return (*moved, *computed_beside(computed, moved))


def excused(
    checks: Sequence[CheckResult], unadjusted: Sequence[CheckResult]
) -> tuple[CheckResult, ...]:
    """The checks, where one that fails by an adjustment alone is a warning for persons to accept."""
    held = {(c.report, c.id) for c in unadjusted if c.state == "passed"}
    return tuple(
        replace(check, severity="warning", detail=f"{check.detail}; it holds but for adjustments")
        if check.state == "failed" and (check.report, check.id) in held
        else check
        for check in checks
    )
