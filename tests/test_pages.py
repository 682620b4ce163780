"""The pages of a run: what stands on the cover, in the annexes, and beside a check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from printed_pages import text
from small_book import Book, classified

from npl_reporting.errors import Finding
from npl_reporting.evidence.records import Run, SettingUsed
from npl_reporting.returns.edition import Control, Edition, run_figures
from npl_reporting.returns.figures import Figure
from npl_reporting.returns.page import CaseBlock, Page, Table, Text
from npl_reporting.returns.pages import pages

FOLDER = Path(__file__).parent / "reports" / "TW.sound"
RUN = Run(
    id="TW-2025-09-30-00000000",
    jurisdiction="TW",
    variant=None,
    rulebook_effective_from=date(2014, 1, 1),
    rulebook_title={"zh-TW": "規定", "en": "Rules"},
    rulebook_sha256="a" * 64,
    reporting_date=date(2025, 9, 30),
    currency="TWD",
    tape_name="tape.csv",
    tape_sha256="b" * 64,
    engine_version="1",
    created_at=datetime(2025, 10, 1, tzinfo=UTC),
    created_by="nobody",
    rows_read=12,
    rows_used=11,
    rows_set_aside=1,
    settings={
        "used": SettingUsed("1", "law", influenced=True),
        "changed": SettingUsed("2", "memory", changed=True),
        "idle": SettingUsed("3", "law"),
    },
    languages=("zh-TW", "en"),
)
FINDING = Finding(
    "L-01", "error", 13, "S12", "outstanding_principal", "-1", "zero or more",
    {"zh-TW": "餘額不得為負", "en": "A balance is not negative"},
)  # fmt: skip
CONTROL = Control(
    "outstanding_principal", {"zh-TW": "本金", "en": "Principal"},
    Decimal(2871), Decimal(2870), Decimal(1), Decimal(2900),
)  # fmt: skip
MISSING = Figure("run('rows_read')", None, "not_given")
EDITION = Edition(
    RUN,
    setting_reasons={"used": {"zh-TW": "理由", "en": "Why"}},
    cases=(CaseBlock("K1", (), 11, Decimal(2870), ()),),
    findings=(FINDING,) * 501,
    controls=(CONTROL,),
)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """A book on which every check holds."""
    with classified(FOLDER, tmp_path_factory.mktemp("pages")) as book:
        yield book


def set_pages(book: Book, edition: Edition = EDITION) -> dict[str, Page]:
    """Every page of the book, by report."""
    return {page.report: page for page in pages(edition, book.plans, book.cells, book.results)}


def said(words: Text | str | None) -> Text:
    """A text in the languages of the book; the shared words have more."""
    assert words is not None and not isinstance(words, str)
    return {language: words[language] for language in RUN.languages}


def named(page: Page, caption: str) -> Table:
    """The table of a page under an English caption."""
    return next(t for t in page.tables if t.caption and t.caption["en"] == caption)


def test_every_report_becomes_a_page_in_printing_order(book: Book) -> None:
    assert list(set_pages(book)) == [
        "cover", "asset_quality", "asset_evaluation", "allowance_movement", "exempt_restructured",
        "top_debtors", "narrow_broad", "deadlines", "movement", "npl_sales", "breakdown", "variance",
        "decision_annex", "data_quality",
    ]  # fmt: skip


def test_the_cover_names_the_run_and_repeats_key_figures(book: Book) -> None:
    cover = set_pages(book)["cover"]
    assert cover.facts[0].value == RUN.id
    assert said(cover.facts[1].value) == text("無", "none")
    figures = {figure.label["en"]: figure.shown.value for figure in cover.figures}
    assert figures["Gross loans"] == Decimal(2500)
    assert figures["NPL ratio"] == Decimal("0.08")


def test_a_key_figure_is_compared_with_the_prior_run(book: Book) -> None:
    before = [
        replace(cell, value=Decimal(1234000), reason=None)
        if (cell.report, cell.row, cell.column, cell.period)
        == ("asset_quality", "08", "total", "comparative")
        else cell
        for cell in book.cells
    ]
    cover = next(pages(EDITION, book.plans, before, book.results))
    assert said(cover.figures[0].note) == text("比較期：1,234", "Comparative date: 1,234")


def test_the_cover_shows_settings_that_influenced_or_were_changed(book: Book) -> None:
    table = named(set_pages(book)["cover"], "Settings that influenced an outcome or were changed")
    assert [line.id for line in table.lines] == ["changed", "used"]


def test_the_cover_counts_the_checks_of_each_report(book: Book) -> None:
    table = named(set_pages(book)["cover"], "Checks by report")
    total = [cell.value for cell in table.lines[-1].cells]
    assert total == [Decimal(len(book.results)), 0, 0, 0]


def test_the_decision_annex_holds_every_case(book: Book) -> None:
    assert set_pages(book)["decision_annex"].cases == EDITION.cases


def test_findings_are_counted_printed_in_part_and_attached_whole(book: Book) -> None:
    page = set_pages(book)["data_quality"]
    counted = named(page, "Findings by check")
    assert [line.cells[1].value for line in counted.lines] == [501, 501]
    printed = named(page, "Findings")
    assert len(printed.lines) == 500
    assert printed.note and printed.note["en"].startswith("The first 500 of 501 are printed")
    attached = next(file for file in page.attachments if file.name == "findings.csv")
    assert attached.content.decode().count("\nL-01,error,13,S12,outstanding_principal,-1,") == 501


def test_sums_stand_beside_the_general_ledger_s(book: Book) -> None:
    (line,) = named(set_pages(book)["data_quality"], "Sums of the tape").lines
    assert [cell.value for cell in line.cells] == [2871, 2870, 1, 2900, -29]


def test_without_control_totals_there_is_no_ledger_column(book: Book) -> None:
    alone = replace(EDITION, controls=(replace(CONTROL, ledger=None),))
    table = named(set_pages(book, alone)["data_quality"], "Sums of the tape")
    assert [head.id for head in table.heads] == ["read", "used", "set_aside"]
    assert said(table.note) == text("未提供總帳控制數", "No control total was given")


def test_a_check_says_in_words_what_it_lacks(book: Book) -> None:
    results = [
        replace(r, state="not_evaluated", missing=(MISSING,)) if r.id == "rows-tie" else r
        for r in book.results
    ]
    *_, page = pages(EDITION, book.plans, book.cells, results)
    check = next(check for check in page.checks if check.id == "rows-tie")
    assert check.detail == "run('rows_read'): 未提供"


def test_a_form_carries_its_cells(book: Book) -> None:
    page = set_pages(book)["asset_quality"]
    (attached,) = page.attachments
    assert attached.name == "TW.asset_quality.cells.csv"
    assert b"asset_quality,08,total,current,2500,value,\n" in attached.content


def test_the_run_s_numbers_are_what_checks_read() -> None:
    figures = run_figures(EDITION)
    assert figures["rows_set_aside"] == 1
    assert figures["cases_amount"] == Decimal(2870)
    assert figures["outstanding_principal_ledger"] == Decimal(2900)
