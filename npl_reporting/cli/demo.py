"""`npl demo`: the whole road on the bundled portfolios."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from npl_reporting.cli import options
from npl_reporting.cli.printing import emit, say
from npl_reporting.cli.runs import telling
from npl_reporting.cli.telling import tell_checks
from npl_reporting.demo.tour import Stop, tour
from npl_reporting.evidence.coverage import never_fired
from npl_reporting.evidence.reopen import archived_rulebook
from npl_reporting.evidence.store import Store
from npl_reporting.request import Finished

_RATIO = ("movement", "portfolio", "ratio")
"""Report, row and column of the ratio that every run has."""


def demo(
    out: Annotated[
        Path, typer.Option("--out", help="Folder for the store, the tapes and the returns.")
    ] = Path("demo-out"),
    quick: Annotated[
        bool, typer.Option("--quick", help="A smaller bank and one quarter of cards.")
    ] = False,
    rules: Annotated[
        list[str] | None,
        typer.Option("--rules", help="The made bank alone, under these rules; may be repeated."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Run the whole road on two bundled portfolios, as in `npl demo`.

    Real card accounts of 2005, under the rules then in force and under those of 2014; and a made
    bank at two quarter ends. Says of each run its ratio, its checks and where its files lie.
    """
    out.mkdir(parents=True, exist_ok=True)
    store = Store(f"sqlite:///{out / 'npl.db'}")
    stops: list[Stop] = []
    with telling(quiet=json) as tell:
        for stop in tour(store, out, tell, quick=quick, rules=rules or ()):
            stops.append(stop)
            if not json:
                _tell_stop(stop, first=len(stops) == 1 or stops[-2].leg != stop.leg)
    if json:
        emit([stop.finished for stop in stops])
    else:
        _tell_coverage(stops, store)
        _tell_end(stops, out)
    raise typer.Exit(0 if all(stop.finished.passed for stop in stops) else 1)


def _tell_stop(stop: Stop, *, first: bool) -> None:
    if first:
        say(f"\n{stop.leg.words}")
    finished = stop.finished
    run = finished.run
    say(f"  {run.reporting_date}: {run.rows_used:,} exposures, {finished.cases:,} distinct cases")
    for warning in run.warnings:
        say(f"    warning: {warning.get('en')}")
    ratio = _ratio(finished)
    if ratio is not None:
        say(f"    NPL ratio {ratio * 100:.3f} %")
    tell_checks(finished, "    ", unevaluated=run.prior_run is not None)
    say(f"    {len(finished.files)} files, {len(_pages(stop))} of them PDF, in {stop.folder}")


def _ratio(finished: Finished) -> Decimal | None:
    found = (
        cell.value
        for cell in finished.cells
        if (cell.report, cell.row, cell.column) == _RATIO and cell.period == "current"
    )
    return next(found, None)


def _pages(stop: Stop) -> list[Path]:
    return [file for file in stop.finished.files if file.suffix == ".pdf"]


def _tell_coverage(stops: Sequence[Stop], store: Store) -> None:
    """Of each rulebook that was used, how many rules fired in one of its runs."""
    runs: dict[str, list[str]] = {}
    for stop in stops:
        runs.setdefault(stop.finished.run.rulebook_sha256, []).append(stop.finished.run.id)
    say("\nRules that fired in a run of this demo (the others fire in an example of their file):")
    for ids in runs.values():
        with TemporaryDirectory() as work:
            book = archived_rulebook(store, ids[0], Path(work))
            silent = never_fired(book, (case for run in ids for case in store.cases(run)))
        every = sum(len(decision.rules) for decision in book.decisions)
        number = every - sum(len(rules) for _, rules in silent)
        say(f"  {book.name} from {book.file.effective_from}: {number} of {every}")


def _tell_end(stops: Sequence[Stop], out: Path) -> None:
    last = stops[-1]
    store = f"--store sqlite:///{out / 'npl.db'}"
    say("\nLook first at:")
    for file in _pages(last)[:3]:
        say(f"  {file}")
    say("Then try:")
    say(f"  npl runs {store}")
    say(f"  npl show {last.finished.run.id} {store}")
    say(f"  npl rules coverage --run {last.finished.run.id} {store}")
