"""Net present value of one way out, by the paper's cost model: price less principal, interest, costs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from npl_reporting.disposal.discount import annuity, discount, precisely
from npl_reporting.money import rounded

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Route:
    """One way to sell: price as a share of market value, months from default, costs on the price."""

    name: str
    channel: str
    price: Decimal
    months: int
    cost_rate: Decimal


@dataclass(frozen=True)
class Owed:
    """What a sale is to pay: market value, unpaid principal, monthly rate, claims that rank ahead."""

    value: Decimal
    principal: Decimal
    rate: Decimal
    claims: Decimal = _ZERO


@dataclass(frozen=True)
class Outcome:
    """The present values of a way out; `net` is price - claims - principal - interest - costs."""

    route: Route
    sale_price: Decimal
    price: Decimal
    claims: Decimal
    principal: Decimal
    interest: Decimal
    costs: Decimal

    @property
    def net(self) -> Decimal:
        """The net present value; negative is a loss."""
        with precisely():
            return self.price - self.claims - self.principal - self.interest - self.costs

    def to_cents(self) -> Outcome:
        """The same, each part rounded for print."""
        parts = (
            self.sale_price,
            self.price,
            self.claims,
            self.principal,
            self.interest,
            self.costs,
        )
        return Outcome(self.route, *(rounded(part, 2) for part in parts))


@dataclass(frozen=True)
class Coefficients:
    """The same formula as a line: net = value x price - claims_taken x claims - principal x debt."""

    price: Decimal
    claims: Decimal
    debt: Decimal


def outcome(route: Route, owed: Owed) -> Outcome:
    """Value a way out, exactly; nothing is rounded.

    Principal is charged undiscounted at once; interest and selling costs are level monthly flows
    over the months to sale; the price comes in the last month; claims ahead are paid out of it.
    """
    with precisely():
        sale = route.price * owed.value
        v, a = discount(owed.rate, route.months), annuity(owed.rate, route.months)
        return Outcome(
            route,
            sale,
            sale * v,
            min(owed.claims, sale) * v,
            owed.principal,
            owed.principal * owed.rate * a,
            route.cost_rate * sale / route.months * a,
        )


def coefficients(route: Route, rate: Decimal) -> Coefficients:
    """The line's factors: f (v^n - c a / n), v^n, and 2 - v^n."""
    with precisely():
        v, a = discount(rate, route.months), annuity(rate, route.months)
        price = route.price * (v - route.cost_rate * a / route.months)
        return Coefficients(price, v, 2 - v)


def break_even_price(route: Route, owed: Owed, target: Decimal = _ZERO) -> Decimal:
    """The price, as a share of market value, at which the net present value is `target`.

    B (2 - v^n) / (P (v^n - c a / n)) for a target of 0 and no claims ahead.
    """
    with precisely():
        v, a = discount(owed.rate, route.months), annuity(owed.rate, route.months)
        needed = target + owed.principal * (2 - v) + owed.claims * v
        return needed / (owed.value * (v - route.cost_rate * a / route.months))
