"""Printed pages about a book: the annex of collateral and disposal, and the survey of equity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from npl_reporting.disposal.bundles import bundles, by_channel
from npl_reporting.disposal.desk import Desk
from npl_reporting.disposal.equity import Survey
from npl_reporting.disposal.frame import channel_label, page_of, waterfall
from npl_reporting.disposal.parameters import assumptions
from npl_reporting.disposal.portfolio import totals
from npl_reporting.disposal.recoveries import By, Rate
from npl_reporting.disposal.series import Surveys
from npl_reporting.disposal.setting import (
    count,
    head,
    line,
    money,
    months,
    number,
    percent,
    table,
    words,
)
from npl_reporting.disposal.tables import by_type
from npl_reporting.returns.page import Bar, Chart, Figure, Page, Table

GROUPS: tuple[By, ...] = get_args(By)


def annex(desk: Desk, recovered: Mapping[By, Sequence[Rate]]) -> Page:
    """The collateral and disposal annex of a book that has been valued and compared."""
    found = totals(desk.engine)
    figures = (
        Figure(words("Secured loans", "擔保放款"), money(found.balance)),
        Figure(words("Market value", "市價"), money(found.market_value)),
        Figure(words("Realisable value, at most the loan", "可變現價值"), money(found.realisable)),
        Figure(words("Recovery", "回收率"), percent(found.recovery)),
        Figure(words("Loss given default", "違約損失率"), percent(found.loss_given_default)),
        Figure(words("Loan to value", "貸放成數"), percent(found.loan_to_value)),
    )
    notes = (
        words(f"{found.unknown} loans have an asset with a prior claim of unknown amount; it covers "
              f"nothing here. {found.stale} valuations are stale. {found.over_lent} assets bring "
              f"less than is owed on them. {found.not_secured} loans have no collateral."),
    )  # fmt: skip
    recoveries = [_recovery_table(by, rates) for by, rates in recovered.items()]
    return page_of(
        desk, "collateral_and_disposal", words("Collateral and disposal", "擔保品與處分"),
        figures=figures, charts=(_book_waterfall(desk), *_channel_chart(desk)), notes=notes,
        tables=(_types(desk), _scores(desk), _channels(desk), _bundles(desk), *recoveries, _assumptions(desk)),
    )  # fmt: skip


def survey(desk: Desk, found: Surveys, quarters: Sequence[Survey]) -> Page:
    """The negative-equity survey with its series."""
    homes = found.homes
    heads = [head("loans", "Loans"), head("cases", "Cases"), head("a", "Aggregate", "money"),
             head("u", "Unsecured", "money"), head("ltv", "LTV", "percent"),
             head("late", "Delinquent", "percent")]  # fmt: skip
    kinds = [line(kind, kind, _survey_cells(one)) for kind, one in found.kinds.items()]
    series = [line(str(q.day), str(q.day), _survey_cells(q)) for q in quarters]
    chart = Chart(
        words("Unsecured portion by quarter", "各季無擔保部分"),
        words("What loans in negative equity owe above the market value of the homes."),
        tuple(Bar(words(str(q.day)), q.unsecured) for q in quarters), "money",
    )  # fmt: skip
    note = words(
        "Homes: first mortgage, one property, balance above the gross market value. The ratio is "
        f"aggregate / (aggregate - unsecured). This product's own measure, asked for by no "
        f"authority: all loans lack {found.economic_shortfall:,} of realisable value."
    )
    figures = (
        Figure(words("Cases", "件數"), count(homes.cases)),
        Figure(words("Aggregate", "餘額"), money(homes.aggregate)),
        Figure(words("Unsecured portion", "無擔保部分"), money(homes.unsecured)),
        Figure(words("Loan to value", "貸放成數"), percent(homes.loan_to_value, 0)),
        Figure(words("Delinquent, by amount", "逾期比率"), percent(homes.delinquency, 2)),
    )
    return page_of(
        desk, "negative_equity", words("Homes in negative equity", "負資產住宅"), figures=figures,
        charts=(chart,), notes=(note,),
        tables=(
            table("Quarters", heads, series, "Quarter"),
            table("Every kind of collateral", heads, kinds, "Kind"),
        ),
    )  # fmt: skip


def _survey_cells(one: Survey) -> list[object]:
    return [count(one.loans), count(one.cases), money(one.aggregate), money(one.unsecured),
            percent(one.loan_to_value), percent(one.delinquency, 2)]  # fmt: skip


def _book_waterfall(desk: Desk) -> Chart:
    row = desk.engine.rows(
        "SELECT coalesce(sum(market_value), 0), coalesce(sum(price), 0), coalesce(sum(costs), 0), "
        "coalesce(sum(price - costs - realisable_value), 0), coalesce(sum(realisable_value), 0) "
        "FROM valued WHERE claims IS NOT NULL"
    )[0]
    return waterfall(*row)


def _types(desk: Desk) -> Table:
    heads = [head("n", "Assets"), head("v", "Market value", "money"),
             head("s", "Liquidity score", "number"), head("f", "Factor", "percent"),
             head("c", "Cost rate", "percent"), head("claims", "Prior claims", "money"),
             head("r", "Realisable", "money"), head("u", "Claims unknown"),
             head("old", "Stale")]  # fmt: skip
    types = desk.rules.collateral.types
    lines = [
        line(t.asset_type, types[t.asset_type].label, [
            count(t.assets), money(t.market_value), number(t.score, 2), percent(t.factor),
            percent(t.cost_rate), money(t.claims), money(t.realisable), count(t.unknown),
            count(t.stale),
        ])
        for t in by_type(desk)
    ]  # fmt: skip
    note = f"Mode of sale: {desk.rules.collateral.word('mode')}."
    return table("Collateral by type", heads, lines, "Type", note)


def _scores(desk: Desk) -> Table:
    """What each scored part adds to a type's liquidity score; financial collateral is not scored."""
    weights = desk.rules.collateral.weights
    heads = [head(part, f"{part}, weight {weight}", "number") for part, weight in weights.items()]
    types = desk.rules.collateral.types
    lines = [
        line(t.asset_type, types[t.asset_type].label, [
            *(number(t.score_parts[part], 2) for part in weights), number(t.score, 2),
        ])
        for t in by_type(desk) if t.score is not None
    ]  # fmt: skip
    return table("Liquidity scores", [*heads, head("s", "Score", "number")], lines, "Type")


def _channels(desk: Desk) -> Table:
    heads = [head("n", "Assets"), head("d", "Debt", "money"), head("p", "Proceeds", "money"),
             head("net", "Net present value", "money"), head("m", "Months", "number"),
             head("same", "As the paper's policy")]  # fmt: skip
    lines = [
        line(one.channel, channel_label(desk, one.channel), [
            count(one.assets), money(one.debt), money(one.proceeds), money(one.net),
            months(one.months), count(one.policy_agrees),
        ])
        for one in by_channel(desk.engine, desk.rules.channels)
    ]  # fmt: skip
    return table("The book by its best channel", heads, lines, "Channel")


def _channel_chart(desk: Desk) -> list[Chart]:
    found = by_channel(desk.engine, desk.rules.channels)
    bars = tuple(Bar(channel_label(desk, one.channel), one.proceeds) for one in found)
    return [Chart(words("Expected proceeds by best channel", "各處分方式預期回收"),
                  words("Assets stand at the channel with the highest expected value."),
                  bars, "money")]  # fmt: skip


def _bundles(desk: Desk) -> Table:
    heads = [head("n", "Assets"), head("d", "Debt", "money"), head("v", "Market value", "money"),
             head("p", "Proceeds", "money"), head("net", "Net", "money")]  # fmt: skip
    lines = [
        line(f"{lot.region}.{lot.kind}", f"{lot.region} · {lot.kind}", [
            count(lot.assets), money(lot.debt), money(lot.market_value), money(lot.proceeds),
            money(lot.net),
        ])
        for lot in bundles(desk.engine, desk.rules.channels)
    ]  # fmt: skip
    return table("Lots for a sale in bulk", heads, lines, "Region and kind")


def _recovery_table(by: By, found: Sequence[Rate]) -> Table:
    heads = [head("n", "Loans"), head("o", "Owed", "money"), head("r", "Recovered", "money"),
             head("rate", "Rate", "percent"),
             *(head(f"q{q}", f"{q} %", "percent") for q in (10, 25, 50, 75, 90))]  # fmt: skip
    lines = [
        line(one.group, one.group, [
            count(one.loans), money(one.owed), money(one.recovered), percent(one.rate),
            *map(percent, one.quantiles),
        ])
        for one in found
    ]  # fmt: skip
    note = "The rate is a ratio of sums; the last columns are how the loans' own rates are spread."
    return table(f"Recoveries by {by.replace('_', ' ')}", heads, lines, "Group", note)


def _assumptions(desk: Desk) -> Table:
    heads = [head("value", "Value", "text"), head("basis", "Basis", "text"),
             head("why", "Why", "text")]  # fmt: skip
    lines = [
        line(f"{file}.{name}", name, [value, basis, why])
        for file, name, value, basis, why in assumptions(desk.rules.all)
    ]
    return table("What was assumed", heads, lines, "Setting")
