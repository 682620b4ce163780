"""One asset on one page: what to do with it, what that rests on, and what would reverse it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from npl_reporting.disposal.channels import ROUNDS, Round
from npl_reporting.disposal.desk import Desk
from npl_reporting.disposal.frame import channel_label, page_of, waterfall
from npl_reporting.disposal.recommend import Recommendation, Way, in_words
from npl_reporting.disposal.recommend import percent as percent_text
from npl_reporting.disposal.setting import head, line, money, months, table, words
from npl_reporting.engine import literal
from npl_reporting.money import rounded
from npl_reporting.returns.page import Bar, Chart, Fact, Page, Table


def dossier(desk: Desk, found: Recommendation) -> Page:
    """One asset on a page, for a meeting."""
    row = desk.engine.records(f"SELECT * FROM valued WHERE asset_id = {literal(found.asset_id)}")[0]
    sentences = in_words(desk.rules.channels, found)
    kind = desk.rules.collateral.types[found.asset_type].label
    facts = (
        Fact(words("Asset", "擔保品"), f"{found.asset_id}, {kind['en'].lower()}"),
        Fact(words("Market value", "市價"), f"{found.owed.value:,} {desk.currency}, {_age(row)}"),
        Fact(words("Debt it answers for", "擔保債權"), _debt(desk, found)),
        Fact(words("Recommendation", "建議"), sentences[0]),
        Fact(words("What would reverse it", "翻轉條件"), sentences[1]),
    )
    fall = waterfall(
        row["market_value"], row["price"], row["costs"], row["claims"], row["realisable_value"]
    )
    return page_of(
        desk, f"dossier_{found.asset_id}", words("Ways out of one asset", "個別擔保品處分方案"),
        facts=facts, landscape=False,
        charts=(_ways_chart(desk, found), fall),
        tables=(_ways(desk, found),),
        notes=(words(" ".join((*sentences[2:], _pairs(desk, found)))),),
    )  # fmt: skip


def _age(row: Mapping[str, object]) -> str:
    if row["appraisal_date"] is None:
        return "of an unknown day"
    stale = ", which is stale" if row["stale"] else ""
    return f"appraised on {row['appraisal_date']}{stale}"


def _debt(desk: Desk, found: Recommendation) -> str:
    rate = f"{rounded(found.annual_rate * 100, 2)} % a year"
    assumed = " (assumed: the file gives none)" if found.rate_assumed else ""
    return f"{found.owed.principal:,} {desk.currency} at {rate}{assumed}"


def _ways_chart(desk: Desk, found: Recommendation) -> Chart:
    bars = tuple(Bar(channel_label(desk, way.channel), way.expected) for way in found.ways)
    return Chart(
        words("Expected net present value by channel", "各處分方式期望淨現值"),
        words("Each channel's rounds weighed by their probability; left of zero is a loss."),
        bars, "money", kind="signed",
    )  # fmt: skip


def _ways(desk: Desk, found: Recommendation) -> Table:
    """Channels, best first, with what each brings if the asset sells early, third or late."""
    combined = found.chances.combined
    heads = [
        head("months", "Months", "number"), head("proceeds", "Proceeds", "money"),
        head("net", "Expected net present value", "money"),
        *(head(kind, f"{kind}, {percent_text(combined[kind])}", "money") for kind in ROUNDS),
    ]  # fmt: skip
    lines = [
        line(way.channel, channel_label(desk, way.channel), [
            months(way.months), money(way.proceeds), money(way.expected),
            *(money(_if(desk, way, kind)) for kind in ROUNDS),
        ], "total" if way is found.best else "data")
        for way in found.ways
    ]  # fmt: skip
    note = "The last columns: net present value if it would sell by the second court auction, in "
    note += "the third, or later; each with its probability."
    return table("Channels, best first", heads, lines, "Channel", note)


def _if(desk: Desk, way: Way, kind: Round) -> Decimal:
    nets = {one.route.name: one.net for one, _ in way.routes}
    routes = desk.rules.channels.routes()[way.channel]
    own = ((nets.get(r.name, Decimal(0)), share) for r, of, share in routes if of == kind)
    return rounded(sum((net * share for net, share in own), Decimal(0)), 2)


def _pairs(desk: Desk, found: Recommendation) -> str:
    """The models' own answers, and how far they could go if the missing traits were known."""
    said = []
    for name, model in desk.rules.rounds.models.items():
        low, high = (percent_text(bound) for bound in found.chances.spans[name])
        own = percent_text(found.chances.pairs[name])
        span = f" ({low} to {high})" if low != high else ""
        said.append(f"{model.one} rather than {model.zero} {own}{span}")
    misfit = rounded(found.chances.misfit, 2)
    return f"Probabilities of the pairs: {'; '.join(said)}; their log odds disagree by {misfit}."
