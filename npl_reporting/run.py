"""The road of a quarter: a loan tape goes in, decisions, cells, pages and a stored run come out."""

from __future__ import annotations

import getpass
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from npl_reporting import __version__
from npl_reporting.engine import Engine
from npl_reporting.errors import DataError, NplError, Problem
from npl_reporting.evidence import records
from npl_reporting.evidence.records import Role, Run, RunFile, SettingUsed
from npl_reporting.evidence.store import Store
from npl_reporting.law.library import find, load_rulebook
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.yamlfile import Text
from npl_reporting.portfolio.cases import Case
from npl_reporting.portfolio.classify import TREATED, classify
from npl_reporting.portfolio.tape import Tape, TapeSource, Terms, findings, read_tape
from npl_reporting.resources import shown
from npl_reporting.returns.annex import case_blocks, case_decisions, settings_that_influenced
from npl_reporting.returns.book import plan_reports
from npl_reporting.returns.cells import Cell, compute
from npl_reporting.returns.checks import CheckResult, evaluate
from npl_reporting.returns.edition import Control, Edition, run_figures
from npl_reporting.returns.files import list_files
from npl_reporting.returns.library import load_reports
from npl_reporting.returns.outputs import (
    write_cases,
    write_cells,
    write_decisions,
    write_summary,
)
from npl_reporting.returns.page import Page
from npl_reporting.returns.pages import pages
from npl_reporting.returns.plan import Plan
from npl_reporting.returns.render import render_all
from npl_reporting.returns.report import Report
from npl_reporting.work import work_folder

Tell = Callable[[str], None]
_CUT = 8
"""Hexadecimal digits of the content's hash that a run's id carries."""


@dataclass(frozen=True)
class Request:
    """What to run: a tape, the rules, the reporting date, and what the call adds to them.

    `rules` is a jurisdiction or a rule file's path. `changes` holds `--set name=value` as text:
    settings of the rulebook and parameters of the reports. `languages` empty means the rulebook's.
    """

    tape: TapeSource
    rules: str
    reporting_date: date
    prior: str | None = None
    quarantine: bool = False
    control: Path | None = None
    languages: tuple[str, ...] = ()
    changes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Finished:
    """A run that is stored: its record, its cells and checks, and the files written beside it."""

    run: Run
    stored: bool
    cells: tuple[Cell, ...]
    checks: tuple[CheckResult, ...]
    cases: int
    warnings: int
    files: tuple[Path, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed that must hold."""
        return not any(c.state == "failed" and c.severity == "error" for c in self.checks)


def run(
    request: Request, store: Store, out: Path | None = None, tell: Tell = lambda step: None
) -> Finished:
    """Take a tape to a stored run, its files and its pages; nothing is stored unless all is done.

    NplError if the call or a file is wrong, DataError if the data is. The same inputs give the
    same run, which is stored once.
    """
    rulebook, reports, parameters = _law(request)
    prior = store.run(request.prior) if request.prior else None
    _refuse_unfit(prior, rulebook, request)
    with work_folder() as work, _engine(work, request) as engine:
        tell("reading the tape")
        tape = _read(engine, request, rulebook)
        tell(f"deciding {tape.counts.used:,} exposures")
        cases = classify(engine, rulebook, tape.columns, request.reporting_date)
        tell(f"{len(cases):,} cases decided; computing the reports")
        plans = plan_reports(reports, rulebook.scope, parameters)
        cells = tuple(_cells(engine, plans, store, prior))
        draft = _record(request, rulebook, reports, parameters, tape, cases, prior)
        edition = _edition(engine, request, rulebook, plans, tape, cases, draft, prior)
        checks = evaluate(engine, plans, cells, run_figures(edition))
        set_pages = tuple(pages(edition, plans, cells, checks))
        tell(f"writing {len(set_pages)} reports")
        files = _files(engine, rulebook, edition, cases, cells, checks, set_pages, work)
        tell("storing the run")
        saved = _save(engine, store, request, rulebook, reports, draft, cases, cells, checks, files)
        written = tuple(_handed_out(files, out)) if out else ()
    return Finished(saved.run, saved.stored, cells, checks, len(cases), tape.warnings, written)


def _law(request: Request) -> tuple[Rulebook, tuple[Report, ...], dict[str, Decimal]]:
    """The rulebook and reports in force, with what the call changes of each."""
    book = load_rulebook(request.rules, request.reporting_date)
    reports = load_reports(book.file.jurisdiction, request.reporting_date)
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


def _engine(work: Path, request: Request) -> Engine:
    return Engine(work, [request.tape.path])


def _read(engine: Engine, request: Request, rulebook: Rulebook) -> Tape:
    """Read and check the tape; DataError with every blocking finding."""
    taken = [fact.name for fact in rulebook.facts] + [d.name for d in rulebook.decisions]
    terms = Terms(
        rulebook.columns, rulebook.file.currency, request.reporting_date,
        (*taken, *rulebook.amounts, *rulebook.settings),
    )  # fmt: skip
    tape = read_tape(
        engine, request.tape, terms, quarantine=request.quarantine, control=request.control
    )
    if tape.blocking:
        raise DataError(*_blocking(engine, request, tape))
    return tape


def _blocking(engine: Engine, request: Request, tape: Tape) -> Iterator[Problem]:
    """Every finding that stops the run, as lines of one error."""
    for finding in findings(engine):
        if finding.severity == "error":
            where = f"row {finding.row}" if finding.row is not None else "the tape"
            exposure = f", exposure {finding.exposure_id}" if finding.exposure_id else ""
            value = f", found '{finding.value}'" if finding.value else ""
            yield Problem(
                f"{finding.check} {where}{exposure}{value}: {finding.words['en']}",
                file=shown(request.tape.path),
            )
    yield Problem(
        f"{tape.blocking:,} errors; nothing was stored",
        "correct the tape, or set the faulty rows aside with --quarantine",
    )


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


def _record(
    request: Request, rulebook: Rulebook, reports: Sequence[Report],
    parameters: Mapping[str, Decimal], tape: Tape, cases: Sequence[Case], prior: Run | None,
) -> Run:  # fmt: skip
    """The run's record, its id derived from everything that its content depends on."""
    file = rulebook.file
    languages = request.languages or file.languages
    content = {
        "tape": tape.sha256,
        "mapping": _digest(request.tape.mapping),
        "control": _digest(request.control),
        "reading": [request.tape.encoding, request.tape.delimiter, request.tape.sheet],
        "rulebook": rulebook.sha256,
        "reports": [_digest(report.file.path) for report in reports],
        "date": request.reporting_date.isoformat(),
        "prior": prior.id if prior else None,
        "changes": dict(sorted(request.changes.items())),
        "quarantine": request.quarantine,
        "languages": list(languages),
        "version": __version__,
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    name = rulebook.name.replace("/", "-")
    return Run(
        id=f"{name}-{request.reporting_date}-{digest[:_CUT]}",
        jurisdiction=file.jurisdiction,
        variant=file.variant,
        rulebook_effective_from=file.effective_from,
        rulebook_title=file.title,
        rulebook_sha256=rulebook.sha256,
        reporting_date=request.reporting_date,
        currency=file.currency,
        tape_name=request.tape.path.name,
        tape_sha256=tape.sha256,
        engine_version=__version__,
        created_at=datetime.now(UTC),
        created_by=getpass.getuser(),
        rows_read=tape.counts.read,
        rows_used=tape.counts.used,
        rows_set_aside=tape.counts.set_aside,
        prior_run=prior.id if prior else None,
        control_totals={
            name: {k: str(v) for k, v in asdict(total).items()}
            for name, total in tape.totals.items()
        },
        settings=_settings(rulebook, cases),
        warnings=tuple(_warnings(rulebook, request, tape)),
        languages=languages,
        parameters={
            **{name: str(value) for name, value in parameters.items()},
            "reading": json.dumps(content["reading"]),
            "quarantine": request.quarantine,
        },
    )


def _digest(path: Path | None) -> str | None:
    return None if path is None else hashlib.sha256(path.read_bytes()).hexdigest()


def _settings(rulebook: Rulebook, cases: Sequence[Case]) -> dict[str, SettingUsed]:
    influenced = settings_that_influenced(rulebook, cases)
    return {
        name: SettingUsed(
            str(rulebook.settings[name]),
            setting.basis,
            name in rulebook.changed,
            name in influenced,
        )
        for name, setting in rulebook.file.settings.items()
    }


def _warnings(rulebook: Rulebook, request: Request, tape: Tape) -> Iterator[Text]:
    """What page one must say before any figure."""
    file = rulebook.file
    newest = find(rulebook.name, request.reporting_date) if _shelved(rulebook) else rulebook.path
    if not rulebook.in_force(request.reporting_date):
        yield {
            "en": f"The rulebook comes into force on {file.effective_from}, after the reporting date.",
            "zh-TW": f"所用規則自 {file.effective_from} 起適用，晚於報表基準日。",
        }
    elif newest.resolve() != rulebook.path.resolve():
        yield {
            "en": f"On the reporting date a later rulebook was in force: {shown(newest)}.",
            "zh-TW": f"報表基準日另有較新之規則適用：{shown(newest)}。",
        }
    if file.review_by and request.reporting_date > file.review_by:
        yield {
            "en": f"The rulebook was to be reviewed by {file.review_by}.",
            "zh-TW": f"所用規則應於 {file.review_by} 前重新檢視。",
        }
    if tape.counts.set_aside:
        yield {
            "en": f"{tape.counts.set_aside:,} faulty rows were set aside and are in no figure.",
            "zh-TW": f"{tape.counts.set_aside:,} 筆有誤資料已剔除，未計入任何數字。",
        }


def _shelved(rulebook: Rulebook) -> bool:
    try:
        find(rulebook.name)
    except NplError:
        return False
    return True


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
        findings=tuple(findings(engine)),
        controls=tuple(
            Control(
                name, rulebook.columns[name].meaning, total.read, total.used, total.set_aside,
                ledger.get(name),
            )
            for name, total in tape.totals.items()
        ),
        lists={p.report.id: tuple(list_files(engine, p)) for p in plans},
    )  # fmt: skip


@dataclass(frozen=True)
class _Written:
    """A file in the work folder: its part in the run, and what kind it is."""

    role: Role
    path: Path
    media_type: str


def _files(
    engine: Engine, rulebook: Rulebook, edition: Edition, cases: Sequence[Case],
    cells: Sequence[Cell], checks: Sequence[CheckResult], set_pages: Sequence[Page], work: Path,
) -> tuple[_Written, ...]:  # fmt: skip
    """Write everything that the run hands out into the work folder."""
    folder = work / "out"
    folder.mkdir()
    languages = edition.run.languages
    decided = case_decisions(rulebook, cases, languages)
    parquet, text = write_decisions(engine, rulebook, folder)
    written = [
        _Written("decisions", parquet, "application/vnd.apache.parquet"),
        _Written("decisions", text, "text/csv"),
        _Written("cases", write_cases(decided, languages[0], folder / "cases.csv"), "text/csv"),
        _Written("cells", write_cells(cells, folder / "cells.csv"), "text/csv"),
    ]
    more = {
        "cases": len(cases),
        "findings": len(edition.findings),
        "checks": {f"{c.report}/{c.id}": c.state for c in checks},
    }
    summary = write_summary(edition.run, more, folder / "run.json")
    written.append(_Written("summary", summary, "application/json"))
    for report, content in render_all(set_pages, work=work).items():
        path = folder / f"{rulebook.file.jurisdiction}-{report}.pdf"
        path.write_bytes(content)
        written.append(_Written("pdf", path, "application/pdf"))
    return tuple(written)


def _save(
    engine: Engine, store: Store, request: Request, rulebook: Rulebook,
    reports: Sequence[Report], draft: Run, cases: Sequence[Case], cells: Sequence[Cell],
    checks: Sequence[CheckResult], files: Sequence[_Written],
) -> records.Saved:  # fmt: skip
    """Archive every file, then store the run in one transaction."""
    inputs = [
        _Written("tape", request.tape.path, "application/octet-stream"),
        _Written("rulebook", rulebook.path, "application/yaml"),
        *(
            _Written("report_definition", report.file.path, "application/yaml")
            for report in reports
        ),
    ]
    if request.tape.mapping:
        inputs.append(_Written("mapping", request.tape.mapping, "application/yaml"))
    if request.control:
        inputs.append(_Written("control", request.control, "text/csv"))
    return store.save_run(
        draft,
        files=[_archived(store, file) for file in (*inputs, *files)],
        cases=case_decisions(rulebook, cases, draft.languages),
        exposures=engine.batches(
            "SELECT row, exposure_id, debtor_id, portion, case_id, amount, minimum_allowance "
            f"FROM {TREATED} ORDER BY exposure_id, portion"
        ),
        cells=(_stored_cell(cell) for cell in cells),
        checks=(records.CheckResult(c.report, c.id, c.severity, c.state, c.detail) for c in checks),
        findings=findings(engine),
    )


def _archived(store: Store, file: _Written) -> RunFile:
    kept = store.archive.place(file.path)
    return RunFile(file.role, file.path.name, kept.sha256, kept.size, file.media_type)


def _stored_cell(cell: Cell) -> records.Cell:
    return records.Cell(
        cell.report, cell.table, cell.row, cell.column, cell.period,
        None if cell.value is None else cell.exact,
        cell.text, cell.state, cell.reason, cell.key,
    )  # fmt: skip


def _handed_out(files: Sequence[_Written], out: Path) -> Iterator[Path]:
    """Copy the files to where the user wants them, each whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    for file in files:
        target = out / file.path.name
        part = target.with_name(target.name + ".part")
        shutil.copyfile(file.path, part)
        yield part.replace(target)
