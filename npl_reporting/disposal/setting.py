"""Figures, heads and lines of disposal's pages, set as the records that templates print."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from npl_reporting.money import rounded
from npl_reporting.returns.page import Format, Head, Line, Shown, Table, Text

_NO_BASE: Text = {"en": "there is nothing to divide by", "zh-TW": "無分母"}


def words(english: str, chinese: str) -> Text:
    """A text in both languages of these pages."""
    return {"en": english, "zh-TW": chinese}


def plain(text: str) -> Text:
    """A text that reads the same in every language: a code, a name, a date."""
    return {"en": text}


def joined(texts: Sequence[Text], between: Text) -> Text:
    """Texts in a row, each language for itself; one that lacks a language stands in English."""
    return {
        language: sign.join(text.get(language, text["en"]) for text in texts)
        for language, sign in between.items()
    }


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


def head(
    id_: str, english: str, chinese: str, format_: Format = "count", width: float | None = None
) -> Head:
    """A column's head; `width` in characters where the text is not to decide."""
    return Head(id_, words(english, chinese), format_, width=width)


def line(
    id_: str, label: Text, cells: Sequence[Shown | Text],
    kind: Literal["data", "total", "heading"] = "data", level: int = 0,
) -> Line:  # fmt: skip
    """A row: texts become text cells."""
    return Line(id_, label, tuple(map(_cell, cells)), kind, level)


def table(
    caption: Text, heads: Sequence[Head], lines: Sequence[Line], stub: Text,
    note: Text | None = None,
) -> Table:  # fmt: skip
    """A table with its caption."""
    return Table(tuple(heads), tuple(lines), caption, note, stub=stub)


def _cell(cell: Shown | Text) -> Shown:
    return cell if isinstance(cell, Shown) else Shown(cell, "text")
