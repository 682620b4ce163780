"""Ways out of a secured loan as their rule file gives them: steps, prices, months, costs."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from itertools import accumulate
from typing import Literal

from npl_reporting.disposal.collateraltypes import Kind
from npl_reporting.disposal.parameters import Citation, Parameters
from npl_reporting.disposal.presentvalue import Route
from npl_reporting.law.yamlfile import Record, Text

Round = Literal["early", "third", "late"]
ROUNDS: tuple[Round, ...] = ("early", "third", "late")
COURT = "court"


class Ladder(Record):
    """A court auction's steps: the first price, the cut before each next one, and when they are."""

    first_price: Decimal
    cuts: tuple[Decimal, ...]
    first_months: int
    intervals: tuple[int, ...]
    cite: Citation
    note: Text

    @property
    def prices(self) -> list[Decimal]:
        """Reserve price of each step as a share of the appraisal."""
        return list(accumulate(self.cuts, lambda p, cut: p * (1 - cut), initial=self.first_price))

    @property
    def months(self) -> list[int]:
        """Months from default to the money of each step."""
        return list(accumulate(self.intervals, initial=self.first_months))


class Channel(Record):
    """One channel: its cost rates on the price; with prices by round where the law sets none."""

    label: Text
    costs: dict[str, Decimal]
    cite: Citation
    months: int | None = None
    prices: dict[Round, Decimal] | None = None

    @property
    def cost_rate(self) -> Decimal:
        """All costs as a share of the price."""
        return sum(self.costs.values(), Decimal(0))


class ExecutionFee(Record):
    """The court's fee: none below a claim, else so much for each started part of it."""

    free_below: int
    each: int
    fee: Decimal
    cite: Citation

    def of(self, claim: Decimal) -> Decimal:
        """The fee for a claim."""
        if claim < self.free_below:
            return Decimal(0)
        return (claim / self.each).to_integral_value(ROUND_CEILING) * self.fee


class ChannelRules(Parameters):
    """The file `rules/disposal/channels.yaml`."""

    auctioned: tuple[Kind, ...]
    ladders: dict[str, Ladder]
    channels: dict[str, Channel]
    execution_fee: ExecutionFee
    policy: dict[Round, str]

    def steps(self, ladder: str | None = None) -> list[Route]:
        """The court's steps, by the ladder that is set."""
        found = self.ladders[ladder or self.word("ladder")]
        rate = self.channels[COURT].cost_rate
        return [
            Route(f"{COURT}_{number}", COURT, price, self._paced(months), rate)
            for number, (price, months) in enumerate(
                zip(found.prices, found.months, strict=True), 1
            )
        ]

    def sale(self, channel: str, kind: Round) -> Route:
        """A sale outside the court of an asset of a kind of round."""
        found = self.channels[channel]
        assert found.prices is not None and found.months is not None
        price = found.prices[kind]
        months = self._paced(found.months)
        return Route(f"{channel}_{kind}", channel, price, months, found.cost_rate)

    def _paced(self, months: int) -> int:
        return int((months * self.number("pace")).to_integral_value(ROUND_CEILING))

    def routes(self) -> dict[str, list[tuple[Route, Round, Decimal]]]:
        """Every channel's routes, each with the kind of round it is for and its share of it."""
        first = self.number("first_auction_share")
        one, two, three, four = self.steps()
        found = {
            COURT: [
                (one, ROUNDS[0], first),
                (two, ROUNDS[0], 1 - first),
                (three, ROUNDS[1], Decimal(1)),
                (four, ROUNDS[2], Decimal(1)),
            ]
        }
        others = [name for name in self.channels if name != COURT]
        return found | {
            name: [(self.sale(name, kind), kind, Decimal(1)) for kind in ROUNDS] for name in others
        }


def chances(
    rules: ChannelRules, kinds: Mapping[Round, Decimal]
) -> dict[str, list[tuple[Route, Decimal]]]:
    """Every channel's routes with their probability, from that of each kind of round."""
    return {
        channel: [(route, kinds[kind] * share) for route, kind, share in routes]
        for channel, routes in rules.routes().items()
    }
