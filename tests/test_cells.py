"""Cells over a book of four loans: values, reasons, comparisons, and the exposures behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from npl_reporting.engine import Engine
from npl_reporting.law.expressions import Kind, Scope
from npl_reporting.returns.book import plan_reports
from npl_reporting.returns.cells import Cell, compute
from npl_reporting.returns.checks import evaluate
from npl_reporting.returns.files import cells_csv, list_files
from npl_reporting.returns.layout import Layout
from npl_reporting.returns.lineage import adds_up, exposures_behind
from npl_reporting.returns.plan import Plan
from npl_reporting.returns.shelf import load_report

TOY = Path(__file__).parent / "reports" / "XX" / "toy.yaml"
DAY = date(2025, 9, 30)
KINDS: Mapping[str, Kind] = {
    "exposure_id": "text",
    "debtor_id": "text",
    "product_type": "text",
    "industry": "text",
    "portion": "text",
    "amount": "money",
    "outstanding_principal": "money",
    "status": "text",
    "oldest_unpaid_due_date": "date",
}
BOOK = """
    CREATE TABLE treated AS SELECT * FROM (VALUES
    ('E1', 'D1', 'corporate_loan', 'C', 'secured', true, 100.00::DECIMAL(18, 2), 150.00::DECIMAL(18, 2),
        'nonperforming', DATE '2024-01-01', 'K1'),
    ('E1', 'D1', 'corporate_loan', 'C', 'unsecured', false, 50.00, 150.00,
        'nonperforming', DATE '2024-01-01', 'K2'),
    ('E2', 'D2', 'corporate_loan', 'D', 'secured', true, 200.00, 200.00, 'performing', NULL, 'K3'),
    ('E3', 'D1', 'credit_card', 'C', 'unsecured', true, 30.00, 30.00, 'performing', NULL, 'K3'),
    ('E4', 'D3', 'corporate_loan', 'C', 'unsecured', true, 0.00, 0.00, 'performing', NULL, 'K3'))
    book(exposure_id, debtor_id, product_type, industry, portion, first_portion, amount,
        outstanding_principal, status, oldest_unpaid_due_date, case_id)
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine that holds the book."""
    with Engine(tmp_path_factory.mktemp("toy")) as engine:
        engine.execute(BOOK)
        yield engine


def planned(parameters: Mapping[str, Decimal] = {}) -> Plan:
    """The toy report over the book's names."""
    (plan,) = plan_reports([load_report(TOY)], Scope(KINDS), parameters)
    return plan


def found(cells: tuple[Cell, ...], row: str, column: str, period: str = "current") -> Cell:
    """One cell by its place."""
    return next(c for c in cells if (c.row, c.column, c.period) == (row, column, period))


@pytest.mark.parametrize(
    ("row", "column", "shown"),
    [
        ("01", "npl", "100"),
        ("01", "ratio", "0.333333333333333333"),
        ("01", "rest", "0.666666666666666667"),
        ("03", "total", "350"),
        ("03", "oldest", "2024-01-01"),
        ("04", "total", "0"),
        ("05", "total", "30"),
        ("05", "debtors", "1"),
        ("largest.1", "balance", "200"),
        ("largest.1", "industry", "D"),
        ("largest.2", "balance", "150"),
    ],
)
def test_a_cell_is_exact(engine: Engine, row: str, column: str, shown: str) -> None:
    assert found(compute(engine, planned()), row, column).exact == shown


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("04", "ratio", "zero_denominator"),
        ("04", "oldest", "no_exposures"),
        ("01", "share", "parameter:net_worth"),
        ("largest.1", "share_of_worth", "parameter:net_worth"),
    ],
)
def test_a_cell_without_value_says_why(engine: Engine, row: str, column: str, reason: str) -> None:
    cell = found(compute(engine, planned()), row, column)
    assert (cell.state, cell.value, cell.reason) == ("not_computed", None, reason)


def test_a_parameter_is_read(engine: Engine) -> None:
    cells = compute(engine, planned({"net_worth": Decimal(700)}))
    assert found(cells, "03", "share").value == Decimal("0.5")


def test_a_blank_place_has_no_cell(engine: Engine) -> None:
    assert not [c for c in compute(engine, planned()) if (c.row, c.column) == ("03", "debtors")]


def test_without_a_prior_run_nothing_is_compared(engine: Engine) -> None:
    cell = found(compute(engine, planned()), "01", "npl", "comparative")
    assert (cell.value, cell.reason) == (None, "no_prior_run")


def test_the_prior_run_s_cells_are_shown_as_they_were_stored(engine: Engine) -> None:
    before = Cell("toy", "book", "01", "npl", "current", Decimal("12.34"))
    cells = compute(engine, planned(), [before])
    assert found(cells, "01", "npl", "comparative").value == Decimal("12.34")
    assert found(cells, "01", "total", "comparative").reason == "not_in_prior_run"


def test_the_exposures_behind_a_cell_add_up_to_it(engine: Engine) -> None:
    plan = planned()
    for cell in compute(engine, plan):
        if cell.period == "current" and adds_up(plan, cell):
            rows = engine.rows(exposures_behind(plan, cell))
            assert sum(contribution for _, contribution in rows) == cell.value, cell


def test_behind_a_ratio_stand_the_exposures_of_what_it_reads(engine: Engine) -> None:
    plan = planned()
    cell = found(compute(engine, plan), "03", "ratio")
    assert not adds_up(plan, cell)
    assert engine.rows(exposures_behind(plan, cell)) == [("E1", None), ("E2", None), ("E4", None)]


def test_behind_a_line_of_a_list_stand_the_exposures_of_its_group(engine: Engine) -> None:
    plan = planned()
    cell = found(compute(engine, plan), "largest.2", "balance")
    assert engine.rows(exposures_behind(plan, cell)) == [("E1", Decimal("150.00"))]


def test_checks_pass_or_fail_or_are_not_evaluated(engine: Engine) -> None:
    plan = planned()
    results = evaluate(engine, [plan], compute(engine, plan), {"rows_used": Decimal(5)})
    assert {result.id: (result.state, result.detail) for result in results} == {
        "loans-add-up": ("passed", "350 = 350"),
        "nothing-is-left-out": ("passed", "380 = 380"),
        "part-of-the-whole": ("passed", "4/4"),
        "below-net-worth": ("not_evaluated", "0/2"),
        "rows-tie": (
            "failed",
            "5 = 4; run('rows_used'): 5; portfolio('count() filter (where first_portion)'): 4",
        ),
    }


def test_a_display_rule_prints_a_dash_and_keeps_the_zero(engine: Engine) -> None:
    cells = compute(engine, planned())
    table = next(Layout(planned().report, cells, {"current": DAY}).tables())
    npl, *_ = next(line for line in table.lines if line.id == "04").cells
    assert npl.state == "dash"
    assert npl.value == Decimal(0)


def test_a_list_names_its_lines_by_letter_and_words(engine: Engine) -> None:
    cells = compute(engine, planned())
    *_, table = Layout(planned().report, cells, {"current": DAY}).tables()
    assert [line.label["en"] for line in table.lines] == ["Debtor A, power", "Debtor B, making"]


def test_cells_are_written_in_full(engine: Engine) -> None:
    lines = cells_csv(compute(engine, planned())).splitlines()
    assert lines[0] == "report,row,column,period,value,state,reason"
    assert "toy,01,npl,current,100,value," in lines
    assert "toy,04,ratio,current,,not_computed,zero_denominator" in lines


def test_a_list_is_attached_whole_only_where_the_file_says_so(engine: Engine) -> None:
    assert list(list_files(engine, planned())) == []


def test_a_row_without_exposures_stands_where_a_table_sums_nothing(
    engine: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "bare.yaml"
    path.write_text(
        "report: bare\njurisdiction: XX\ntitle: {en: Bare}\nfrequency: quarterly\n"
        "effective_from: 2024-01-01\nparameters: {told: {label: {en: Told}}}\ntables:\n"
        "  - id: bare\n    rows: [{id: a, label: {en: A}, where: amount < 0}]\n"
        "    columns: [{id: told_twice, label: {en: Told twice}, formula: 2 * told}]\n",
        encoding="utf-8",
    )
    (plan,) = plan_reports([load_report(path)], Scope(KINDS), {"told": Decimal(4)})
    assert found(compute(engine, plan), "a", "told_twice").exact == "8"
