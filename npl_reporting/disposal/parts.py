"""Tables that several pages of disposal have: the book by channel, its lots, what was assumed."""

from __future__ import annotations

from npl_reporting.disposal.bundles import bundles, by_channel
from npl_reporting.disposal.desk import Desk
from npl_reporting.disposal.frame import channel_label, code_label
from npl_reporting.disposal.parameters import assumptions
from npl_reporting.disposal.setting import (
    count,
    head,
    joined,
    line,
    money,
    months,
    plain,
    table,
    words,
)
from npl_reporting.returns.page import Bar, Chart, Table, Text

_BASES: dict[str, Text] = {
    "law": words("law", "法規"),
    "practice": words("practice", "實務"),
    "convention": words("convention", "約定"),
    "memory": words("from memory, not verified", "未經查證"),
}
_DOT = words(" · ", " · ")


def by_best_channel(desk: Desk) -> Table:
    """Assets, proceeds and time by the channel that is best for each asset."""
    heads = [head("n", "Assets", "件數"), head("d", "Debt", "債權", "money"),
             head("p", "Proceeds", "預期回收", "money"),
             head("net", "Net present value", "淨現值", "money"),
             head("m", "Months", "月數", "number"),
             head("same", "As the paper's policy", "與論文策略相同")]  # fmt: skip
    lines = [
        line(one.channel, channel_label(desk, one.channel), [
            count(one.assets), money(one.debt), money(one.proceeds), money(one.net),
            months(one.months), count(one.policy_agrees),
        ])
        for one in by_channel(desk.engine, desk.rules.channels)
    ]  # fmt: skip
    caption = words("The book by its best channel", "依最佳處分方式彙總")
    return table(caption, heads, lines, words("Channel", "處分方式"))


def proceeds_chart(desk: Desk) -> Chart:
    """What each channel brings, every asset at its best."""
    bars = tuple(
        Bar(channel_label(desk, one.channel), one.proceeds)
        for one in by_channel(desk.engine, desk.rules.channels)
    )
    return Chart(
        words("Expected proceeds by best channel", "各處分方式預期回收"),
        words("Assets stand at the channel with the highest expected value.",
              "各擔保品列於期望價值最高之處分方式。"),
        bars, "money",
    )  # fmt: skip


def lots(desk: Desk) -> Table:
    """What to sell together in bulk."""
    heads = [head("n", "Assets", "件數"), head("d", "Debt", "債權", "money"),
             head("v", "Market value", "市價", "money"),
             head("p", "Proceeds", "預期回收", "money"),
             head("net", "Net present value", "淨現值", "money")]  # fmt: skip
    lines = [
        line(f"{lot.region}.{lot.kind}",
             joined([plain(lot.region), code_label(desk, lot.kind)], _DOT),
             [count(lot.assets), money(lot.debt), money(lot.market_value), money(lot.proceeds),
              money(lot.net)])
        for lot in bundles(desk.engine, desk.rules.channels)
    ]  # fmt: skip
    caption = words("Lots for a sale in bulk", "整批出售組合")
    note = words("Assets for which the sale in bulk is the best way, by region and kind.",
                 "以整批出售為最佳之擔保品，依地區及種類分組。")  # fmt: skip
    return table(caption, heads, lines, words("Region and kind", "地區及種類"), note)


def assumed(desk: Desk) -> Table:
    """Every setting that the results rest on, and why it is as it is."""
    heads = [head("value", "Value", "數值", "text"), head("basis", "Basis", "依據", "text"),
             head("why", "Why", "理由", "text")]  # fmt: skip
    lines = [
        line(f"{number}.{one.name}", plain(one.name),
             [plain(one.value), _BASES[one.basis], one.why])
        for number, one in enumerate(assumptions(desk.rules.all), 1)
    ]  # fmt: skip
    return table(words("What was assumed", "假設"), heads, lines, words("Setting", "設定"))
