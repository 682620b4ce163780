"""What the made bank does by each supervisor's rules: its dates, its books, its own answers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from pydantic import Field

from npl_reporting.dates import add_months, month_length
from npl_reporting.law.yamlfile import Record, load

_HERE = Path(__file__).parent
QUARTERS = (date(2025, 6, 30), date(2025, 9, 30))
"""The quarter ends of the bank's stories."""


class Drawn(Record):
    """A column of one supervisor's own: how many in a hundred have each value, of one product."""

    product_type: str = ""
    of: dict[str, int]


class Bank(Record):
    """What banks.yaml says of the bank under one rulebook; without it, as in Taiwan."""

    months: int = 0
    told: dict[str, Decimal | int] = Field(default_factory=dict)
    asked: dict[str, str] = Field(default_factory=dict)
    entity: str = ""
    books: str = "usual"
    by_debtor: bool = False
    general_percent: int = 100
    in_specific: bool = False
    people: str = ""
    drawn: dict[str, Drawn] = Field(default_factory=dict)

    @property
    def quarters(self) -> tuple[date, date]:
        """Both quarter ends, where this bank's lie."""
        first, second = (_month_end(*add_months(day, self.months)) for day in QUARTERS)
        return first, second


def _month_end(year: int, month: int) -> date:
    return date(year, month, month_length(year, month))


USUAL = Bank()


@cache
def bank_under(rules: str) -> Bank:
    """The bank under a rulebook, by the name of its jurisdiction."""
    return _banks().get(rules, USUAL)


@cache
def _banks() -> dict[str, Bank]:
    return load(_HERE / "banks.yaml", dict[str, Bank])


def codes_under(rules: str) -> Path | None:
    """The mapping of the bank's own codes to those of a supervisor, where it has others."""
    path = _HERE / "abroad" / f"{rules}.yaml"
    return path if path.exists() else None


def comments_under(rules: str) -> Path | None:
    """What the bank's officer says of the cells that moved, where any has to be explained."""
    path = _HERE / "comments" / f"{rules}.csv"
    return path if path.exists() else None
