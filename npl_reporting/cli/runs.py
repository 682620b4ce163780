"""Runs from the command line: run, check, runs, show, explain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from npl_reporting.agreed import rulebook_of, terms_of
from npl_reporting.cli import options
from npl_reporting.cli.options import DEFAULT_STORE
from npl_reporting.cli.printing import emit, err, print_line, say, table
from npl_reporting.cli.telling import tell_explanation, tell_run
from npl_reporting.engine import Engine
from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.explain import explain as explain_exposure
from npl_reporting.evidence.exports import tell_export
from npl_reporting.evidence.overrides import overridden_outcomes
from npl_reporting.evidence.reopen import reopen
from npl_reporting.evidence.store import Store
from npl_reporting.law.columns import column_dictionary
from npl_reporting.portfolio.tape import TapeSource, Terms, findings, read_tape
from npl_reporting.request import Finished, Request
from npl_reporting.returns.render import render
from npl_reporting.run import Tell
from npl_reporting.run import run as run_quarter
from npl_reporting.submission.exposurepages import exposure_page
from npl_reporting.work import work_folder


def run(
    tape: options.TapePath,
    rules: options.Rules,
    as_of: options.AsOf,
    prior: Annotated[
        str | None, typer.Option("--prior", help="The run to compare with, by id.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for decisions, cells and PDFs.")
    ] = None,
    quarantine: options.Quarantine = False,
    control: options.Control = None,
    mapping: options.Mapping = None,
    schedule: options.Schedule = None,
    rates: options.Rates = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", help="The bank's own policy; it may only tighten.")
    ] = None,
    exits: Annotated[
        Path | None,
        typer.Option("--exits", help="What became of exposures that left the tape since --prior."),
    ] = None,
    comments: Annotated[
        Path | None,
        typer.Option("--comments", help="Why cells moved since --prior, where that is asked."),
    ] = None,
    entity: Annotated[
        str, typer.Option("--entity", help="The bank that reports: its LEI or its name.")
    ] = "",
    encoding: options.Encoding = None,
    delimiter: options.Delimiter = None,
    sheet: options.Sheet = None,
    language: Annotated[
        list[str] | None,
        typer.Option("--language", help="Print only these, main language first; may be repeated."),
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf/--no-pdf", help="Draw the pages.")] = True,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a setting or give a parameter: name=value."),
    ] = None,
    store: options.StoreUrl = DEFAULT_STORE,
    json: options.Json = False,
) -> None:
    """Classify a tape, store the run and write its returns.

    As in `npl run tape.csv --rules TW --as-of 2025-09-30 --out returns`.
    """
    request = Request(
        TapeSource(tape, encoding, delimiter, sheet, mapping, schedule, rates), rules, as_of.date(),
        prior, quarantine, control, tuple(language or ()), options.changes(set_ or []), pdf, policy,
        exits=exits, comments=comments, entity=entity,
    )  # fmt: skip
    with telling(quiet=json) as tell:
        finished = run_quarter(request, Store(store), out, tell)
    tell_run(finished, json)
    raise typer.Exit(0 if finished.passed else 1)


@contextmanager
def telling(quiet: bool) -> Iterator[Tell]:
    """Show each step of long work, with how long it has taken, where somebody is looking."""
    if quiet or not err.is_terminal:
        yield lambda step: None
        return
    with err.status("starting") as status:
        yield lambda step: status.update(step)


def check(
    tape: options.TapePath,
    rules: Annotated[
        str | None, typer.Option("--rules", help="Also read the columns of this rulebook.")
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], help="The reporting date; default today."),
    ] = None,
    currency: Annotated[
        str | None, typer.Option("--currency", help="Of the tape, where no rules are named.")
    ] = None,
    control: options.Control = None,
    mapping: options.Mapping = None,
    schedule: options.Schedule = None,
    rates: options.Rates = None,
    encoding: options.Encoding = None,
    delimiter: options.Delimiter = None,
    sheet: options.Sheet = None,
    json: options.Json = False,
) -> None:
    """Check a tape and list every finding; nothing is stored.

    As in `npl check tape.csv --rules TW --as-of 2025-09-30`. With `--json`, one finding a line and
    the counts last. Exit code 1 if there are errors.
    """
    source = TapeSource(tape, encoding, delimiter, sheet, mapping, schedule, rates)
    day = as_of.date() if as_of else date.today()
    with work_folder() as work, Engine(work, source.files) as engine:
        read = read_tape(engine, source, _terms(source, rules, day, currency), control=control)
        for finding in findings(engine):
            if json:
                print_line(finding)
            else:
                say(f"{finding.severity}: {finding}")
    if json:
        print_line({"as_of": day, "counts": read.counts, "failed": read.failed,
                    "not_made": read.skipped})  # fmt: skip
    else:
        say(
            f"{read.counts.read:,} rows read as of {day}, {read.errors:,} errors, "
            f"{read.warnings:,} warnings"
        )
        if read.skipped:
            say(f"not checked, for want of a column: {', '.join(read.skipped)}")
    raise typer.Exit(1 if read.errors else 0)


def _terms(source: TapeSource, rules: str | None, day: date, currency: str | None) -> Terms:
    """What to read the tape by: a rulebook, or the common dictionary and a currency."""
    if rules:
        request = Request(source, rules, day)
        return terms_of(rulebook_of(request), request)
    if currency is None:
        raise NplError(Problem("the currency is not known", "name --rules or --currency"))
    return Terms(column_dictionary(), currency, day)


def runs(store: options.StoreUrl = DEFAULT_STORE, json: options.Json = False) -> None:
    """List the runs that the store holds, as in `npl runs`."""
    found = Store(store).runs()
    if json:
        emit(found)
        return
    table(
        ("run", "reporting date", "rules from", "rows used", "tape", "stored"),
        [
            (
                run.id, run.reporting_date, run.rulebook_effective_from, run.rows_used,
                run.tape_name, f"{run.created_at:%Y-%m-%d %H:%M} by {run.created_by}",
            )
            for run in found
        ],
    )  # fmt: skip


def show(
    run: options.RunName,
    out: Annotated[
        Path | None, typer.Option("--out", help="Copy the run's files from the archive to here.")
    ] = None,
    store: options.StoreUrl = DEFAULT_STORE,
    json: options.Json = False,
) -> None:
    """Show what the store holds of a run, as in `npl show TW-2025-09-30`.

    With `--out` its files are written again, byte for byte, from the archive.
    """
    opened = Store(store)
    record = opened.run(run)
    files, checks = opened.files(record.id), opened.checks(record.id)
    for file in files if out else ():
        _copy_out(opened, file.sha256, file.name, Path(str(out)))
    if out:
        tell_export(opened, record.id, files)
    if json:
        emit({"run": record, "files": files, "checks": checks})
        return
    tell_run(Finished(record, True, (), (), 0, 0, ()), False, stored=True)
    table(("file", "of", "bytes", "sha256"), [(f.name, f.role, f.size, f.sha256) for f in files])
    table(
        ("report", "check", "state", "detail"),
        [(c.report, c.check, c.state, c.detail) for c in checks],
    )


def _copy_out(store: Store, sha256: str, name: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(store.archive.open_path(sha256).read_bytes())


def explain(
    run: options.RunName,
    exposure: Annotated[str, typer.Argument(metavar="EXPOSURE", help="An exposure_id.")],
    language: Annotated[str, typer.Option("--language", help="Of labels and phrases.")] = "en",
    pdf: Annotated[
        Path | None,
        typer.Option("--pdf", help="Write the exposure's dossier here, with every run and event."),
    ] = None,
    store: options.StoreUrl = DEFAULT_STORE,
    json: options.Json = False,
) -> None:
    """Explain one exposure of a run: facts, case, rules, articles, and the next threshold.

    As in `npl explain TW-2025-09-30 E000123`.
    """
    opened = Store(store)
    if pdf is not None:
        pdf.write_bytes(render(exposure_page(opened, run, exposure)))
        say(f"wrote {pdf}")
        return
    stored = opened.exposure(run, exposure)
    overridden = overridden_outcomes(opened, opened.run(run), exposure)
    with reopen(opened, run) as again:
        explanation = explain_exposure(
            again.engine, again.rulebook, again.columns, again.run.reporting_date, exposure,
            again.source,
        )  # fmt: skip
        if json:
            emit({"explanation": explanation, "stored": stored, "overridden": [
                {"portion": portion, "decision": decision, **stands._asdict()}
                for (portion, decision), stands in overridden.items()
            ]})  # fmt: skip
            return
        tell_explanation(explanation, again.rulebook, stored, language)
    for (portion, decision), stands in overridden.items():
        by = stands.by or "what an override brings with it"
        say(f"\noverridden: {portion} {decision} stands as {stands.outcome}, by {by}")


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (run, check, runs, show, explain):
        app.command()(command)
