"""The commands of disposal on a small book, and what stress leaves alone."""

from __future__ import annotations

import csv
import hashlib
import json
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
    finished = run(Request(TapeSource(tape), str(tmp_path / "XX.yaml"), AS_OF), store)
    assert finished.run.rows_used == 3


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
    assert found["words"][0].startswith("Take ")
    with pdfplumber.open(tmp_path / "out" / "dossier_A1.pdf") as pdf:
        assert len(pdf.pages) == 1
        text = pdf.pages[0].extract_text()
    for words in ("Take ", "It stays best until", "Realisable value", "rest on 4 of 12 traits"):
        assert words in text


@pytest.mark.parametrize(
    ("command", "report"), [("value", "collateral_and_disposal"), ("equity", "negative_equity")]
)
def test_the_annexes_are_drawn(book: list[str], tmp_path: Path, command: str, report: str) -> None:
    call(command, book, "--out", str(tmp_path / "out"))
    assert (tmp_path / "out" / f"{report}.pdf").read_bytes().startswith(b"%PDF")


def digest(folder: Path) -> str:
    """One hash over the store and its archive."""
    parts = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def test_stress_leaves_the_official_run_untouched(book: list[str], tmp_path: Path) -> None:
    """Prices fall by half: 40 x 0.55 is 22 of 44 of the nonperforming loan's 100."""
    kept = tmp_path / "kept"
    kept.mkdir()
    url = f"sqlite:///{kept}/npl.db"
    finished = run(Request(TapeSource(Path(book[0])), book[3], AS_OF), Store(url))
    before = digest(kept)
    found = call("stress", [finished.run.id, book[1]], "--store", url)
    by_name = {one["name"]: one for one in found}
    assert digest(kept) == before
    assert (by_name["as_is"]["cover"], by_name["prices_50"]["cover"]) == ("67", "33.5")
    assert by_name["as_is"]["categories"] == {"sound": "90", "poor": "80", "lost": "20"}
    assert by_name["prices_50"]["categories"] == {"sound": "90", "poor": "40", "lost": "60"}
    assert by_name["half_price"]["cover"] == "40"  # 40 - 16 and 20 - 4
    assert by_name["prices_50"]["equity"]["unsecured"] == "60"
    assert Decimal(by_name["slower"]["expected"]) < Decimal(by_name["as_is"]["expected"])
    assert by_name["slower"]["cover"] == by_name["as_is"]["cover"]


def test_a_setting_that_no_file_has_is_refused(book: list[str]) -> None:
    result = CliRunner().invoke(app, ["dispose", "value", *book, "--set", "generosity=2"])
    assert "there is no setting 'generosity'" in str(result.exception)


def test_a_tape_needs_its_rules_and_its_date(book: list[str]) -> None:
    result = CliRunner().invoke(app, ["dispose", "value", *book[:2]])
    assert "a tape needs --rules and --as-of" in str(result.exception)
