"""The recommendation: probabilities weigh the rounds, and its reversal is where it says."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from collateral_books import Row, Valued, valued

from npl_reporting.disposal.bundles import bundles, by_channel
from npl_reporting.disposal.channels import ChannelRules
from npl_reporting.disposal.compare import compare_channels
from npl_reporting.disposal.discount import monthly
from npl_reporting.disposal.parameters import load_parameters
from npl_reporting.disposal.presentvalue import Owed, outcome
from npl_reporting.disposal.recommend import Recommendation, recommend, weighed
from npl_reporting.disposal.rounds import RoundRules, chances
from npl_reporting.disposal.saying import in_words
from npl_reporting.errors import NplError
from npl_reporting.money import rounded

D = Decimal
CHANNELS = load_parameters("channels", ChannelRules)
ROUNDS = load_parameters("rounds", RoundRules)
CITY: Row = {
    "floor": 3, "building_floors": 4, "several_floors": "false", "extension": "false",
    "area_ping": "30", "location": "city_centre", "vacant": "false", "handover": "true",
}  # fmt: skip
ASSET: Row = {"asset_id": "A", "exposure_id": "E", "appraisal_value": "7040000", **CITY}
LOAN = {"E": "4045155.83"}


def compared(book: Valued) -> Valued:
    """The same book with its channels compared."""
    compare_channels(book.engine, CHANNELS, ROUNDS)
    return book


def test_sql_gives_the_paper_s_values(tmp_path: Path) -> None:
    """Within two cents, for the file holds the unpaid principal to the cent."""
    exact = ("1220650.44", "14985.15", "-947515.52", "-155059.20", "-2175649.87")
    with valued(tmp_path, LOAN, [ASSET]) as book:
        columns = "court_1, court_2, court_3, commissioned_third, amc_late"
        found = compared(book).one(columns, "compared")
    differences = [D(str(one)) - D(hand) for one, hand in zip(found, exact, strict=True)]
    assert max(map(abs, differences)) <= D("0.02")


def test_sql_and_the_formula_agree_with_claims_and_other_rates(tmp_path: Path) -> None:
    row = {**ASSET, "pc1": "1234567.89", "interest_rate": "0.0425", "appraisal_value": "3333333.33"}
    with valued(tmp_path, LOAN, [row]) as book:
        columns = [route.name for routes in CHANNELS.routes().values() for route, *_ in routes]
        found = compared(book).one(", ".join(columns), "compared")
        owed = Owed(D("3333333.33"), D("4045155.83"), monthly(D("0.0425")), D("1234567.89"))
        routes = [route for routes in CHANNELS.routes().values() for route, *_ in routes]
        own = [rounded(outcome(route, owed).net, 2) for route in routes]
        assert [D(str(value)) for value in found] == own


def test_the_expected_value_is_the_routes_weighed(tmp_path: Path) -> None:
    with valued(tmp_path, LOAN, [ASSET]) as book:
        found = recommend(compared(book).engine, CHANNELS, ROUNDS, "A")
        sql = book.one("court, commissioned, amc, best, margin", "compared")
    by_name = {way.channel: way for way in found.ways}
    assert [str(by_name[name].expected) for name in ("court", "commissioned", "amc")] == [*sql[:3]]
    assert (found.best.channel, str(found.margin)) == sql[3:]
    p = found.chances.combined
    steps = {route.name: rounded(outcome(route, found.owed).net, 2) for route in CHANNELS.steps()}
    hand = (
        steps["court_2"] * p["early"] + steps["court_3"] * p["third"] + steps["court_4"] * p["late"]
    )
    assert abs(by_name["court"].expected - hand) < D("0.02")
    assert 19 < by_name["court"].months < 23


def said(found: Recommendation) -> str:
    """The recommendation in English; every sentence must be there in Chinese too."""
    sentences = in_words(CHANNELS, ROUNDS, found)
    assert all(text["zh-TW"] for text in sentences)
    return " ".join(text["en"] for text in sentences)


def reversed_at(found: Recommendation) -> tuple[Decimal, Decimal]:
    """What the best channel is worth when its prices fall as said, and the second."""
    best = sum(
        (
            outcome(one.route, Owed(found.owed.value * (1 - found.discount), found.owed.principal,
                                    found.owed.rate)).net * chance
            for one, chance in found.best.routes
        ),
        D(0),
    )  # fmt: skip
    return rounded(best, 2), found.second.expected


@pytest.mark.parametrize("value", [3_000_000, 7_040_000, 20_000_000])
def test_at_the_break_even_discount_the_second_is_as_good(value: int) -> None:
    likely = chances(ROUNDS, {"city_centre": True})
    owed = Owed(D(value), D("4045155.83"), monthly(D("0.0834")))
    best, second = reversed_at(weighed(CHANNELS, owed, likely))
    assert abs(best - second) < D("0.02")


def test_the_paper_s_policy_stands_beside(tmp_path: Path) -> None:
    """A small flat in the old city sells late: to an AMC by the paper's policy."""
    small = {**ASSET, "asset_id": "B", "exposure_id": "F", "area_ping": "12", "location": "old_city",
             "vacant": "true", "handover": "false"}  # fmt: skip
    with valued(tmp_path, {**LOAN, "F": "4045155.83"}, [ASSET, small]) as book:
        engine = compared(book).engine
        assert recommend(engine, CHANNELS, ROUNDS, "B").policy == "amc"
        words = said(recommend(engine, CHANNELS, ROUNDS, "B"))
        assert "By the paper's policy the asset goes to sale to an AMC" in words


def test_missing_traits_are_named(tmp_path: Path) -> None:
    bare = {"asset_id": "A", "exposure_id": "E", "appraisal_value": "7040000"}
    with valued(tmp_path, LOAN, [bare]) as book:
        found = recommend(compared(book).engine, CHANNELS, ROUNDS, "A")
    assert found.chances.rests_on == ()
    assert len(found.chances.missing) == 12
    assert "rest on 0 of 12 traits" in said(found)


def test_an_unknown_claim_is_not_compared(tmp_path: Path) -> None:
    with valued(tmp_path, LOAN, [{**ASSET, "pc1": ""}]) as book:
        assert compared(book).one("best, court, margin", "compared") == (None, None, None)
        with pytest.raises(NplError, match="prior claim of unknown amount"):
            recommend(book.engine, CHANNELS, ROUNDS, "A")


def test_a_reserve_below_the_claims_ahead_is_named(tmp_path: Path) -> None:
    """Claims of 4.5 m and the fee of 28,316.40 are above 64 % (4,505,600) of the value."""
    with valued(tmp_path, LOAN, [{**ASSET, "pc1": "4500000"}]) as book:
        found = recommend(compared(book).engine, CHANNELS, ROUNDS, "A")
    assert found.barred == ("court_3", "court_4")


def test_a_loan_with_two_assets_owes_once(tmp_path: Path) -> None:
    rows = [
        {**ASSET, "appraisal_value": "300"},
        {**ASSET, "asset_id": "B", "appraisal_value": "100"},
    ]
    with valued(tmp_path, {"E": "100"}, rows) as book:
        found = compared(book).engine.rows("SELECT asset_id, debt FROM compared ORDER BY 1")
    assert found == [("A", D("75.00")), ("B", D("25.00"))]


def test_the_book_by_channel_and_lots_for_bulk_sale(tmp_path: Path) -> None:
    rows = [
        ASSET,
        {**ASSET, "asset_id": "B", "exposure_id": "F", "appraisal_value": "0", "region": "north"},
    ]
    with valued(tmp_path, {**LOAN, "F": "1000"}, rows) as book:
        engine = compared(book).engine
        found = {one.channel: one for one in by_channel(engine, CHANNELS)}
        assert sum(one.assets for one in found.values()) == 2
        assert found["amc"].assets == 1  # an empty asset is best sold soonest
        (lot,) = bundles(engine, CHANNELS)
        assert (lot.region, lot.kind, lot.assets, lot.debt, lot.proceeds) == (
            "north", "home", 1, D("1000.00"), D("0.00"),
        )  # fmt: skip
        assert found["amc"].months.quantize(D("0.1")) == 8
