"""The book by its recommended ways: proceeds and time by channel, and lots for a sale in bulk."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from npl_reporting.disposal.channels import ChannelRules
from npl_reporting.engine import Engine, literal, quoted

BULK = "amc"


@dataclass(frozen=True)
class ByChannel:
    """All assets whose best way is one channel, in sums; `months` is weighed by the debt."""

    channel: str
    assets: int
    debt: Decimal
    market_value: Decimal
    proceeds: Decimal
    net: Decimal
    months: Decimal
    policy_agrees: int


@dataclass(frozen=True)
class Bundle:
    """One lot for a sale in bulk: assets of a kind in a region that are best sold so."""

    region: str
    kind: str
    assets: int
    debt: Decimal
    market_value: Decimal
    proceeds: Decimal
    net: Decimal


def by_channel(engine: Engine, channels: ChannelRules) -> list[ByChannel]:
    """Sum `compared` by its best channel, in the file's order."""
    found = []
    for name in channels.channels:
        row = engine.rows(
            "SELECT count(*), coalesce(sum(debt), 0), coalesce(sum(market_value), 0), "
            f"coalesce(sum({_proceeds(channels, name)}), 0), coalesce(sum({quoted(name)}), 0), "
            f"coalesce(sum(debt * ({_months(channels, name)})), 0), "
            f"count(*) FILTER (policy = best) FROM compared WHERE best = {literal(name)}"
        )[0]
        (number, debt, value, proceeds, net, weighed, agrees) = row
        months = Decimal(weighed) / Decimal(debt) if debt else Decimal(0)
        found.append(ByChannel(name, number, debt, value, _cents(proceeds), net, months, agrees))
    return found


def bundles(engine: Engine, channels: ChannelRules) -> list[Bundle]:
    """Lots of what is best sold in bulk, the largest debt first."""
    rows = engine.rows(
        "SELECT coalesce(region, '-'), kind, count(*), sum(debt), sum(market_value), "
        f"sum({_proceeds(channels, BULK)}), sum({quoted(BULK)}) FROM compared "
        f"WHERE best = {literal(BULK)} GROUP BY ALL ORDER BY 4 DESC, 1, 2"
    )
    return [
        Bundle(region, kind, number, debt, value, _cents(proceeds), net)
        for region, kind, number, debt, value, proceeds, net in rows
    ]


def _proceeds(channels: ChannelRules, name: str) -> str:
    """Expected price; claims ahead are taken off it."""
    prices = " + ".join(
        f"{kind} * {share} * greatest(market_value * {route.price} - claims, 0)"
        for route, kind, share in channels.routes()[name]
    )
    return f"round({prices}, 2)"


def _months(channels: ChannelRules, name: str) -> str:
    parts = (f"{kind} * {share} * {r.months}" for r, kind, share in channels.routes()[name])
    return " + ".join(parts)


def _cents(value: Decimal) -> Decimal:
    return Decimal(value).quantize(Decimal("0.01"))
