"""Amounts of money that a rulebook names, in the currency of a tape that is in another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from npl_reporting.law.rulebook import Rulebook
from npl_reporting.money import minor_digits, rounded
from npl_reporting.portfolio.rates import Rate, Rates


@dataclass(frozen=True)
class Limit:
    """A setting that is money: the amount in the rulebook's own currency, and in the tape's.

    Without a rate `here` is None, and the number is read in the tape's currency as it stands.
    """

    setting: str
    own: Decimal
    own_currency: str
    here: Decimal | None
    rate: Rate | None


def limits(rulebook: Rulebook, currency: str, rates: Rates | None, day: date) -> tuple[Limit, ...]:
    """What a rulebook of another currency names, at the closing rate of a day."""
    own = rulebook.file.currency
    if own == currency:
        return ()
    rate = rates.of(own, "closing", day) if rates else None
    return tuple(
        Limit(name, amount, own, _here(amount, rate, currency), rate)
        for name, amount in _amounts(rulebook)
    )


def _amounts(rulebook: Rulebook) -> Iterator[tuple[str, Decimal]]:
    """Settings that are money; nothing is nothing in every currency."""
    for name, setting in rulebook.file.settings.items():
        value = rulebook.settings[name]
        if setting.money and isinstance(value, int | Decimal) and value:
            yield name, Decimal(value)


def _here(amount: Decimal, rate: Rate | None, currency: str) -> Decimal | None:
    if rate is None:
        return None
    exact = Fraction(amount) * rate.factor
    return rounded(Decimal(exact.numerator) / Decimal(exact.denominator), minor_digits(currency))
