"""The commands of disposal on a small book, and what stress leaves alone."""

from __future__ import annotations

import csv
import hashlib
import json
import random
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from collateral_books import Row, write_rows
from exampleland import AS_OF, write_rules, write_tape
from typer.testing import CliRunner

from npl_reporting.cli import app
from npl_reporting.evidence.store import Store
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.request import Request
from npl_reporting.run import run

COVERED = {
    "  whole: outstanding_principal\n": (
        "  covered: least(greatest(coalesce(collateral_value, 0) - coalesce(prior_claims, 0), 0),"
        " outstanding_principal)\n  open: outstanding_principal - covered\n"
    ),
    "  - name: minimum_allowance_rate\n": (
        "  - name: category\n    of: portion\n"
        "    outcomes: {sound: {en: Sound}, poor: {en: Poor}, lost: {en: Lost}}\n"
        "    default: sound\n    rules:\n"
        "      - {id: poor, when: status = 'nonperforming', then: poor, cite: norm/5}\n"
        "      - {id: lost, when: status = 'nonperforming' and portion = 'open', then: lost,"
        " cite: norm/6}\n"
        "  - name: minimum_allowance_rate\n"
    ),
}
LOANS = [
    {"outstanding_principal": "100", "oldest_unpaid_due_date": "2025-01-31"},
    {"outstanding_principal": "50"},
    {"outstanding_principal": "40"},
]
HOME: Row = {
    "asset_id": "A1", "exposure_id": "E1", "appraisal_value": "80", "interest_rate": "0.06",
    "months_to_sale": 12, "location": "city_centre", "floor": 3,
}  # fmt: skip
CAR: Row = {"asset_id": "A2", "exposure_id": "E2", "appraisal_value": "40", "asset_type": "vehicle"}


@pytest.fixture
def book(tmp_path: Path) -> list[str]:
    """A tape and its collateral as arguments of a command."""
    rules = write_rules(tmp_path, "XX", COVERED)
    tape = write_tape(tmp_path / "tape.csv", LOANS)
    collateral = write_rows(tmp_path / "collateral.csv", [HOME, CAR])
    return [str(tape), str(collateral), "--rules", str(rules), "--as-of", str(AS_OF)]


def call(command: str, arguments: list[str], *more: str) -> Any:
    """A command's JSON; it must succeed."""
    result = CliRunner().invoke(app, ["dispose", command, *arguments, *more, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_value_writes_what_the_next_run_reads(book: list[str], tmp_path: Path) -> None:
    """80 x 0.75 less 16 is 44; 40 x 0.675 less 4 is 23. The third loan has no collateral."""
    found = call("value", book, "--out", str(tmp_path / "out"), "--no-pdf")
    assert found["totals"]["realisable"] == "67"
    assert found["totals"]["not_secured"] == 1
    with (tmp_path / "out" / "secured_loans.csv").open(encoding="utf-8") as file:
        loans = {row["exposure_id"]: row for row in csv.DictReader(file)}
    assert (loans["E1"]["recovery"], loans["E1"]["loss_given_default"]) == ("0.440000", "0.560000")
    assert loans["E1"]["loan_to_value"] == "1.250000"
    tape = tmp_path / "out" / "tape_with_collateral.parquet"
    store = Store(f"sqlite:///{tmp_path}/npl.db")
    finished = run(
        Request(TapeSource(tape), str(tmp_path / "XX.yaml"), AS_OF, printed=False), store
    )
    assert finished.run.rows_used == 3


@pytest.mark.parametrize(("on", "maximum"), [("false", "0.550000"), ("true", "0.400000")])
def test_past_recoveries_bound_the_maximum_ltv(
    book: list[str], tmp_path: Path, on: str, maximum: str
) -> None:
    """Like homes brought 40 of 100 and 90 of 100: at the lower quarter 0.40, not 0.75 less 0.20."""
    sold: Row = {"recovery_date": "2025-08-15", "kind": "sale", "channel": "court",
                 "region": "north", "asset_type": "resi_std", "loan_amount": "100"}  # fmt: skip
    rows: list[Row] = [
        {"recovery_id": "R1", "exposure_id": "E7", "amount": "45", "costs": "5"},
        {"recovery_id": "R2", "exposure_id": "E8", "amount": "90"},
    ]
    register = write_rows(tmp_path / "register.csv", rows, sold)
    out = ["--register", str(register), "--no-pdf", "--out", str(tmp_path / "out")]
    found = call("value", book, "--set", f"adjust_to_history={on}", *out)
    (north,) = found["recoveries"]["region"]
    assert (north["owed"], north["recovered"]) == ("200", "130")
    assert [Decimal(rate) for rate in north["quantiles"]][::4] == [Decimal("0.4"), Decimal("0.9")]
    with (tmp_path / "out" / "assets.csv").open(encoding="utf-8") as file:
        assets = {row["asset_id"]: row["maximum_ltv"] for row in csv.DictReader(file)}
    assert assets["A1"] == maximum


def test_a_missing_claim_is_exit_code_1_unless_set_aside(book: list[str], tmp_path: Path) -> None:
    write_rows(tmp_path / "collateral.csv", [{**HOME, "pc1": ""}, CAR])
    result = CliRunner().invoke(app, ["dispose", "value", *book])
    assert result.exit_code == 1
    assert call("value", book, "--quarantine")["totals"]["unknown"] == 1


def test_equity_with_a_series(book: list[str], tmp_path: Path) -> None:
    series = tmp_path / "quarters.csv"
    series.write_text(
        "quarter_end,loans,cases,aggregate,unsecured,delinquent\n2025-06-30,1,1,90,5,\n",
        encoding="utf-8",
    )
    found = call("equity", book, "--series", str(series))
    assert (found["homes"]["cases"], found["homes"]["unsecured"]) == (1, "20")
    assert found["homes"]["loan_to_value"] == "1.25"
    assert found["homes"]["delinquent"] == "100"
    assert [one["day"] for one in found["series"]] == ["2025-06-30", "2025-09-30"]
    assert found["kinds"]["vehicle"]["unsecured"] == "10"


def test_compare_gives_the_book_by_channel(book: list[str], tmp_path: Path) -> None:
    found = call("compare", book, "--out", str(tmp_path / "out"))
    assert sum(one["assets"] for one in found["channels"]) == 2
    with (tmp_path / "out" / "channels.csv").open(encoding="utf-8") as file:
        rows = {row["asset_id"]: row for row in csv.DictReader(file)}
    assert rows["A2"]["rate_assumed"] == "true"
    values = [Decimal(rows["A1"][name]) for name in ("court", "commissioned", "amc")]
    assert Decimal(rows["A1"]["margin"]) == max(values) - sorted(values)[-2]


def test_recommend_prints_a_page_for_a_meeting(book: list[str], tmp_path: Path) -> None:
    pdfplumber = pytest.importorskip("pdfplumber")
    found = call("recommend", [*book[:2], "A1", *book[2:]], "--out", str(tmp_path / "out"))
    assert found["words"][0]["en"].startswith("Take ")
    with pdfplumber.open(tmp_path / "out" / "dossier_A1.pdf") as pdf:
        assert len(pdf.pages) == 1
        text = pdf.pages[0].extract_text()
    for words in ("Take ", "It stays best until", "Realisable value", "rest on 4 of 12 traits"):
        assert words in text


DRAWN = [
    ("value", "collateral_and_disposal.pdf"), ("equity", "negative_equity.pdf"),
    ("compare", "ways_out.pdf"), ("stress", "collateral_stress.pdf"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "report"), DRAWN)
def test_the_annexes_are_drawn(book: list[str], tmp_path: Path, command: str, report: str) -> None:
    call(command, book, "--out", str(tmp_path / "out"))
    assert (tmp_path / "out" / report).read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("command", [name for name, _ in DRAWN])
def test_nothing_is_written_where_the_file_has_errors(
    book: list[str], tmp_path: Path, command: str
) -> None:
    """A row of no exposure is an error; set aside, the rest is worked with."""
    write_rows(tmp_path / "collateral.csv", [HOME, {**CAR, "exposure_id": "E9"}])
    out = str(tmp_path / "out")
    result = CliRunner().invoke(app, ["dispose", command, *book, "--no-pdf", "--out", out])
    assert (result.exit_code, (tmp_path / "out").exists()) == (1, False)
    assert "secures no exposure" in result.output
    call(command, book, "--no-pdf", "--out", out, "--quarantine")
    assert list((tmp_path / "out").iterdir())


def test_an_error_in_the_register_is_exit_code_1_too(book: list[str], tmp_path: Path) -> None:
    row: Row = {"recovery_id": "R1", "exposure_id": "E1", "recovery_date": "2099-01-01",
                "kind": "cash", "amount": "1", "loan_amount": "2"}  # fmt: skip
    register = write_rows(tmp_path / "register.csv", [row], {})
    more = ["--register", str(register), "--no-pdf", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, ["dispose", "value", *book, *more])
    assert (result.exit_code, (tmp_path / "out").exists()) == (1, False)


def test_a_recommendation_minds_the_errors_of_its_own_asset_only(
    book: list[str], tmp_path: Path
) -> None:
    write_rows(tmp_path / "collateral.csv", [HOME, {**CAR, "appraisal_date": "2025-10-01"}])
    out = ["--no-pdf", "--out", str(tmp_path / "out")]
    call("recommend", [*book[:2], "A1", *book[2:]], *out)
    result = CliRunner().invoke(app, ["dispose", "recommend", *book[:2], "A2", *book[2:], *out])
    assert "The valuation lies after the reporting date" in result.output
    assert "there is no asset 'A2'" in str(result.exception)


def test_a_deposit_is_not_auctioned(book: list[str], tmp_path: Path) -> None:
    write_rows(tmp_path / "collateral.csv", [{**CAR, "asset_type": "cash_deposit"}])
    assert sum(one["assets"] for one in call("compare", book)["channels"]) == 0
    result = CliRunner().invoke(app, ["dispose", "recommend", *book[:2], "A2", *book[2:]])
    assert "which is not auctioned" in str(result.exception)


def test_a_file_without_a_row_is_refused(book: list[str], tmp_path: Path) -> None:
    heads = "asset_id,exposure_id,rank,asset_type,appraisal_value\n"
    (tmp_path / "collateral.csv").write_text(heads, encoding="utf-8")
    result = CliRunner().invoke(app, ["dispose", "value", *book])
    assert "a header and no row" in str(result.exception)


def test_a_name_of_an_asset_is_no_path(book: list[str], tmp_path: Path) -> None:
    write_rows(tmp_path / "collateral.csv", [{**HOME, "asset_id": "../A'1"}])
    call("recommend", [*book[:2], "../A'1", *book[2:]], "--out", str(tmp_path / "out"))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["dossier_.._A_1.pdf"]


def test_separated_sales_are_said_and_no_infinity_is_printed(tmp_path: Path) -> None:
    """Every small flat sold late, no other did; the rest of the traits tells nothing."""
    pytest.importorskip("statsmodels")
    rng = random.Random(1)
    signs = ("several_floors", "extension", "vacant", "handover")
    rows: list[Row] = [
        {"sale_id": f"S{n}", "sold_in": (1, 3, 5)[n % 3], "area_ping": 12 if n % 3 == 2 else 30,
         "floor": rng.randrange(1, 9), "building_floors": rng.randrange(4, 20),
         "location": rng.choice(("city_centre", "old_city", "other")),
         **{sign: rng.choice(("true", "false")) for sign in signs}}
        for n in range(600)
    ]  # fmt: skip
    sales = write_rows(tmp_path / "sales.csv", rows, {})
    result = CliRunner().invoke(app, ["dispose", "fit", str(sales)])
    assert result.exit_code == 0, result.output
    assert result.output.count("the data are separated by") == 2
    assert "small_area" in result.output
    assert not re.search(r"\b(inf|nan)\b", result.output)
    assert "standard error" in result.output  # early against third is not separated


def digest(folder: Path) -> str:
    """One hash over the store and its archive."""
    parts = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def test_stress_leaves_the_official_run_untouched(book: list[str], tmp_path: Path) -> None:
    """Prices fall by half: 40 x 0.55 is 22 of 44 of the nonperforming loan's 100."""
    kept = tmp_path / "kept"
    kept.mkdir()
    url = f"sqlite:///{kept}/npl.db"
    finished = run(Request(TapeSource(Path(book[0])), book[3], AS_OF, printed=False), Store(url))
    before = digest(kept)
    found = call("stress", [finished.run.id, book[1]], "--store", url)
    by_name = {one["name"]: one for one in found}
    assert digest(kept) == before
    assert (by_name["as_is"]["cover"], by_name["prices_50"]["cover"]) == ("67", "33.5")
    assert by_name["as_is"]["categories"] == {"sound": "90", "poor": "80", "lost": "20"}
    assert by_name["prices_50"]["categories"] == {"sound": "90", "poor": "40", "lost": "60"}
    assert by_name["half_price"]["cover"] == "40"  # 40 - 16 and 20 - 4
    assert by_name["prices_50"]["equity"]["unsecured"] == "60"
    unsecured = {n: one["kinds"]["vehicle"]["unsecured"] for n, one in by_name.items()}
    assert (unsecured["as_is"], unsecured["prices_50"]) == ("10", "30")  # 50 on a car of 40
    assert Decimal(by_name["slower"]["expected"]) < Decimal(by_name["as_is"]["expected"])
    assert by_name["slower"]["cover"] == by_name["as_is"]["cover"]
    assert by_name["as_is"]["present_value"] == "41.51"  # 44 / 1.06; the car has no rate
    assert by_name["slower"]["present_value"] == "40.32"  # 44 / 1.06 ^ 1.5


def test_a_setting_that_no_file_has_is_refused(book: list[str]) -> None:
    result = CliRunner().invoke(app, ["dispose", "value", *book, "--set", "generosity=2"])
    assert "there is no setting 'generosity'" in str(result.exception)


def test_a_tape_needs_its_rules_and_its_date(book: list[str]) -> None:
    result = CliRunner().invoke(app, ["dispose", "value", *book[:2]])
    assert "a tape needs --rules and --as-of" in str(result.exception)
