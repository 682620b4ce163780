"""Figures, heads and lines of disposal's pages, set as the records that templates print."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from npl_reporting.money import rounded
from npl_reporting.returns.page import Format, Head, Line, Shown, Table, Text

_NO_BASE: Text = {"en": "there is nothing to divide by", "zh-TW": "無分母"}


def words(english: str, chinese: str = "") -> Text:
    """A text in the languages it is given in."""
    return {"en": english, "zh-TW": chinese} if chinese else {"en": english}


def money(value: Decimal | None) -> Shown:
    """An amount; a dash where there is none."""
    return Shown(value, "money") if value is not None else Shown(None, "money", "dash")


def count(value: int) -> Shown:
    """A number of things."""
    return Shown(Decimal(value), "count")


def number(value: Decimal | None, decimals: int) -> Shown:
    """A plain number; a dash where there is none."""
    if value is None:
        return Shown(None, "number", "dash")
    return Shown(value, "number", decimals=decimals)


def months(value: Decimal) -> Shown:
    """A time in months."""
    return number(rounded(value, 1), 1)


def percent(value: Decimal | None, decimals: int = 1) -> Shown:
    """A ratio; not computed where there is nothing to divide by."""
    if value is None:
        return Shown(None, "percent", "not_computed", _NO_BASE)
    return Shown(rounded(value, decimals + 2), "percent", decimals=decimals)


def head(id_: str, label: str, format_: Format = "count") -> Head:
    """A column's head."""
    return Head(id_, words(label), format_)


def line(
    id_: str, label: Text | str, cells: Sequence[object],
    kind: Literal["data", "total", "heading"] = "data", level: int = 0,
) -> Line:  # fmt: skip
    """A row: texts become text cells, nothing becomes an empty one."""
    return Line(id_, _text(label), tuple(map(_cell, cells)), kind, level)


def table(
    caption: str, heads: Sequence[Head], lines: Sequence[Line], stub: str, note: str = ""
) -> Table:
    """A table with its caption."""
    return Table(
        tuple(heads), tuple(lines), words(caption), words(note) if note else None, stub=words(stub)
    )


def _text(label: Text | str) -> Text:
    return words(label) if isinstance(label, str) else label


def _cell(cell: object) -> Shown:
    if isinstance(cell, Shown):
        return cell
    return Shown(None, "text", "blank") if cell is None else Shown(words(str(cell)), "text")
