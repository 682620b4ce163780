"""What a book's collateral brings in sum: ratios of sums, never means of ratios (CO-9)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from npl_reporting.disposal.discount import precisely
from npl_reporting.engine import Engine

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Totals:
    """A book in sums. `unknown` loans have an asset whose prior claims are not known: they stand
    with what their other assets bring. `not_secured` loans stand on no asset of the file."""

    loans: int
    balance: Decimal
    assets: int
    market_value: Decimal
    realisable: Decimal
    unknown: int
    stale: int
    over_lent: int
    not_secured: int

    @property
    def recovery(self) -> Decimal | None:
        """Capped realisable value over loans."""
        with precisely():
            return self.realisable / self.balance if self.balance else None

    @property
    def loss_given_default(self) -> Decimal | None:
        """One less the recovery."""
        return None if self.recovery is None else 1 - self.recovery

    @property
    def loan_to_value(self) -> Decimal | None:
        """Loans over market values."""
        with precisely():
            return self.balance / self.market_value if self.market_value else None


def totals(engine: Engine) -> Totals:
    """Sum `valued` and `covered`."""
    (loans, balance, realisable, unknown) = engine.rows(
        "SELECT count(*), sum(balance), sum(realisable), count(*) FILTER (unknown > 0) FROM covered"
    )[0]
    (assets, value, stale) = engine.rows(
        "SELECT count(*), sum(market_value), count(*) FILTER (stale) FROM valued"
    )[0]
    over = engine.value(
        "SELECT count(*) FROM (SELECT any_value(v.market_value) AS value, sum(l.balance) AS owed, "
        "any_value(v.realisable_value) AS realisable FROM links l JOIN valued v USING (asset_id) "
        "GROUP BY asset_id) WHERE owed > realisable"
    )
    bare = engine.value(
        "SELECT count(*) FROM loans WHERE exposure_id NOT IN (SELECT exposure_id FROM links)"
    )
    return Totals(
        loans, balance or _ZERO, assets, value or _ZERO, realisable or _ZERO, unknown, stale, over,
        bare,
    )  # fmt: skip
