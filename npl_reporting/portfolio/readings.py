"""How a column of a file becomes a column of the tape: directly where its type fits, else by text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from npl_reporting.engine import literal
from npl_reporting.law.columns import Column
from npl_reporting.portfolio.casts import MONEY_DIGITS, Cast, cast_date, cast_text, sql_type

ABSENT = '"NULL"'
_TEXTS = ("VARCHAR", "ENUM")
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_UNSIGNED = ("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT")
_NUMBERS = (*_WHOLE, *_UNSIGNED, "FLOAT", "DOUBLE", "DECIMAL")
_TIMES = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE")
_FITTING = {
    "text": (*_TEXTS, *_NUMBERS, "UUID"),
    "money": (*_TEXTS, *_NUMBERS),
    "rate": (*_TEXTS, *_NUMBERS),
    "integer": (*_TEXTS, *_NUMBERS),
    "date": (*_TEXTS, "DATE", *_TIMES),
    "boolean": (*_TEXTS, "BOOLEAN"),
}


@dataclass(frozen=True)
class Reading:
    """One column as SQL over the raw tape.

    `text` is what stands in the file, `typed` the value, `fault` the kind of syntax check that
    the text fails, or NULL. `costly` says that text is parsed for every row.
    """

    column: str
    text: str
    typed: str
    fault: str
    expected: str
    costly: bool


def fits(kind: str, column: Column) -> bool:
    """Tell whether a file's column of the DuckDB type `kind` can be what the dictionary says."""
    return kind == ABSENT or family(kind) in _FITTING[column.type]


def read_column(
    name: str, column: Column, raw: str, kind: str, money_decimals: int, date_form: str = ""
) -> Reading:
    """Write the SQL that reads the raw expression `raw`, of DuckDB type `kind`, as the column.

    `date_form` is the form of dates that are not written YYYY-MM-DD, such as %d/%m/%Y.
    """
    text = shortest_text(raw, kind)
    cast = _cast(column, raw, kind, money_decimals, date_form)
    fault = cast.fault
    if column.required:
        missing = f"{text if kind == 'VARCHAR' else raw} IS NULL"
        fault = f"CASE WHEN {missing} THEN 'required' ELSE {fault} END"
    typed = _with_default(cast.typed, column, money_decimals)
    return Reading(name, text, typed, fault, cast.expected, cast.costly)


def shortest_text(raw: str, kind: str) -> str:
    """The value as text: numbers in full without idle zeros, an empty text as missing."""
    match family(kind):
        case "VARCHAR":
            return f"nullif({raw}, '')"
        case "FLOAT" | "DOUBLE":
            return f"regexp_replace(CAST({raw} AS VARCHAR), '\\.0$', '')"
        case "DECIMAL" if not kind.endswith(",0)"):
            return f"regexp_replace(CAST({raw} AS VARCHAR), '\\.?0+$', '')"
    return f"CAST({raw} AS VARCHAR)"


def family(kind: str) -> str:
    """A DuckDB type without its parameters."""
    return kind.partition("(")[0]


def _cast(column: Column, raw: str, kind: str, money_decimals: int, date_form: str) -> Cast:
    text = shortest_text(raw, kind)
    target = sql_type(column, money_decimals)
    if column.type == "date" and date_form:
        return cast_date(text, date_form)
    if column.type == "text":
        return cast_text(text, column, money_decimals)
    if kind in (ABSENT, target.replace(", ", ",")):
        return Cast(f"CAST({raw} AS {target})", "NULL", target, False)
    if _lossless(kind, target):
        typed = f"TRY_CAST({raw} AS {target})"
        lost = f"{raw} IS NOT NULL AND {typed} IS NULL"
        expected = f"a number of at most {MONEY_DIGITS} digits"
        return Cast(typed, f"CASE WHEN {lost} THEN 'too_large' END", expected, False)
    if family(kind) in _TIMES:
        return _timestamp(raw)
    return cast_text(text, column, money_decimals)


def _lossless(kind: str, target: str) -> bool:
    """Tell whether a cast between number types keeps every digit or fails."""
    if target != "BIGINT" and not target.startswith("DECIMAL"):
        return False
    if family(kind) in (*_WHOLE, *_UNSIGNED):
        return True
    return kind.startswith("DECIMAL") and _decimals(kind) <= _decimals(target)


def _decimals(kind: str) -> int:
    return int(kind.rpartition(",")[2].rstrip(")")) if kind.startswith("DECIMAL") else 0


def _timestamp(raw: str) -> Cast:
    time = f"CAST({raw} AS TIMESTAMP)"
    midnight = f"{time} = date_trunc('day', {time})"
    typed = f"CASE WHEN {midnight} THEN CAST({time} AS DATE) END"
    fault = f"CASE WHEN NOT ({midnight}) THEN 'time_of_day' END"
    return Cast(typed, fault, "a day without a time", False)


def _with_default(typed: str, column: Column, money_decimals: int) -> str:
    if column.default is None:
        return typed
    value = column.default
    text = value.isoformat() if isinstance(value, date) else str(value).lower()
    if isinstance(value, str):
        text = value
    return f"coalesce({typed}, CAST({literal(text)} AS {sql_type(column, money_decimals)}))"
