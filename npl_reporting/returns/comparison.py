"""One portfolio under several rulebooks, summed up: the record and the table of `npl compare`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from npl_reporting.law.yamlfile import Record, Text, load
from npl_reporting.money import exact_text, rounded
from npl_reporting.portfolio.cases import outcome_text
from npl_reporting.portfolio.disagreement import STATUS, Contested
from npl_reporting.portfolio.limits import Limit
from npl_reporting.portfolio.panel import CATEGORY, NONPERFORMING, Panel, Side
from npl_reporting.resources import REPORTS

_FIELDS = ("rules", "measure", "outcome", "number", "amount", "share", "allowance")
_RATIO_DIGITS = 12


@dataclass(frozen=True)
class Comparison:
    """One tape under several rulebooks, summed up; `titles` are what they are called.

    `contested` are the largest exposures on which they disagree; `currency_named` says whether the
    tape itself names its currency; `limits` are of each rulebook the amounts of money that it names
    in another.
    """

    id: str
    reporting_date: date
    tape_name: str
    tape_sha256: str
    set_aside: int
    currency: str
    currency_named: bool
    titles: tuple[str, ...]
    panel: Panel
    contested: tuple[Contested, ...]
    languages: tuple[str, ...]
    limits: tuple[tuple[Limit, ...], ...]


class Words(Record):
    """The file `reports/comparison.yaml`."""

    words: dict[str, Text]


@cache
def _all() -> Words:
    return load(REPORTS / "comparison.yaml", Words)


def word(name: str, /, **values: object) -> Text:
    """One of the page's words in every language, its {places} filled."""
    return {key: text.format(**values) for key, text in _all().words[name].items()}


def comparison_csv(comparison: Comparison) -> str:
    """The sums as CSV: of each rulebook what is nonperforming, and every category."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_FIELDS)
    for title, side in sides(comparison):
        whole = comparison.panel.amount
        share = _exact(ratio(side.nonperforming_amount, whole))
        amounts = (exact_text(side.nonperforming_amount), share, _exact(side.allowance))
        writer.writerow([title, STATUS, NONPERFORMING, side.nonperforming, *amounts])
        total = sum((category.amount for category in side.categories), Decimal(0))
        for category in side.categories:
            share = _exact(ratio(category.amount, total))
            amounts = (exact_text(category.amount), share, _exact(category.allowance))
            outcome = outcome_text(category.outcome)
            writer.writerow([title, CATEGORY, outcome, category.portions, *amounts])
    return text.getvalue()


def sides(comparison: Comparison) -> Iterator[tuple[str, Side]]:
    """Each rulebook's title with its answers."""
    return zip(comparison.titles, comparison.panel.sides, strict=True)


def named(comparison: Comparison) -> Iterator[tuple[str, Limit]]:
    """Each amount of money that a rulebook of another currency names, with the rulebook's title."""
    for title, own in zip(comparison.titles, comparison.limits, strict=True):
        for limit in own:
            yield title, limit


def ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    """A part's share of the whole; None of nothing."""
    return rounded(part / whole, _RATIO_DIGITS) if whole else None


def _exact(value: Decimal | None) -> str:
    return "" if value is None else exact_text(value)
