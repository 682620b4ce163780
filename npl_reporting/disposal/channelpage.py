"""The ways out of a whole book as a page: by channel, in lots, and its largest assets."""

from __future__ import annotations

from decimal import Decimal

from npl_reporting.disposal.desk import Desk
from npl_reporting.disposal.frame import channel_label, page_of
from npl_reporting.disposal.parts import assumed, by_best_channel, lots, proceeds_chart
from npl_reporting.disposal.setting import count, head, line, money, plain, table, words
from npl_reporting.engine import quoted
from npl_reporting.returns.page import Bar, Chart, Figure, Head, Page, Table, Text

LISTED = 20
"""The largest assets are printed; channels.csv has all."""


def channels_page(desk: Desk) -> Page:
    """Every asset's ways out in sum, and the largest assets each for itself."""
    return page_of(
        desk, "ways_out", words("Ways out of the book", "全部擔保品處分方案"),
        figures=_figures(desk), charts=(_whole_book(desk), proceeds_chart(desk)),
        tables=(by_best_channel(desk), lots(desk), _largest(desk), assumed(desk)),
        notes=(_reading(desk),),
    )  # fmt: skip


def _sums(desk: Desk) -> dict[str, Decimal]:
    """Expected net present values of all assets by one channel, and each at its best."""
    names = list(desk.rules.channels.channels)
    columns = ", ".join(f"coalesce(sum({quoted(name)}), 0)" for name in names)
    best = f"coalesce(sum(greatest({', '.join(map(quoted, names))})), 0)"
    row = desk.engine.rows(f"SELECT {columns}, {best} FROM compared WHERE best IS NOT NULL")[0]
    return dict(zip([*names, "best"], row, strict=True))


def _figures(desk: Desk) -> tuple[Figure, ...]:
    assets, debt, value, unknown, other = desk.engine.rows(
        "SELECT count(*), coalesce(sum(debt), 0), coalesce(sum(market_value), 0), "
        "count(*) FILTER (claims IS NULL), "
        "count(*) FILTER (best IS NULL AND claims IS NOT NULL) FROM compared"
    )[0]
    return (
        Figure(words("Assets", "擔保品件數"), count(assets)),
        Figure(words("Debt they answer for", "所擔保債權"), money(debt)),
        Figure(words("Market value", "市價"), money(value)),
        Figure(words("Net present value, each at its best", "各採最佳方式之淨現值"),
               money(_sums(desk)["best"])),
        Figure(words("Not compared: claims unknown", "優先債權不明，未比較"), count(unknown)),
        Figure(words("Not compared: not auctioned", "非以拍賣處分，未比較"), count(other)),
    )  # fmt: skip


def _whole_book(desk: Desk) -> Chart:
    sums = _sums(desk)
    best = words("Each asset at its best", "各採最佳方式")
    labels: dict[str, Text] = {name: channel_label(desk, name) for name in sums if name != "best"}
    bars = tuple(Bar({**labels, "best": best}[name], amount) for name, amount in sums.items())
    return Chart(
        words("If the whole book went one way", "全部採同一方式"),
        words("Expected net present value; left of zero is a loss.", "期望淨現值；零之左側為損失。"),
        bars, "money", kind="signed",
    )  # fmt: skip


def _largest(desk: Desk) -> Table:
    """The assets that answer for most, with every channel's expected net present value."""
    names = list(desk.rules.channels.channels)
    columns = ", ".join(map(quoted, names))
    rows = desk.engine.rows(
        f"SELECT asset_id, asset_type, debt, market_value, best, margin, policy, {columns} "
        f"FROM compared WHERE best IS NOT NULL ORDER BY debt DESC, asset_id LIMIT {LISTED}"
    )
    heads = [head("type", "Type", "種類", "text", 22), head("debt", "Debt", "債權", "money"),
             head("value", "Market value", "市價", "money"), *_channel_heads(desk, names),
             head("best", "Best", "最佳方式", "text", 22),
             head("margin", "Margin", "差額", "money"),
             head("policy", "Paper's policy", "論文策略", "text", 22)]  # fmt: skip
    types = desk.rules.collateral.types
    lines = [
        line(asset, plain(asset), [
            types[kind].label, money(debt), money(value), *map(money, nets),
            channel_label(desk, best), money(margin), channel_label(desk, policy),
        ])
        for asset, kind, debt, value, best, margin, policy, *nets in rows
    ]  # fmt: skip
    caption = words("The largest assets", "債權最大之擔保品")
    return table(caption, heads, lines, words("Asset", "擔保品"), _NETS)


_NETS = words(
    "Under each channel its expected net present value; the margin is to the second best. "
    "channels.csv holds every asset.",
    "各處分方式欄為期望淨現值；差額為與次佳方式之差。channels.csv 列有全部擔保品。",
)


def _channel_heads(desk: Desk, names: list[str]) -> list[Head]:
    labels = [channel_label(desk, name) for name in names]
    return [head(n, t["en"], t["zh-TW"], "money") for n, t in zip(names, labels, strict=True)]


def _reading(desk: Desk) -> Text:
    ladder = desk.rules.channels.word("ladder")
    return words(
        "Net present value: price less principal, interest until the money comes, costs and claims "
        f"ahead, each round weighed by its probability. The court's steps: {ladder}.",
        f"淨現值：價金減本金、至收款日之利息、費用及優先債權，各拍次依機率加權。法院拍次：{ladder}。",
    )
