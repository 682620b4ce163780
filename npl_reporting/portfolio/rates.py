"""Exchange rates from a file, as exact fractions: what one unit of a currency is in another."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Literal

from npl_reporting.engine import Engine
from npl_reporting.errors import DataError, NplError, Problem
from npl_reporting.law.columns import Column, Dictionary
from npl_reporting.law.yamlfile import Record, YamlFile, load, read, typed
from npl_reporting.money import known_currency
from npl_reporting.portfolio.beside import read_beside
from npl_reporting.resources import RULES, shown

RateKind = Literal["closing", "average"]
Quotation = Literal["direct", "indirect"]
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_MOST_DIGITS = 15
_YAML = (".yaml", ".yml")


@dataclass(frozen=True)
class Rate:
    """One rate as the file has it; `text` is the number as written, `line` where it stands."""

    currency: str
    date: date
    kind: RateKind
    text: str
    units: int
    quotation: Quotation
    against: str | None
    source: str
    line: int

    @property
    def factor(self) -> Fraction:
        """What one unit of the currency is in the return's, exactly."""
        rate = Fraction(self.text) / self.units
        return rate if self.quotation == "direct" else 1 / rate


@dataclass(frozen=True)
class Rates:
    """The rates of one file, all sound, into one currency."""

    path: Path
    currency: str
    found: Mapping[tuple[str, RateKind, date], Rate] = field(default_factory=dict)

    @property
    def currencies(self) -> frozenset[str]:
        """Every currency that the file has a rate of."""
        return frozenset(code for code, _, _ in self.found)

    def of(self, currency: str, kind: RateKind, day: date) -> Rate | None:
        """The rate of a currency; None where the file has none."""
        return self.found.get((currency, kind, day))

    def want(self, currency: str, kind: RateKind, day: date, needed: str) -> Problem:
        """The complaint that a rate is missing; `needed` says what for."""
        days = sorted(d for code, k, d in self.found if (code, k) == (currency, kind))
        other = f"; the file has {', '.join(map(str, days))}" if days else ""
        what = f"no {kind} rate of {currency} for {day}, which {needed}{other}"
        return Problem(what, "add it to the file", shown(self.path))


class RateText(Record):
    """One rate in a YAML file: the columns of `rules/rates.yaml`."""

    currency: str
    date: date
    kind: RateKind
    rate: Decimal | int
    source: str
    units: int = 1
    quotation: Quotation = "direct"
    against: str | None = None


class RatesFile(Record):
    """A YAML file of rates."""

    rates: tuple[RateText, ...]


@cache
def rate_columns() -> Mapping[str, Column]:
    """What a file of rates may hold: `rules/rates.yaml`."""
    return load(RULES / "rates.yaml", Dictionary).columns


def read_rates(engine: Engine, path: Path, currency: str) -> Rates:
    """Read a file of rates into `currency`; DataError or NplError with everything wrong with it.

    The engine must be allowed to open the file, unless it is YAML.
    """
    rates = (
        _from_yaml(path) if path.suffix.lower() in _YAML else _from_table(engine, path, currency)
    )
    problems = [*_faults(rates, path, currency), *_doubled(rates, path)]
    if problems:
        raise DataError(*sorted(problems, key=lambda problem: problem.line or 0))
    return Rates(path, currency, {(r.currency, r.kind, r.date): r for r in rates})


def _from_yaml(path: Path) -> Sequence[Rate]:
    if not path.is_file():
        raise NplError(Problem("there is no such file", "check the path", shown(path)))
    file: YamlFile = read(path)
    return [
        Rate(
            r.currency, r.date, r.kind, format(r.rate, "f"), r.units, r.quotation, r.against,
            r.source, file.lines.get(("rates", place), 1),
        )
        for place, r in enumerate(typed(file, RatesFile).rates)
    ]  # fmt: skip


def _from_table(engine: Engine, path: Path, currency: str) -> Sequence[Rate]:
    read_beside(engine, path, rate_columns(), "rates", currency)
    rows = engine.rows(
        'SELECT currency, "date", kind, rate, units, quotation, against, source, line '
        "FROM rates ORDER BY line"
    )
    return [
        Rate(code, day, kind, rate, 1 if units is None else units, quotation or "direct", *rest)
        for code, day, kind, rate, units, quotation, *rest in rows
    ]


def _faults(rates: Collection[Rate], path: Path, currency: str) -> Iterator[Problem]:
    """What is wrong with each rate by itself."""
    for one in rates:
        for what, remedy in _wrong(one, currency):
            yield Problem(what, remedy, shown(path), one.line)


def _wrong(one: Rate, currency: str) -> Iterator[tuple[str, str]]:
    if not known_currency(one.currency):
        yield f"'{one.currency}' is no currency code", "write an ISO 4217 code, such as USD"
    if one.currency == currency:
        yield f"a rate of {currency} against itself", "leave the row out"
    if one.against and one.against != currency:
        yield f"the rate is against {one.against}, the return is in {currency}", "give that rate"
    if one.units < 1:
        yield f"the rate is for {one.units} units", "write how many units it is for, at least 1"
    if not _NUMBER.fullmatch(one.text):
        yield f"the rate '{one.text}' is no plain number", "write digits and one decimal point"
    elif Decimal(one.text) <= 0:
        sign = "zero" if Decimal(one.text) == 0 else "negative"
        yield f"the rate {one.text} is {sign}", "a rate is above zero"
    elif len(one.text.replace(".", "").lstrip("0")) > _MOST_DIGITS:
        yield (
            f"the rate {one.text} has more than {_MOST_DIGITS} digits",
            "round it where it is made",
        )


def _doubled(rates: Sequence[Rate], path: Path) -> Iterator[Problem]:
    first: dict[tuple[str, RateKind, date], int] = {}
    for one in rates:
        line = first.setdefault((one.currency, one.kind, one.date), one.line)
        if line != one.line:
            what = f"the {one.kind} rate of {one.currency} for {one.date} stands twice"
            yield Problem(what, f"line {line} has it already", shown(path), one.line)
