"""The register of recoveries laid beside a stored run's roll-forward, both ways, by hand."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from collateral_books import Row, write_rows
from exampleland import AS_OF, write_rules, write_tape
from typer.testing import CliRunner
from verapdf import faults

from npl_reporting.cli import app
from npl_reporting.evidence.store import Store
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.request import Request
from npl_reporting.run import run

JUNE = date(2025, 6, 30)
LATE: Row = {"oldest_unpaid_due_date": "2025-01-31", "written_off_amount": "0"}
GOOD: Row = {"written_off_amount": "0"}
# E1 to E3 stay nonperforming, E4 is sound, E5 and E6 are sold, E7 is cured.
BEFORE: list[Row] = [LATE, LATE, LATE, GOOD, LATE, LATE, LATE]
NOW: list[Row] = [
    {**LATE, "outstanding_principal": "70", "recovered_amount": "30"},
    {**LATE, "outstanding_principal": "60", "recovered_amount": "40"},
    {**LATE, "outstanding_principal": "90", "recovered_amount": "10"},
    {**GOOD, "outstanding_principal": "95", "recovered_amount": "5"},
    {**GOOD, "exposure_id": "E7", "debtor_id": "D7", "outstanding_principal": "80",
     "recovered_amount": "20"},
]  # fmt: skip
EXITS: list[Row] = [
    {"exposure_id": "E5", "sale_price": "55"}, {"exposure_id": "E6", "sale_price": "50"},
]  # fmt: skip
PAID: Row = {"recovery_date": "2025-08-15", "kind": "cash", "loan_amount": "100"}
REGISTER: list[Row] = [
    {"exposure_id": "E1", "amount": "20"},
    {"exposure_id": "E1", "amount": "10", "kind": "sale"},
    {"exposure_id": "E1", "amount": "99", "recovery_date": "2025-06-30"},
    {"exposure_id": "E2", "amount": "35"},
    {"exposure_id": "E4", "amount": "5"},
    {"exposure_id": "E5", "amount": "55", "kind": "bulk_sale"},
    {"exposure_id": "E6", "amount": "45", "kind": "bulk_sale"},
    {"exposure_id": "E7", "amount": "20"},
    {"exposure_id": "E9", "amount": "7"},
]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A folder with two quarters in its store: the folder, the run of June and that of September."""
    folder = tmp_path_factory.mktemp("kept")
    rules = str(write_rules(folder))
    store = Store(f"sqlite:///{folder}/npl.db")
    before = TapeSource(write_tape(folder / "june.csv", BEFORE))
    june = run(Request(before, rules, JUNE, printed=False), store).run.id
    sold: Row = {"exit_date": "2025-09-01", "reason": "sold"}
    exits = write_rows(folder / "exits.csv", EXITS, sold)
    now = TapeSource(write_tape(folder / "september.csv", NOW))
    request = Request(now, rules, AS_OF, prior=june, exits=exits, printed=False)
    return folder, june, run(request, store).run.id


def laid(kept: tuple[Path, str, str], rows: list[Row], *more: str) -> tuple[int, Any]:
    """What the command says of a register as JSON, and its exit code."""
    folder, _, september = kept
    numbered = [{"recovery_id": f"R{n}", **row} for n, row in enumerate(rows)]
    register = write_rows(folder / "register.csv", numbered, PAID)
    where = ["--store", f"sqlite:///{folder}/npl.db", "--json", *more]
    result = CliRunner().invoke(app, ["dispose", "reconcile", september, str(register), *where])
    return result.exit_code, json.loads(result.stdout)


def test_every_line_is_summed_with_the_money_on_both_sides(kept: tuple[Path, str, str]) -> None:
    code, found = laid(kept, REGISTER)
    assert code == 1
    lines = {
        (x["flow"], x["state"]): (x["exposures"], x["recoveries"], x["registered"], x["rolled"])
        for x in found["lines"]
    }
    assert lines == {
        ("recovered_in_cash", "agrees"): (1, 2, "30", "30"),
        ("recovered_in_cash", "differs"): (1, 1, "35", "40"),
        ("recovered_in_cash", "register_only"): (2, 2, "12", "0"),
        ("recovered_in_cash", "roll_forward_only"): (1, 0, "0", "10"),
        ("sold", "agrees"): (1, 1, "55", "100"),
        ("sold", "differs"): (1, 1, "45", "100"),
        ("upgraded", "agrees"): (1, 1, "20", "100"),
    }


def test_what_does_not_meet_is_named_with_why(kept: tuple[Path, str, str]) -> None:
    _, found = laid(kept, REGISTER)
    apart = {one["exposure_id"]: (one["state"], one["standing"]) for one in found["apart"]}
    assert apart == {
        "E2": ("differs", "nonperforming"), "E3": ("roll_forward_only", "nonperforming"),
        "E4": ("register_only", "performing"), "E6": ("differs", "nonperforming"),
        "E9": ("register_only", "unknown"),
    }  # fmt: skip


def test_a_register_that_meets_every_line_ends_well(kept: tuple[Path, str, str]) -> None:
    whole: list[Row] = [
        {"exposure_id": "E1", "amount": "30"}, {"exposure_id": "E2", "amount": "40"},
        {"exposure_id": "E3", "amount": "10", "kind": "repossession"},
        {"exposure_id": "E5", "amount": "55", "kind": "bulk_sale"},
        {"exposure_id": "E6", "amount": "50", "kind": "bulk_sale"},
    ]  # fmt: skip
    code, found = laid(kept, whole)
    assert (code, found["apart"]) == (0, [])


def test_its_page_and_its_table(kept: tuple[Path, str, str], tmp_path: Path) -> None:
    laid(kept, REGISTER, "--out", str(tmp_path))
    assert len((tmp_path / "reconciliation.csv").read_text(encoding="utf-8").splitlines()) == 9
    drawn = (tmp_path / "recovery_reconciliation.pdf").read_bytes()
    assert {flavour: faults(drawn, flavour) for flavour in ("PDFA_3_A", "PDFUA_1")} == {
        "PDFA_3_A": set(), "PDFUA_1": set(),
    }  # fmt: skip


def test_a_faulty_register_is_not_written(kept: tuple[Path, str, str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, _ = laid(kept, [{"exposure_id": "E1", "amount": "-1"}], "--out", str(out), "--no-pdf")
    assert (code, out.exists()) == (1, False)


def test_a_run_without_a_prior_run_has_no_roll_forward(kept: tuple[Path, str, str]) -> None:
    folder, june, _ = kept
    register = write_rows(folder / "one.csv", [{"recovery_id": "R1", **REGISTER[0]}], PAID)
    where = ["--store", f"sqlite:///{folder}/npl.db"]
    result = CliRunner().invoke(app, ["dispose", "reconcile", june, str(register), *where])
    assert "has no roll-forward" in str(result.exception)
