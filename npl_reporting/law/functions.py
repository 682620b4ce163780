"""Every operator and function of the expression language, and the SQL each one writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from npl_reporting.dates import MonthsConvention
from npl_reporting.law import calendar_sql

RATIO_DECIMALS = 18
"""Decimals of a quotient; it is cut, not rounded, so that no quotient reaches a threshold above it."""

_MOST_DIVIDED = 6
"""Decimals of what may be divided: with more, the digits of the quotient would not fit."""

_NUMBERS = ("money", "decimal", "integer", "null")


class SqlError(Exception):
    """The arguments do not fit the function."""


@dataclass(frozen=True)
class Sql:
    """A piece of SQL with its kind and, for numbers, its decimals."""

    text: str
    kind: str
    scale: int = 0


Function = Callable[[Sequence[Sql], MonthsConvention], Sql]


def _take(args: Sequence[Sql], *kinds: str | tuple[str, ...]) -> None:
    if len(args) != len(kinds):
        raise SqlError(f"takes {len(kinds)} argument(s), found {len(args)}")
    for arg, kind in zip(args, kinds, strict=True):
        wanted = (kind,) if isinstance(kind, str) else kind
        if arg.kind not in (*wanted, "null"):
            named = "numbers" if wanted == _NUMBERS else " or ".join(wanted)
            raise SqlError(f"takes {named}, found {arg.kind}")


def _same(args: Sequence[Sql]) -> Sql:
    """The kind that all arguments share."""
    kinds = {arg.kind for arg in args} - {"null"}
    scale = max(arg.scale for arg in args)
    if kinds <= set(_NUMBERS):
        named = "money" if "money" in kinds else "decimal" if "decimal" in kinds else "integer"
        return Sql("", named if kinds else "null", scale)
    if len(kinds) == 1:
        return Sql("", kinds.pop(), scale)
    hint = ", write DATE 'YYYY-MM-DD'" if kinds == {"date", "text"} else ""
    raise SqlError(f"mixes {' and '.join(sorted(kinds))}{hint}")


def _sum_of(sign: str) -> Function:
    def write(args: Sequence[Sql], months: MonthsConvention) -> Sql:
        left, right = args
        if left.kind == "date":
            _take(args, "date", "integer")
            return Sql(f"({left.text} {sign} CAST({right.text} AS INTEGER))", "date")
        _take(args, _NUMBERS, _NUMBERS)
        both = _same(args)
        return Sql(f"({left.text} {sign} {right.text})", both.kind, both.scale)

    return write


def _product(args: Sequence[Sql], months: MonthsConvention) -> Sql:
    _take(args, _NUMBERS, _NUMBERS)
    both = _same(args)
    scale = sum(arg.scale for arg in args)
    if all(arg.kind == "money" for arg in args):
        raise SqlError("multiplies money by money")
    if scale > RATIO_DECIMALS:
        raise SqlError(f"the product has {scale} decimals, more than {RATIO_DECIMALS}")
    if both.kind == "integer":
        return Sql(f"({args[0].text} * {args[1].text})", "integer")
    factor, large = sorted(args, key=lambda arg: (arg.kind == "money", arg.scale))
    wide = f"CAST({large.text} AS DECIMAL({min(38, 26 + large.scale)}, {large.scale}))"
    narrow = f"CAST({factor.text} AS DECIMAL({max(12, factor.scale + 4)}, {factor.scale}))"
    return Sql(f"({wide} * {narrow})", both.kind, scale)


def _quotient(args: Sequence[Sql], months: MonthsConvention) -> Sql:
    _take(args, _NUMBERS, _NUMBERS)
    if max(arg.scale for arg in args) > _MOST_DIVIDED:
        raise SqlError(f"divides a number of more than {_MOST_DIVIDED} decimals")
    return quotient(*args)


def quotient(dividend: Sql, divisor: Sql) -> Sql:
    """Divide exactly: whole units over whole units, cut after RATIO_DECIMALS; missing over zero."""
    scale = max(dividend.scale, divisor.scale)
    units = [_units(arg, scale) for arg in (dividend, divisor)]
    whole = f"({units[0]} * {10**RATIO_DECIMALS}::HUGEINT) // nullif({units[1]}, 0)"
    one = f"CAST(0.{'1'.rjust(RATIO_DECIMALS, '0')} AS DECIMAL(18, {RATIO_DECIMALS}))"
    return Sql(f"(CAST({whole} AS DECIMAL(38, 0)) * {one})", "decimal", RATIO_DECIMALS)


def _units(number: Sql, scale: int) -> str:
    """A number counted in units of 10^-scale; widened first, so that no large amount overflows."""
    wide = f"CAST({number.text} AS DECIMAL(38, {number.scale}))"
    return f"CAST({wide} * {10**scale} AS HUGEINT)" if scale else f"CAST({number.text} AS HUGEINT)"


def _comparison(sign: str) -> Function:
    def write(args: Sequence[Sql], months: MonthsConvention) -> Sql:
        _same(args)
        return Sql(f"({args[0].text} {sign} {args[1].text})", "boolean")

    return write


def _logic(word: str) -> Function:
    def write(args: Sequence[Sql], months: MonthsConvention) -> Sql:
        _take(args, *["boolean"] * len(args))
        return Sql("(" + f" {word} ".join(arg.text for arg in args) + ")", "boolean")

    return write


def _not(args: Sequence[Sql], months: MonthsConvention) -> Sql:
    _take(args, "boolean")
    return Sql(f"(NOT {args[0].text})", "boolean")


def _is_null(args: Sequence[Sql], months: MonthsConvention) -> Sql:
    return Sql(f"({args[0].text} IS NULL)", "boolean")


def _in(args: Sequence[Sql], months: MonthsConvention) -> Sql:
    _same(args)
    items = ", ".join(arg.text for arg in args[1:])
    return Sql(f"({args[0].text} IN ({items}))", "boolean")


def _case(args: Sequence[Sql], months: MonthsConvention) -> Sql:
    _take(args[:-1:2], *["boolean"] * (len(args) // 2))
    results = _same([*args[1::2], args[-1]])
    branches = " ".join(
        f"WHEN {when.text} THEN {then.text}"
        for when, then in zip(args[:-1:2], args[1::2], strict=True)
    )
    return Sql(f"CASE {branches} ELSE {args[-1].text} END", results.kind, results.scale)


def _choice(name: str) -> Function:
    def write(args: Sequence[Sql], months: MonthsConvention) -> Sql:
        both = _same(args)
        return Sql(f"{name}({', '.join(arg.text for arg in args)})", both.kind, both.scale)

    return write


def _whole(name: str) -> Function:
    def write(args: Sequence[Sql], months: MonthsConvention) -> Sql:
        _take(args, _NUMBERS)
        return Sql(f"CAST({name}({args[0].text}) AS BIGINT)", "integer")

    return write


def _abs(args: Sequence[Sql], months: MonthsConvention) -> Sql:
    _take(args, _NUMBERS)
    return Sql(f"abs({args[0].text})", args[0].kind, args[0].scale)


def _negative(args: Sequence[Sql], months: MonthsConvention) -> Sql:
    _take(args, _NUMBERS)
    return Sql(f"(- {args[0].text})", args[0].kind, args[0].scale)


def _text(name: str) -> Function:
    def write(args: Sequence[Sql], months: MonthsConvention) -> Sql:
        _take(args, "text")
        return Sql(f"{name}({args[0].text})", "text")

    return write


def _starts_with(args: Sequence[Sql], months: MonthsConvention) -> Sql:
    _take(args, "text", "text")
    return Sql(f"starts_with({args[0].text}, {args[1].text})", "boolean")


def _date_part(name: str) -> Function:
    def write(args: Sequence[Sql], months: MonthsConvention) -> Sql:
        _take(args, "date")
        return Sql(f"CAST({name}({args[0].text}) AS INTEGER)", "integer")

    return write


def _days_between(args: Sequence[Sql], months: MonthsConvention) -> Sql:
    _take(args, "date", "date")
    return Sql(calendar_sql.days_between(args[0].text, args[1].text), "integer")


def _months_between(args: Sequence[Sql], months: MonthsConvention) -> Sql:
    _take(args, "date", "date")
    text = calendar_sql.months_between(args[0].text, args[1].text, months)
    return Sql(text, "decimal", calendar_sql.FRACTION_DECIMALS)


def _period_end(args: Sequence[Sql], months: MonthsConvention) -> Sql:
    _take(args, "date", "integer")
    return Sql(calendar_sql.period_end(args[0].text, args[1].text, months), "date")


FUNCTIONS: dict[str, Function] = {
    "+": _sum_of("+"),
    "-": _sum_of("-"),
    "*": _product,
    "/": _quotient,
    "neg": _negative,
    **{sign: _comparison(sign) for sign in ("=", "<>", "<", "<=", ">", ">=")},
    "and": _logic("AND"),
    "or": _logic("OR"),
    "not": _not,
    "is null": _is_null,
    "in": _in,
    "case": _case,
    "coalesce": _choice("coalesce"),
    "nullif": _choice("nullif"),
    "least": _choice("least"),
    "greatest": _choice("greatest"),
    "abs": _abs,
    "floor": _whole("floor"),
    "ceil": _whole("ceil"),
    "lower": _text("lower"),
    "upper": _text("upper"),
    "starts_with": _starts_with,
    "year": _date_part("year"),
    "month": _date_part("month"),
    "day": _date_part("day"),
    "days_between": _days_between,
    "months_between": _months_between,
    "period_end": _period_end,
}
