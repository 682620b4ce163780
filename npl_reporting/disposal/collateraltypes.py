"""Types of collateral: liquidity score, realisation factors, cost rate (CO-1, CO-5, section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from npl_reporting.disposal.parameters import Citation, Parameters
from npl_reporting.law.yamlfile import Record, Text
from npl_reporting.money import rounded

Mode = Literal["orderly", "forced"]
Kind = Literal["home", "estate", "construction", "vehicle", "movable", "right", "financial"]
Measure = Literal[
    "gross", "net", "within_reach", "nothing", "empty", "type", "valuation_date", "booked"
]
ANYWHERE = "any"
"""The feed of a jurisdiction that has none of its own."""
FACTOR_DECIMALS = 3


class Factor(Record):
    """A realisation factor as a line over the score: base + slope x S, at most 1."""

    base: Decimal
    slope: Decimal
    cite: Citation


class Claim(Record):
    """A claim that the law puts first, and the expression that says where it applies."""

    label: Text
    applies: str
    cite: Citation


class CollateralType(Record):
    """One type: scored by its factors, or financial with a haircut that is the same in both modes."""

    label: Text
    kind: Kind
    tape_type: str
    cost_rate: Decimal
    cite: Citation
    scores: dict[str, int] | None = None
    haircut: Decimal | None = None


class Scenario(Record):
    """A stress: a factor on prices, one on times, and a share of the value that a sale brings."""

    label: Text
    price: Decimal = Decimal(1)
    pace: Decimal = Decimal(1)
    sale: Decimal | None = None


class CollateralRules(Parameters):
    """The file `rules/disposal/collateral.yaml`."""

    labels: dict[str, Text]
    weights: dict[str, Decimal]
    factors: dict[Mode, Factor]
    claims: dict[str, Claim]
    stress: dict[str, Scenario]
    feeds: dict[str, dict[str, Measure]]
    types: dict[str, CollateralType]

    def score(self, name: str) -> Decimal | None:
        """The liquidity score S, 1 poor to 5 good; None for financial collateral."""
        scores = self.types[name].scores
        if scores is None:
            return None
        return sum((weight * scores[part] for part, weight in self.weights.items()), Decimal(0))

    def factor(self, name: str, mode: Mode) -> Decimal:
        """Sale price over appraised value, to three decimals half up."""
        score = self.score(name)
        if score is None:
            return 1 - (self.types[name].haircut or Decimal(0))
        line = self.factors[mode]
        return rounded(min(Decimal(1), line.base + line.slope * score), FACTOR_DECIMALS)

    def maximum_ltv(self, name: str, mode: Mode) -> Decimal:
        """CO-5 without prior claims: factor less cost rate, at least 0."""
        return max(Decimal(0), self.factor(name, mode) - self.types[name].cost_rate)

    def parts(self, name: str) -> Mapping[str, Decimal]:
        """What each scored part adds to S; empty for financial collateral."""
        scores = self.types[name].scores or {}
        return {part: self.weights[part] * score for part, score in scores.items()}


def realisable(
    value: Decimal, factor: Decimal, cost_rate: Decimal, claims: Decimal, *, on_price: bool = False
) -> Decimal:
    """CO-1: sale price less costs and prior claims, at least 0; costs on appraisal or on the price."""
    price = value * factor
    costs = cost_rate * (price if on_price else value)
    return max(Decimal(0), price - costs - claims)


def recovery(realisable_value: Decimal, loan: Decimal) -> Decimal:
    """CO-2: realisable value over the loan, not capped."""
    return realisable_value / loan


def loss_given_default(realisable_value: Decimal, loan: Decimal) -> Decimal:
    """CO-3: one less the recovery, which counts at most as whole."""
    return 1 - min(Decimal(1), recovery(realisable_value, loan))


def maximum_ltv(factor: Decimal, cost_rate: Decimal, claims: Decimal, value: Decimal) -> Decimal:
    """CO-5: the highest loan over value at which the realisable value still covers the loan."""
    return max(Decimal(0), factor - cost_rate - claims / value)


def adjusted_maximum(maximum: Decimal, quantile: Decimal, multiplier: Decimal) -> Decimal:
    """CO-7: at most what past recoveries of like collateral, times a multiplier, bear out."""
    return min(maximum, quantile * multiplier)
