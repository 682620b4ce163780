"""`npl dispose`: collateral, negative equity, recovery and the ways to dispose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from npl_reporting.disposal.compare import compare_channels
from npl_reporting.disposal.desk import Desk, adjust
from npl_reporting.disposal.dossier import dossier
from npl_reporting.disposal.fit import fit_models, read_sales
from npl_reporting.disposal.recommend import recommend as recommend_asset
from npl_reporting.disposal.recoveries import rates, read_register
from npl_reporting.disposal.series import read_series, survey_all, write_series
from npl_reporting.disposal.stress import stress_all
from npl_reporting.disposal.tables import write_tables
from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.store import Store
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.returns.page import Page
from npl_reporting.returns.render import render

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
    set_: list[str] | None, store: str, quarantine: bool,
) -> Iterator[Desk]:  # fmt: skip
    own = desks.load_rules(_given(set_))
    if not Path(book).is_file():
        with desks.desk_of_run(Store(store), book, collateral, own) as desk:
            yield desk
        return
    if rules is None or as_of is None:
        raise NplError(Problem("a tape needs --rules and --as-of", "give both, or a run's id"))
    day, tape = as_of.date(), TapeSource(Path(book))
    rulebook = load_rulebook(rules, day)
    with desks.desk_of_tape(tape, rulebook, day, collateral, own, quarantine=quarantine) as desk:
        yield desk


def _given(set_: list[str] | None) -> Mapping[str, str]:
    return changes(set_ or [])


def _end(desk: Desk, quarantine: bool) -> None:
    if desk.errors and not quarantine:
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
        if out and (quarantine or not desk.errors):
            disposing.place(write_tables(desk), out)
            recovered = {by: rates(desk.engine, by) for by in pages.GROUPS} if register else {}
            _draw(pages.annex(desk, recovered), out, pdf)
        _end(desk, quarantine)


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
        if out:
            out.mkdir(parents=True, exist_ok=True)
            write_series(out / "quarters.csv", quarters)
            _draw(pages.survey(desk, found, quarters), out, pdf)
        _end(desk, quarantine)


@app.command()
def compare(
    book: Book, collateral: Collateral, rules: Rules = None, as_of: AsOf = None,
    set_: Set = None, out: Out = None, quarantine: Quarantine = False,
    store: StoreUrl = DEFAULT_STORE, json: Json = False,
) -> None:  # fmt: skip
    """Compare the ways out of every asset: proceeds and time by channel, lots for bulk sale.

    As in `npl dispose compare tape.csv collateral.csv --rules TW --as-of 2025-09-30`.
    """
    with _opened(book, collateral, rules, as_of, set_, store, quarantine) as desk:
        compare_channels(desk.engine, desk.rules.channels, desk.rules.rounds, desk.decimals)
        disposing.tell_channels(desk, json)
        if out:
            disposing.place([disposing.write_channels(desk)], out)
        _end(desk, quarantine)


@app.command()
def recommend(
    book: Book, collateral: Collateral, asset: Asset, rules: Rules = None, as_of: AsOf = None,
    set_: Set = None, out: Out = None, pdf: Pdf = True, store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:  # fmt: skip
    """Recommend a way out of one asset, with its margin and what would reverse it.

    As in `npl dispose recommend tape.csv collateral.csv A17 --rules TW --as-of 2025-09-30`.
    """
    with _opened(book, collateral, rules, as_of, set_, store, True) as desk:
        compare_channels(desk.engine, desk.rules.channels, desk.rules.rounds, desk.decimals)
        found = recommend_asset(desk.engine, desk.rules.channels, desk.rules.rounds, asset)
        disposing.tell_recommendation(desk, found, json)
        if out:
            _draw(dossier(desk, found), out, pdf)


@app.command()
def stress(
    book: Book, collateral: Collateral, rules: Rules = None, as_of: AsOf = None,
    under: Annotated[
        str | None, typer.Option("--under", help="Another rulebook than the book's own.")
    ] = None,
    set_: Set = None, quarantine: Quarantine = False, store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:  # fmt: skip
    """Say what falling prices, slower and forced sales do to cover, categories and allowance.

    As in `npl dispose stress TW-2025-09-30 collateral.csv`; the stored run stays as it is.
    """
    with _opened(book, collateral, rules, as_of, set_, store, quarantine) as desk:
        rulebook = load_rulebook(under, desk.day) if under else desk.rulebook
        disposing.tell_stress(desk, stress_all(desk, rulebook), json)
        _end(desk, quarantine)


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


def _draw(page: Page, out: Path, pdf: bool) -> None:
    if pdf:
        out.mkdir(parents=True, exist_ok=True)
        (out / f"{page.report}.pdf").write_bytes(render(page))
