"""The annex of collateral and disposal: a whole book on a few pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from npl_reporting.disposal.desk import Desk
from npl_reporting.disposal.frame import code_label, page_of, waterfall
from npl_reporting.disposal.parts import assumed, by_best_channel, lots, proceeds_chart
from npl_reporting.disposal.portfolio import Totals, totals
from npl_reporting.disposal.recoveries import NO_GROUP, By, Rate
from npl_reporting.disposal.setting import (
    count,
    head,
    line,
    money,
    number,
    percent,
    plain,
    table,
    words,
)
from npl_reporting.disposal.tables import by_type
from npl_reporting.returns.page import Chart, Figure, Page, Table, Text

GROUPS: tuple[By, ...] = get_args(By)
_TYPE = words("Type", "種類")
_NOT_GIVEN = words("Not given", "未載明")
_CAPTIONS: Mapping[By, Text] = {
    "region": words("Recoveries by region", "各地區收回率"),
    "asset_type": words("Recoveries by type of asset", "各類擔保品收回率"),
    "channel": words("Recoveries by channel", "各處分方式收回率"),
}


def annex(desk: Desk, recovered: Mapping[By, Sequence[Rate]]) -> Page:
    """The annex of a book that has been valued and compared; `recovered` is what its register says."""
    found = totals(desk.engine)
    figures = (
        Figure(words("Secured loans", "擔保放款"), money(found.balance)),
        Figure(words("Market value", "市價"), money(found.market_value)),
        Figure(words("Realisable value, at most the loan", "可變現價值（以放款為限）"),
               money(found.realisable)),
        Figure(words("Recovery", "回收率"), percent(found.recovery)),
        Figure(words("Loss given default", "違約損失率"), percent(found.loss_given_default)),
        Figure(words("Loan to value", "貸放成數"), percent(found.loan_to_value)),
    )  # fmt: skip
    recoveries = [_recovery_table(desk, by, rates) for by, rates in recovered.items()]
    return page_of(
        desk, "collateral_and_disposal", words("Collateral and disposal", "擔保品與處分"),
        figures=figures, charts=(_book_waterfall(desk), proceeds_chart(desk)),
        notes=(_reservations(found),),
        tables=(_types(desk), _scores(desk), by_best_channel(desk), lots(desk), *recoveries,
                assumed(desk)),
    )  # fmt: skip


def _reservations(found: Totals) -> Text:
    return words(
        f"{found.unknown:,} loans have an asset with a prior claim of unknown amount; it covers "
        f"nothing here. {found.stale:,} valuations are stale. {found.over_lent:,} assets bring "
        f"less than is owed on them. {found.not_secured:,} loans have no collateral.",
        f"{found.unknown:,} 筆放款之擔保品有金額不明之優先債權，於此不計其擔保。"
        f"{found.stale:,} 件鑑價過時。{found.over_lent:,} 件擔保品之可變現價值低於所擔保之債權。"
        f"{found.not_secured:,} 筆放款無擔保品。",
    )


def _book_waterfall(desk: Desk) -> Chart:
    row = desk.engine.rows(
        "SELECT coalesce(sum(market_value), 0), coalesce(sum(price), 0), coalesce(sum(costs), 0), "
        "coalesce(sum(price - costs - realisable_value), 0), coalesce(sum(realisable_value), 0) "
        "FROM valued WHERE claims IS NOT NULL"
    )[0]
    return waterfall(*row)


def _types(desk: Desk) -> Table:
    heads = [head("n", "Assets", "件數"), head("v", "Market value", "市價", "money"),
             head("s", "Liquidity score", "流動性分數", "number"),
             head("f", "Factor", "變現係數", "percent"),
             head("c", "Cost rate", "稅費率", "percent"),
             head("claims", "Prior claims", "優先債權", "money"),
             head("r", "Realisable", "可變現價值", "money"),
             head("u", "Claims unknown", "優先債權不明"), head("old", "Stale", "鑑價過時")]  # fmt: skip
    types = desk.rules.collateral.types
    lines = [
        line(t.asset_type, types[t.asset_type].label, [
            count(t.assets), money(t.market_value), number(t.score, 2), percent(t.factor),
            percent(t.cost_rate), money(t.claims), money(t.realisable), count(t.unknown),
            count(t.stale),
        ])
        for t in by_type(desk)
    ]  # fmt: skip
    mode = code_label(desk, desk.rules.collateral.word("mode"))
    note = words(f"Mode of sale: {mode['en']}.", f"處分模式：{mode.get('zh-TW', mode['en'])}。")
    return table(words("Collateral by type", "擔保品種類"), heads, lines, _TYPE, note)


def _scores(desk: Desk) -> Table:
    """What each scored part adds to a type's liquidity score; financial collateral is not scored."""
    weights = desk.rules.collateral.weights
    heads = []
    for part, weight in weights.items():
        label = code_label(desk, part)
        english, chinese = label["en"], label.get("zh-TW", part)
        heads.append(head(part, f"{english}, weight {weight}", f"{chinese}，權數 {weight}", "number"))  # fmt: skip
    types = desk.rules.collateral.types
    lines = [
        line(t.asset_type, types[t.asset_type].label, [
            *(number(t.score_parts[part], 2) for part in weights), number(t.score, 2),
        ])
        for t in by_type(desk) if t.score is not None
    ]  # fmt: skip
    heads.append(head("s", "Score", "分數", "number"))
    return table(words("Liquidity scores", "流動性分數"), heads, lines, _TYPE)


def _recovery_table(desk: Desk, by: By, found: Sequence[Rate]) -> Table:
    heads = [head("n", "Loans", "筆數"), head("o", "Owed", "債權", "money"),
             head("r", "Recovered", "收回", "money"), head("rate", "Rate", "收回率", "percent"),
             *(head(f"q{q}", f"{q} %", f"第 {q} 百分位", "percent")
               for q in (10, 25, 50, 75, 90))]  # fmt: skip
    lines = [
        line(one.group, _group_label(desk, by, one.group), [
            count(one.loans), money(one.owed), money(one.recovered), percent(one.rate),
            *map(percent, one.quantiles),
        ])
        for one in found
    ]  # fmt: skip
    note = words(
        "The rate is a ratio of sums; the last columns are how the loans' own rates are spread.",
        "收回率為合計之比；末數欄為各筆放款收回率之分布。",
    )
    return table(_CAPTIONS[by], heads, lines, words("Group", "組別"), note)


def _group_label(desk: Desk, by: By, group: str) -> Text:
    """A group of the register as its rule file names it; a region, or a group not named, as it is."""
    rules, named = desk.rules, dict[str, Text]()
    if by == "asset_type":
        named = {name: type_.label for name, type_ in rules.collateral.types.items()}
    if by == "channel":
        named = {k.channel: k.label for k in rules.recovery.kinds.values() if k.channel}
        named |= {name: channel.label for name, channel in rules.channels.channels.items()}
    return named.get(group, _NOT_GIVEN if group == NO_GROUP else plain(group))
