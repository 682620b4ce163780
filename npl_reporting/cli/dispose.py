"""`npl dispose`: collateral, negative equity, recovery and the ways to dispose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from npl_reporting.cli import disposing
from npl_reporting.cli.options import DEFAULT_STORE, Json, StoreUrl, changes
from npl_reporting.cli.printing import emit
from npl_reporting.disposal import desk as desks
from npl_reporting.disposal import pages
from npl_reporting.disposal.channelpage import channels_page
from npl_reporting.disposal.compare import compare_channels
from npl_reporting.disposal.desk import Desk, adjust, findings_of
from npl_reporting.disposal.dossier import dossier
from npl_reporting.disposal.equitypage import survey
from npl_reporting.disposal.fit import fit_models, read_sales
from npl_reporting.disposal.recommend import recommend as recommend_asset
from npl_reporting.disposal.reconcile import MET, meetings
from npl_reporting.disposal.reconcile import reconcile as reconcile_register
from npl_reporting.disposal.recoveries import rates, read_register
from npl_reporting.disposal.recoverypage import LISTED, reconciliation
from npl_reporting.disposal.series import read_series, survey_all, write_series
from npl_reporting.disposal.stress import stress_all, write_scenarios
from npl_reporting.disposal.stresspage import stress_page
from npl_reporting.disposal.tables import write_channels, write_tables
from npl_reporting.errors import Finding, NplError, Problem
from npl_reporting.evidence.store import Store
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.money import minor_digits
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.returns.page import Page
from npl_reporting.returns.render import render
from npl_reporting.submission.archived import take_up

app = typer.Typer(
    help="Collateral, negative equity, recovery and the ways to dispose.", no_args_is_help=True
)

Book = Annotated[str, typer.Argument(metavar="BOOK", help="A tape, or a stored run's id.")]
Collateral = Annotated[Path, typer.Argument(metavar="COLLATERAL", help="The collateral file.")]
Rules = Annotated[str | None, typer.Option("--rules", help="The jurisdiction, for a tape.")]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="The reporting date, for a tape."),
]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="Change a setting of rules/disposal: name=value.")
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for tables and pages.")]
Pdf = Annotated[bool, typer.Option("--pdf/--no-pdf", help="Draw the page.")]
Quarantine = Annotated[
    bool, typer.Option("--quarantine", help="Go on without the faulty rows, exit code 0.")
]
Asset = Annotated[str, typer.Argument(metavar="ASSET", help="An asset_id.")]


@contextmanager
def _opened(
    book: str, collateral: Path, rules: str | None, as_of: datetime | None,
    set_: list[str] | None, store: str, quarantine: bool, under: str | None = None,
) -> Iterator[Desk]:  # fmt: skip
    own = desks.load_rules(changes(set_ or []))
    if not Path(book).is_file():
        runs = Store(store)
        other = load_rulebook(under, runs.run(book).reporting_date) if under else None
        with desks.desk_of_run(runs, book, collateral, own, other) as desk:
            yield desk
        return
    if rules is None or as_of is None:
        raise NplError(Problem("a tape needs --rules and --as-of", "give both, or a run's id"))
    day, tape = as_of.date(), TapeSource(Path(book))
    rulebook, other = load_rulebook(rules, day), load_rulebook(under, day) if under else None
    with desks.desk_of_tape(
        tape, rulebook, day, collateral, own, under=other, quarantine=quarantine
    ) as desk:
        yield desk


def _refuse(found: Sequence[Finding], quarantine: bool) -> None:
    """End with exit code 1 before anything is written, where the file has errors."""
    if not quarantine and any(one.severity == "error" for one in found):
        raise typer.Exit(1)


@app.command()
def value(
    book: Book, collateral: Collateral, rules: Rules = None, as_of: AsOf = None,
    register: Annotated[
        Path | None, typer.Option("--register", help="Recoveries, for the adjusted maximum LTV.")
    ] = None,
    set_: Set = None, out: Out = None, pdf: Pdf = True, quarantine: Quarantine = False,
    store: StoreUrl = DEFAULT_STORE, json: Json = False,
) -> None:  # fmt: skip
    """Value the collateral of a book: realisable value, cover, recovery, LGD, LTV.

    As in `npl dispose value tape.csv collateral.csv --rules TW --as-of 2025-09-30 --out annex`.
    """
    with _opened(book, collateral, rules, as_of, set_, store, quarantine) as desk:
        found = desk.findings
        if register:
            found += read_register(desk.engine, register, desk.rules.recovery, desk.day)
            adjust(desk)
        compare_channels(desk.engine, desk.rules.channels, desk.rules.rounds, desk.decimals)
        disposing.tell_value(desk, found, json, bool(register))
        _refuse(found, quarantine)
        if out:
            recovered = {by: rates(desk.engine, by) for by in pages.GROUPS} if register else {}
            _publish(write_tables(desk), pages.annex(desk, recovered), out, pdf)


@app.command()
def equity(
    book: Book, collateral: Collateral, rules: Rules = None, as_of: AsOf = None,
    series: Annotated[
        Path | None, typer.Option("--series", help="CSV of earlier quarters; this one is added.")
    ] = None,
    set_: Set = None, out: Out = None, pdf: Pdf = True, quarantine: Quarantine = False,
    store: StoreUrl = DEFAULT_STORE, json: Json = False,
) -> None:  # fmt: skip
    """Survey loans above the value of what secures them, homes as the HKMA does.

    As in `npl dispose equity HK-2025-09-30 collateral.csv --series quarters.csv`.
    """
    with _opened(book, collateral, rules, as_of, set_, store, quarantine) as desk:
        found = survey_all(desk)
        quarters = read_series(series, found.homes)
        disposing.tell_equity(desk, found, quarters, json)
        _refuse(desk.findings, quarantine)
        if out:
            file = write_series(desk.engine.work / "quarters.csv", quarters)
            _publish([file], survey(desk, found, quarters), out, pdf)


@app.command()
def compare(
    book: Book, collateral: Collateral, rules: Rules = None, as_of: AsOf = None,
    set_: Set = None, out: Out = None, pdf: Pdf = True, quarantine: Quarantine = False,
    store: StoreUrl = DEFAULT_STORE, json: Json = False,
) -> None:  # fmt: skip
    """Compare the ways out of every asset: proceeds and time by channel, lots for bulk sale.

    As in `npl dispose compare tape.csv collateral.csv --rules TW --as-of 2025-09-30`.
    """
    with _opened(book, collateral, rules, as_of, set_, store, quarantine) as desk:
        compare_channels(desk.engine, desk.rules.channels, desk.rules.rounds, desk.decimals)
        disposing.tell_channels(desk, json)
        _refuse(desk.findings, quarantine)
        if out:
            _publish([write_channels(desk)], channels_page(desk), out, pdf)


@app.command()
def recommend(
    book: Book, collateral: Collateral, asset: Asset, rules: Rules = None, as_of: AsOf = None,
    set_: Set = None, out: Out = None, pdf: Pdf = True, quarantine: Quarantine = False,
    store: StoreUrl = DEFAULT_STORE, json: Json = False,
) -> None:  # fmt: skip
    """Recommend a way out of one asset, with its margin and what would reverse it.

    As in `npl dispose recommend tape.csv collateral.csv A17 --rules TW --as-of 2025-09-30`.
    """
    with _opened(book, collateral, rules, as_of, set_, store, quarantine) as desk:
        own = findings_of(desk, asset)
        disposing.tell_findings(own)
        compare_channels(desk.engine, desk.rules.channels, desk.rules.rounds, desk.decimals)
        found = recommend_asset(desk.engine, desk.rules.channels, desk.rules.rounds, asset)
        disposing.tell_recommendation(desk, found, json)
        _refuse(own, quarantine)
        if out:
            _publish([], dossier(desk, found), out, pdf)


@app.command()
def stress(
    book: Book, collateral: Collateral, rules: Rules = None, as_of: AsOf = None,
    under: Annotated[
        str | None, typer.Option("--under", help="Another rulebook than the book's own.")
    ] = None,
    set_: Set = None, out: Out = None, pdf: Pdf = True, quarantine: Quarantine = False,
    store: StoreUrl = DEFAULT_STORE, json: Json = False,
) -> None:  # fmt: skip
    """Say what falling prices, slower and forced sales do to cover, categories and allowance.

    As in `npl dispose stress TW-2025-09-30 collateral.csv`; the stored run stays as it is.
    """
    with _opened(book, collateral, rules, as_of, set_, store, quarantine, under) as desk:
        found = stress_all(desk)
        disposing.tell_stress(desk, found, json)
        _refuse(desk.findings, quarantine)
        if out:
            file = write_scenarios(desk.engine.work / "scenarios.csv", found)
            _publish([file], stress_page(desk, found), out, pdf)


@app.command()
def fit(
    sales: Annotated[Path, typer.Argument(metavar="SALES", help="The bank's own auctions.")],
    json: Json = False,
) -> None:
    """Fit the models of rounds on the bank's own sales and lay them beside the paper's.

    As in `npl dispose fit auctions.csv`; needs the extra `fit`.
    """
    rounds = desks.load_rules({}).rounds
    found, samples = read_sales(sales, rounds)
    fits = fit_models(samples, rounds)
    if json:
        emit({"findings": found, "models": fits})
    else:
        disposing.tell_fit(found, fits, rounds)
    raise typer.Exit(1 if any(one.severity == "error" for one in found) else 0)


@app.command()
def reconcile(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A stored run with a prior run.")],
    register: Annotated[Path, typer.Argument(metavar="REGISTER", help="The bank's recoveries.")],
    out: Out = None, pdf: Pdf = True, quarantine: Quarantine = False,
    store: StoreUrl = DEFAULT_STORE, json: Json = False,
) -> None:  # fmt: skip
    """Lay the register of recoveries beside a run's roll-forward, both ways.

    As in `npl dispose reconcile TW-2025-09-30 recoveries.csv`. Exit code 1 if anything differs.
    """
    rules = desks.load_rules({}).recovery
    with take_up(Store(store), run) as taken:
        again, engine = taken.again, taken.again.engine
        if again.prior is None or taken.relations.movement is None:
            what = f"the run {again.run.id} has no roll-forward"
            raise NplError(
                Problem(what, "give the run a --prior, and recovered amounts on the tape")
            )
        start, day = again.prior[1], again.run.reporting_date
        found = read_register(engine, register, rules, day, minor_digits(again.run.currency))
        sums = reconcile_register(engine, rules, start, day)
        apart = meetings(engine, LISTED)
        disposing.tell_reconciliation(found, sums, apart, json)
        _refuse(found, quarantine)
        if out:
            file = engine.work / "reconciliation.csv"
            engine.write_csv(f"SELECT * FROM {MET} ORDER BY exposure_id, flow", file)
            _publish([file], reconciliation(again.run, start, sums, apart), out, pdf)
        raise typer.Exit(1 if apart else 0)


def _publish(files: Sequence[Path], page: Page, out: Path, pdf: bool) -> None:
    """Draw the page, then put it and the tables where the user wants them."""
    drawn = render(page) if pdf else None
    disposing.place(files, out)
    if drawn is not None:
        (out / f"{page.report}.pdf").write_bytes(drawn)
