"""Exact money: the currency's minor unit, and the only rounding in the product."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext

from babel.core import get_global
from babel.numbers import get_currency_precision, get_territory_currencies

RATE_DECIMALS = 4
"""Most decimals that a rate in a rule file may have, so that amount times rate stays exact."""

NO_CURRENCY = "XXX"
"""What ISO 4217 writes where no currency is involved."""

_ENOUGH_DIGITS = 60


def minor_digits(currency: str) -> int:
    """Decimals of the currency's minor unit (TWD 2, JPY 0, KWD 3), as CLDR gives them."""
    return get_currency_precision(currency)


def known_currency(code: str) -> bool:
    """Tell whether `code` is an ISO 4217 code that CLDR knows."""
    return code in get_global("all_currencies")


def currency_of(territory: str) -> str | None:
    """The currency of an ISO 3166 territory today, as CLDR gives it; None where it knows none."""
    found: list[str] = get_territory_currencies(territory)
    return found[0] if found else None


def rounded(value: Decimal, decimals: int) -> Decimal:
    """Round half away from zero, as printed returns do."""
    with localcontext() as context:
        context.prec = _ENOUGH_DIGITS
        return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def to_units(value: Decimal, decimals: int) -> int:
    """Count the value in units of 10^-decimals; ValueError if that would lose a digit."""
    with localcontext() as context:
        context.prec = _ENOUGH_DIGITS
        scaled = value.scaleb(decimals)
        whole = int(scaled)
    if whole != scaled:
        raise ValueError(f"{value} has more than {decimals} decimals")
    return whole


def from_units(units: int, decimals: int) -> Decimal:
    """Turn a count of units of 10^-decimals back into the exact decimal."""
    with localcontext() as context:
        context.prec = _ENOUGH_DIGITS
        return Decimal(units).scaleb(-decimals)


def exact_text(value: Decimal) -> str:
    """Write a decimal in full, without exponent and without trailing zeros."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
