"""Exact money: minor units, the one rounding, and text without loss."""

from __future__ import annotations

from decimal import Decimal

import pytest

from npl_reporting.money import (
    exact_text,
    from_units,
    known_currency,
    minor_digits,
    rounded,
    to_units,
)

LARGE = "12345678901234567890123456789012345.67"


@pytest.mark.parametrize(
    ("currency", "digits"), [("TWD", 2), ("USD", 2), ("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)]
)
def test_decimals_of_the_minor_unit(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits


@pytest.mark.parametrize(
    ("code", "known"), [("TWD", True), ("XXZ", False), ("twd", False), ("", False)]
)
def test_a_currency_is_an_iso_code(code: str, known: bool) -> None:
    assert known_currency(code) is known


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        ("0.5", 0, "1"),
        ("1.5", 0, "2"),
        ("2.5", 0, "3"),  # not the banker's 2
        ("-0.5", 0, "-1"),
        ("-2.5", 0, "-3"),
        ("2.4999999999999999999999999999999999", 0, "2"),
        ("0.105", 2, "0.11"),
        ("1499.5", -3, "1E+3"),
        (LARGE, 1, "12345678901234567890123456789012345.7"),
    ],
)
def test_half_is_rounded_away_from_zero(value: str, decimals: int, expected: str) -> None:
    assert rounded(Decimal(value), decimals) == Decimal(expected)


@pytest.mark.parametrize(
    ("value", "decimals", "units"),
    [
        ("0", 2, 0),
        ("12.34", 2, 1234),
        ("-12.34", 2, -1234),
        ("12", 2, 1200),
        ("12.340", 2, 1234),
        ("1E+3", 2, 100000),
        ("1234", 0, 1234),
        (LARGE, 2, 1234567890123456789012345678901234567),
    ],
)
def test_units_and_back(value: str, decimals: int, units: int) -> None:
    assert to_units(Decimal(value), decimals) == units
    assert from_units(units, decimals) == Decimal(value)


@pytest.mark.parametrize(("value", "decimals"), [("0.001", 2), ("0.5", 0), (LARGE, 1)])
def test_a_digit_that_does_not_fit_is_never_dropped(value: str, decimals: int) -> None:
    with pytest.raises(ValueError, match="has more than"):
        to_units(Decimal(value), decimals)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("-0.00", "0"),
        ("0.10", "0.1"),
        ("100", "100"),
        ("1E+3", "1000"),
        ("1E-7", "0.0000001"),
        ("-12.3400", "-12.34"),
        (LARGE, LARGE),
    ],
)
def test_text_in_full_without_exponent_or_idle_zeros(value: str, text: str) -> None:
    assert exact_text(Decimal(value)) == text
