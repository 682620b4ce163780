"""Printed pages of disposal: the annex, the survey, the dossier of one asset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import get_args

from npl_reporting.disposal.bundles import bundles, by_channel
from npl_reporting.disposal.desk import Desk
from npl_reporting.disposal.equity import Survey
from npl_reporting.disposal.parameters import assumptions
from npl_reporting.disposal.portfolio import totals
from npl_reporting.disposal.recommend import Recommendation, in_words
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
from npl_reporting.returns.page import Bar, Chart, Fact, Figure, Page, Table, Text

GROUPS: tuple[By, ...] = get_args(By)
LANGUAGES = ("en", "zh-TW")


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
    return _page(
        desk, "collateral_and_disposal", words("Collateral and disposal", "擔保品與處分"),
        figures=figures, charts=(_book_waterfall(desk), *_channel_chart(desk)), notes=notes,
        tables=(_types(desk), _channels(desk), _bundles(desk), *recoveries, _assumptions(desk)),
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
    return _page(
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


def dossier(desk: Desk, found: Recommendation) -> Page:
    """One asset on a page, for a meeting."""
    row = desk.engine.records(
        f"SELECT * FROM valued WHERE asset_id = '{found.asset_id.replace(chr(39), chr(39) * 2)}'"
    )[0]
    sentences = in_words(desk.rules.channels, found)
    facts = (
        Fact(words("Asset", "擔保品"), found.asset_id),
        Fact(words("Type", "種類"), desk.rules.collateral.types[found.asset_type].label),
        Fact(words("Appraised on", "鑑價日"), str(row["appraisal_date"] or "not known")),
        Fact(words("Recommendation", "建議"), sentences[0]),
        Fact(words("What would reverse it", "翻轉條件"), sentences[1]),
    )
    figures = (
        Figure(words("Market value", "市價"), money(found.owed.value)),
        Figure(words("Debt it answers for", "擔保債權"), money(found.owed.principal)),
        Figure(words("Best expected value", "最佳期望值"), money(found.best.expected)),
        Figure(words("Margin to the second", "與次佳之差"), money(found.margin)),
        Figure(words("Break-even discount", "損益兩平折價"), percent(found.discount)),
        Figure(words("Yearly rate", "年利率"), percent(found.annual_rate, 2)),
    )
    fall = _waterfall(
        row["market_value"], row["price"], row["costs"], row["claims"], row["realisable_value"]
    )
    return _page(
        desk, f"dossier_{found.asset_id}", words("Ways out of one asset", "個別擔保品處分方案"),
        facts=facts, figures=figures,
        charts=(_ways_chart(desk, found), fall),
        tables=(_ways(desk, found), _chances(desk, found)),
        notes=tuple(words(text) for text in sentences[2:]),
    )  # fmt: skip


def _ways_chart(desk: Desk, found: Recommendation) -> Chart:
    bars = tuple(Bar(_label(desk, way.channel), way.expected) for way in found.ways)
    return Chart(
        words("Expected net present value by channel", "各處分方式期望淨現值"),
        words("Each channel's rounds weighed by their probability; left of zero is a loss."),
        bars, "money", kind="signed",
    )  # fmt: skip


def _ways(desk: Desk, found: Recommendation) -> Table:
    heads = [head("p", "Probability", "percent"), head("months", "Months", "number"),
             head("sale", "Sale price", "money"), head("price", "Its present value", "money"),
             head("principal", "Principal", "money"), head("interest", "Interest", "money"),
             head("costs", "Costs", "money"), head("net", "Net", "money")]  # fmt: skip
    lines = []
    for way in found.ways:
        lines.append(
            line(way.channel, _label(desk, way.channel), [
                percent(Decimal(1)), months(way.months), money(way.proceeds), None, None, None,
                None, money(way.expected),
            ], "total")
        )  # fmt: skip
        for one, chance in way.routes:
            lines.append(
                line(one.route.name, one.route.name.replace("_", " "), [
                    percent(chance), months(Decimal(one.route.months)), money(one.sale_price),
                    money(one.price - one.claims), money(one.principal), money(one.interest),
                    money(one.costs), money(one.net),
                ], level=1)
            )  # fmt: skip
    return table("Channels and their rounds", heads, lines, "Channel")


def _chances(desk: Desk, found: Recommendation) -> Table:
    heads = [head("p", "Probability", "percent"), head("low", "At least", "percent"),
             head("high", "At most", "percent")]  # fmt: skip
    lines = [
        line(name, f"{model.one} rather than {model.zero}", [
            percent(found.chances.pairs[name]), *map(percent, found.chances.spans[name]),
        ])
        for name, model in desk.rules.rounds.models.items()
    ]  # fmt: skip
    lines += [
        line(kind, f"combined: {kind}", [percent(share), None, None])
        for kind, share in found.chances.combined.items()
    ]
    note = "At least and at most: what the probability could be if the missing traits were known."
    return table("In which round it will sell", heads, lines, "Pair", note)


def _book_waterfall(desk: Desk) -> Chart:
    row = desk.engine.rows(
        "SELECT coalesce(sum(market_value), 0), coalesce(sum(price), 0), coalesce(sum(costs), 0), "
        "coalesce(sum(price - costs - realisable_value), 0), coalesce(sum(realisable_value), 0) "
        "FROM valued WHERE claims IS NOT NULL"
    )[0]
    return _waterfall(*row)


def _waterfall(
    value: Decimal, price: Decimal, costs: Decimal, claims: Decimal, left: Decimal
) -> Chart:
    taken = min(claims, price - costs) if price > costs else Decimal(0)
    parts = [("Market value", "市價", value), ("Discount of the sale", "折價", price - value),
             ("Taxes and costs", "稅費", -costs), ("Prior claims", "優先債權", -taken),
             ("Realisable value", "可變現價值", left)]  # fmt: skip
    return Chart(
        words("From appraisal to realisable value", "由鑑價至可變現價值"),
        words("What the sale takes off the market value, step by step."),
        tuple(Bar(words(en, zh), amount) for en, zh, amount in parts), "money", kind="waterfall",
    )  # fmt: skip


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


def _channels(desk: Desk) -> Table:
    heads = [head("n", "Assets"), head("d", "Debt", "money"), head("p", "Proceeds", "money"),
             head("net", "Net present value", "money"), head("m", "Months", "number"),
             head("same", "As the paper's policy")]  # fmt: skip
    lines = [
        line(one.channel, _label(desk, one.channel), [
            count(one.assets), money(one.debt), money(one.proceeds), money(one.net),
            months(one.months), count(one.policy_agrees),
        ])
        for one in by_channel(desk.engine, desk.rules.channels)
    ]  # fmt: skip
    return table("The book by its best channel", heads, lines, "Channel")


def _channel_chart(desk: Desk) -> list[Chart]:
    found = by_channel(desk.engine, desk.rules.channels)
    bars = tuple(Bar(_label(desk, one.channel), one.proceeds) for one in found)
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


def _label(desk: Desk, channel: str) -> Text:
    return desk.rules.channels.channels[channel].label


def _page(desk: Desk, report: str, title: Text, **parts: object) -> Page:
    return Page(
        report=report, title=title, languages=LANGUAGES,
        jurisdiction=desk.rulebook.file.jurisdiction, reporting_date=desk.day, run=desk.name,
        currency=desk.currency, landscape=True, **parts,  # type: ignore[arg-type]
    )  # fmt: skip
