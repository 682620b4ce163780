"""A tape in several currencies, brought into one: exactly, and rounded once for each amount."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import pyarrow as pa

from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.errors import DataError
from npl_reporting.law.columns import Column
from npl_reporting.money import exact_text, known_currency, minor_digits, rounded
from npl_reporting.portfolio.casts import MONEY_DIGITS
from npl_reporting.portfolio.checks import of_kind
from npl_reporting.portfolio.findings import add_rows
from npl_reporting.portfolio.rates import Rate, RateKind, Rates

CURRENCY = "currency"
EXCHANGE_RATE = "exchange_rate"
ORIGINAL_AMOUNT = "original_amount"
FLOWS = ("recovered_amount",)
"""Money columns that tell what flowed in a period, not what there is on a day."""

RATE_DIGITS = 12
"""Decimals of the rate that the tape shows; amounts are converted by the rate itself."""

_MOST_ROWS = 20


@dataclass(frozen=True)
class FlowRate:
    """The rate at which flows of the period are converted."""

    kind: RateKind
    day: date


def flow_rate(
    policy: Literal["average", "closing", "opening"], day: date, before: date | None
) -> FlowRate:
    """The rate of flows by a rulebook's choice; without a prior day there is no opening rate."""
    if policy == "opening" and before:
        return FlowRate("closing", before)
    return FlowRate("closing" if policy == "closing" else "average", day)


@dataclass(frozen=True)
class Converted:
    """A currency of the tape: how many rows were in it, and the rate of their balances."""

    rows: int
    rate: Rate


def original_column(name: str) -> str:
    """The column that keeps what stood in a money column before it was converted."""
    return f"original_{name}"


def kept_originals(columns: Mapping[str, Column]) -> tuple[str, ...]:
    """Every name that the conversion may give to a column."""
    money = [original_column(name) for name, column in columns.items() if column.type == "money"]
    return (EXCHANGE_RATE, ORIGINAL_AMOUNT, *money)


def widest_decimals(rates: Rates) -> int:
    """Decimals with which a tape must be read that may be in any of these currencies."""
    return max(minor_digits(code) for code in (rates.currency, *rates.currencies))


def convert(
    engine: Engine, rates: Rates, day: date, flow: FlowRate, present: Sequence[str],
    known: Mapping[str, Column],
) -> tuple[Converted, ...]:  # fmt: skip
    """Convert the money of the relation `tape` into the currency of the rates.

    Balances take the closing rate of `day`, the columns in `FLOWS` the rate of flows; each amount
    is rounded once, half away from zero, to the minor unit. `currency` stays that in which the
    exposure is booked, `original_<column>` keeps each amount, and `exchange_rate` says that and how
    a row was converted. DataError where a rate is missing.
    """
    foreign = _foreign(engine, rates.currency) if CURRENCY in present else {}
    kept = set(kept_originals(known))
    money = [n for n in present if known[n].type == "money" and n not in kept]
    flows = [name for name in money if name in FLOWS]
    closing = _rates(engine, rates, foreign, FlowRate("closing", day), "true")
    moved = " OR ".join(f"coalesce({quoted(name)}, 0) <> 0" for name in flows) or "false"
    flowing = _rates(engine, rates, foreign, flow, moved)
    _refuse_finer(engine, rates, foreign, money)
    wanted = {"closing": closing, "flow": flowing}
    read = widest_decimals(rates)
    declare_factors(engine, "exchange_factors", wanted, read, minor_digits(rates.currency))
    _replace(engine, rates, money)
    _note_too_large(engine, money)
    return tuple(Converted(foreign[code], rate) for code, rate in closing.items())


def _foreign(engine: Engine, currency: str) -> dict[str, int]:
    """The known currencies of the tape that are not the return's, with their numbers of rows."""
    found = engine.rows(f"SELECT {CURRENCY}, count(*) FROM tape GROUP BY ALL ORDER BY ALL")
    return {
        code: rows for code, rows in found if code and code != currency and known_currency(code)
    }


def _rates(
    engine: Engine, rates: Rates, foreign: Collection[str], wanted: FlowRate, where: str
) -> dict[str, Rate]:
    """The rate of every currency that some row needs; DataError with all that are missing."""
    found, problems = {}, []
    for code in foreign:
        rate = rates.of(code, wanted.kind, wanted.day)
        if rate is not None:
            found[code] = rate
        elif needed := _needed(engine, f"{CURRENCY} = {literal(code)} AND ({where})"):
            problems.append(rates.want(code, wanted.kind, wanted.day, needed))
    if problems:
        raise DataError(*problems)
    return found


def _needed(engine: Engine, where: str) -> str:
    """Which rows need a rate, in words; nothing if none does."""
    count = engine.value(f"SELECT count(*) FROM tape WHERE {where}")
    if not count:
        return ""
    rows = engine.rows(f"SELECT row FROM tape WHERE {where} ORDER BY row LIMIT {_MOST_ROWS}")
    named = ", ".join(str(row) for (row,) in rows)
    more = f" and {count - _MOST_ROWS:,} more" if count > _MOST_ROWS else ""
    return f"row{'s' * (count > 1)} {named}{more} of the tape need{'s' * (count == 1)}"


def _refuse_finer(
    engine: Engine, rates: Rates, foreign: Collection[str], money: Sequence[str]
) -> None:
    """Record amounts with more decimals than their own currency has; one scan finds the columns."""
    own, widest = minor_digits(rates.currency), widest_decimals(rates)
    other = {code: digits for code in foreign if (digits := minor_digits(code)) != own}
    if not other and own == widest:
        return
    finer = {name: f"{quoted(name)} <> {_coarse(name, other, own)}" for name in money}
    flags = ", ".join(f"coalesce(bool_or({test}), false)" for test in finer.values())
    (found,) = engine.rows(f"SELECT {flags} FROM tape")
    for name in (name for name, failing in zip(money, found, strict=True) if failing):
        for check, _ in of_kind("decimals"):
            add_rows(
                engine, check, f"(SELECT * FROM tape WHERE {finer[name]})",
                column=name, value=quoted(name),
                expected=literal("a plain number with the decimals that its currency has"),
            )  # fmt: skip


def _coarse(name: str, other: Mapping[str, int], own: int) -> str:
    """SQL of an amount with no more decimals than its currency has."""
    column = quoted(name)
    branches = "".join(
        f" WHEN {CURRENCY} = {literal(code)} THEN round({column}, {digits})"
        for code, digits in other.items()
    )
    return (
        f"CASE{branches} ELSE round({column}, {own}) END" if branches else f"round({column}, {own})"
    )


def declare_factors(
    engine: Engine, table: str, wanted: Mapping[str, Mapping[str, Rate]], read: int, decimals: int
) -> None:
    """Make a table of exact factors (use, currency, numerator, denominator, shown).

    They lead from amounts of `read` decimals to amounts of `decimals`, both counted in whole units.
    """
    shift = Fraction(10) ** (decimals - read)
    rows = [
        (use, code, *(rate.factor * shift).as_integer_ratio(), shown_rate(rate))
        for use, found in wanted.items()
        for code, rate in found.items()
    ]
    names = ("use", "currency", "numerator", "denominator", "shown")
    texts = {
        name: pa.array([str(row[n]) for row in rows], pa.string()) for n, name in enumerate(names)
    }
    engine.register("exchange_texts", pa.table(texts))
    engine.execute(
        f"CREATE OR REPLACE TABLE {table} AS SELECT use, currency, "
        "CAST(numerator AS HUGEINT) AS numerator, CAST(denominator AS HUGEINT) AS denominator, shown "
        "FROM exchange_texts"
    )


def shown_rate(rate: Rate) -> str:
    """What one unit is in the return's currency, as text: exact where it ends."""
    numerator, denominator = rate.factor.as_integer_ratio()
    return exact_text(rounded(Decimal(numerator) / Decimal(denominator), RATE_DIGITS))


def _replace(engine: Engine, rates: Rates, money: Sequence[str]) -> None:
    decimals = minor_digits(rates.currency)
    told = engine.columns("tape")
    columns = dict(_columns(rates, money, decimals))
    replacing = ", ".join(f"{sql} AS {quoted(n)}" for n, sql in columns.items() if n in told)
    more = "".join(f", {sql} AS {quoted(n)}" for n, sql in columns.items() if n not in told)
    engine.execute(
        f"CREATE TABLE converted_tape AS SELECT t.* REPLACE ({replacing}){more} FROM tape t "
        f"{_joined('c', 'closing', told)} {_joined('f', 'flow', told)}"
    )
    views = engine.value("SELECT count(*) FROM duckdb_views() WHERE view_name = 'tape'")
    engine.execute(f"DROP {'VIEW' if views else 'TABLE'} tape")
    engine.execute("ALTER TABLE converted_tape RENAME TO tape")


def _joined(alias: str, use: str, told: Collection[str]) -> str:
    same = f"{alias}.currency = t.{CURRENCY}" if CURRENCY in told else "false"
    return f"LEFT JOIN exchange_factors {alias} ON {alias}.use = {literal(use)} AND {same}"


def _columns(rates: Rates, money: Sequence[str], decimals: int) -> Iterator[tuple[str, str]]:
    """SQL of every column that changes or is added."""
    yield EXCHANGE_RATE, "c.shown"
    for name in money:
        alias = "f" if name in FLOWS else "c"
        value = f"t.{quoted(name)}"
        kind = f"DECIMAL({MONEY_DIGITS}, {decimals})"
        converted = converted_sql(value, widest_decimals(rates), decimals, alias)
        yield (
            name,
            f"CASE WHEN {alias}.use IS NULL THEN CAST({value} AS {kind}) ELSE {converted} END",
        )
        yield original_column(name), value


def converted_sql(value: str, read: int, decimals: int, factor: str) -> str:
    """SQL of money converted by a factor's columns: exact whole numbers, rounded half up once.

    `read` are the decimals that the value was read with, `decimals` those of the result.
    """
    units = f"CAST(CAST({value} AS DECIMAL(38, {read})) * {10**read} AS HUGEINT)"
    numerator, denominator = f"{factor}.numerator", f"{factor}.denominator"
    whole = f"((2 * abs({units}) * {numerator} + {denominator}) // (2 * {denominator}))"
    signed = f"CASE WHEN {value} < 0 THEN -{whole} ELSE {whole} END"
    unit = f"CAST({Decimal(1).scaleb(-decimals)} AS DECIMAL({decimals + 1}, {decimals}))"
    small = f"CAST(TRY_CAST({signed} AS DECIMAL({MONEY_DIGITS}, 0)) AS DECIMAL(38, 0))"
    return f"TRY_CAST({small} * {unit} AS DECIMAL({MONEY_DIGITS}, {decimals}))"


def _note_too_large(engine: Engine, money: Sequence[str]) -> None:
    """Record amounts that have too many digits once they are converted."""
    for name in money:
        lost = f"{quoted(name)} IS NULL AND {quoted(original_column(name))} IS NOT NULL"
        for check, _ in of_kind("too_large"):
            add_rows(
                engine, check, f"(SELECT * FROM tape WHERE {lost})", column=name,
                value=quoted(original_column(name)),
                expected=literal(f"at most {MONEY_DIGITS} digits once converted"),
            )  # fmt: skip
