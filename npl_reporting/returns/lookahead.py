"""What comes next, summed up: the record that `npl outlook` prints, and its words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from npl_reporting.evidence.records import Run
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.yamlfile import Record, Text, load
from npl_reporting.portfolio.ahead import Reached
from npl_reporting.portfolio.payments import Goal, Payment, PaymentSum
from npl_reporting.resources import REPORTS


@dataclass(frozen=True)
class Lookahead:
    """What becomes of a run's exposures if nothing is paid, and what payments prevent or cure it.

    `horizons` are days from the reporting date; `weeks` gives the amount that becomes
    nonperforming by the last day of each week; `largest` the largest debtors of each goal, of all
    in `payments`. `counted` are the decisions that may not worsen.
    """

    run: Run
    rulebook: Rulebook
    horizons: Sequence[int]
    counted: Sequence[str]
    crossings: int
    reached: Sequence[Reached]
    weeks: Mapping[date, Decimal]
    payments: Sequence[PaymentSum]
    largest: Mapping[Goal, Sequence[Payment]]
    languages: tuple[str, ...]

    def debtors(self, goal: Goal, *, solved: bool = False) -> int:
        """How many debtors a goal is about, or for how many a payment meets it."""
        return sum(p.debtors for p in self._of(goal) if not (solved and p.reason))

    def paid(self, goal: Goal) -> Decimal:
        """The sum of the smallest payments that meet a goal."""
        return sum((p.payment for p in self._of(goal) if p.payment is not None), Decimal(0))

    def _of(self, goal: Goal) -> Sequence[PaymentSum]:
        return [summed for summed in self.payments if summed.goal == goal]


class _Words(Record):
    words: dict[str, Text]


@cache
def _all() -> _Words:
    return load(REPORTS / "outlook.yaml", _Words)


def word(name: str, /, **values: object) -> Text:
    """One of the page's words in every language, its {places} filled."""
    return {key: text.format(**values) for key, text in _all().words[name].items()}


def spoken_here(languages: Sequence[str]) -> tuple[str, ...]:
    """Those of the languages in which the page has words; English if it has none of them."""
    return tuple(name for name in languages if name in word("title")) or ("en",)
