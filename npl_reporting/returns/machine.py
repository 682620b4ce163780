"""Every return of a run as files for machines: a workbook, its cells as CSV, all of it as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from npl_reporting.returns.cells import Cell
from npl_reporting.returns.exchange import as_csv, as_json
from npl_reporting.returns.facsimile import workbook
from npl_reporting.returns.page import Page
from npl_reporting.returns.report import Report
from npl_reporting.returns.sheets import sheets

MEDIA_TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".csv": "text/csv",
    ".json": "application/json",
}


def write_returns(
    reports: Sequence[Report], pages: Sequence[Page], cells: Sequence[Cell], folder: Path
) -> Iterator[Path]:
    """Write the files of every report that has tables of its own, from the page that prints it."""
    printed = {page.report: page for page in pages}
    for report in reports:
        if report.id in printed and report.tables:
            yield from _files(report, printed[report.id], cells, folder)


def _files(report: Report, page: Page, cells: Sequence[Cell], folder: Path) -> Iterator[Path]:
    placed = sheets(report, page)
    own = [cell for cell in cells if cell.report == report.id]
    contents = {
        ".xlsx": workbook(page, placed),
        ".csv": as_csv(report, page, placed, own),
        ".json": as_json(report, page, placed, own),
    }
    for ending, content in contents.items():
        path = folder / f"{page.jurisdiction}-{report.id}{ending}"
        path.write_bytes(content)
        yield path
