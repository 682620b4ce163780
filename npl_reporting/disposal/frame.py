"""What every page of disposal has: its frame, the names of channels, the waterfall."""

from __future__ import annotations

from decimal import Decimal

from npl_reporting.disposal.desk import Desk
from npl_reporting.disposal.setting import words
from npl_reporting.returns.page import Bar, Chart, Page, Text

LANGUAGES = ("en", "zh-TW")


def channel_label(desk: Desk, channel: str) -> Text:
    """A channel as its rule file names it."""
    return desk.rules.channels.channels[channel].label


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
    parts = [("Market value", "市價", value), ("Discount of the sale", "折價", price - value),
             ("Taxes and costs", "稅費", -costs), ("Prior claims", "優先債權", -taken),
             ("Realisable value", "可變現價值", left)]  # fmt: skip
    return Chart(
        words("From appraisal to realisable value", "由鑑價至可變現價值"),
        words("What the sale takes off the market value, step by step."),
        tuple(Bar(words(en, zh), amount) for en, zh, amount in parts), "money", kind="waterfall",
    )  # fmt: skip
