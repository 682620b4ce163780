"""`npl demo`: the whole road on the bundled portfolios."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from npl_reporting.cli import options
from npl_reporting.cli.printing import emit, say
from npl_reporting.cli.runs import telling
from npl_reporting.cli.telling import tell_run
from npl_reporting.demo.tour import Stop, tour
from npl_reporting.evidence.coverage import never_fired
from npl_reporting.evidence.reopen import archived_rulebook
from npl_reporting.evidence.store import Store


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
    bank at two quarter ends of 2025. Ends by naming the PDFs.
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
    tell_run(stop.finished, False)


def _tell_coverage(stops: list[Stop], store: Store) -> None:
    """Of each rulebook that was used, the rules that fired in none of its runs."""
    runs: dict[str, list[str]] = {}
    for stop in stops:
        runs.setdefault(stop.finished.run.rulebook_sha256, []).append(stop.finished.run.id)
    say("\nRules that fired in no run of this demo (each fires in an example of its file):")
    for ids in runs.values():
        with TemporaryDirectory() as work:
            book = archived_rulebook(store, ids[0], Path(work))
            silent = never_fired(book, (case for run in ids for case in store.cases(run)))
        number = sum(len(rules) for _, rules in silent)
        every = sum(len(decision.rules) for decision in book.decisions)
        say(f"{book.name} from {book.file.effective_from}: {number} of {every}")
        for decision, rules in silent:
            say(f"  {decision}: {', '.join(rules)}")


def _tell_end(stops: list[Stop], out: Path) -> None:
    last = stops[-1].finished.run
    store = f"--store sqlite:///{out / 'npl.db'}"
    say(f"\nThe store is {out / 'npl.db'}. Try: npl runs {store}")
    say(f"           npl show {last.id} {store}")
    say(f"           npl rules coverage --run {last.id} {store}")
    say("\nThe returns:")
    for stop in stops:
        for file in stop.finished.files:
            if file.suffix == ".pdf":
                say(str(file))
