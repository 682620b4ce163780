"""Cells that moved much: which are listed, which need a comment, and what a comments file may say.

Exampleland's book: E1 owes 4 million and E2 6 million in June; by September E1 owes 9 million and is
nonperforming. The report lists from a tenth, amounts from a million; comments are due from a half.
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import exampleland
import pytest
from quarters import npl

from npl_reporting.returns.report import Variance
from npl_reporting.returns.shelf import load_reports
from npl_reporting.returns.variance import Moved, variance_tables


def _run(folder: Path, tape: Path, day: str, *more: object) -> dict[str, Any]:
    said = npl(
        "run", tape, "--rules", folder / "XX.yaml", "--as-of", day, "--no-pdf", "--json",
        "--store", f"sqlite:///{folder / 's.db'}", *more,
    )  # fmt: skip
    assert said.out, said.err
    return dict(json.loads(said.out))


@pytest.fixture(scope="module")
def two_quarters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both tapes, and June already run."""
    folder = tmp_path_factory.mktemp("variance")
    exampleland.write_rules(folder)
    june = [{"outstanding_principal": "4000000"}, {"outstanding_principal": "6000000"}]
    september = [
        {"outstanding_principal": "9000000", "oldest_unpaid_due_date": "2025-06-01"},
        {"outstanding_principal": "6000000"},
    ]
    exampleland.write_tape(folder / "june.csv", june)
    exampleland.write_tape(folder / "september.csv", september)
    first = _run(folder, folder / "june.csv", "2025-06-30")
    (folder / "prior").write_text(str(first["run"]["id"]), encoding="utf-8")
    return folder


def _state(finished: dict[str, Any]) -> str:
    return next(str(c["state"]) for c in finished["checks"] if c["id"] == "comments-given")


def _september(folder: Path, *more: object) -> dict[str, Any]:
    prior = (folder / "prior").read_text(encoding="utf-8")
    return _run(folder, folder / "september.csv", "2025-09-30", "--prior", prior, *more)


def test_without_a_prior_run_nothing_is_evaluated(two_quarters: Path) -> None:
    assert _state(_run(two_quarters, two_quarters / "june.csv", "2025-06-30")) == "not_evaluated"


def test_an_amount_that_moved_by_a_half_needs_a_comment(two_quarters: Path) -> None:
    finished = _september(two_quarters)
    assert _state(finished) == "failed"
    run = finished["run"]["id"]
    said = npl("variance", run, "--store", f"sqlite:///{two_quarters / 's.db'}", "--json")
    cells = {cell["cell"]: cell for cell in json.loads(said.out)["cells"]}
    whole = cells["movement/portfolio/amount_now"]
    assert (whole["was"], whole["now"], whole["share"]) == ("10000000", "15000000", "0.5")
    assert whole["comment_required"]
    assert whole["exposures"] == [{"exposure_id": "E1", "was": "4000000", "now": "9000000"}]


def test_a_comment_on_every_such_amount_lets_the_check_pass(two_quarters: Path) -> None:
    path = two_quarters / "comments.csv"
    asked = ["movement,portfolio,amount_now", "movement,portfolio,bad_now"]
    lines = [f"{place},E1 drew its facility,Lee" for place in asked]
    path.write_text(
        "\n".join(["report,row,column,comment,author", *lines]) + "\n", encoding="utf-8"
    )
    assert _state(_september(two_quarters, "--comments", path)) == "passed"
    path.write_text(
        "\n".join(["report,row,column,comment,author", lines[0]]) + "\n", encoding="utf-8"
    )
    assert _state(_september(two_quarters, "--comments", path)) == "failed"


def test_a_faulty_comments_file_stops_the_run_by_line(two_quarters: Path) -> None:
    path = two_quarters / "faulty.csv"
    path.write_text("report,row,column,comment,author\na,b,c,,Lee\na,b,d,Why,\n", encoding="utf-8")
    prior = (two_quarters / "prior").read_text(encoding="utf-8")
    said = npl(
        "run", two_quarters / "september.csv", "--rules", two_quarters / "XX.yaml", "--as-of",
        "2025-09-30", "--prior", prior, "--comments", path, "--no-pdf", "--store",
        f"sqlite:///{two_quarters / 's.db'}",
    )  # fmt: skip
    assert said.code == 1
    assert "faulty.csv:2: comment is ''" in said.err
    assert "faulty.csv:3: author is ''" in said.err


def test_columns_of_one_name_are_told_apart_by_what_they_stand_under() -> None:
    """Amounts of the covered and of the uncovered part are both headed `Amount`."""
    report = next(r for r in load_reports("TW", date(2025, 9, 30)) if r.id == "asset_evaluation")
    table = report.table("categories")
    row = table.rows[1]
    moved = [
        Moved(report, row, column, Decimal(100), Decimal(200), asked=False)
        for column in table.columns
        if column.label["en"] == "Amount"
    ]
    terms = Variance(
        share=Decimal(0), least=Decimal(0), comment=Decimal(0), comment_least=Decimal(0), limit=9
    )
    amounts, _ = variance_tables(moved, terms)
    assert [line.label["en"].split(" · ")[1:] for line in amounts.lines] == [
        ["Special mention", "Covered part", "Amount"],
        ["Special mention", "Uncovered part", "Amount"],
        ["Special mention", "Together", "Amount"],
    ]
