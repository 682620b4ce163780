"""Stress of one stored run under its own rulebook and under another, by hand; the run stays as it is.

Two loans of 2,100,000, one with 100,000 of interest more than six months late and secured by an
ordinary home worth 4,000,000, which brings 2,200,000 by force.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from collateral_books import Row, write_rows
from exampleland import write_tape
from test_disposal_cli import digest
from typer.testing import CliRunner

from npl_reporting.cli import app
from npl_reporting.evidence.store import Store
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.request import Request
from npl_reporting.run import run

DAY = date(2026, 3, 31)
LATE: Row = {"outstanding_principal": "2100000", "accrued_interest": "100000",
             "oldest_unpaid_due_date": "2025-09-10"}  # fmt: skip
HOME: Row = {"asset_id": "A1", "exposure_id": "E1", "rank": 1, "asset_type": "resi_std",
             "appraisal_value": "4000000", "appraisal_date": "2026-03-01", "pc1": "0"}  # fmt: skip
# Cover; then Taiwan: 2 % of what is covered, 50 % of the rest, 21,000 for the sound loan.
BY_HAND = {
    "as_is": ("2100000", "63000"),
    "prices_10": ("1980000", "120600"),  # 39,600 and 60,000
    "prices_20": ("1760000", "226200"),  # 35,200 and 170,000
    "prices_30": ("1540000", "331800"),  # 30,800 and 280,000
    "prices_40": ("1320000", "437400"),  # 26,400 and 390,000
    "prices_50": ("1100000", "543000"),  # 22,000 and 500,000
    "slower": ("2100000", "63000"),
    "half_price": ("1200000", "495000"),  # 2,000,000 - 800,000; 24,000 and 450,000
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[str]]]:
    """The folder of a store with one run of Taiwan's, and the arguments to stress it."""
    folder = tmp_path_factory.mktemp("stress")
    tape = write_tape(folder / "tape.csv", [LATE, {"outstanding_principal": "2100000"}])
    collateral = write_rows(folder / "collateral.csv", [HOME], {})
    kept = folder / "kept"
    kept.mkdir()
    url = f"sqlite:///{kept}/npl.db"
    finished = run(Request(TapeSource(tape), "TW", DAY, printed=False), Store(url))
    yield kept, [finished.run.id, str(collateral), "--store", url]


def stressed(stored: tuple[Path, list[str]], *more: str) -> dict[str, Any]:
    """The scenarios by name; the store and its archive must be what they were."""
    kept, arguments = stored
    before = digest(kept)
    result = CliRunner().invoke(app, ["dispose", "stress", *arguments, *more, "--json"])
    assert result.exit_code == 0, result.output
    assert digest(kept) == before
    return {one["name"]: one for one in json.loads(result.stdout)}


def number(text: str) -> str:
    return f"{float(text):.0f}"


def test_under_the_run_s_own_rules(stored: tuple[Path, list[str]]) -> None:
    found = stressed(stored)
    own = {n: (number(one["cover"]), number(one["allowance"])) for n, one in found.items()}
    assert own == BY_HAND
    assert {one["ratio"] for one in found.values()} == {"0.5"}
    uncovered = {name: number(one["categories"]["doubtful"]) for name, one in found.items()}
    assert (uncovered["as_is"], uncovered["prices_10"], uncovered["half_price"]) == (
        "0", "120000", "900000",
    )  # fmt: skip


def test_negative_equity_begins_where_the_home_is_worth_less_than_the_loan(
    stored: tuple[Path, list[str]],
) -> None:
    """Forty percent off leaves 2,400,000, fifty percent 2,000,000."""
    found = stressed(stored)
    equity = {name: one["equity"] for name, one in found.items()}
    assert (equity["prices_40"]["cases"], equity["prices_50"]["cases"]) == (0, 1)
    assert number(equity["prices_50"]["unsecured"]) == "100000"


@pytest.mark.slow
def test_under_another_rulebook(stored: tuple[Path, list[str]]) -> None:
    """Hong Kong tests principal and interest, 2,200,000, against 2,200,000: any fall makes it
    doubtful, slower sales do not."""
    found = stressed(stored, "--under", "HK")
    doubtful = {name for name, one in found.items() if float(one["categories"]["doubtful"])}
    assert doubtful == set(found) - {"as_is", "slower"}
    assert number(found["as_is"]["categories"]["special_mention"]) == "2100000"
    assert number(found["prices_10"]["categories"]["doubtful"]) == "2100000"
    assert {name: number(one["cover"]) for name, one in found.items()} == {
        name: cover for name, (cover, _) in BY_HAND.items()
    }


@pytest.mark.slow
def test_a_tape_is_stressed_under_another_rulebook_alike(
    stored: tuple[Path, list[str]], tmp_path: Path
) -> None:
    """The tape gives columns of both; what only the other rulebook reads is read."""
    tape = write_tape(tmp_path / "tape.csv", [{**LATE, "technical_lapse": "false"}])
    where = ["--rules", "TW", "--as-of", str(DAY), "--under", "HK", "--json"]
    command = ["dispose", "stress", str(tape), stored[1][1], *where]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    first = json.loads(result.stdout)[0]
    assert number(first["categories"]["special_mention"]) == "2100000"


@pytest.mark.slow
@pytest.mark.parametrize("under", ["BASEL", "CN", "ES", "EU", "IN", "JP", "KR", "MY", "SG", "US"])
def test_every_rulebook_can_be_asked(stored: tuple[Path, list[str]], under: str) -> None:
    """What is covered falls with prices under each, and no allowance falls with it."""
    found = stressed(stored, "--under", under)
    assert number(found["prices_50"]["cover"]) == "1100000"
    assert float(found["prices_50"]["allowance"]) >= float(found["as_is"]["allowance"])
    assert sum(float(amount) for amount in found["as_is"]["categories"].values()) > 0
