"""The road of a quarter: a loan tape goes in, decisions, cells, pages and a stored run come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path

from npl_reporting.deliver import Drafted, content, files, hand_out, save
from npl_reporting.engine import Engine
from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.records import Run
from npl_reporting.evidence.reopen import decisions_of
from npl_reporting.evidence.store import Store
from npl_reporting.law.policy import with_policy
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.portfolio.cases import Case
from npl_reporting.portfolio.classify import TREATED, classify, keep_treated
from npl_reporting.portfolio.decided import Decided, decide_tape, keep_answers
from npl_reporting.portfolio.findings import add_rule_findings
from npl_reporting.portfolio.prior import join_prior
from npl_reporting.portfolio.sound import read_sound_tape
from npl_reporting.portfolio.tape import Tape, Terms, findings
from npl_reporting.portfolio.tightening import refuse_milder
from npl_reporting.record import record
from npl_reporting.request import Finished, Request
from npl_reporting.resources import REPORTS
from npl_reporting.returns.annex import case_blocks
from npl_reporting.returns.book import plan_reports
from npl_reporting.returns.cells import Cell, compute
from npl_reporting.returns.checks import evaluate
from npl_reporting.returns.edition import Control, Edition, run_figures
from npl_reporting.returns.files import list_files
from npl_reporting.returns.pages import pages
from npl_reporting.returns.plan import Plan
from npl_reporting.returns.report import Report
from npl_reporting.returns.shelf import load_reports
from npl_reporting.submission.state import RULEBOOK
from npl_reporting.work import work_folder

Tell = Callable[[str], None]


def run(
    request: Request, store: Store, out: Path | None = None, tell: Tell = lambda step: None
) -> Finished:
    """Take a tape to a stored run, its files and its pages; nothing is stored unless all is done.

    NplError if the call or a file is wrong, DataError if the data is. The same inputs give the
    same run, which is stored once.
    """
    law, reports, parameters = _law(request)
    rulebook = with_policy(law, request.policy) if request.policy else law
    request = _as_approved(request, rulebook, store)
    prior = store.run(request.prior) if request.prior else None
    _refuse_unfit(prior, rulebook, request)
    before = decisions_of(store, request.prior)
    inputs = [*request.tape.files, *([before] if before else [])]
    with work_folder() as work, Engine(work, inputs) as engine:
        tell("reading the tape")
        tape = _read(engine, request, rulebook)
        tell(f"deciding {tape.counts.used:,} exposures")
        source, columns = _with_prior(engine, rulebook, tape, prior, before)
        alone = _law_alone(engine, request, law, columns, source)
        cases = classify(engine, rulebook, columns, request.reporting_date, source)
        keep_treated(engine)
        if alone and request.policy:
            policy = keep_answers(engine, rulebook, cases, "policy")
            refuse_milder(engine, alone, policy, request.policy)
        add_rule_findings(engine, rulebook, TREATED)
        tell(f"{len(cases):,} cases decided; computing the reports")
        plans = plan_reports(reports, rulebook.scope, parameters)
        cells = tuple(_cells(engine, plans, store, prior))
        draft = record(request, rulebook, reports, parameters, tape, cases, prior)
        edition = _edition(engine, request, rulebook, plans, tape, cases, draft, prior)
        checks = evaluate(engine, plans, cells, run_figures(edition))
        drafted = Drafted(
            request, rulebook, reports, draft, cases, cells, checks, len(edition.findings)
        )
        seal = content(engine, drafted)
        sealed = replace(edition, content=seal.content)
        set_pages = tuple(pages(sealed, plans, cells, checks)) if request.printed else ()
        tell(f"writing {len(set_pages)} reports")
        written = files(engine, drafted, set_pages, work, seal)
        tell("storing the run")
        saved = save(engine, store, drafted, written, seal)
        handed = tuple(hand_out(written, out)) if out else ()
    return Finished(saved.run, saved.stored, cells, checks, len(cases), tape.warnings, handed)


def _as_approved(request: Request, rulebook: Rulebook, store: Store) -> Request:
    """The request with whether the store's log approves its rulebook: if not, the run is a draft."""
    if request.approved is not None:
        return request
    return replace(request, approved=store.log.tells(RULEBOOK, rulebook.sha256))


def rulebook_of(request: Request) -> Rulebook:
    """The rulebook that a request means, with the settings that it changes."""
    return load_rulebook(request.rules, request.reporting_date, request.changes)


def _law(request: Request) -> tuple[Rulebook, tuple[Report, ...], dict[str, Decimal]]:
    """The rulebook and reports in force, with what the call changes of each."""
    book = load_rulebook(request.rules, request.reporting_date)
    folder = request.reports or REPORTS
    reports = load_reports(book.name, request.reporting_date, folder)
    known = {name for report in reports for name in report.definition.parameters}
    settings = {name: text for name, text in request.changes.items() if name not in known}
    parameters = {
        name: _decimal(name, text) for name, text in request.changes.items() if name in known
    }
    if settings:
        book = load_rulebook(request.rules, request.reporting_date, settings)
    return book, reports, parameters


def _decimal(name: str, text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise NplError(Problem(f"--set {name}: '{text}' is no number", "write digits")) from None


def _refuse_unfit(prior: Run | None, rulebook: Rulebook, request: Request) -> None:
    """A prior run must be of the same jurisdiction and currency, and earlier."""
    if prior is None:
        return
    problems = []
    if prior.jurisdiction != rulebook.file.jurisdiction:
        problems.append(f"is of {prior.jurisdiction}, not {rulebook.file.jurisdiction}")
    if prior.currency != rulebook.file.currency:
        problems.append(f"is in {prior.currency}, not {rulebook.file.currency}")
    if prior.reporting_date >= request.reporting_date:
        problems.append(f"is of {prior.reporting_date}, not before {request.reporting_date}")
    if problems:
        raise NplError(
            *(
                Problem(f"the prior run {prior.id} {what}", "name another with --prior")
                for what in problems
            )
        )


def terms_of(rulebook: Rulebook, request: Request) -> Terms:
    """What the tape is read by."""
    taken = [fact.name for fact in rulebook.facts] + [d.name for d in rulebook.decisions]
    names = (*taken, *rulebook.amounts, *rulebook.settings)
    file = rulebook.file
    return Terms(rulebook.columns, file.currency, request.reporting_date, names, file.appropriation)


def _read(engine: Engine, request: Request, rulebook: Rulebook) -> Tape:
    """Read and check the tape; DataError with every blocking finding."""
    return read_sound_tape(
        engine,
        request.tape,
        terms_of(rulebook, request),
        quarantine=request.quarantine,
        control=request.control,
    )


def _law_alone(
    engine: Engine, request: Request, law: Rulebook, columns: Sequence[str], source: str
) -> Decided | None:
    """The answers of the law without the policy that stands on top, which may only tighten."""
    if request.policy is None:
        return None
    return decide_tape(engine, law, columns, request.reporting_date, "law", source)


def _with_prior(
    engine: Engine, rulebook: Rulebook, tape: Tape, prior: Run | None, decisions: Path | None
) -> tuple[str, Sequence[str]]:
    """The exposures, with what the prior run left of each."""
    if prior is None or decisions is None:
        return "exposures", tape.columns
    return join_prior(engine, rulebook, decisions, prior.reporting_date, tape.columns)


def _cells(
    engine: Engine, plans: Sequence[Plan], store: Store, prior: Run | None
) -> Iterator[Cell]:
    for planned in plans:
        before = None if prior is None else _prior_cells(store, prior, planned.report.id)
        yield from compute(engine, planned, before)


def _prior_cells(store: Store, prior: Run, report: str) -> tuple[Cell, ...]:
    return tuple(
        Cell(
            stored.report, stored.table, stored.row, stored.column, "current",
            None if stored.value is None else Decimal(stored.value),
            stored.text, stored.reason, stored.key,
        )
        for stored in store.cells(prior.id, report, "current")
    )  # fmt: skip


def _edition(
    engine: Engine, request: Request, rulebook: Rulebook, plans: Sequence[Plan], tape: Tape,
    cases: Sequence[Case], draft: Run, prior: Run | None,
) -> Edition:  # fmt: skip
    ledger = {c.column: c.ledger for c in tape.controls if not c.only}
    return Edition(
        run=draft,
        prior_date=prior.reporting_date if prior else None,
        setting_reasons={name: setting.why for name, setting in rulebook.file.settings.items()},
        cases=case_blocks(rulebook, cases, draft.languages),
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
        lists={p.report.id: tuple(list_files(engine, p)) for p in plans},
    )  # fmt: skip
