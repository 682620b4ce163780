"""One asset on one page: what to do with it, what that rests on, and what would reverse it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from npl_reporting.disposal.channels import ROUNDS, Round
from npl_reporting.disposal.desk import Desk
from npl_reporting.disposal.frame import (
    channel_label,
    code_label,
    page_of,
    round_label,
    waterfall,
)
from npl_reporting.disposal.recommend import Recommendation, Way
from npl_reporting.disposal.saying import in_words
from npl_reporting.disposal.saying import percent as percent_text
from npl_reporting.disposal.setting import head, joined, line, money, months, table, words
from npl_reporting.engine import literal
from npl_reporting.money import rounded
from npl_reporting.returns.page import Bar, Chart, Fact, Page, Table, Text

_SPACE = words(" ", "")
_NO_NAME = re.compile(r"[^\w.-]")
"""What may not stand in a file's name."""


def dossier(desk: Desk, found: Recommendation) -> Page:
    """One asset on a page, for a meeting."""
    row = desk.engine.records(f"SELECT * FROM valued WHERE asset_id = {literal(found.asset_id)}")[0]
    take, *reversal, policy = in_words(desk.rules.channels, desk.rules.rounds, found)[:4]
    others = in_words(desk.rules.channels, desk.rules.rounds, found)[4:]
    facts = (
        *_asset(desk, found, row),
        Fact(words("What would reverse it", "翻轉條件"), joined(reversal, _SPACE)),
        Fact(words("Chances of the auctions", "拍次配對機率"), _pairs(desk, found)),
    )
    fall = waterfall(
        row["market_value"], row["price"], row["costs"], row["claims"], row["realisable_value"]
    )
    return page_of(
        desk, f"dossier_{_NO_NAME.sub('_', found.asset_id)}", words("Ways out of one asset", "個別擔保品處分方案"),
        subtitle=take,
        facts=facts, landscape=False, template="dossier.html", charts=(_ways_chart(desk, found), fall),
        tables=(_ways(desk, found),),
        notes=(joined([policy, *others, _assumed(desk)], _SPACE),),
    )  # fmt: skip


def _asset(desk: Desk, found: Recommendation, row: Mapping[str, Decimal]) -> tuple[Fact, ...]:
    kind = desk.rules.collateral.types[found.asset_type].label
    worth = f"{found.owed.value:,} {desk.currency}"
    age, chinese_age = _age(row)
    return (
        Fact(words("Asset", "擔保品"),
             words(f"{found.asset_id}, {kind['en'].lower()}", f"{found.asset_id}，{kind['zh-TW']}")),
        Fact(words("Market value", "市價"), words(f"{worth}, {age}", f"{worth}，{chinese_age}")),
        Fact(words("Debt it answers for", "擔保債權"), _debt(desk, found)),
        Fact(words("Realisable value", "可變現價值"),
             _cover(desk, found, row["realisable_value"])),
    )  # fmt: skip


def _age(row: Mapping[str, object]) -> tuple[str, str]:
    day = row["appraisal_date"]
    if day is None:
        return "of an unknown day", "鑑價日不明"
    if row["stale"]:
        return f"appraised on {day}, which is stale", f"{day} 鑑價，已過時"
    return f"appraised on {day}", f"{day} 鑑價"


def _debt(desk: Desk, found: Recommendation) -> Text:
    owed, rate = (
        f"{found.owed.principal:,} {desk.currency}",
        f"{rounded(found.annual_rate * 100, 2)} %",
    )
    assumed = (" (assumed: the file gives none)", "（假設，檔案未列）")
    english, chinese = assumed if found.rate_assumed else ("", "")
    return words(f"{owed} at {rate} a year{english}", f"{owed}，年利率 {rate}{chinese}")


def _cover(desk: Desk, found: Recommendation, realisable: Decimal) -> Text:
    """Realisable value, its share of the debt, and loan to value; a dash where nothing divides."""
    owed, value = found.owed.principal, found.owed.value
    share = percent_text(min(realisable / owed, Decimal(1))) if owed else "–"
    loan = percent_text(owed / value) if value else "–"
    amount = f"{realisable:,} {desk.currency}"
    return words(
        f"{amount}, {share} of the debt; loan to value {loan}",
        f"{amount}，為債權之 {share}；貸放成數 {loan}",
    )


def _ways_chart(desk: Desk, found: Recommendation) -> Chart:
    bars = tuple(Bar(channel_label(desk, way.channel), way.expected) for way in found.ways)
    return Chart(
        words("Expected net present value by channel", "各處分方式期望淨現值"),
        words("Each channel's rounds weighed by their probability; left of zero is a loss.",
              "各拍次依機率加權；零之左側為損失。"),
        bars, "money", kind="signed",
    )  # fmt: skip


def _ways(desk: Desk, found: Recommendation) -> Table:
    """Channels, best first, with what each brings if the asset sells early, third or late."""
    heads = [
        head("months", "Months", "月數", "number"), head("proceeds", "Proceeds", "回收", "money"),
        head("net", "Expected", "期望值", "money"),
    ]  # fmt: skip
    for kind in ROUNDS:
        label, share = round_label(kind), percent_text(found.chances.combined[kind])
        heads.append(head(kind, f"{label['en']}, {share}", f"{label['zh-TW']} {share}", "money"))
    lines = [
        line(way.channel, channel_label(desk, way.channel), [
            months(way.months), money(way.proceeds), money(way.expected),
            *(money(_if(desk, way, kind)) for kind in ROUNDS),
        ], "total" if way is found.best else "data")
        for way in found.ways
    ]  # fmt: skip
    note = words(
        "Net present value: expected, and if it would sell in that round, with its probability.",
        "淨現值：期望值，及於該拍次成交時之值與機率。",
    )
    caption = words("Channels, best first", "處分方式（由優至劣）")
    return table(caption, heads, lines, words("Channel", "處分方式"), note)


def _if(desk: Desk, way: Way, kind: Round) -> Decimal:
    nets = {one.route.name: one.net for one, _ in way.routes}
    routes = desk.rules.channels.routes()[way.channel]
    own = ((nets.get(r.name, Decimal(0)), share) for r, of, share in routes if of == kind)
    return rounded(sum((net * share for net, share in own), Decimal(0)), 2)


def _pairs(desk: Desk, found: Recommendation) -> Text:
    """The models' own answers, and in brackets how far they could go if all traits were known."""
    said, chinese = [], []
    for name, model in desk.rules.rounds.models.items():
        low, high = (rounded(bound * 100, 1) for bound in found.chances.spans[name])
        span = f" ({low}–{high})" if low != high else ""
        own = f"{percent_text(found.chances.pairs[name])}{span}"
        one, zero = round_label(model.one), round_label(model.zero)
        said.append(f"{one['en'].lower()} rather than {zero['en'].lower()} {own}")
        chinese.append(f"{one['zh-TW']}對{zero['zh-TW']} {own}")
    return words("; ".join(said), "；".join(chinese))


def _assumed(desk: Desk) -> Text:
    """The settings that decide most, in one sentence; the annex has them all."""
    collateral, channels = desk.rules.collateral, desk.rules.channels
    mode = code_label(desk, collateral.word("mode"))
    ladder, pace = channels.word("ladder"), channels.number("pace")
    return words(
        f"Assumed: {mode['en']}, costs on the {collateral.word('cost_base').replace('_', ' ')}, "
        f"the court's steps by {ladder}, times x {pace}; all others stand in the annex.",
        f"假設：{mode['zh-TW']}，稅費基礎 {collateral.word('cost_base')}，法院拍次 {ladder}，"
        f"時間乘數 {pace}；其餘見附冊。",
    )
