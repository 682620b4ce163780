"""What collateral brings feeds the real rulebooks: the collateral file in, decisions out, by hand.

An ordinary home is sold by force at 0.75 of its value and costs 0.20 of it: 4,000,000 brings
2,200,000.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from collateral_books import Row, write_rows
from exampleland import write_tape
from typer.testing import CliRunner

from npl_reporting.cli import app
from npl_reporting.engine import Engine
from npl_reporting.work import work_folder

HOME: Row = {"rank": 1, "asset_type": "resi_std", "appraisal_value": "4000000", "pc1": "0"}


def ran(command: Sequence[str]) -> str:
    """A command that must end well; what it printed."""
    result = CliRunner().invoke(app, [str(word) for word in command], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def fed(
    folder: Path, rules: str, day: str, loans: Sequence[Row], assets: Sequence[Row]
) -> dict[str, dict[str, tuple[str, str]]]:
    """Value the collateral, run the fed tape: category and minimum allowance by loan and portion."""
    tape = write_tape(folder / "tape.csv", loans)
    rows = [
        {"asset_id": f"A{n}", "exposure_id": f"E{n}", **HOME, **a} for n, a in enumerate(assets, 1)
    ]
    collateral = write_rows(folder / "collateral.csv", rows, {"appraisal_date": day})
    where = ("--rules", rules, "--as-of", day, "--no-pdf")
    ran(["dispose", "value", str(tape), str(collateral), *where, "--out", str(folder / "annex")])
    fed_tape = str(folder / "annex" / "tape_with_collateral.parquet")
    store = ("--store", f"sqlite:///{folder}/npl.db")
    CliRunner().invoke(app, ["run", fed_tape, *where, "--out", str(folder / "out"), *store])
    found: dict[str, dict[str, tuple[str, str]]] = {}
    with (folder / "out" / "decisions.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            parts = found.setdefault(row["exposure_id"], {})
            amount = f"{Decimal(row['minimum_allowance']).normalize():f}"
            parts[row["portion"]] = (row["category"], amount)
    return found


def test_taiwan_s_covered_part(tmp_path: Path) -> None:
    """A day more than six months late: 2 % of what is covered, 50 % of what is not.

    The first loan is the worked example of the notes; a cent above the cover is uncovered; a
    guarantee of a bank covers beside the home.
    """
    late: Row = {"oldest_unpaid_due_date": "2024-05-10"}
    loans: list[Row] = [
        {**late, "outstanding_principal": "3000000"},
        {**late, "outstanding_principal": "2200000"},
        {**late, "outstanding_principal": "2200000.02"},
        {**late, "outstanding_principal": "3000000", "guarantor_type": "bank",
         "guarantee_amount": "500000"},
    ]  # fmt: skip
    found = fed(tmp_path, "TW", "2024-11-11", loans, [{}, {}, {}, {}])
    assert found == {
        "E1": {"secured": ("special_mention", "44000"), "unsecured": ("doubtful", "400000")},
        "E2": {"secured": ("special_mention", "44000")},
        "E3": {"secured": ("special_mention", "44000"), "unsecured": ("doubtful", "0.01")},
        "E4": {"secured": ("special_mention", "54000"), "unsecured": ("doubtful", "150000")},
    }


def test_hong_kong_s_test_of_net_realisable_value(tmp_path: Path) -> None:
    """More than six months overdue, principal and interest covered to the cent: special mention;
    a cent short: doubtful. Negative equity looks at the gross value."""
    late: Row = {"oldest_unpaid_due_date": "2025-09-10", "outstanding_principal": "2100000",
                 "product_type": "residential_mortgage", "debtor_type": "individual"}  # fmt: skip
    loans = [{**late, "accrued_interest": "100000"}, {**late, "accrued_interest": "100000.01"}]
    found = fed(tmp_path, "HK", "2026-03-31", loans, [{}, {}])
    grades = {name: {grade for grade, _ in parts.values()} for name, parts in found.items()}
    assert grades == {"E1": {"special_mention"}, "E2": {"doubtful"}}


def test_hong_kong_s_negative_equity_looks_at_the_gross_value(tmp_path: Path) -> None:
    """Of 4,000,000 another lender's 50,000 and the sale leave 2,150,000."""
    home: Row = {"outstanding_principal": "3000000", "product_type": "residential_mortgage",
                 "debtor_type": "individual"}  # fmt: skip
    fed(tmp_path, "HK", "2026-03-31", [home], [{"pc1": "50000"}])
    tape = tmp_path / "annex" / "tape_with_collateral.parquet"
    with work_folder() as work, Engine(work, [tape]) as engine:
        row = engine.rows(
            "SELECT collateral_value, prior_claims, net_realisable_value "
            f"FROM read_parquet('{tape}')"
        )[0]
    assert [str(amount) for amount in row] == ["4000000.00", "0.00", "2150000.00"]


def test_the_backstop_s_cover(tmp_path: Path) -> None:
    """Exactly three years nonperforming: nothing of what property covers, 0.35 of the rest.

    2,200,100 leaves 100 open; half of the value covers 1,100,000.
    """
    old: Row = {"nonperforming_since": "2022-06-30", "unlikely_to_pay": "true",
                "origination_date": "2021-03-01"}  # fmt: skip
    loans: list[Row] = [
        {**old, "outstanding_principal": amount} for amount in ("2200000", "2200100", "2200000")
    ]
    found = fed(tmp_path, "EU", "2025-06-30", loans, [{}, {}, {"appraisal_value": "2000000"}])
    asked = {name: {p: amount for p, (_, amount) in parts.items()} for name, parts in found.items()}
    assert asked == {
        "E1": {"secured_property": "0"},
        "E2": {"secured_property": "0", "unsecured": "35"},
        "E3": {"secured_property": "0", "unsecured": "385000"},
    }


def test_india_s_erosion(tmp_path: Path) -> None:
    """2,200,000 is half of 4,400,000 as assessed, and a tenth of 22,000,000: neither is eroded.

    A cent more on the other side is; without the value as booked, the tape's own counts.
    """
    late: Row = {"oldest_unpaid_due_date": "2025-08-01", "outstanding_principal": "3000000"}
    loans: list[Row] = [
        late, late, {**late, "outstanding_principal": "22000000"},
        {**late, "outstanding_principal": "22000000.10"},
        {**late, "assessed_security_value": "4400000.02"},
    ]  # fmt: skip
    booked = ["4400000", "4400000.02", "4400000", "4400000", ""]
    assets: list[Row] = [{"origination_value": value} for value in booked]
    found = fed(tmp_path, "IN", "2025-12-31", loans, assets)
    classes = {name: {category for category, _ in parts.values()} for name, parts in found.items()}
    assert classes == {
        "E1": {"substandard"}, "E2": {"doubtful_1"}, "E3": {"substandard"}, "E4": {"loss"},
        "E5": {"doubtful_1"},
    }  # fmt: skip
