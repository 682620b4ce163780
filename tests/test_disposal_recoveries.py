"""The register of recoveries: one line of the roll-forward each, rates as ratios of sums."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from collateral_books import AS_OF, Row, write_rows

from npl_reporting.disposal.parameters import load_parameters
from npl_reporting.disposal.recoveries import (
    RecoveryRules,
    quantile_rates,
    rates,
    read_register,
    roll_forward,
)
from npl_reporting.engine import Engine
from npl_reporting.errors import Finding

D = Decimal
RULES = load_parameters("recovery", RecoveryRules)
SOUND: Row = {
    "recovery_date": "2025-08-15", "kind": "sale", "amount": "60", "costs": "10",
    "loan_amount": "100", "region": "north", "asset_type": "resi_std", "channel": "court",
}  # fmt: skip


def register(work: Path, rows: list[Row]) -> Iterator[tuple[Engine, tuple[Finding, ...]]]:
    """Read a register."""
    numbered = [
        {"recovery_id": f"R{n}", "exposure_id": f"E{n}", **row} for n, row in enumerate(rows)
    ]
    path = write_rows(work / "register.csv", numbered, SOUND)
    with Engine(work) as engine:
        yield engine, read_register(engine, path, RULES, AS_OF)


def test_every_recovery_meets_one_line(tmp_path: Path) -> None:
    rows: list[Row] = [{}, {"kind": "cash", "channel": ""}, {"kind": "bulk_sale", "channel": "amc"},
                       {"kind": "repossession", "channel": ""}, {"recovery_date": "2025-06-30"}]  # fmt: skip
    for engine, found in register(tmp_path, rows):
        assert found == ()
        lines = {
            x.line: x.recoveries for x in roll_forward(engine, RULES, date(2025, 6, 30), AS_OF)
        }
        assert lines == {
            "cash_recovered": 1, "collateral_realised": 1, "collateral_taken_over": 1, "loans_sold": 1,
        }  # fmt: skip
        channels = engine.rows("SELECT channel FROM recoveries ORDER BY recovery_id")
        assert [name for (name,) in channels] == ["court", "cash", "amc", "repossession", "court"]


def test_rates_are_ratios_of_sums_with_their_spread(tmp_path: Path) -> None:
    """North: 50 of 100 and 390 of 400 is 440 of 500, 88 %; the loans' own rates are 50 and 97.5 %."""
    rows: list[Row] = [{}, {"amount": "400", "loan_amount": "400"}, {"region": "south"}]
    for engine, _ in register(tmp_path, rows):
        north, south = rates(engine, "region")
        assert (north.loans, north.owed, north.recovered, north.rate) == (
            2,
            D(500),
            D(440),
            D("0.88"),
        )
        assert (north.quantiles[0], north.quantiles[-1]) == (D("0.5"), D("0.975"))
        assert south.rate == D("0.5")
        assert quantile_rates(engine, D("0.25")) == {"resi_std": D("0.5")}


def test_recoveries_of_one_loan_are_taken_together(tmp_path: Path) -> None:
    rows: list[Row] = [{"exposure_id": "E"}, {"exposure_id": "E", "amount": "35", "channel": "amc"}]
    for engine, _ in register(tmp_path, rows):
        (north,) = rates(engine, "region")
        assert (north.loans, north.owed, north.recovered) == (1, D(100), D(75))
        amc, court = rates(engine, "channel")
        assert (amc.owed + court.owed, amc.recovered, court.recovered) == (D(100), D(25), D(50))


@pytest.mark.parametrize(
    ("check", "row"),
    [
        ("RR-01", {"recovery_date": "2025-10-01"}),
        ("RR-02", {"amount": "-1"}),
        ("RR-03", {"loan_amount": "0"}),
        ("RR-04", {"recovery_id": "R1"}),
        ("CO-00", {"kind": "gift"}),
    ],
)
def test_a_bad_row_is_said_and_left_out(tmp_path: Path, check: str, row: Row) -> None:
    for engine, found in register(tmp_path, [row, {}]):
        assert check in {finding.check for finding in found}
        kept = engine.value("SELECT count(*) FROM recoveries")
        assert kept == (0 if check == "RR-04" else 1)
