"""Excel workbooks of values alone, the same bytes for the same values; the door to XlsxWriter."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import xlsxwriter

from npl_reporting.returns.columns import measure

NUMBER_DIGITS = 15
"""Significant digits that Excel keeps of a number."""

LONGEST_NAME = 31
"""Characters that the name of a sheet may have."""

_TAKEN = ("history",)
_LONGEST_TEXT = 32_767
_A4 = 9
_LINE_HEIGHT = 15
_USUAL_WIDTH = 8.43
_TIGHT = 0.9
"""The share of a column's width that letters fill before a line is broken."""
_DAY = "yyyy-mm-dd"
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


def written(title: str, subject: str, day: date, fill: Callable[[Book], None]) -> bytes:
    """Give the workbook that `fill` writes; its container is dated `day`, not today."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, _OPTIONS)
    created = datetime.combine(day, time())
    book.set_properties({"title": title, "subject": subject, "created": created})
    fill(Book(book, {}))
    book.close()
    return target.getvalue()


def as_number(value: Decimal) -> float | None:
    """The number that Excel keeps exactly; None if the value has too many digits."""
    digits = len(value.normalize().as_tuple().digits)
    return float(value) if digits <= NUMBER_DIGITS else None


def free_name(wanted: str, taken: Sequence[str]) -> str:
    """A name for a sheet that Excel accepts and no other sheet has."""
    name, number = wanted[:LONGEST_NAME], 1
    while name.lower() in (*_TAKEN, *(other.lower() for other in taken)):
        number += 1
        name = f"{wanted[: LONGEST_NAME - len(str(number)) - 1]}_{number}"
    return name


def letters(across: int) -> str:
    """A column's letters by its number from zero: A for 0, AA for 26."""
    text, left = "", across + 1
    while left:
        left, place = divmod(left - 1, 26)
        text = chr(ord("A") + place) + text
    return text


@dataclass(frozen=True)
class Book:
    """A workbook being written; a look is made into a format once."""

    book: Any
    formats: dict[str, Any]

    def paper(self, name: str, footer: str, *, landscape: bool = False) -> Paper:
        """Add a sheet that prints one page wide."""
        sheet = self.book.add_worksheet(name)
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        sheet.set_footer(f"&L{footer.replace('&', '&&')}&R&P / &N")
        if landscape:
            sheet.set_landscape()
        return Paper(self, sheet, {}, {})

    def format(self, look: dict[str, object]) -> Any:
        """The format of a look, as XlsxWriter names its properties."""
        key = repr(sorted(look.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format(look)
        return self.formats[key]


@dataclass(frozen=True)
class Paper:
    """A sheet being written, rows and columns counted from zero.

    Set the widths first: a text that wraps makes its row as high as it needs.
    """

    book: Book
    sheet: Any
    columns: dict[int, float]
    rows: dict[int, int]

    def text(self, row: int, column: int, text: str, **look: object) -> None:
        """Write a text as text, whatever it begins with."""
        if text:
            format = self.book.format(look)
            self.sheet.write_string(row, column, text[:_LONGEST_TEXT], format)
            if look.get("text_wrap"):
                self._grow(row, measure(text) / self.columns.get(column, _USUAL_WIDTH))
        elif look:
            self.sheet.write_blank(row, column, None, self.book.format(look))

    def number(self, row: int, column: int, value: float, pattern: str, **look: object) -> None:
        """Write a number with Excel's pattern of how to show it."""
        self.sheet.write_number(
            row, column, value, self.book.format({**look, "num_format": pattern})
        )

    def day(self, row: int, column: int, day: date, **look: object) -> None:
        """Write a date as a date."""
        self.sheet.write_datetime(row, column, day, self.book.format({**look, "num_format": _DAY}))

    def across(self, row: int, first: int, span: int, text: str, **look: object) -> None:
        """Write a text over several columns."""
        if span > 1:
            last = first + span - 1
            self.sheet.merge_range(row, first, row, last, "", self.book.format(look))
        self.text(row, first, text, **look)

    def widths(self, first: int, *widths: float) -> None:
        """Set the widths of neighbouring columns, in characters."""
        for column, width in enumerate(widths, first):
            self.sheet.set_column(column, column, width)
            self.columns[column] = width

    def _grow(self, row: int, filled: float) -> None:
        lines = math.ceil(filled / _TIGHT)
        if lines > self.rows.get(row, 1):
            self.rows[row] = lines
            self.sheet.set_row(row, _LINE_HEIGHT * lines)

    def keep_heads(self, first: int, lines: int, figures: int) -> None:
        """Keep heads and labels in sight, and repeat the heads on every printed page."""
        self.sheet.freeze_panes(lines, figures)
        self.sheet.repeat_rows(first, max(lines - 1, first))
