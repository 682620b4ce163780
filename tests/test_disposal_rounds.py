"""The paper's logit models: its tables recompute, and an asset's chances sum to one."""

from __future__ import annotations

from decimal import Decimal

import pytest

from npl_reporting.disposal.channels import ROUNDS
from npl_reporting.disposal.parameters import load_parameters
from npl_reporting.disposal.rounds import (
    Coefficient,
    RoundRules,
    chances,
    change_in_probability,
    combined,
    marginal_effect,
    odds_ratio,
)
from npl_reporting.money import rounded

D = Decimal
RULES = load_parameters("rounds", RoundRules)
CELLS = [
    (name, trait, coefficient)
    for name, model in RULES.models.items()
    for trait, coefficient in model.coefficients.items()
]
NOTHING = dict.fromkeys(RULES.traits, False)


@pytest.mark.parametrize(("model", "p"), [("a", "0.66525"), ("b", "0.60549"), ("c", "0.44668")])
def test_the_profile_without_any_trait(model: str, p: str) -> None:
    assert rounded(RULES.models[model].probability(NOTHING), 5) == D(p)


@pytest.mark.parametrize(
    ("model", "trait", "cell"), [c for c in CELLS if c[2].odds_ratio is not None]
)
def test_table_6_is_the_exponential_of_table_5(model: str, trait: str, cell: Coefficient) -> None:
    assert rounded(odds_ratio(cell), 3) == cell.odds_ratio


@pytest.mark.parametrize(
    ("model", "trait", "cell"), [c for c in CELLS if c[2].marginal_effect is not None]
)
def test_table_7_is_the_coefficient_times_the_share_with_the_trait(
    model: str, trait: str, cell: Coefficient
) -> None:
    """The paper prints no shares. In every cell exactly one whole number of assets gives its digits."""
    n = RULES.models[model].n
    effect = marginal_effect(cell, n)
    assert effect is not None and rounded(effect, 4) == cell.marginal_effect
    fitting = [k for k in range(n + 1) if rounded(cell.value * k / n, 4) == cell.marginal_effect]
    assert fitting == [cell.share_count]


# Variable, then the coefficients of A, B and C; the one that the copy at hand lacks is ln 1.300.
TABLE_5 = """
ground_floor -0.1515 0.1802 0.3037
fifth_floor 0.0894 -0.2363 -0.3219
several_floors 0.1477 0.4407 0.2929
extension -0.3875 -0.5486 -0.2179
small_area 0.2644 0.8789 0.6176
large_area 0.0431 0.1988 0.1693
mid_rise 0.1654 0.4565 0.262
high_rise -0.0614 0.0576 0.0737
city_centre -0.5733 -0.5654 -0.0486
old_city -0.2538 0.2828 0.5333
vacant 0.0869 0.3914 0.2865
handover -0.2067 -0.4787 -0.2548
"""


@pytest.mark.parametrize("line", TABLE_5.strip().splitlines())
def test_table_5_stands_in_the_rule_file(line: str) -> None:
    trait, *printed = line.split()
    own = [model.coefficients[trait].value for model in RULES.models.values()]
    assert own == [D(text) for text in printed]


def test_the_models_fit_as_printed() -> None:
    own = [(m.minus_two_log_likelihood, m.concordant, m.discordant) for m in RULES.models.values()]
    assert own == [
        (D("2007.989"), D("57.9"), D("40.2")), (D("2077.383"), D("67.7"), D("31.2")),
        (D("2447.191"), D("62.9"), D("35.9")),
    ]  # fmt: skip


def test_how_many_cells_the_tables_have() -> None:
    assert sum(cell.odds_ratio is not None for *_, cell in CELLS) == 3 + 9 + 8
    assert sum(cell.marginal_effect is not None for *_, cell in CELLS) == 3 + 10 + 8
    assert len(CELLS) == 36


def test_the_three_samples_are_of_one_sale_each() -> None:
    """1,474, 1,539 and 1,767 are the sums of 623 early, 851 third and 916 late sales."""
    a, b, c = (RULES.models[name].n for name in "abc")
    assert ((a + b - c) // 2, (a + c - b) // 2, (b + c - a) // 2) == (623, 851, 916)


def test_the_chances_of_an_asset_sum_to_one_and_say_what_they_rest_on() -> None:
    found = chances(RULES, {"small_area": True, "city_centre": False})
    assert sum(found.combined.values()) == 1
    assert found.rests_on == ("small_area", "city_centre")
    assert len(found.missing) == 10
    for name, p in found.pairs.items():
        low, high = found.spans[name]
        assert low < p < high


def test_with_all_traits_known_nothing_is_open() -> None:
    found = chances(RULES, NOTHING)
    assert found.missing == ()
    assert all(low == high for low, high in found.spans.values())


def test_pairs_that_agree_are_kept_as_they_are() -> None:
    """Odds 2 of third over early and 4 of late over early: shares 1/7, 2/7, 4/7."""
    two, four = D(2).ln(), D(4).ln()
    shares = combined(two, four, two)
    assert [rounded(shares[kind] * 7, 6) for kind in ROUNDS] == [1, 2, 4]


def test_a_trait_s_change_in_probability() -> None:
    """Small area, model B: from 0.60549 to 1 / (1 + exp(-1.3073)) = 0.78706."""
    model = RULES.models["b"]
    assert rounded(change_in_probability(model, "small_area", NOTHING), 4) == D("0.1816")
