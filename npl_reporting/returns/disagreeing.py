"""Where the rulebooks of a comparison disagree: in pairs, in which ways, on which exposures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from npl_reporting.law.rulebook import Outcome
from npl_reporting.law.yamlfile import Text
from npl_reporting.portfolio.disagreement import STATUS, Contested
from npl_reporting.portfolio.panel import NONPERFORMING, Side
from npl_reporting.returns import page
from npl_reporting.returns.annex import outcome_label
from npl_reporting.returns.comparison import Comparison, word
from npl_reporting.returns.page import Head, Line, Shown, Table

_MARK = "● "
"""Stands before an answer that is nonperforming."""


def plain(text: str) -> Text:
    """A name that is the same in every language."""
    return {"en": text}


def count(number: int) -> Shown:
    """A number of exposures or portions."""
    return Shown(Decimal(number), "count")


def whole(amount: Decimal) -> Shown:
    """An amount without its minor unit."""
    return Shown(amount, "money", decimals=0)


def heads(*named: tuple[str, page.Format]) -> tuple[Head, ...]:
    """Heads whose words stand in the comparison's own file."""
    return tuple(Head(name, word(name), format_) for name, format_ in named)


def label(comparison: Comparison, side: Side, name: str, outcome: Outcome) -> Text:
    """An outcome in the words of its rulebook."""
    decision = next(d for d in side.decided.rulebook.decisions if d.name == name)
    return outcome_label(decision, outcome, comparison.languages)


def disagreements(comparison: Comparison) -> Iterator[Table]:
    """Pair by pair, way by way, and the largest exposures; or that there are none."""
    if not comparison.panel.patterns:
        yield Table((), (), word("patterns"), word("agreement"))
        return
    yield _pairs(comparison)
    yield _ways(comparison)
    yield _largest(comparison)


def _pairs(comparison: Comparison) -> Table:
    """What one rulebook calls nonperforming and another does not."""
    titles = comparison.titles
    columns = tuple(Head(title, plain(title), "money") for title in titles)
    lines = tuple(
        Line(
            title,
            plain(title),
            tuple(
                Shown(None, "money", "blank")
                if one == other
                else whole(_between(comparison, one, other))
                for other in range(len(titles))
            ),
        )
        for one, title in enumerate(titles)
    )
    return Table(columns, lines, word("pairs"), word("pairs_note"), stub=word("rulebook"))


def _between(comparison: Comparison, one: int, other: int) -> Decimal:
    """The principal that the one rulebook calls nonperforming and the other does not."""
    return sum(
        (
            way.amount
            for way in comparison.panel.patterns
            if way.statuses[one] == NONPERFORMING != way.statuses[other]
        ),
        Decimal(0),
    )


def _ways(comparison: Comparison) -> Table:
    answers = tuple(Head(title, plain(title), "text") for title in comparison.titles)
    lines = tuple(
        Line(
            f"way{number}",
            word("pattern", number=number),
            (*_answers(comparison, way.statuses), count(way.exposures), whole(way.amount)),
        )
        for number, way in enumerate(comparison.panel.patterns, 1)
    )
    sums = heads(("exposures", "count"), ("principal", "money"))
    return Table((*answers, *sums), lines, word("patterns"), word("patterns_note"))


def _largest(comparison: Comparison) -> Table:
    answers = tuple(Head(title, plain(title), "text") for title in comparison.titles)
    lines = tuple(_line(comparison, one) for one in comparison.contested)
    note = word("largest_note", shown=f"{len(lines):,}", all=f"{comparison.panel.contested:,}")
    named = (*heads(("principal", "money")), *answers)
    return Table(named, lines, word("largest"), note, stub=word("exposure"))


def _line(comparison: Comparison, one: Contested) -> Line:
    statuses = _answers(comparison, [answer.status for answer in one.answers])
    cells = (
        _with_articles(shown, answer.articles)
        for shown, answer in zip(statuses, one.answers, strict=True)
    )
    return Line(one.exposure_id, plain(one.exposure_id), (whole(one.amount), *cells))


def _answers(comparison: Comparison, statuses: Sequence[str]) -> Iterator[Shown]:
    """Each rulebook's answer in its own words, marked where it is nonperforming."""
    for side, status in zip(comparison.panel.sides, statuses, strict=True):
        said = label(comparison, side, STATUS, status)
        mark = _MARK if status == NONPERFORMING else ""
        yield Shown({language: mark + text for language, text in said.items()}, "text")


def _with_articles(shown: Shown, articles: str) -> Shown:
    assert isinstance(shown.value, dict)
    tail = f" [{', '.join(articles.split())}]" if articles else ""
    return Shown({key: text + tail for key, text in shown.value.items()}, "text")
