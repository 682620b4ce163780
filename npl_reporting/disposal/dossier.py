"""One asset on one page: what to do with it, what that rests on, and what would reverse it."""

from __future__ import annotations

from decimal import Decimal

from npl_reporting.disposal.desk import Desk
from npl_reporting.disposal.frame import channel_label, page_of, waterfall
from npl_reporting.disposal.recommend import Recommendation, in_words
from npl_reporting.disposal.setting import head, line, money, months, percent, table, words
from npl_reporting.engine import literal
from npl_reporting.returns.page import Bar, Chart, Fact, Figure, Page, Table


def dossier(desk: Desk, found: Recommendation) -> Page:
    """One asset on a page, for a meeting."""
    row = desk.engine.records(f"SELECT * FROM valued WHERE asset_id = {literal(found.asset_id)}")[0]
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
        Figure(words("Margin to the second", "與次佳之差"), money(found.margin)),
    )
    fall = waterfall(
        row["market_value"], row["price"], row["costs"], row["claims"], row["realisable_value"]
    )
    return page_of(
        desk, f"dossier_{found.asset_id}", words("Ways out of one asset", "個別擔保品處分方案"),
        facts=facts, figures=figures, landscape=False,
        charts=(_ways_chart(desk, found), fall),
        tables=(_ways(desk, found), _chances(desk, found)),
        notes=tuple(words(text) for text in sentences[2:]),
    )  # fmt: skip


def _ways_chart(desk: Desk, found: Recommendation) -> Chart:
    bars = tuple(Bar(channel_label(desk, way.channel), way.expected) for way in found.ways)
    return Chart(
        words("Expected net present value by channel", "各處分方式期望淨現值"),
        words("Each channel's rounds weighed by their probability; left of zero is a loss."),
        bars, "money", kind="signed",
    )  # fmt: skip


def _ways(desk: Desk, found: Recommendation) -> Table:
    heads = [head("p", "Probability", "percent"), head("months", "Months", "number"),
             head("sale", "Sale price", "money"), head("price", "Its present value", "money"),
             head("owed", "Principal and interest", "money"),
             head("costs", "Costs", "money"), head("net", "Net", "money")]  # fmt: skip
    lines = []
    for way in found.ways:
        lines.append(
            line(way.channel, channel_label(desk, way.channel), [
                percent(Decimal(1)), months(way.months), money(way.proceeds), None, None,
                None, money(way.expected),
            ], "total")
        )  # fmt: skip
        for one, chance in way.routes:
            lines.append(
                line(one.route.name, one.route.name.replace("_", " "), [
                    percent(chance), months(Decimal(one.route.months)), money(one.sale_price),
                    money(one.price - one.claims), money(one.principal + one.interest),
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
    note = "At least and at most: what the probability could be if the missing traits were known."
    return table("In which round it will sell", heads, lines, "Pair", note)
