"""Negative equity: the survey's definition, its worked examples, and every published quarter."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from collateral_books import AS_OF, Row, valued

from npl_reporting.disposal.equity import (
    EquityRules,
    Published,
    Survey,
    break_even_fall,
    economic_shortfall,
    extrapolated,
    possible_ratio,
    survey_homes,
    survey_kind,
)
from npl_reporting.disposal.parameters import load_parameters
from npl_reporting.disposal.valuation import Shock
from npl_reporting.money import rounded

D = Decimal
RULES = load_parameters("equity", EquityRules)
SERIES = Path(__file__).parent / "disposal" / "hkma_negative_equity.csv"
with SERIES.open(encoding="utf-8", newline="") as _file:
    QUARTERS = list(csv.DictReader(_file))
QUARTERS.append(
    {
        "quarter_end": "2003-06-30", "cases": "105697", "aggregate_value_hkd_mn": "165000",
        "unsecured_portion_hkd_mn": "36000", "delinquent_over_3m_pct": "2.28",
    }
)  # fmt: skip
MILLION = 1_000_000


def home(exposure: str, value: str, **more: object) -> Row:
    """A first mortgage on a home of its own."""
    return {"asset_id": f"A{exposure}", "exposure_id": exposure, "appraisal_value": value, **more}


def test_the_worked_example_is_a_ratio_of_sums(tmp_path: Path) -> None:
    """16.9 over 16.0 is 105.6 %; the mean of the three ratios would be 106.8 %."""
    loans = {"E1": "5400000", "E2": "3300000", "E3": "8200000", "E4": "1000000"}
    values = {"E1": "5000000", "E2": "3000000", "E3": "8000000", "E4": "1000000"}
    with valued(tmp_path, loans, [home(name, value) for name, value in values.items()]) as book:
        found = survey_homes(book.engine, RULES, AS_OF)
    assert (found.cases, found.aggregate, found.unsecured) == (3, D(16_900_000), D(900_000))
    assert found.loan_to_value is not None
    assert rounded(found.loan_to_value * 100, 0) == 106
    assert found.share_of_loans == D("0.75")


def test_who_is_not_in_the_set(tmp_path: Path) -> None:
    """A loan at its value; a second mortgage of the bank's or behind another's; two homes; a car."""
    loans = dict.fromkeys(("E1", "E2", "E3", "E4", "E5", "E6"), "120")
    rows = [
        home("E1", "120"),
        home("E2", "100", rank=2),
        home("E3", "50"),
        {**home("E3", "50"), "asset_id": "B"},
        home("E4", "100", asset_type="vehicle"),
        home("E5", "100"),
        home("E6", "100", pc1="1"),
    ]
    with valued(tmp_path, loans, rows) as book:
        found = survey_homes(book.engine, RULES, AS_OF)
        cars = survey_kind(book.engine, "vehicle", AS_OF)
    assert (found.loans, found.cases, found.aggregate, found.unsecured) == (2, 1, D(120), D(20))
    assert (cars.cases, cars.unsecured) == (1, D(20))


def test_delinquency_is_by_amount(tmp_path: Path) -> None:
    loans = {"E1": "300", "E2": "100", "E3": "100"}
    rows = [home("E1", "200"), home("E2", "50"), home("E3", "200")]
    with valued(tmp_path, loans, rows) as book:
        assert survey_homes(book.engine, RULES, AS_OF).delinquency is None
        book.engine.execute("ALTER TABLE loans ADD COLUMN delinquent BOOLEAN")
        book.engine.execute("UPDATE loans SET delinquent = exposure_id <> 'E1'")
        assert survey_homes(book.engine, RULES, AS_OF).delinquency == D("0.25")


def test_a_fall_of_prices_makes_negative_equity(tmp_path: Path) -> None:
    """LTV 70 %: after a fall of 35 % it is 70 / 65 = 107.7 %; the edge is a fall of 30 %."""
    with valued(tmp_path, {"E1": "70"}, [home("E1", "100")], shock=Shock(D("0.65"))) as book:
        ratio = survey_homes(book.engine, RULES, AS_OF).loan_to_value
    assert ratio is not None and rounded(ratio * 100, 1) == D("107.7")
    assert break_even_fall(D(70), D(100)) == D("0.3")


def test_the_economic_shortfall_is_wider(tmp_path: Path) -> None:
    """A loan of 70 on a home of 100 that brings 55 lacks 15 though its equity is not negative."""
    with valued(tmp_path, {"E1": "70"}, [home("E1", "100")]) as book:
        assert survey_homes(book.engine, RULES, AS_OF).unsecured == 0
        assert economic_shortfall(book.engine) == 15


def test_extrapolation_moves_amounts_not_ratios() -> None:
    whole = extrapolated(Survey(AS_OF, 1000, 98, D(196), D(49), D(98)), D("0.98"))
    assert (whole.cases, whole.aggregate, whole.unsecured) == (100, D(200), D(50))
    assert whole.loan_to_value is not None and rounded(whole.loan_to_value, 6) == D("1.333333")
    assert whole.delinquency == D("0.5")


@pytest.mark.parametrize("quarter", RULES.published, ids=lambda one: str(one.quarter))
def test_every_published_ratio_recomputes_within_its_rounding(quarter: Published) -> None:
    least, most = possible_ratio(quarter.aggregate, quarter.unsecured)
    half = D("0.5")
    assert least * 100 <= quarter.ltv + half
    assert most * 100 >= quarter.ltv - half


def test_the_quarter_of_june_2003() -> None:
    """105,697 cases, 165 bn, 36 bn unsecured, 128 %."""
    found = Survey(AS_OF, 0, 105_697, D(165), D(36))
    assert found.loan_to_value is not None and rounded(found.loan_to_value * 100, 0) == 128
    published = next(one for one in RULES.published if one.cases == 105_697)
    assert (published.aggregate, published.unsecured, published.ltv) == ("165", "36", 128)


def dealt(total: Decimal, number: int) -> list[Decimal]:
    """A total over so many loans, the last one with what is left."""
    each = rounded(total / number, 2) if number else D(0)
    return [*([each] * (number - 1)), total - each * (number - 1)] if number else []


@pytest.mark.parametrize("quarter", QUARTERS, ids=lambda one: one["quarter_end"])
def test_every_published_quarter_recomputes_from_loans(
    quarter: dict[str, str], tmp_path: Path
) -> None:
    """As many loans as were published, with its sums, give back what was published.

    Where the unsecured portion was not published, any market values below the balances do for the
    number and the aggregate; the ratio is then not tested. One loan owes what is delinquent.
    """
    cases, whole = int(quarter["cases"]), D(quarter["aggregate_value_hkd_mn"]) * MILLION
    late = whole * D(quarter["delinquent_over_3m_pct"] or "0") / 100
    owed = [late, *dealt(whole - late, cases - 1)] if late else dealt(whole, cases)
    unsecured = D(quarter["unsecured_portion_hkd_mn"] or "0") * MILLION
    lacking = dealt(unsecured, cases) if unsecured else [D("0.01")] * cases
    rows = [home(f"E{n}", str(a - u)) for n, (a, u) in enumerate(zip(owed, lacking, strict=True))]
    loans = {f"E{n}": str(amount) for n, amount in enumerate(owed)}
    sound = {**loans, "F": "10"}
    with valued(tmp_path, sound, [*rows, home("F", "20")]) as book:
        book.engine.execute("ALTER TABLE loans ADD COLUMN delinquent BOOLEAN DEFAULT false")
        if late:
            book.engine.execute("UPDATE loans SET delinquent = true WHERE exposure_id = 'E0'")
        found = survey_homes(book.engine, RULES, AS_OF)
    assert found.cases == cases
    assert rounded(found.aggregate / MILLION, 2) == D(quarter["aggregate_value_hkd_mn"])
    if unsecured:
        assert rounded(found.unsecured / MILLION, 2) == unsecured / MILLION
        least, most = possible_ratio(
            quarter["aggregate_value_hkd_mn"], quarter["unsecured_portion_hkd_mn"]
        )
        assert found.loan_to_value is not None and least <= found.loan_to_value <= most
    if quarter["delinquent_over_3m_pct"]:
        assert found.delinquency is not None
        assert rounded(found.delinquency * 100, 2) == D(quarter["delinquent_over_3m_pct"])
