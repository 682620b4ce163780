"""Which loan has how much of an asset: by rank, equal rank by balance, never above the value."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from collateral_books import Row, valued

from npl_reporting.engine import Engine

LOANS = {"E1": "60", "E2": "30", "E3": "10"}


def cash(asset: str, exposure: str, rank: int, value: str = "100") -> Row:
    """A deposit that brings 99.5 % of its value."""
    return {"asset_id": asset, "exposure_id": exposure, "rank": rank, "appraisal_value": value,
            "asset_type": "cash_deposit"}  # fmt: skip


def taken(engine: Engine) -> Mapping[str, str]:
    """What each loan takes of the gross value."""
    rows = engine.rows("SELECT asset_id || exposure_id, gross_taken FROM allocated ORDER BY 1")
    return {name: str(amount) for name, amount in rows}


def test_the_first_rank_is_served_before_the_second(tmp_path: Path) -> None:
    rows = [cash("A", "E2", 2, "70"), cash("A", "E1", 1, "70")]
    with valued(tmp_path, LOANS, rows) as book:
        assert taken(book.engine) == {"AE1": "60.00", "AE2": "10.00"}


def test_equal_rank_shares_by_balance(tmp_path: Path) -> None:
    rows = [cash("A", "E1", 1, "45"), cash("A", "E2", 1, "45")]
    with valued(tmp_path, LOANS, rows) as book:
        assert taken(book.engine) == {"AE1": "30.00", "AE2": "15.00"}


def test_the_parts_of_a_cent_do_not_get_lost(tmp_path: Path) -> None:
    """100.00 over three equal loans is 33.33, 33.33 and 33.34."""
    loans = dict.fromkeys(("E1", "E2", "E3"), "50")
    with valued(tmp_path, loans, [cash("A", name, 1, "100") for name in loans]) as book:
        assert taken(book.engine) == {"AE1": "33.33", "AE2": "33.33", "AE3": "33.34"}


def test_several_assets_add_up_to_the_loan_at_most(tmp_path: Path) -> None:
    rows = [cash("A", "E1", 1, "40"), cash("B", "E1", 1, "40")]
    with valued(tmp_path, LOANS, rows) as book:
        # 2 x (40 - 0.5 % of 40) = 79.60 in reach of a loan of 60
        assert book.one("within_reach, realisable", "covered") == ("79.60", "60.00")


def test_the_order_of_rows_changes_nothing_and_no_value_is_given_twice(tmp_path: Path) -> None:
    rng = random.Random(7)
    loans = {f"E{n}": str(rng.randrange(1, 90)) + ".37" for n in range(12)}
    rows: list[Row] = []
    for asset in range(6):
        value = f"{rng.randrange(200)}.11"
        for name in rng.sample(sorted(loans), 5):
            rows.append(cash(f"A{asset}", name, rng.randrange(1, 4), value))
    results = []
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        with valued(folder, loans, rows) as book:
            results.append(taken(book.engine))
            over = "SELECT asset_id FROM allocated JOIN valued USING (asset_id) GROUP BY 1"
            having = " HAVING sum(gross_taken) > any_value(market_value)"
            assert book.engine.rows(over + having) == []
        rng.shuffle(rows)
    assert results[0] == results[1] == results[2]


FAULTS: Sequence[tuple[str, list[Row]]] = [
    ("CO-01", [cash("A", "E9", 1)]),
    ("CO-02", [cash("A", "E1", 1), cash("A", "E1", 1)]),
    ("CO-03", [cash("A", "E1", 1), cash("A", "E1", 2)]),
    ("CO-04", [{**cash("A", "E1", 1), "appraisal_date": "2025-10-01"}]),
    ("CO-05", [{**cash("A", "E1", 1), "asset_type": "castle"}]),
    ("CO-06", [cash("A", "E1", 1, "5"), cash("A", "E2", 2, "6")]),
    ("CO-07", [cash("A", "E1", 1, "-1")]),
    ("CO-08", [cash("A", "E1", 0)]),
    ("CO-09", [cash("A", "E1", 1, "0")]),
    ("CO-10", [{**cash("A", "E1", 1), "appraisal_date": ""}]),
    ("CO-11", [{**cash("A", "E1", 1), "pc1": ""}]),
    ("CO-12", [{**cash("A", "E1", 1), "pc1": "500"}]),
    ("CO-13", [{**cash("A", "E1", 1), "pc1": "-1"}]),
    ("CO-14", [{**cash("A", "E1", 1), "months_to_sale": "-1"}]),
    ("CO-15", [{**cash("A", "E1", 1), "interest_rate": "-1"}]),
    ("CO-16", [{**cash("A", "E1", 1), "interest_rate": "3.5"}]),
    ("CO-00", [{**cash("A", "E1", 1), "appraisal_value": "about 5"}]),
]


@pytest.mark.parametrize(("check", "rows"), FAULTS)
def test_what_is_wrong_with_a_row_is_said(tmp_path: Path, check: str, rows: list[Row]) -> None:
    with valued(tmp_path, LOANS, rows) as book:
        assert {finding.check for finding in book.findings} == {check}


def test_a_sound_row_beside_a_faulty_one_is_still_valued(tmp_path: Path) -> None:
    rows = [cash("A", "E1", 1, "10"), cash("B", "E9", 1, "10")]
    with valued(tmp_path, LOANS, rows) as book:
        assert taken(book.engine) == {"AE1": "10.00"}
