"""What every page of disposal has: its frame, the names of things, the waterfall."""

from __future__ import annotations

from decimal import Decimal

from npl_reporting.disposal.channels import COURT, ROUNDS, Round
from npl_reporting.disposal.desk import Desk
from npl_reporting.disposal.setting import plain, words
from npl_reporting.returns.page import Bar, Chart, Page, Text

LANGUAGES = ("en", "zh-TW")
_ROUNDS: dict[Round, Text] = {
    "early": words("By the second", "二拍以內"),
    "third": words("Third", "第三拍"),
    "late": words("Fourth or later", "四拍以後"),
}
_STEPS: dict[str, Text] = {
    "1": words("first auction", "第一拍"),
    "2": words("second auction", "第二拍"),
    "3": words("third auction", "第三拍"),
    "4": words("special sale", "特別拍賣"),
}


def channel_label(desk: Desk, channel: str) -> Text:
    """A channel as its rule file names it."""
    return desk.rules.channels.channels[channel].label


def code_label(desk: Desk, code: str) -> Text:
    """A kind, a mode or a scored part as the rule file names it; else the code itself."""
    return desk.rules.collateral.labels.get(code, plain(code))


def round_label(kind: Round) -> Text:
    """A kind of round in words."""
    return _ROUNDS[kind]


def route_label(route: str) -> Text:
    """A route in words: a step of the court, or the kind of round that a sale elsewhere is for."""
    channel, _, place = route.rpartition("_")
    if channel == COURT:
        return _STEPS[place]
    return next(_ROUNDS[kind] for kind in ROUNDS if kind == place)


def page_of(
    desk: Desk, report: str, title: Text, *, landscape: bool = True, **parts: object
) -> Page:  # fmt: skip
    """A page about a desk's book."""
    return Page(
        report=report, title=title, languages=LANGUAGES,
        jurisdiction=desk.rulebook.file.jurisdiction, reporting_date=desk.day, run=desk.name,
        currency=desk.currency, landscape=landscape, **parts,  # type: ignore[arg-type]
    )  # fmt: skip


def waterfall(
    value: Decimal, price: Decimal, costs: Decimal, claims: Decimal, left: Decimal
) -> Chart:
    """From market value to realisable value, each step where the one before ended."""
    taken = min(claims, price - costs) if price > costs else Decimal(0)
    lost = price - costs - taken - left
    parts = [("Market value", "市價", value), ("Discount of the sale", "折價", price - value),
             ("Taxes and costs", "稅費", -costs), ("Prior claims", "優先債權", -taken)]  # fmt: skip
    parts += [("Below zero, not counted", "負值不計", -lost)] if lost else []
    bars = [*parts, ("Realisable value", "可變現價值", left)]
    return Chart(
        words("From appraisal to realisable value", "由鑑價至可變現價值"),
        words("What the sale takes off the market value, step by step.", "處分逐項減損市價之金額。"),
        tuple(Bar(words(en, zh), amount) for en, zh, amount in bars), "money", kind="waterfall",
    )  # fmt: skip
