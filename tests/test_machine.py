"""Returns as workbooks, JSON and CSV: the cells of the run, each where its address says."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openpyxl import Workbook, load_workbook
from printed_pages import text
from small_book import Book, classified
from test_pages import EDITION

from npl_reporting.resources import REPORTS
from npl_reporting.returns.cells import Cell
from npl_reporting.returns.exchange import CSV_FIELDS
from npl_reporting.returns.facsimile import workbook
from npl_reporting.returns.machine import write_returns
from npl_reporting.returns.page import CheckLine, Head, Line, Page, Shown, Table
from npl_reporting.returns.pages import pages
from npl_reporting.returns.sheets import Sheet
from npl_reporting.returns.spreadsheet import as_number, free_name, letters

FOLDER = Path(__file__).parent / "reports" / "TW.sound"
SCHEMA = json.loads((REPORTS / "returns.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
MONEY = Head("amount", text("金額", "Amount"), "money")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """A book on which every check holds, with the same cells as its prior quarter's."""
    with classified(FOLDER, tmp_path_factory.mktemp("machine")) as found:
        cells = (cell if cell.period == "current" else _as_now(cell, found) for cell in found.cells)
        yield replace(found, cells=tuple(cells))


def _as_now(cell: Cell, book: Book) -> Cell:
    same = (cell.report, cell.table, cell.row, cell.column)
    now = next(c for c in book.cells if (c.report, c.table, c.row, c.column) == same)
    return replace(now, period="comparative")


@pytest.fixture(scope="module")
def files(book: Book, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of every return of the book, by name."""
    folder = tmp_path_factory.mktemp("files")
    return {path.name: path for path in _written(book, folder)}


def _written(book: Book, folder: Path) -> Iterator[Path]:
    edition = replace(EDITION, prior_date=date(2025, 6, 30))
    set_pages = tuple(pages(edition, book.plans, book.cells, book.results))
    reports = [planned.report for planned in book.plans]
    yield from write_returns(reports, set_pages, book.cells, folder)


def _json(files: dict[str, Path]) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for name, path in files.items() if name.endswith(".json")]


def test_every_report_with_tables_has_a_workbook_a_csv_and_a_json(
    book: Book, files: dict[str, Path]
) -> None:
    expected = {
        f"TW-{planned.report.id}.{ending}"
        for planned in book.plans
        if planned.report.tables
        for ending in ("xlsx", "csv", "json")
    }
    assert set(files) == expected


def test_every_json_is_as_its_schema_says(files: dict[str, Path]) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for told in _json(files):
        assert [error.message for error in VALIDATOR.iter_errors(told)] == []


def test_the_json_holds_every_cell_once(book: Book, files: dict[str, Path]) -> None:
    told = {
        (each["report"], table["id"], cell["row"], cell["column"], cell["period"]): (
            cell.get("value"), cell.get("reason"),
        )
        for each in _json(files)
        for table in each["tables"]
        for cell in table["cells"]
    }  # fmt: skip
    stored = {
        (c.report, c.table, c.row, c.column, c.period): (
            None if c.reason else c.exact, c.reason,
        )
        for c in book.cells
    }  # fmt: skip
    assert told == stored


def test_the_csv_holds_the_cells_of_the_json(files: dict[str, Path]) -> None:
    for told in _json(files):
        path = files[f"TW-{told['report']}.csv"]
        rows = list(csv.DictReader(io.StringIO(path.read_text())))
        assert [row["value"] for row in rows] == [
            cell.get("value", "") for table in told["tables"] for cell in table["cells"]
        ]
        assert all(tuple(row) == CSV_FIELDS for row in rows)
        assert {row["run"] for row in rows} == {told["run"]}


def test_each_address_holds_its_cell(files: dict[str, Path]) -> None:
    seen = 0
    for told in _json(files):
        opened = load_workbook(files[f"TW-{told['report']}.xlsx"])
        for cell in (cell for table in told["tables"] for cell in table["cells"]):
            if "address" in cell:
                found = opened[cell["sheet"]][cell["address"]]
                assert _agree(found.value, cell, told["unit"]), (told["report"], cell)
                seen += 1
    assert seen > 300


def _agree(found: object, cell: dict[str, Any], unit: int) -> bool:
    """Whether a workbook's cell is the JSON's: a figure in its unit, a text, or a mark."""
    match cell["state"], cell["format"]:
        case "not_computed", _:
            return found == ("–" if cell.get("dash") else "無法計算")
        case _, "date":
            return bool(found.date().isoformat() == cell["value"])  # type: ignore[attr-defined]
        case _, "text":
            return found is not None
    assert isinstance(found, int | float)
    if cell["format"] == "percent":  # a quotient has more digits than a number keeps
        return found == pytest.approx(float(cell["value"]), rel=1e-15)
    return float(Decimal(cell["value"]) / (unit if cell["format"] == "money" else 1)) == found


def test_a_hidden_column_has_no_address(files: dict[str, Path]) -> None:
    told = json.loads(files["TW-top_debtors.json"].read_text())
    debtors = next(table for table in told["tables"] if table["id"] == "debtors")
    hidden = {column["id"] for column in debtors["columns"] if column["hidden"]}
    assert hidden == {"kind", "industry"}
    assert not any("address" in c for c in debtors["cells"] if c["column"] in hidden)


def test_the_same_run_gives_the_same_bytes(
    book: Book, files: dict[str, Path], tmp_path: Path
) -> None:
    again = {path.name: path.read_bytes() for path in _written(book, tmp_path)}
    assert again == {name: path.read_bytes() for name, path in files.items()}


def test_no_workbook_holds_a_formula_or_a_link(files: dict[str, Path]) -> None:
    for path in files.values():
        if path.suffix == ".xlsx":
            with ZipFile(path) as opened:
                parts = {name: opened.read(name) for name in opened.namelist()}
            assert not any(b"<f>" in part or b"<hyperlink" in part for part in parts.values())
            assert not any(b"externalLink" in name.encode() for name in parts)


def _opened(*shown: Shown, head: Head = MONEY, **more: Any) -> Any:
    """The sheet of a table of one column with these cells."""
    lines = tuple(
        Line(str(number), text(f"列{number}", f"Row {number}"), (cell,), code=f"{number:04}")
        for number, cell in enumerate(shown, 1)
    )
    page, sheet = _page(**more), _sheet(Table((head,), lines, unit=more.get("unit", 1)))
    return load_workbook(io.BytesIO(workbook(page, (sheet,))))


def _page(**changes: Any) -> Page:
    given = {
        "report": "r", "title": text("表", "Form"), "languages": ("zh-TW", "en"),
        "jurisdiction": "XX", "reporting_date": date(2025, 9, 30), "run": "XX-1", "currency": "TWD",
    }  # fmt: skip
    return Page(**{**given, **changes})


def _sheet(table: Table) -> Sheet:
    return Sheet("form", "form", "current", table, 2)


def _column(opened: Workbook) -> list[Any]:
    """The cells of the only column, below two rows of heads."""
    return [row[0] for row in opened["form"].iter_rows(min_row=11, min_col=4, max_col=4)]


@pytest.mark.parametrize("danger", ["=1+1", "+1", "-1", "@SUM(A1)", "http://x.example", "'=1"])
def test_a_text_stays_a_text_whatever_it_begins_with(danger: str) -> None:
    opened = _opened(Shown(danger, "text"), head=replace(MONEY, format="text"), run=danger)
    cell = _column(opened)[0]
    assert (cell.value, cell.data_type, cell.hyperlink) == (danger, "s", None)
    assert opened["form"]["B5"].data_type == "s"


def test_money_stands_in_the_unit_of_the_form() -> None:
    opened = _opened(Shown(Decimal("1234567.89"), "money"), unit=1000)
    cell = _column(opened)[0]
    assert (cell.value, cell.number_format) == (1234.56789, "#,##0")
    assert "千元" in opened["form"]["A6"].value


def test_money_in_its_own_unit_shows_the_minor_unit() -> None:
    cell = _column(_opened(Shown(Decimal("-0.5"), "money")))[0]
    assert (cell.value, cell.number_format) == (-0.5, "#,##0.00")


def test_fifteen_digits_are_a_number_and_sixteen_a_text() -> None:
    first, second = Decimal("9999999999999.99"), Decimal("99999999999999.99")
    cells = _column(_opened(Shown(first, "money"), Shown(second, "money")))[:2]
    assert [(cell.value, cell.data_type) for cell in cells] == [
        (9999999999999.99, "n"), ("99999999999999.99", "s"),
    ]  # fmt: skip
    assert as_number(Decimal("1e30")) == 1e30


def test_a_quotient_is_the_nearest_number() -> None:
    shown = Shown(Decimal("0.333333333333333333"), "percent", decimals=3)
    cell = _column(_opened(shown, head=replace(MONEY, format="percent")))[0]
    assert (cell.value, cell.number_format) == (1 / 3, "0.000%")


def test_zero_blank_dash_and_unknown_look_different() -> None:
    why = text("分母為零", "The denominator is zero")
    opened = _opened(
        Shown(Decimal(0), "money"),
        Shown(None, "money", "blank"),
        Shown(Decimal(0), "money", "dash"),
        Shown(None, "money", "dash"),
        Shown(None, "money", "not_computed", why),
    )
    cells = _column(opened)
    assert [cell.value for cell in cells[:5]] == [0, None, 0, "–", "無法計算"]
    assert [cell.number_format for cell in cells[:3:2]] == ["#,##0.00", '"–"']
    assert [cell.value for cell in opened["form"][17]][1:3] == [
        "分母為零",
        "The denominator is zero",
    ]


def test_a_date_is_a_date() -> None:
    cell = _column(_opened(Shown(date(2024, 2, 29), "date"), head=replace(MONEY, format="date")))[0]
    assert (cell.value.date(), cell.number_format) == (date(2024, 2, 29), "yyyy-mm-dd")


def test_what_is_said_of_a_marked_value_stands_under_the_table() -> None:
    words = text("超過百分之百", "More than all")
    shown = Shown(Decimal(2), "percent", flag=words)
    line = Line("1", text("列", "Row"), (shown,))
    sheet = _sheet(Table((replace(MONEY, format="percent"),), (line,), flags=(words,)))
    opened = load_workbook(io.BytesIO(workbook(_page(), (sheet,))))["form"]
    assert opened["D11"].fill.fgColor.rgb != "00000000"
    assert (opened["B13"].value, opened["C13"].value) == ("超過百分之百", "More than all")


def test_groups_and_codes_stand_above_and_below_the_labels() -> None:
    group = text("合計", "Together")
    heads = (replace(MONEY, group=group, code="c0010"), replace(MONEY, id="two", group=group))
    line = Line("r1", text("列", "Row"), (Shown(Decimal(7), "money"),) * 2, code="r0010", level=1)
    opened = load_workbook(io.BytesIO(workbook(_page(), (_sheet(Table(heads, (line,))),))))["form"]
    assert [str(each) for each in opened.merged_cells.ranges] == ["D9:E9", "D10:E10"]
    assert [opened[f"D{row}"].value for row in range(9, 15)] == [
        "合計", "Together", "金額", "Amount", "c0010", 7,
    ]  # fmt: skip
    assert [opened[f"{column}14"].value for column in "ABC"] == ["r0010", "列", "Row"]
    assert opened.freeze_panes == "D14"


def test_notes_and_checks_have_sheets_of_their_own() -> None:
    check = CheckLine("adds-up", "warning", text("相符", "It adds up"), "failed", "1 = 2")
    page = _page(notes=(text("註", "Note"),), checks=(check,))
    opened = load_workbook(
        io.BytesIO(workbook(page, (replace(_sheet(Table((), ())), name="notes"),)))
    )
    assert opened.sheetnames == ["notes", "notes_2", "checks"]
    assert [cell.value for cell in opened["notes_2"][1]] == ["註", "Note"]
    assert [cell.value for cell in opened["checks"][2]] == [
        "警示", "adds-up", "相符", "It adds up", "1 = 2",
    ]  # fmt: skip


def test_a_draft_says_so_on_every_sheet() -> None:
    assert _opened(Shown(Decimal(1), "money"), draft=True)["form"]["C5"].value == "草稿"


def test_a_sheet_has_a_name_that_excel_takes() -> None:
    assert free_name("history", ()) == "history_2"
    assert free_name("a" * 40, ("a" * 31,)) == "a" * 29 + "_2"
    assert free_name("Loans", ("loans",)) == "Loans_2"


def test_columns_are_lettered_as_excel_does() -> None:
    assert [letters(across) for across in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
