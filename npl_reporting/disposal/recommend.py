"""What to do with one asset: expected values by channel, the best, and what would reverse it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from npl_reporting.disposal.channels import ChannelRules, chances
from npl_reporting.disposal.compare import known_of
from npl_reporting.disposal.discount import monthly, precisely
from npl_reporting.disposal.presentvalue import Outcome, Owed, Route, coefficients, outcome
from npl_reporting.disposal.rounds import Chances, RoundRules
from npl_reporting.disposal.rounds import chances as chances_of
from npl_reporting.engine import Engine, literal
from npl_reporting.errors import NplError, Problem
from npl_reporting.money import rounded


@dataclass(frozen=True)
class Way:
    """One channel for one asset: its routes with their probability, and what is to be expected.

    `months` is the expected time to the money; `proceeds` the expected price less claims ahead.
    """

    channel: str
    routes: tuple[tuple[Outcome, Decimal], ...]
    expected: Decimal
    months: Decimal
    proceeds: Decimal


@dataclass(frozen=True)
class Recommendation:
    """One asset's ways, best first.

    `modelled` says whether the models of rounds were fitted on assets of its kind.
    `discount` is the fall of the best channel's prices at which it is worth no more than the
    second; `rise` the rise of the second's prices that does the same. `break_even` is the fall of
    the best channel's prices at which its net present value is zero (negative: they must rise).
    `barred` names court steps whose reserve does not exceed claims and costs ahead.
    """

    asset_id: str
    asset_type: str
    owed: Owed
    annual_rate: Decimal
    rate_assumed: bool
    chances: Chances
    ways: tuple[Way, ...]
    margin: Decimal
    discount: Decimal
    rise: Decimal
    break_even: Decimal
    policy: str
    barred: tuple[str, ...]
    modelled: bool = True

    @property
    def best(self) -> Way:
        """The channel with the highest expected value."""
        return self.ways[0]

    @property
    def second(self) -> Way:
        """The next best."""
        return self.ways[1]


def recommend(
    engine: Engine, channels: ChannelRules, rounds: RoundRules, asset: str
) -> Recommendation:
    """Work out one asset of `compared` in full; NplError where it is not there or has no values."""
    rows = engine.records(f"SELECT * FROM compared WHERE asset_id = {literal(asset)}")
    if not rows:
        raise NplError(Problem(f"there is no asset '{asset}'", "see the collateral file"))
    row = rows[0]
    if row["claims"] is None:
        what = f"asset '{asset}' has a prior claim of unknown amount"
        raise NplError(Problem(what, "find it out; nothing can be compared before"))
    if row["best"] is None:
        kind = row["kind"]
        what = f"asset '{asset}' is {kind} collateral, which is not auctioned"
        raise NplError(Problem(what, "set it off, or sell it in its market"))
    owed = Owed(row["market_value"], row["debt"], monthly(row["annual_rate"]), row["claims"])
    found = weighed(
        channels, owed, chances_of(rounds, known_of(rounds, row["profile"])),
        asset, row["asset_type"], row["annual_rate"], row["rate_assumed"],
    )  # fmt: skip
    return replace(found, modelled=row["kind"] in rounds.fitted_on)


def weighed(
    channels: ChannelRules, owed: Owed, likely: Chances, asset: str = "", asset_type: str = "",
    annual_rate: Decimal = Decimal(0), rate_assumed: bool = False,
) -> Recommendation:  # fmt: skip
    """Weigh every channel for what is owed and how likely each kind of round is."""
    by_channel = chances(channels, likely.combined)
    ways = sorted(
        (_way(name, routes, owed) for name, routes in by_channel.items()),
        key=lambda way: (-way.expected, list(by_channel).index(way.channel)),
    )
    best, second = ways[0], ways[1]
    return Recommendation(
        asset, asset_type, owed, annual_rate, rate_assumed, likely, tuple(ways),
        best.expected - second.expected,
        -_change(best, by_channel[best.channel], owed, second.expected),
        _change(second, by_channel[second.channel], owed, best.expected),
        -_change(best, by_channel[best.channel], owed, Decimal(0)),
        channels.policy[likely.likeliest],
        _barred(channels, owed),
    )  # fmt: skip


def _way(channel: str, routes: list[tuple[Route, Decimal]], owed: Owed) -> Way:
    outcomes = tuple((outcome(route, owed), chance) for route, chance in routes)
    with precisely():
        return Way(
            channel,
            tuple((one.to_cents(), chance) for one, chance in outcomes if chance),
            rounded(sum((one.net * chance for one, chance in outcomes), Decimal(0)), 2),
            sum((one.route.months * chance for one, chance in outcomes), Decimal(0)),
            rounded(sum((_received(one, owed) * p for one, p in outcomes), Decimal(0)), 2),
        )


def _received(one: Outcome, owed: Owed) -> Decimal:
    return one.sale_price - min(owed.claims, one.sale_price)


def _change(way: Way, routes: list[tuple[Route, Decimal]], owed: Owed, target: Decimal) -> Decimal:
    """The share by which a channel's prices must change to be worth `target`; exact while claims
    ahead stay below the prices."""
    with precisely():
        gain = sum(
            (owed.value * coefficients(r, owed.rate).price * p for r, p in routes), Decimal(0)
        )
        return (target - way.expected) / gain if gain else Decimal(0)


def _barred(channels: ChannelRules, owed: Owed) -> tuple[str, ...]:
    """Court steps whose reserve does not cover claims ahead and the execution fee."""
    fee = channels.execution_fee.of(owed.principal)
    ahead = owed.claims + fee
    if not owed.claims:
        return ()
    return tuple(s.name for s in channels.steps() if s.price * owed.value <= ahead)
