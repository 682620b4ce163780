"""What a run stands on before any data is read: law, reports, the prior run, what persons decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.records import Run
from npl_reporting.evidence.reopen import decisions_of
from npl_reporting.evidence.store import Store
from npl_reporting.law.policy import with_policy
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.portfolio.deltas import NO_DELTAS, Deltas
from npl_reporting.portfolio.exchange import flow_rate
from npl_reporting.portfolio.movement import Opening
from npl_reporting.portfolio.tape import Terms
from npl_reporting.request import Request
from npl_reporting.resources import REPORTS
from npl_reporting.returns.filing.definition import Filing, asked, load_filings
from npl_reporting.returns.filing.package import filings_to_write
from npl_reporting.returns.report import Report
from npl_reporting.returns.shelf import load_reports
from npl_reporting.submission.deltafiles import deltas_of
from npl_reporting.submission.overlay import with_deltas
from npl_reporting.submission.state import RULEBOOK


@dataclass(frozen=True)
class Agreed:
    """A request with everything that it means.

    `law` is the rulebook without the bank's own policy, `rulebook` with it; `before` is what the
    prior run decided; `deltas` are the overrides and adjustments that bear on the run.
    """

    request: Request
    law: Rulebook
    rulebook: Rulebook
    reports: tuple[Report, ...]
    parameters: Mapping[str, Decimal]
    filings: tuple[Filing, ...]
    prior: Run | None
    before: Path | None
    deltas: Deltas = NO_DELTAS

    @property
    def day(self) -> date:
        """The reporting date."""
        return self.request.reporting_date

    @property
    def inputs(self) -> list[Path]:
        """The files that the data engine may open."""
        request = self.request
        beside = (self.before, request.exits, request.comments)
        return [*request.tape.files, *(path for path in beside if path)]

    @property
    def opening(self) -> Opening | None:
        """What the prior run left, if there is one."""
        if self.prior is None or self.before is None:
            return None
        return Opening(self.before, self.prior.reporting_date)

    @property
    def terms(self) -> Terms:
        """What the tape is read by."""
        return terms_of(self.rulebook, self.request, self.prior)


def agree(request: Request, store: Store) -> Agreed:
    """Find what a request means; NplError if a file, a setting or the prior run is unfit."""
    law, reports, parameters, filings = _law(request)
    rulebook = with_policy(law, request.policy) if request.policy else law
    prior = store.run(request.prior) if request.prior else None
    _refuse_unfit(prior, rulebook, request)
    if request.approved is None:  # of a rulebook that the log does not approve, a run is a draft
        request = replace(request, approved=store.log.tells(RULEBOOK, rulebook.sha256))
    before = decisions_of(store, request.prior)
    return Agreed(request, law, rulebook, reports, parameters, filings, prior, before)


def with_standing_deltas(agreed: Agreed, store: Store, work: Path) -> Agreed:
    """The same with the overrides and adjustments in force, as files in a work folder."""
    request = with_deltas(agreed.request, agreed.rulebook, store, agreed.prior, work)
    return replace(agreed, request=request, deltas=deltas_of(request.deltas))


def rulebook_of(request: Request) -> Rulebook:
    """The rulebook that a request means, with the settings that it changes."""
    return load_rulebook(request.rules, request.reporting_date, request.changes)


def terms_of(rulebook: Rulebook, request: Request, prior: Run | None = None) -> Terms:
    """What a tape is read by under a rulebook."""
    taken = [fact.name for fact in rulebook.facts] + [d.name for d in rulebook.decisions]
    names = (*taken, *rulebook.amounts, *rulebook.settings)
    file, day = rulebook.file, request.reporting_date
    flow = flow_rate(file.movement.flow_rate, day, prior.reporting_date if prior else None)
    return Terms(rulebook.columns, file.currency, day, names, file.appropriation, flow)


def _law(
    request: Request,
) -> tuple[Rulebook, tuple[Report, ...], dict[str, Decimal], tuple[Filing, ...]]:
    """The rulebook, reports and filings in force, with what the call changes of each."""
    book = load_rulebook(request.rules, request.reporting_date)
    folder = request.reports or REPORTS
    reports = load_reports(book.name, request.reporting_date, folder)
    known = {name for report in reports for name in report.definition.parameters}
    filings = load_filings(book.name, request.reporting_date, folder)
    apart = known | asked(filings)
    settings = {name: text for name, text in request.changes.items() if name not in apart}
    parameters = {
        name: _decimal(name, text) for name, text in request.changes.items() if name in known
    }
    if settings:
        book = load_rulebook(request.rules, request.reporting_date, settings)
    filed = filings_to_write(filings, request.entity, request.reporting_date, request.changes)
    return book, reports, parameters, filed


def _decimal(name: str, text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise NplError(Problem(f"--set {name}: '{text}' is no number", "write digits")) from None


def _refuse_unfit(prior: Run | None, rulebook: Rulebook, request: Request) -> None:
    """A prior run must be of the same bank, jurisdiction and currency, and earlier."""
    if prior is None:
        return
    problems = []
    if prior.jurisdiction != rulebook.file.jurisdiction:
        problems.append(f"is of {prior.jurisdiction}, not {rulebook.file.jurisdiction}")
    if prior.currency != rulebook.file.currency:
        problems.append(f"is in {prior.currency}, not {rulebook.file.currency}")
    if prior.reporting_date >= request.reporting_date:
        problems.append(f"is of {prior.reporting_date}, not before {request.reporting_date}")
    entity = prior.parameters.get("entity")
    if request.entity and entity and entity != request.entity:
        problems.append(f"is of {entity}, not of {request.entity}")
    if problems:
        raise NplError(
            *(
                Problem(f"the prior run {prior.id} {what}", "name another with --prior")
                for what in problems
            )
        )
