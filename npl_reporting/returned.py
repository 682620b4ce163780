"""The returns of a run: cells as computed and as reported, checks, and what pages show beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from npl_reporting.agreed import Agreed
from npl_reporting.earlier import stored_cells, told_before
from npl_reporting.engine import Engine
from npl_reporting.evidence.records import Run
from npl_reporting.evidence.store import Store
from npl_reporting.portfolio.comments import read_comments
from npl_reporting.portfolio.movement import MOVEMENT, declare_movement, movement_scope
from npl_reporting.portfolio.tape import findings
from npl_reporting.record import record
from npl_reporting.returns.annex import case_blocks
from npl_reporting.returns.book import compute_reports, plan_reports
from npl_reporting.returns.cells import Cell, Relations
from npl_reporting.returns.checks import CheckResult, evaluate
from npl_reporting.returns.edition import Control, Edition, run_figures
from npl_reporting.returns.files import list_files
from npl_reporting.returns.fitting import fitted
from npl_reporting.returns.plan import Plan
from npl_reporting.returns.variance import moved_cells
from npl_reporting.submission.overlay import excused, lay_over, reported
from npl_reporting.treated import Treated

Prior = dict[str, tuple[Cell, ...]] | None
"""What the prior run stored for each report; None where there is no prior run."""


@dataclass(frozen=True)
class Returned:
    """Every cell and check of a run, and the edition that its pages are drawn from."""

    plans: tuple[Plan, ...]
    cells: tuple[Cell, ...]
    checks: tuple[CheckResult, ...]
    edition: Edition


def compute(engine: Engine, agreed: Agreed, treated: Treated, store: Store) -> Returned:
    """Compute the reports of what was decided, as it is reported.

    DataError if a movement is not explained or a comment stands twice.
    """
    forms = fitted(agreed.reports, agreed.rulebook)
    scope = movement_scope(agreed.rulebook)
    plans = plan_reports(forms, agreed.rulebook.scope, agreed.parameters, scope)
    prior = _prior_cells(store, agreed.prior, plans)
    relations = _relations(engine, agreed, treated)
    cells = compute_reports(engine, plans, prior, relations)
    if agreed.deltas:
        cells, relations = _as_reported(engine, agreed, treated, plans, cells, prior)
    edition = _edition(engine, agreed, treated, plans, cells, prior, relations, store)
    checks = _checked(engine, agreed, plans, cells, edition, relations, prior)
    return Returned(plans, cells, checks, edition)


def _relations(engine: Engine, agreed: Agreed, treated: Treated) -> Relations:
    """What reports are about: the exposures and, where there is a prior run, their movement."""
    if agreed.opening is None:
        return Relations()
    tape = treated.tape
    unknown = declare_movement(
        engine, agreed.rulebook, tape.columns, agreed.opening, agreed.day, agreed.request.exits,
        tape.rates,
    )  # fmt: skip
    return Relations(absent=unknown) if unknown else Relations(movement=MOVEMENT)


def _prior_cells(store: Store, prior: Run | None, plans: Sequence[Plan]) -> Prior:
    if prior is None:
        return None
    return {
        planned.report.id: stored_cells(store, prior.id, planned.report.id) for planned in plans
    }


def _as_reported(
    engine: Engine, agreed: Agreed, treated: Treated, plans: Sequence[Plan],
    computed: Sequence[Cell], prior: Prior,
) -> tuple[tuple[Cell, ...], Relations]:  # fmt: skip
    """The cells with overrides and adjustments, and beside each that they moved the computed one."""
    deltas = agreed.deltas
    lay_over(engine, agreed.rulebook, treated.columns, agreed.day, treated.source, deltas)
    relations = _relations(engine, agreed, treated)
    moved = compute_reports(engine, plans, prior, relations, deltas.adjustments)
    return reported(engine, plans, computed, moved, deltas), relations


def _checked(
    engine: Engine, agreed: Agreed, plans: Sequence[Plan], cells: Sequence[Cell],
    edition: Edition, relations: Relations, prior: Prior,
) -> tuple[CheckResult, ...]:  # fmt: skip
    """Every check; one that fails by an adjustment alone is a warning."""
    figures = run_figures(edition)
    checks = evaluate(engine, plans, cells, figures, relations, prior)
    if not agreed.deltas.adjustments:
        return checks
    unadjusted = compute_reports(engine, plans, prior, relations)
    return excused(checks, evaluate(engine, plans, unadjusted, figures, relations, prior))


def _edition(
    engine: Engine, agreed: Agreed, treated: Treated, plans: Sequence[Plan],
    cells: Sequence[Cell], prior: Prior, relations: Relations, store: Store,
) -> Edition:  # fmt: skip
    rulebook, tape = agreed.rulebook, treated.tape
    draft = record(agreed, treated)
    comments = read_comments(engine, agreed.request.comments, rulebook.file.currency)
    ledger = {c.column: c.ledger for c in tape.controls if not c.only}
    edition = Edition(
        run=draft,
        prior_date=agreed.prior.reporting_date if agreed.prior else None,
        setting_reasons={name: setting.why for name, setting in rulebook.file.settings.items()},
        cases=case_blocks(rulebook, treated.cases, draft.languages),
        findings=tuple(findings(engine, rulebook)),
        controls=tuple(
            Control(
                name, rulebook.columns[name].meaning, total.read, total.used, total.set_aside,
                ledger.get(name),
            )
            for name, total in tape.totals.items()
        ),
        sources=rulebook.file.sources,
        checks_not_made=tape.skipped,
        deltas=agreed.deltas,
    )  # fmt: skip
    return replace(
        edition,
        lists={p.report.id: tuple(list_files(engine, p, relations)) for p in plans},
        history=told_before(store, agreed.prior, plans),
        moved=moved_cells(plans, cells, prior, comments, treated.amount),
    )
