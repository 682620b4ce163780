"""In which auction an asset will sell: the paper's three logit models, and the three combined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from npl_reporting.disposal.channels import ROUNDS, Round
from npl_reporting.disposal.discount import precisely
from npl_reporting.disposal.parameters import Citation, Parameters
from npl_reporting.law.yamlfile import Record, Text

Known = Mapping[str, bool | None]
"""What is known of an asset's traits; None or absent is not known."""

SHARE_DECIMALS = 10


class Trait(Record):
    """A trait and the expression over the collateral file that says whether an asset has it."""

    label: Text
    when: str


class Coefficient(Record):
    """A coefficient with what the paper prints beside it."""

    value: Decimal
    p: Decimal | None = None
    odds_ratio: Decimal | None = None
    marginal_effect: Decimal | None = None
    share_count: int | None = None


class Model(Record):
    """One pair: the probability of `one` where it is `zero` or `one`."""

    zero: Literal["early", "third", "late"]
    one: Literal["early", "third", "late"]
    cite: Citation
    n: int
    minus_two_log_likelihood: Decimal
    concordant: Decimal
    discordant: Decimal
    intercept: Coefficient
    coefficients: dict[str, Coefficient]

    def log_odds(self, known: Known) -> Decimal:
        """Intercept and the coefficients of the traits that the asset is known to have."""
        own = (c.value for name, c in self.coefficients.items() if known.get(name))
        return self.intercept.value + sum(own, Decimal(0))

    def probability(self, known: Known) -> Decimal:
        """P(one | traits)."""
        return logistic(self.log_odds(known))

    def span(self, known: Known) -> tuple[Decimal, Decimal]:
        """The least and greatest probability that the traits not known allow."""
        base = self.log_odds(known)
        open_ = [c.value for n, c in self.coefficients.items() if known.get(n) is None]
        low = sum((value for value in open_ if value < 0), base)
        high = sum((value for value in open_ if value > 0), base)
        return logistic(low), logistic(high)


class RoundRules(Parameters):
    """The file `rules/disposal/rounds.yaml`."""

    fitted_on: tuple[str, ...]
    traits: dict[str, Trait]
    models: dict[str, Model]


@dataclass(frozen=True)
class Chances:
    """What the models say of one asset.

    `pairs` are the probabilities of each model's second outcome, `spans` what they could be if the
    missing traits were known; `combined` sums to one; `misfit` is how far the three log odds are
    from agreeing with each other.
    """

    pairs: Mapping[str, Decimal]
    spans: Mapping[str, tuple[Decimal, Decimal]]
    combined: Mapping[Round, Decimal]
    misfit: Decimal
    rests_on: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def likeliest(self) -> Round:
        """The kind of round with the greatest probability; the earlier one where they are equal."""
        return max(ROUNDS, key=lambda kind: self.combined[kind])


def logistic(log_odds: Decimal) -> Decimal:
    """1 / (1 + exp(-x))."""
    with precisely():
        return 1 / (1 + (-log_odds).exp())


def odds_ratio(coefficient: Coefficient) -> Decimal:
    """exp(beta), what table 6 prints."""
    with precisely():
        return coefficient.value.exp()


def marginal_effect(coefficient: Coefficient, n: int) -> Decimal | None:
    """beta times the share of the sample with the trait: what table 7 prints.

    None where the paper prints nothing, so that the number with the trait cannot be told.
    """
    if coefficient.share_count is None:
        return None
    with precisely():
        return coefficient.value * coefficient.share_count / n


def change_in_probability(model: Model, name: str, known: Known) -> Decimal:
    """What the trait changes in the probability of an asset that is otherwise as it is."""
    with precisely():
        with_, without = {**known, name: True}, {**known, name: False}
        return model.probability(with_) - model.probability(without)


def chances(rules: RoundRules, known: Known) -> Chances:
    """Every pair's probability for an asset, and the three kinds of round combined."""
    models = rules.models
    odds = {(m.zero, m.one): m.log_odds(known) for m in models.values()}
    early, third, late = ROUNDS
    a, b, c = odds[early, third], odds[early, late], odds[third, late]
    return Chances(
        {name: model.probability(known) for name, model in models.items()},
        {name: model.span(known) for name, model in models.items()},
        combined(a, b, c),
        abs(a + c - b),
        tuple(name for name in rules.traits if known.get(name) is not None),
        tuple(name for name in rules.traits if known.get(name) is None),
    )


def combined(a: Decimal, b: Decimal, c: Decimal) -> dict[Round, Decimal]:
    """Probabilities whose log odds come closest to the three pairs' in least squares.

    With a, b, c the log odds of third over early, late over early and late over third: early has
    the weight exp(-(a + b) / 3), third exp((a - c) / 3), late exp((b + c) / 3). Rounded so that
    the three sum to one exactly.
    """
    with precisely():
        weights = [(-(a + b) / 3).exp(), ((a - c) / 3).exp(), ((b + c) / 3).exp()]
        total = sum(weights, Decimal(0))
        unit = Decimal(1).scaleb(-SHARE_DECIMALS)
        early, third = ((weight / total).quantize(unit) for weight in weights[:2])
        return dict(zip(ROUNDS, (early, third, 1 - early - third), strict=True))
