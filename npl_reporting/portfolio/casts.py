"""Text → typed value in SQL, strictly: read whole or not at all, and the fault has a name.

The fault is the `kind` of a syntax check of `rules/checks.yaml`, or NULL. DuckDB would round
money and accept loose dates when it casts, so a pattern stands before every cast.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from npl_reporting.engine import literal
from npl_reporting.law.columns import Column

MONEY_DIGITS = 18
RATE_DECIMALS = 6
MINGUO = 1911
"""Years between the Minguo calendar and the common one."""

_DATE_TOKENS = re.compile(r"(%Y|%m|%d|\{minguo\})")
_DATE_PARTS = {
    "%Y": "([0-9]{4})",
    "{minguo}": "([0-9]{2,3})",
    "%m": "([0-9]{2})",
    "%d": "([0-9]{2})",
}
_SPREADSHEET_ERROR = r"#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!|FORMULA!)"
_ISO_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"


@dataclass(frozen=True)
class Cast:
    """SQL for the typed value and for the fault; `costly` says that text is parsed for it."""

    typed: str
    fault: str
    expected: str
    costly: bool = True


def sql_type(column: Column, money_decimals: int) -> str:
    """The SQL type in which a column is held."""
    match column.type:
        case "money":
            return f"DECIMAL({MONEY_DIGITS}, {money_decimals})"
        case "rate":
            return f"DECIMAL({MONEY_DIGITS}, {RATE_DECIMALS})"
        case "integer":
            return "BIGINT"
        case "text":
            return "VARCHAR"
    return column.type.upper()


def cast_text(text: str, column: Column, money_decimals: int) -> Cast:
    """Write the SQL that reads a text expression as the column's type."""
    return _CASTS[column.type](text, column, money_decimals)


def cast_date(text: str, form: str) -> Cast:
    """Write the SQL that reads a date written in a form of its own, such as %d/%m/%Y.

    The parts are %Y, %m and %d in full width, and {minguo} for a year of the Minguo calendar.
    """
    pattern = "".join(_DATE_PARTS.get(p, re.escape(p)) for p in _DATE_TOKENS.split(form) if p)
    parts = _DATE_TOKENS.findall(form)
    pieces = {p: f"regexp_extract({text}, {literal(pattern)}, {n})" for n, p in enumerate(parts, 1)}
    year = pieces.get("%Y") or f"CAST(CAST({pieces['{minguo}']} AS INTEGER) + {MINGUO} AS VARCHAR)"
    iso = f"{year} || '-' || {pieces['%m']} || '-' || {pieces['%d']}"
    typed = f"CASE WHEN {_whole(text, pattern)} THEN TRY_CAST({iso} AS DATE) END"
    fault = _fault(text, typed, {"no_such_day": pattern}, "not_date")
    return Cast(typed, fault, f"a day written {form}")


def date_form_fault(form: str) -> str | None:
    """Say what is wrong with a form of dates, if anything."""
    parts = sorted(_DATE_TOKENS.findall(form))
    if parts not in (["%Y", "%d", "%m"], ["%d", "%m", "{minguo}"]):
        return f"'{form}' does not give one year, month and day"
    return f"'{form}' has an unknown part" if "%" in _DATE_TOKENS.sub("", form) else None


def _whole(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, {literal(pattern)})"


def _part(text: str, pattern: str) -> str:
    return f"regexp_matches({text}, {literal(pattern)})"


def _guarded(text: str, pattern: str, target: str) -> str:
    return f"CASE WHEN {_whole(text, pattern)} THEN TRY_CAST({text} AS {target}) END"


def _fault(text: str, typed: str, known: Mapping[str, str], otherwise: str) -> str:
    """Name the first known pattern that a text fits which has no typed value."""
    patterns = {**known, "spreadsheet_error": _SPREADSHEET_ERROR}
    branches = "".join(
        f" WHEN {_whole(text, pattern)} THEN {literal(kind)}" for kind, pattern in patterns.items()
    )
    read = f"{text} IS NULL OR ({typed}) IS NOT NULL"
    return f"CASE WHEN {read} THEN NULL{branches} ELSE {literal(otherwise)} END"


def _number(text: str, decimals: int, target: str) -> Cast:
    whole = MONEY_DIGITS - decimals
    fraction = rf"(\.[0-9]{{1,{decimals}}})?" if decimals else ""
    typed = _guarded(text, rf"-?[0-9]{{1,{whole}}}{fraction}", target)
    known = {
        "not_finite": r"(?i)[-+]?(nan|inf|infinity)",
        "decimals": rf"-?[0-9]+\.[0-9]{{{decimals + 1},}}",
        "too_large": rf"-?[0-9]{{{whole + 1},}}{fraction}",
        "exponent": r"[-+]?[0-9.]+[eE][-+]?[0-9]+",
        "thousands": r"[^0-9]*[0-9]{1,3}([ ,'_][0-9]{3})+(\.[0-9]+)?[^0-9]*",
    }
    places = f"with at most {decimals} decimals" if decimals else "without decimals"
    return Cast(typed, _fault(text, typed, known, "not_number"), f"a plain number {places}")


def _money(text: str, column: Column, money_decimals: int) -> Cast:
    return _number(text, money_decimals, sql_type(column, money_decimals))


def _rate(text: str, column: Column, money_decimals: int) -> Cast:
    return _number(text, RATE_DECIMALS, sql_type(column, money_decimals))


def _integer(text: str, column: Column, money_decimals: int) -> Cast:
    typed = _guarded(text, "-?[0-9]{1,18}", "BIGINT")
    return Cast(typed, _fault(text, typed, {}, "not_integer"), "a whole number")


def _boolean(text: str, column: Column, money_decimals: int) -> Cast:
    typed = f"CASE {text} WHEN 'true' THEN true WHEN 'false' THEN false END"
    return Cast(typed, _fault(text, typed, {}, "not_boolean"), "true | false")


def _date(text: str, column: Column, money_decimals: int) -> Cast:
    typed = _guarded(text, _ISO_DATE, "DATE")
    known = {"no_such_day": _ISO_DATE, "time_of_day": f"{_ISO_DATE}[T ][0-9].*"}
    return Cast(typed, _fault(text, typed, known, "not_date"), "a day written YYYY-MM-DD")


def _text(text: str, column: Column, money_decimals: int) -> Cast:
    if column.values:
        sound = f"{text} IN ({', '.join(literal(value) for value in column.values)})"
        read = f"CASE WHEN {sound} THEN true END"
        fault = _fault(text, read, {}, "closed_list")
        return Cast(text, fault, " | ".join(column.values), False)
    known = {
        "garbled": r"\x{FFFD}",
        "control_characters": r"[\x00-\x1F\x7F]",
        "edge_blanks": r"^[\s\x{3000}\x{A0}]|[\s\x{3000}\x{A0}]$",
        "digits_lost": r"^[0-9](\.[0-9]+)?E\+[0-9]+$",
        "spreadsheet_error": f"^{_SPREADSHEET_ERROR}$",
    }
    branches = " ".join(
        f"WHEN {_part(text, pattern)} THEN {literal(kind)}" for kind, pattern in known.items()
    )
    troubled = _part(text, "|".join(known.values()))
    return Cast(text, f"CASE WHEN {troubled} THEN CASE {branches} END END", "plain text", False)


_CASTS: Mapping[str, Callable[[str, Column, int], Cast]] = {
    "text": _text,
    "money": _money,
    "rate": _rate,
    "integer": _integer,
    "boolean": _boolean,
    "date": _date,
}
