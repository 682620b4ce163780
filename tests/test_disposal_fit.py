"""The models fitted on the bank's own sales: the paper's come back from data made by them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from collateral_books import Row, write_rows

from npl_reporting.disposal.channels import ROUNDS
from npl_reporting.disposal.fit import Fit, Sample, fit_models, pairs, read_sales
from npl_reporting.disposal.parameters import load_parameters
from npl_reporting.disposal.rounds import RoundRules, chances

pytest.importorskip("statsmodels")
D = Decimal
RULES = load_parameters("rounds", RoundRules)
TRAITS = list(RULES.traits)


def made(number: int, seed: int = 3) -> list[Sample]:
    """Sales drawn by the paper's own models; the two areas, heights and places exclude each other."""
    rng = random.Random(seed)
    known: dict[str, Mapping[str, Decimal]] = {}
    samples = []
    for _ in range(number):
        has = {name: rng.random() < 0.3 for name in TRAITS}
        has["large_area"] &= not has["small_area"]
        key = "".join("01"[has[name]] for name in TRAITS)
        if key not in known:
            known[key] = chances(RULES, has).combined  # type: ignore[assignment]
        weights = [float(known[key][kind]) for kind in ROUNDS]
        samples.append(Sample(rng.choices(ROUNDS, weights)[0], tuple(has.values())))
    return samples


@pytest.fixture(scope="module")
def fits() -> list[Fit]:
    """The three models on 6,000 sales."""
    return fit_models(made(6000), RULES)


def test_the_paper_s_coefficients_come_back(fits: list[Fit]) -> None:
    """The pairs of the paper disagree a little with one another, hence four standard errors."""
    for fit in fits:
        assert fit.problem == ""
        assert len(fit.estimates) == 13
        assert all(estimate.standard_error > 0 for estimate in fit.estimates)
        assert max(abs(estimate.apart) for estimate in fit.estimates) < 5
        city = next(e for e in fit.estimates if e.name == "small_area")
        assert city.value > 0


def test_the_diagnostics_are_the_paper_s_kind(fits: list[Fit]) -> None:
    for fit in fits:
        assert fit.concordant is not None and fit.discordant is not None
        assert 50 < fit.concordant < 80
        assert fit.concordant + fit.discordant <= 100
        assert fit.minus_two_log_likelihood is not None and fit.minus_two_log_likelihood > 0


def test_pairs_by_hand() -> None:
    """Ones at 0.9 and 0.5, zeros at 0.5 and 0.1: three pairs right, none wrong, one tie."""
    assert pairs([0.9, 0.5, 0.5, 0.1], [1.0, 1.0, 0.0, 0.0]) == (D("75.0"), D("0.0"))


def test_separated_data_are_said_and_have_no_numbers() -> None:
    """Every small flat sold late and no other did."""
    place = TRAITS.index("small_area")
    samples = [
        Sample("late" if one.traits[place] else "early", one.traits) for one in made(300, seed=5)
    ]
    fit = fit_models(samples, RULES)[1]
    assert fit.estimates == ()
    assert "separated by" in fit.problem and "small_area" in fit.problem


def test_half_separated_data_are_found_too() -> None:
    """No small flat sold early; others sold either way."""
    place = TRAITS.index("small_area")
    samples = [
        Sample("late", one.traits) if one.traits[place] else one for one in made(600, seed=5)
    ]
    assert "small_area" in fit_models(samples, RULES)[1].problem


def test_a_trait_that_nobody_has_is_left_out() -> None:
    place = TRAITS.index("extension")
    samples = [
        Sample(one.kind, (*one.traits[:place], False, *one.traits[place + 1 :]))
        for one in made(2000)
    ]
    fit = fit_models(samples, RULES)[0]
    assert fit.left_out == ("extension",)
    assert len(fit.estimates) == 12


def test_a_kind_without_sales_is_said() -> None:
    samples = [one for one in made(200) if one.kind != "third"]
    assert fit_models(samples, RULES)[0].problem == "there is no sale of the kind: third"


def test_the_register_is_read_and_a_missing_attribute_named(tmp_path: Path) -> None:
    sound: Row = {
        "sold_in": 2, "floor": 1, "building_floors": 7, "several_floors": "false",
        "extension": "true", "area_ping": "18.99", "location": "old_city", "vacant": "true",
        "handover": "false",
    }  # fmt: skip
    rows: list[Row] = [
        {"sale_id": "S1"},
        {"sale_id": "S2", "sold_in": 5},
        {"sale_id": "S3", "vacant": ""},
    ]
    found, samples = read_sales(write_rows(tmp_path / "sales.csv", rows, sound), RULES)
    assert [one.kind for one in samples] == ["early", "late"]
    has = [name for name, value in zip(TRAITS, samples[0].traits, strict=True) if value]
    assert has == ["ground_floor", "extension", "small_area", "mid_rise", "old_city", "vacant"]
    assert [str(one.words["en"]) for one in found] == ["left out; not known: vacant"]
