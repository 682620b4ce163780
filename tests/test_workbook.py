"""An Excel tape is read like the CSV it could have been: exact numbers, days, no silent errors."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from tapes import Reader

HEADER = ["exposure_id", "debtor_id", "product_type", "outstanding_principal"]


def workbook(*rows: Sequence[Any], sheet: str = "Tape", skip: int = 0) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row, 1):
            page.cell(number + skip, column + skip, cell)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


def test_cells_keep_their_exact_value(reader: Reader) -> None:
    header = [*HEADER, "origination_date", "maturity_date", "unlikely_to_pay", "past_due_amount"]
    row = [1001, "D1", "sme_loan", 1234567.89, date(2020, 2, 29), datetime(2030, 1, 2), False, 0]
    read = reader.read("t.xlsx", workbook(header, row))
    assert read.findings == []
    (loan,) = read.exposures
    assert (loan["row"], loan["exposure_id"]) == (2, "1001")
    assert loan["outstanding_principal"] == Decimal("1234567.89")
    assert (loan["origination_date"], loan["maturity_date"]) == (
        date(2020, 2, 29),
        date(2030, 1, 2),
    )
    assert loan["unlikely_to_pay"] is False


def test_what_a_spreadsheet_has_lost_is_a_finding(reader: Reader) -> None:
    header = [*HEADER, "specific_allowance", "collateral_value", "origination_date"]
    rows = [
        [4567890123456789, "D1", "sme_loan", 100.125, "#N/A", "=1/0", datetime(2025, 1, 2, 3, 4)],
        ["E2", "D2", "sme_loan", 1e16, 1, None, 45678],
    ]
    read = reader.read("t.xlsx", workbook(header, *rows))
    assert sorted((f.row or 0, f.column, f.check, f.value) for f in read.findings) == [
        (2, "collateral_value", "S-21", "#FORMULA!"),
        (2, "exposure_id", "S-17", "4.567890123456789E+15"),
        (2, "origination_date", "S-12", "2025-01-02T03:04:00"),
        (2, "outstanding_principal", "S-04", "100.125"),
        (2, "specific_allowance", "S-21", "#N/A"),
        (3, "origination_date", "S-10", "45678"),
        (3, "outstanding_principal", "S-06", "1E+16"),
    ]


def test_rows_and_columns_before_the_table_are_passed_over(reader: Reader) -> None:
    rows: list[list[Any]] = [["E1", "D1", "sme_loan", 5], [], ["E2", "D2", "sme_loan", "x"]]
    read = reader.read("t.xlsx", workbook(HEADER, *rows, skip=3))
    assert [row["row"] for row in read.exposures] == [5, 7]
    assert [(f.row, f.check) for f in read.findings] == [(7, "S-02")]


def test_cell_outside_the_header_makes_a_row_ragged(reader: Reader) -> None:
    read = reader.read("t.xlsx", workbook(HEADER, ["E1", "D1", "sme_loan", 5, "note"]))
    assert [(f.row, f.check, f.value) for f in read.findings] == [(2, "S-18", "5 cells")]


def test_sheet_option_takes_one_of_several(reader: Reader) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(HEADER, ["E1", "D1", "sme_loan", 5])))
    book.create_sheet("Notes").append(["read me"])
    book.create_sheet("Empty")
    book.save(reader.folder / "t.xlsx")
    assert reader.read("t.xlsx", sheet="Tape").findings == []
