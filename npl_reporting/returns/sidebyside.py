"""The page of `npl compare`: one portfolio under several rulebooks, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from npl_reporting.law.yamlfile import Text
from npl_reporting.money import exact_text, rounded
from npl_reporting.portfolio.cases import outcome_text
from npl_reporting.portfolio.limits import Limit
from npl_reporting.portfolio.panel import CATEGORY, Panel
from npl_reporting.returns.comparison import Comparison, named, ratio, sides, word
from npl_reporting.returns.disagreeing import count, disagreements, heads, label, plain, whole
from npl_reporting.returns.page import Bar, Chart, Fact, Figure, Line, Page, Shown, Table
from npl_reporting.returns.sharedwords import day_text
from npl_reporting.returns.wording import PERCENT_DECIMALS


def comparison_page(comparison: Comparison) -> Page:
    """The comparison as a document: what it comes to first, then where they disagree."""
    return Page(
        report="comparison",
        title=word("title"),
        languages=comparison.languages,
        jurisdiction=" · ".join(comparison.titles),
        reporting_date=comparison.reporting_date,
        run=comparison.id,
        currency=comparison.currency,
        template="comparison.html",
        landscape=True,
        warnings=tuple(_warnings(comparison)),
        facts=tuple(_facts(comparison)),
        figures=tuple(_figures(comparison)),
        charts=tuple(_charts(comparison)),
        tables=(
            _overview(comparison),
            *disagreements(comparison),
            _categories(comparison),
            *_limits(comparison),
            _rulebooks(comparison),
        ),
        notes=tuple(word(name) for name in ("how_counted", "without_prior", "defaults")),
    )


def _warnings(comparison: Comparison) -> Iterator[Text]:
    yield word("not_a_filing")
    yield from _not_converted(comparison)
    currency = comparison.currency
    yield word("currency_of_tape", currency=currency)
    if not comparison.currency_named:
        yield word("currency_not_named", currency=currency)
    if comparison.set_aside:
        yield word("set_aside", number=f"{comparison.set_aside:,}")
    for title, side in sides(comparison):
        book = side.decided.rulebook
        if not book.in_force(comparison.reporting_date):
            yield word("not_in_force", name=title, day=book.file.effective_from)


def _not_converted(comparison: Comparison) -> Iterator[Text]:
    """Of each rulebook the amounts that were read in a currency that the law did not mean."""
    found: dict[tuple[str, str], list[str]] = {}
    for title, limit in named(comparison):
        if limit.here is None:
            amount = f"{limit.setting} {exact_text(limit.own)}"
            found.setdefault((title, limit.own_currency), []).append(amount)
    for (title, own), amounts in found.items():
        listed, currency = ", ".join(amounts), comparison.currency
        yield word("not_converted", name=title, own=own, currency=currency, amounts=listed)


def _facts(comparison: Comparison) -> Iterator[Fact]:
    yield Fact(word("comparison"), comparison.id, mono=True)
    yield Fact(word("tape"), comparison.tape_name, mono=True)
    yield Fact(word("tape_hash"), comparison.tape_sha256, mono=True)


def _figures(comparison: Comparison) -> Iterator[Figure]:
    panel = comparison.panel
    yield from _extremes(comparison)
    yield Figure(word("contested_amount"), whole(panel.contested_amount), 1, _of_all(panel))
    yield Figure(word("principal"), whole(panel.amount))
    yield Figure(word("exposures"), count(panel.exposures))
    yield Figure(word("contested"), count(panel.contested))


def _extremes(comparison: Comparison) -> Iterator[Figure]:
    """The lowest and the highest ratio, and whose they are."""
    ratios = _ratios(comparison)
    for name, choose in (("lowest", min), ("highest", max)):
        if ratios:
            share = choose(ratios.values())
            whose = ", ".join(title for title, other in ratios.items() if other == share)
            yield Figure(word(name), Shown(share, "percent"), 1, plain(whose))


def _of_all(panel: Panel) -> Text | None:
    share = ratio(panel.contested_amount, panel.amount)
    return None if share is None else word("of_all", share=_percent(share))


def _ratios(comparison: Comparison) -> dict[str, Decimal]:
    """Each rulebook's nonperforming ratio; nothing where the tape holds no principal."""
    whole_amount = comparison.panel.amount
    found = {t: ratio(s.nonperforming_amount, whole_amount) for t, s in sides(comparison)}
    return {title: share for title, share in found.items() if share is not None}


def _charts(comparison: Comparison) -> Iterator[Chart]:
    """The ratios as bars, the lowest and the highest said in words."""
    ratios = _ratios(comparison)
    if ratios:
        ends = {"lowest": _percent(min(ratios.values())), "highest": _percent(max(ratios.values()))}
        bars = tuple(Bar(plain(title), share) for title, share in ratios.items())
        yield Chart(word("ratios"), word("ratios_said", **ends), bars, "percent")


def _percent(share: Decimal) -> str:
    return f"{rounded(share * 100, PERCENT_DECIMALS)}%"


def _share(part: Decimal | None, total: Decimal, absent: str) -> Shown:
    if part is None:
        return Shown(None, "percent", "not_computed", word(absent))
    value = ratio(part, total)
    if value is None:
        return Shown(None, "percent", "not_computed", word("nothing_there"))
    return Shown(value, "percent")


def _money(amount: Decimal | None) -> Shown:
    if amount is None:
        return Shown(None, "money", "not_computed", word("no_allowance"))
    return whole(amount)


def _overview(comparison: Comparison) -> Table:
    columns = heads(
        ("rulebook_title", "text"), ("nonperforming", "count"), ("nonperforming_amount", "money"),
        ("ratio", "percent"), ("allowance", "money"), ("allowance_ratio", "percent"),
    )  # fmt: skip
    total = comparison.panel.amount
    lines = tuple(
        Line(
            title,
            plain(title),
            (
                Shown(side.decided.rulebook.file.title, "text"),
                count(side.nonperforming),
                _money(side.nonperforming_amount),
                _share(side.nonperforming_amount, total, "nothing_there"),
                _money(side.allowance),
                _share(side.allowance, total, "no_allowance"),
            ),
        )
        for title, side in sides(comparison)
    )
    return Table(columns, lines, word("overview"), stub=word("rulebook"))


def _categories(comparison: Comparison) -> Table:
    columns = heads(
        ("portions", "count"), ("amount", "money"), ("share", "percent"), ("allowance", "money")
    )
    lines: list[Line] = []
    for title, side in sides(comparison):
        lines.append(Line(title, plain(title), (), "heading"))
        total = sum((category.amount for category in side.categories), Decimal(0))
        for category in side.categories:
            cells = (
                count(category.portions),
                whole(category.amount),
                _share(category.amount, total, "nothing_there"),
                _money(category.allowance),
            )
            said = label(comparison, side, CATEGORY, category.outcome)
            name = f"{title}.{outcome_text(category.outcome)}"
            lines.append(Line(name, said, cells, level=1))
    return Table(columns, tuple(lines), word("categories"), stub=word("category"))


def _limits(comparison: Comparison) -> Iterator[Table]:
    """What the rulebooks name in money of another currency, and what stood for it."""
    columns = heads(
        ("setting", "text"), ("as_named", "text"), ("as_read", "text"), ("rate", "text")
    )
    lines = tuple(
        Line(f"{title}.{limit.setting}", plain(title), tuple(_told(limit, comparison.currency)))
        for title, limit in named(comparison)
    )
    if lines:
        yield Table(columns, lines, word("limits"), word("limits_note"), stub=word("rulebook"))


def _told(limit: Limit, currency: str) -> Iterator[Shown]:
    yield Shown(limit.setting, "text")
    yield Shown(f"{limit.own_currency} {exact_text(limit.own)}", "text")
    here = limit.own if limit.here is None else limit.here
    yield Shown(f"{currency} {exact_text(here)}", "text")
    rate = limit.rate
    yield Shown(f"{rate.text} ({rate.date}, {rate.source})" if rate else word("no_rate"), "text")


def _rulebooks(comparison: Comparison) -> Table:
    columns = heads(("in_force_since", "text"), ("lacking", "text"), ("hash", "text"))
    lines = tuple(
        Line(
            title,
            plain(title),
            (
                Shown(
                    day_text(side.decided.rulebook.file.effective_from, comparison.languages),
                    "text",
                ),
                Shown(", ".join(side.lacking) or word("none"), "text"),
                Shown(side.decided.rulebook.sha256, "text"),
            ),
        )
        for title, side in sides(comparison)
    )
    return Table(columns, lines, word("rulebooks"), stub=word("rulebook"))
