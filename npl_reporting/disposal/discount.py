"""Present values: powers and annuities as decimals of fifty digits, never as floats."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Context, Decimal, localcontext

DIGITS = 50
"""Significant digits of every power and quotient here; results are rounded once, at the end."""

MONTHS = 12


@contextmanager
def precisely() -> Iterator[Context]:
    """Reckon with DIGITS significant digits."""
    with localcontext() as context:
        context.prec = DIGITS
        yield context


def monthly(annual_rate: Decimal) -> Decimal:
    """A nominal yearly rate as the rate of a month."""
    with precisely():
        return annual_rate / MONTHS


def discount(rate: Decimal, periods: int) -> Decimal:
    """v^n: what one unit after n periods is worth now."""
    with precisely():
        return 1 / (1 + rate) ** periods


def annuity(rate: Decimal, periods: int) -> Decimal:
    """a = (1 - v^n) / r: what one unit at the end of each period is worth now; n where r is 0."""
    with precisely():
        return (1 - discount(rate, periods)) / rate if rate else Decimal(periods)


def effective(annual_rate: Decimal, months: int) -> Decimal:
    """CO-6: 1 / (1 + r)^(months / 12), r the effective yearly rate."""
    with precisely():
        return 1 / (1 + annual_rate) ** (Decimal(months) / MONTHS)


def level_payment(loan: Decimal, rate: Decimal, periods: int) -> Decimal:
    """The level payment that repays a loan over n periods."""
    with precisely():
        return loan / annuity(rate, periods)


def unpaid(loan: Decimal, rate: Decimal, periods: int, paid: int) -> Decimal:
    """Principal unpaid after some of the level payments."""
    with precisely():
        return level_payment(loan, rate, periods) * annuity(rate, periods - paid)
