"""The page of `npl compare`: one portfolio under several rulebooks, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from npl_reporting.law.rulebook import Outcome
from npl_reporting.law.yamlfile import Text
from npl_reporting.money import rounded
from npl_reporting.portfolio.cases import outcome_text
from npl_reporting.portfolio.disagreement import STATUS, Contested
from npl_reporting.portfolio.panel import CATEGORY, Panel, Side
from npl_reporting.returns import page
from npl_reporting.returns.annex import outcome_label
from npl_reporting.returns.comparison import Comparison, ratio, sides, word
from npl_reporting.returns.page import Bar, Chart, Fact, Figure, Head, Line, Page, Shown, Table
from npl_reporting.returns.sharedwords import day_text
from npl_reporting.returns.wording import PERCENT_DECIMALS


def comparison_page(comparison: Comparison) -> Page:
    """The comparison as a document."""
    return Page(
        report="comparison",
        title=word("title"),
        languages=comparison.languages,
        jurisdiction=" · ".join(comparison.titles),
        reporting_date=comparison.reporting_date,
        run=comparison.id,
        currency=comparison.currency,
        landscape=True,
        warnings=tuple(_warnings(comparison)),
        facts=tuple(_facts(comparison)),
        figures=tuple(_figures(comparison.panel)),
        charts=tuple(_charts(comparison)),
        tables=(
            _overview(comparison),
            *_disagreements(comparison),
            _categories(comparison),
            _rulebooks(comparison),
        ),
        notes=tuple(word(name) for name in ("how_counted", "without_prior", "defaults")),
    )


def _warnings(comparison: Comparison) -> Iterator[Text]:
    yield word("not_a_filing")
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


def _facts(comparison: Comparison) -> Iterator[Fact]:
    yield Fact(word("comparison"), comparison.id, mono=True)
    yield Fact(word("tape"), comparison.tape_name, mono=True)
    yield Fact(word("tape_hash"), comparison.tape_sha256, mono=True)


def _figures(panel: Panel) -> Iterator[Figure]:
    yield Figure(word("exposures"), _count(panel.exposures))
    yield Figure(word("principal"), Shown(panel.amount, "money"))
    yield Figure(word("contested"), _count(panel.contested))
    yield Figure(word("contested_amount"), Shown(panel.contested_amount, "money"))


def _count(number: int) -> Shown:
    return Shown(Decimal(number), "count")


def _charts(comparison: Comparison) -> Iterator[Chart]:
    """The ratios as bars, the lowest and the highest said in words."""
    whole = comparison.panel.amount
    if not whole:
        return
    ratios = {t: ratio(s.nonperforming_amount, whole) or Decimal(0) for t, s in sides(comparison)}
    ends = {"lowest": _percent(min(ratios.values())), "highest": _percent(max(ratios.values()))}
    bars = tuple(Bar(_plain(title), value) for title, value in ratios.items())
    yield Chart(word("ratios"), word("ratios_said", **ends), bars, "percent")


def _percent(share: Decimal) -> str:
    return f"{rounded(share * 100, PERCENT_DECIMALS)}%"


def _plain(text: str) -> Text:
    return {"en": text}


def _share(part: Decimal | None, whole: Decimal, absent: str) -> Shown:
    if part is None:
        return Shown(None, "percent", "not_computed", word(absent))
    value = ratio(part, whole)
    if value is None:
        return Shown(None, "percent", "not_computed", word("nothing_there"))
    return Shown(value, "percent")


def _money(amount: Decimal | None) -> Shown:
    if amount is None:
        return Shown(None, "money", "not_computed", word("no_allowance"))
    return Shown(amount, "money")


def _heads(*heads: tuple[str, page.Format]) -> tuple[Head, ...]:
    return tuple(Head(name, word(name), format_) for name, format_ in heads)


def _overview(comparison: Comparison) -> Table:
    heads = _heads(
        ("nonperforming", "count"), ("nonperforming_amount", "money"), ("ratio", "percent"),
        ("allowance", "money"), ("allowance_ratio", "percent"),
    )  # fmt: skip
    whole = comparison.panel.amount
    lines = tuple(
        Line(
            title,
            _plain(title),
            (
                _count(side.nonperforming),
                _money(side.nonperforming_amount),
                _share(side.nonperforming_amount, whole, "nothing_there"),
                _money(side.allowance),
                _share(side.allowance, whole, "no_allowance"),
            ),
        )
        for title, side in sides(comparison)
    )
    return Table(heads, lines, word("overview"), stub=word("rulebook"))


def _disagreements(comparison: Comparison) -> Iterator[Table]:
    """The ways in which the rulebooks disagree, and the largest exposures."""
    if not comparison.panel.patterns:
        yield Table((), (), word("patterns"), word("agreement"))
        return
    answers = tuple(Head(title, _plain(title), "text") for title in comparison.titles)
    sums = _heads(("exposures", "count"), ("principal", "money"))
    patterns = tuple(
        Line(
            f"way{number}",
            word("pattern", number=number),
            (*_labels(comparison, way.statuses), _count(way.exposures), _money(way.amount)),
        )
        for number, way in enumerate(comparison.panel.patterns, 1)
    )
    yield Table((*answers, *sums), patterns, word("patterns"), word("patterns_note"))
    listed = tuple(_contested(comparison, one) for one in comparison.contested)
    note = word("largest_note", shown=f"{len(listed):,}", all=f"{comparison.panel.contested:,}")
    stub = word("exposure")
    yield Table(
        (*_heads(("principal", "money")), *answers), listed, word("largest"), note, stub=stub
    )


def _contested(comparison: Comparison, one: Contested) -> Line:
    statuses = _labels(comparison, [answer.status for answer in one.answers])
    cells = (
        _with_articles(shown, answer.articles)
        for shown, answer in zip(statuses, one.answers, strict=True)
    )
    return Line(one.exposure_id, _plain(one.exposure_id), (_money(one.amount), *cells))


def _labels(comparison: Comparison, statuses: Sequence[str]) -> Iterator[Shown]:
    for side, status in zip(comparison.panel.sides, statuses, strict=True):
        yield Shown(_label(comparison, side, STATUS, status), "text")


def _label(comparison: Comparison, side: Side, name: str, outcome: Outcome) -> Text:
    decision = next(d for d in side.decided.rulebook.decisions if d.name == name)
    return outcome_label(decision, outcome, comparison.languages)


def _with_articles(shown: Shown, articles: str) -> Shown:
    assert isinstance(shown.value, dict)
    tail = f" [{', '.join(articles.split())}]" if articles else ""
    return Shown({key: text + tail for key, text in shown.value.items()}, "text")


def _categories(comparison: Comparison) -> Table:
    heads = _heads(
        ("portions", "count"), ("amount", "money"), ("share", "percent"), ("allowance", "money")
    )
    lines: list[Line] = []
    for title, side in sides(comparison):
        lines.append(Line(title, _plain(title), (), "heading"))
        total = sum((category.amount for category in side.categories), Decimal(0))
        for category in side.categories:
            cells = (
                _count(category.portions),
                _money(category.amount),
                _share(category.amount, total, "nothing_there"),
                _money(category.allowance),
            )
            label = _label(comparison, side, CATEGORY, category.outcome)
            name = f"{title}.{outcome_text(category.outcome)}"
            lines.append(Line(name, label, cells, level=1))
    return Table(heads, tuple(lines), word("categories"), stub=word("category"))


def _rulebooks(comparison: Comparison) -> Table:
    heads = _heads(
        ("rulebook_title", "text"),
        ("in_force_since", "text"),
        ("lacking", "text"),
        ("hash", "text"),
    )
    lines = tuple(
        Line(
            title,
            _plain(title),
            (
                Shown(side.decided.rulebook.file.title, "text"),
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
    return Table(heads, lines, word("rulebooks"), stub=word("rulebook"))
