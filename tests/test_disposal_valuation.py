"""What collateral brings: the formulas of the rule file's source, and its worked examples."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from collateral_books import valued

from npl_reporting.disposal.collateraltypes import (
    CollateralRules,
    adjusted_maximum,
    loss_given_default,
    maximum_ltv,
    realisable,
    recovery,
)
from npl_reporting.disposal.parameters import load_parameters
from npl_reporting.disposal.portfolio import totals
from npl_reporting.disposal.tables import assets_sql, loans_sql
from npl_reporting.disposal.valuation import bound_by_history

D = Decimal
# type: S, orderly factor, forced factor, cost rate, maximum LTV orderly and forced, in percent
PRINTED = """
resi_small 4.50 0.930 0.825 20 73.0 62.5
resi_std 4.00 0.860 0.750 20 66.0 55.0
resi_villa 2.85 0.699 0.578 20 49.9 37.8
retail_shop 3.55 0.797 0.683 20 59.7 48.3
office 3.20 0.748 0.630 20 54.8 43.0
podium 2.25 0.615 0.488 20 41.5 28.8
hotel 2.05 0.587 0.458 20 38.7 25.8
industrial 2.45 0.643 0.518 20 44.3 31.8
land_resi 3.50 0.790 0.675 20 59.0 47.5
land_ind 3.35 0.769 0.653 20 56.9 45.3
wip 1.95 0.573 0.443 20 37.3 24.3
vehicle 3.50 0.790 0.675 10 69.0 57.5
ship_air 2.40 0.636 0.510 10 53.6 41.0
mach_gen 2.85 0.699 0.578 10 59.9 47.8
mach_spec 1.55 0.517 0.383 10 41.7 28.3
inventory 2.70 0.678 0.555 10 57.8 45.5
receivable 2.55 0.657 0.533 10 55.7 43.3
fee_right 1.90 0.566 0.435 10 46.6 33.5
unlisted_eq 1.85 0.559 0.428 10 45.9 32.8
ip 1.70 0.538 0.405 10 43.8 30.5
"""


@pytest.mark.parametrize("line", PRINTED.strip().splitlines())
def test_the_scoring_table_recomputes(line: str) -> None:
    name, *printed = line.split()
    rules = load_parameters("collateral", CollateralRules)
    score, cost = rules.score(name), rules.types[name].cost_rate
    own = [score, rules.factor(name, "orderly"), rules.factor(name, "forced"), cost * 100,
           rules.maximum_ltv(name, "orderly") * 100, rules.maximum_ltv(name, "forced") * 100]  # fmt: skip
    assert own == [D(text) for text in printed]


def test_the_weights_sum_to_one() -> None:
    assert sum(load_parameters("collateral", CollateralRules).weights.values()) == 1


def test_financial_collateral_is_worth_its_value_less_the_haircut() -> None:
    rules = load_parameters("collateral", CollateralRules)
    assert rules.score("gold") is None
    assert rules.factor("gold", "forced") == rules.factor("gold", "orderly") == D("0.85")


def test_worked_examples_one_to_three() -> None:
    eight = realisable(D(8_000_000), D("0.75"), D("0.20"), D(400_000))
    assert eight == 4_000_000
    assert recovery(eight, D(3_000_000)).quantize(D("0.01")) == D("1.33")
    assert loss_given_default(eight, D(3_000_000)) == 0
    assert maximum_ltv(D("0.75"), D("0.20"), D(400_000), D(8_000_000)) == D("0.50")
    assert loss_given_default(eight, D(5_000_000)) == D("0.2")
    assert realisable(D(2_000_000), D("0.488"), D("0.20"), D(900_000)) == 0


def test_costs_on_the_sale_price() -> None:
    assert realisable(D(100), D("0.75"), D("0.20"), D(10), on_price=True) == 50  # 75 x 0.8 - 10


def test_past_recoveries_bound_the_maximum_ltv() -> None:
    assert adjusted_maximum(D("0.55"), D("0.40"), D("1.1")) == D("0.44")
    assert adjusted_maximum(D("0.55"), D("0.60"), D(1)) == D("0.55")


def test_an_asset_in_sql_as_by_the_formula(tmp_path: Path) -> None:
    """V 8.0 m, forced 0.75, costs 20 %, claims 0.4 m: 4.0 m; LTV 37.5 % of at most 50 %."""
    row = {"asset_id": "A", "exposure_id": "E", "appraisal_value": "8000000", "pc1": "400000"}
    with valued(tmp_path, {"E": "3000000"}, [row]) as book:
        assert book.one("price, costs, realisable_value, maximum_ltv", "valued") == (
            "6000000.00", "1600000.00", "4000000.00", "0.500000",
        )  # fmt: skip
        assert book.one("within_reach, realisable", "covered") == ("4000000.00", "3000000.00")


@pytest.mark.parametrize(
    ("type_", "changes", "brings"),
    [
        ("resi_std", {}, "45.00"),  # 75 - 20 - 10
        ("resi_std", {"mode": "orderly"}, "56.00"),  # 86 - 20 - 10
        ("resi_std", {"cost_base": "sale_price"}, "50.00"),  # 75 x 0.80 - 10
        ("gold", {"mode": "orderly"}, "74.00"),  # 85 - 1 - 10, the same in both modes
        ("gold", {}, "74.00"),
        ("podium", {}, "18.80"),  # 48.8 - 20 - 10
    ],
)
def test_modes_and_costs_in_sql(
    tmp_path: Path, type_: str, changes: dict[str, str], brings: str
) -> None:
    row = {"asset_id": "A", "exposure_id": "E", "asset_type": type_, "pc1": "10"}
    with valued(tmp_path, {"E": "50"}, [row], changes) as book:
        assert book.one("realisable_value", "valued") == (brings,)


def test_loan_to_value_then_and_now_and_headroom(tmp_path: Path) -> None:
    """55 on 100, which was worth 110 when booked; at most 55 of 100: what it brings is the loan."""
    row = {"asset_id": "A", "exposure_id": "E", "origination_value": "110"}
    with valued(tmp_path, {"E": "55"}, [row]) as book:
        columns = "loan_to_value, loan_to_origination_value, maximum_ltv, headroom"
        assert book.one(columns, f"({assets_sql()})") == (
            "0.550000", "0.500000", "0.550000", "0.000000",
        )  # fmt: skip
        columns = "recovery, loss_given_default, fall_to_negative_equity"
        assert book.one(columns, f"({loans_sql()})") == ("1.000000", "0.000000", "0.450000")


def test_the_portfolio_is_a_ratio_of_sums(tmp_path: Path) -> None:
    """Loans of 4.0 and 1.0 m bring 2.0 and 1.0 m: 60 %, not the mean of 50 and 100 %."""
    rows = [
        {"asset_id": "A", "exposure_id": "E1", "asset_type": "cash_deposit", "appraisal_value": "2010050.25"},
        {"asset_id": "B", "exposure_id": "E2", "asset_type": "cash_deposit", "appraisal_value": "1005025.13"},
    ]  # fmt: skip
    with valued(tmp_path, {"E1": "4000000", "E2": "1000000"}, rows) as book:
        found = totals(book.engine)
        assert found.realisable.quantize(D(1)) == 3_000_000
        assert found.recovery is not None and found.recovery.quantize(D("0.0001")) == D("0.6000")


def test_a_missing_prior_claim_is_unknown_not_zero(tmp_path: Path) -> None:
    rows = [{"asset_id": "A", "exposure_id": "E", "pc1": ""}]
    with valued(tmp_path, {"E": "50"}, rows) as book:
        assert book.one("realisable_value, claims", "valued") == (None, None)
        assert book.one("unknown, realisable", "covered") == ("1", "0.00")
        assert [(f.check, f.severity) for f in book.findings] == [("CO-11", "error")]


@pytest.mark.parametrize(
    ("row", "needs"),
    [
        ({}, set()),
        ({"owner_bankrupt": "true"}, {"pc2", "pc3"}),
        ({"owner_bankrupt": "true", "asset_type": "vehicle"}, set()),
        ({"allocated_land": "true"}, {"pc4"}),
        ({"asset_type": "wip"}, {"pc5", "pc6"}),
    ],
)
def test_which_claims_apply(tmp_path: Path, row: dict[str, object], needs: set[str]) -> None:
    with valued(tmp_path, {"E": "50"}, [{"asset_id": "A", "exposure_id": "E", **row}]) as book:
        ((unknown,),) = book.engine.rows("SELECT unknown_claims FROM assets")
        assert set(unknown) == needs


def test_time_takes_value_by_the_effective_rate(tmp_path: Path) -> None:
    """110 to come in a year at ten percent is 100 now."""
    row = {"asset_id": "A", "exposure_id": "E", "appraisal_value": "200", "interest_rate": "0.10",
           "months_to_sale": 12}  # fmt: skip
    with valued(tmp_path, {"E": "500"}, [row]) as book:
        assert book.one("within_reach, present_value", "covered") == ("110.00", "100.00")


@pytest.mark.parametrize(("day", "stale"), [("2024-09-30", False), ("2024-09-29", True)])
def test_a_valuation_is_stale_after_twelve_months(tmp_path: Path, day: str, stale: bool) -> None:
    row = {"asset_id": "A", "exposure_id": "E", "appraisal_date": day}
    with valued(tmp_path, {"E": "50"}, [row], {"stale_factor": "0.50"}) as book:
        value = "50.00" if stale else "100.00"
        assert book.one("stale, market_value", "valued") == (str(stale), value)


@pytest.mark.parametrize(("on", "maximum"), [("false", "0.550000"), ("true", "0.440000")])
def test_past_recoveries_bound_it_only_where_the_rules_say_so(
    tmp_path: Path, on: str, maximum: str
) -> None:
    """0.75 less 0.20 is 0.55; a quarter of past sales brought 0.40 or less, times 1.1."""
    changes = {"adjust_to_history": on, "recovery_multiplier": "1.1"}
    with valued(tmp_path, {"E": "50"}, [{"asset_id": "A", "exposure_id": "E"}], changes) as book:
        bound_by_history(book.engine, book.rules, {"resi_std": D("0.40")})
        assert book.one("maximum_ltv", "valued") == (maximum,)
