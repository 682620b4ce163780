"""Every report file is sound, and every small book gives the cells that were added up by hand."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from golden import BOOKS, exact, expected
from small_book import Book, classified

from npl_reporting.resources import REPORTS
from npl_reporting.returns.layout import Layout
from npl_reporting.returns.lineage import adds_up, exposures_behind
from npl_reporting.returns.page import Page
from npl_reporting.returns.plan import Plan, Source
from npl_reporting.returns.shelf import load_report
from npl_reporting.returns.wording import Wording, fixed_words

PUBLISHED = [folder for folder in BOOKS if (folder / "printed.csv").exists()]
FILES = sorted(REPORTS.glob("*/*.yaml"))
WORDING = Wording(Page("", {}, ("zh-TW",), "TW", date(2025, 9, 30), "", "TWD"))


class Opened(NamedTuple):
    """A small book with what it stands for."""

    folder: Path
    report: str
    book: Book


SLOW = {
    "CN.ratios", "CN.g12", "CN.g03", "EU.f_18_01", "EU.npl_ratio.declared", "US.noncurrent",
    "IN.npa_movement.over",
}  # fmt: skip
"""Books that take long, and whose checks the sound books put to the test as well."""


@pytest.fixture(
    params=[
        pytest.param(folder, marks=pytest.mark.slow if folder.name in SLOW else ())
        for folder in BOOKS
    ],
    ids=[folder.name for folder in BOOKS],
    scope="module",
)
def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Opened]:
    """Each small book, classified once."""
    folder: Path = request.param
    report = folder.name.split(".")[1]
    with classified(folder, tmp_path_factory.mktemp("book"), report) as book:
        yield Opened(folder, report, book)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_a_report_file_is_sound(path: Path) -> None:
    report = load_report(path)
    assert (report.definition.jurisdiction, report.id) == (path.parent.name, path.stem)


def test_the_cells_are_those_added_up_by_hand(opened: Opened) -> None:
    by_hand = expected(opened.folder)
    found = {(cell.row, cell.column): cell for cell in opened.book.of(opened.report)}
    assert sorted(found) == sorted(by_hand)
    shown = {place: cell.exact or cell.reason for place, cell in found.items()}
    assert shown == {place: exact(value) for place, value in by_hand.items()}


@pytest.mark.parametrize(
    "opened", PUBLISHED, ids=lambda folder: folder.name, indirect=True, scope="module"
)
def test_the_page_prints_what_was_published(opened: Opened) -> None:
    with (opened.folder / "printed.csv").open(encoding="utf-8") as file:
        published = {row.pop("row"): row for row in csv.DictReader(file)}
    assert published == _printed(opened, published)


def _printed(opened: Opened, published: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """The same rows and columns as the page has them, in the bank's own typography.

    It prints a hyphen for what its display rules leave out, and percentages without grouping.
    """
    report = opened.book.plan(opened.report).report
    lines: dict[str, dict[str, str]] = {}
    for table in Layout(report, opened.book.of(opened.report), {}).tables():
        for line in table.lines:
            cells = zip(table.heads, line.cells, strict=bool(line.cells))
            lines[line.id] = {
                head.id.removeprefix("current."): _mark(WORDING.shown(cell, table.unit))
                for head, cell in cells
            } | {"label": line.label["zh-TW"]}
    return {row: {column: lines[row][column] for column in published[row]} for row in published}


def _mark(text: str) -> str:
    if text == fixed_words().marks.dash:
        return "-"
    return text.replace(",", "") if text.endswith("%") else text


def test_no_check_fails_on_a_sound_book(opened: Opened) -> None:
    failed = [r for r in opened.book.results if r.state == "failed" and r.severity == "error"]
    assert failed == []


def _written_down(opened: Opened) -> Plan:
    """The plan over tables that hold the report's own facts, so that many queries stay quick."""
    planned = opened.book.plan(opened.report)
    for of, source in planned.sources.items():
        relation = opened.book.relations.of(of)
        if relation:
            query = source.query(relation)
            opened.book.engine.execute(
                f"CREATE OR REPLACE TABLE {of}_written AS SELECT * FROM {query}"
            )
    return replace(planned, sources={of: Source((), s.scope) for of, s in planned.sources.items()})


def test_the_exposures_behind_a_cell_sum_to_it(opened: Opened) -> None:
    planned = _written_down(opened)
    for cell in opened.book.of(opened.report):
        if adds_up(planned, cell):
            relation = f"{planned.tables[cell.table].table.of}_written"
            rows = opened.book.engine.rows(exposures_behind(planned, cell, relation))
            assert sum(contribution for _, contribution in rows) == cell.value, cell
