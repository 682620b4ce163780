"""Excel tapes: one sheet's cells as exact text, for the same road as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from npl_reporting.money import exact_text
from npl_reporting.portfolio.cellerrors import cell_errors
from npl_reporting.portfolio.delimited import rewrite
from npl_reporting.portfolio.rawtape import NumberedRow
from npl_reporting.portfolio.source import TapeSource, refusal

_KEPT_DIGITS = Decimal(10) ** 15
"""Excel keeps 15 digits of a number; a whole number from here on may have lost its last ones."""


def read_workbook(source: TapeSource, work: Path) -> tuple[list[str], Path]:
    """Write a sheet's rows into `work`; return its header and the file.

    NplError if the file is no workbook, or which of its sheets is the tape is not said.
    """
    target = work / "tape.sheet.csv"
    try:
        with CalamineWorkbook.from_path(source.path) as workbook:
            rows = _rows(source.path, _sheet(workbook, source))
            first = next(rows, None)
            if first is None:
                raise refusal(source.path, "its sheet is empty", "name another with --sheet")
            header = _trimmed(first.cells)
            rewrite(target, header, _fitted(rows, len(header)))
    except CalamineError as error:
        what = f"cannot be read as an Excel file ({error})"
        raise refusal(source.path, what, "save it anew, without a password") from None
    return header, target


def _sheet(workbook: CalamineWorkbook, source: TapeSource) -> CalamineSheet:
    names = workbook.sheet_names
    if source.sheet is not None and source.sheet not in names:
        what = f"has no sheet '{source.sheet}'"
        raise refusal(source.path, what, f"its sheets are: {', '.join(names)}")
    if source.sheet is not None:
        return workbook.get_sheet_by_name(source.sheet)
    sheets = [sheet for sheet in map(workbook.get_sheet_by_name, names) if sheet.height]
    if len(sheets) > 1:
        what = f"has several sheets: {', '.join(sheet.name for sheet in sheets)}"
        raise refusal(source.path, what, "say which is the tape: --sheet NAME")
    if not sheets:
        raise refusal(source.path, "has no sheet with anything in it", "export the tape again")
    return sheets[0]


def _rows(path: Path, sheet: CalamineSheet) -> Iterator[NumberedRow]:
    errors = cell_errors(path, sheet.name)
    first = sheet.start[1] + 1 if sheet.start else 1
    for number, row in enumerate(sheet.iter_rows(), 1):
        cells = [cell_text(cell) for cell in row]
        if errors:
            cells = [cell or errors.get((number, first + n), "") for n, cell in enumerate(cells)]
        if any(cells):
            yield NumberedRow(number, cells)


def _trimmed(cells: Sequence[str]) -> list[str]:
    """A row without the empty cells at its end."""
    kept = list(cells)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _fitted(rows: Iterator[NumberedRow], width: int) -> Iterator[NumberedRow]:
    """Rows cut to the header's width; what stands beyond it makes a row ragged."""
    for row in rows:
        filled = _trimmed(row.cells)
        missing = [""] * (width - len(filled))
        yield NumberedRow(row.number, [*filled, *missing])


def cell_text(cell: object) -> str:
    """Write a cell as a CSV tape would: exact numbers, ISO dates, true or false.

    A whole number of more digits than Excel keeps is written with an exponent, as Excel shows it,
    so that no check takes the digits for true.
    """
    match cell:
        case bool():
            return "true" if cell else "false"
        case int() | float():
            return _number_text(cell)
        case datetime() if cell.time() == time.min:
            return cell.date().isoformat()
        case datetime() | date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)
    return str(cell)


def _number_text(number: float) -> str:
    value = Decimal(repr(number))
    if not value.is_finite():
        return str(number)
    if abs(value) >= _KEPT_DIGITS:
        return f"{value.normalize():E}"
    return exact_text(value)
