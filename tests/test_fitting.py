"""What every jurisdiction's reports become under a rulebook: tables of its own decisions, no others."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from rulebooks import fill, loan, rulebook

from npl_reporting.engine import Engine
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.shelf import load_rulebook, shelf
from npl_reporting.portfolio.classify import classify
from npl_reporting.portfolio.movement import movement_scope
from npl_reporting.returns.book import compute_reports, plan_reports
from npl_reporting.returns.cells import Cell
from npl_reporting.returns.fitting import fitted
from npl_reporting.returns.report import Report
from npl_reporting.returns.shelf import load_reports

DAY = date(2024, 6, 30)
SPLIT = (
    "{secured: 'least(coalesce(collateral_value, 0), outstanding_principal)', "
    "unsecured: outstanding_principal - secured}"
)
STATUS = """\
  - name: status
    label: {en: Status, fr: Statut}
    outcomes: {performing: {en: Performing}, nonperforming: {en: Nonperforming}}
    default: performing
    rules:
      - {id: sued, when: legal_action_date is not null, then: nonperforming, cite: norm/1}
"""
GRADE = """\
  - name: grade
    of: portion
    outcomes: {a: {en: A}, b-c: {en: B and C}, "d's": {en: D}, e: {en: E}}
    default: a
    rules:
      - {id: bare, when: portion = 'unsecured', then: "d's", cite: norm/2}
"""
RATE = """\
  - name: minimum_allowance_rate
    of: portion
    type: rate
    default: 0.01
    rules:
      - {id: bare, when: portion = 'unsecured', then: 0.5, cite: norm/3}
"""
AMOUNTS = "amounts: {minimum_allowance: amount * minimum_allowance_rate}\n"
LOANS = (
    loan("E1", outstanding_principal=100, collateral_value=60),
    loan("E2", outstanding_principal=200, collateral_value=0, legal_action_date=DAY),
)


def reports(book: Rulebook) -> dict[str, Report]:
    """What every jurisdiction has, fitted to the rulebook."""
    return {report.id: report for report in fitted(load_reports(book.name, DAY), book)}


def cells(folder: Path, book: Rulebook) -> dict[tuple[str, str, str], Cell]:
    """The cells of two loans: 60 covered and 40 not, and 200 sued for."""
    with Engine(folder) as engine:
        present = fill(engine, book, LOANS)
        classify(engine, book, present, DAY)
        plans = plan_reports(tuple(reports(book).values()), book.scope, {}, movement_scope(book))
        found = compute_reports(engine, plans)
    return {(cell.report, cell.row, cell.column): cell for cell in found}


def test_what_every_jurisdiction_has_it_may_define_itself(tmp_path: Path) -> None:
    """A variant's own folder counts for it, not its jurisdiction's."""
    toy = (Path(__file__).parent / "reports" / "XX" / "toy.yaml").read_text(encoding="utf-8")
    other = toy.replace("report: toy", "report: other")
    for place, text in (("every/toy", toy), ("every/other", other), ("XX/toy", toy)):
        path = tmp_path / f"{place}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = {
        name: [report.file.path.parent.name for report in load_reports(name, DAY, tmp_path)]
        for name in ("XX", "YY", "XX/insurer")
    }
    assert found == {
        "XX": ["every", "XX"], "YY": ["every", "every"], "XX/insurer": ["every", "every"],
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted({shelved.name for shelved in shelf()}))
def test_every_jurisdiction_on_the_shelf_has_a_cover_and_its_annexes(name: str) -> None:
    found = reports(load_rulebook(name))
    assert {"cover", "decision_annex", "data_quality"} <= {*found}
    assert {r.definition.jurisdiction for r in found.values()} == {name.partition("/")[0]}
    assert found["cover"].definition.figures


def test_each_decision_is_a_table_of_its_outcomes(tmp_path: Path) -> None:
    book = rulebook(tmp_path, f"decisions:\n{STATUS}{GRADE}{RATE}{AMOUNTS}", SPLIT)
    annex = reports(book)["decision_annex"].definition
    rows = {table.id: [row.id for row in table.rows] for table in annex.tables}
    assert rows == {
        "status": ["status_performing", "status_nonperforming", "status_total"],
        "grade": ["grade_a", "grade_b_c", "grade_d_s", "grade_e", "grade_total"],
        "minimum_allowance_rate": [
            "minimum_allowance_rate_0_01", "minimum_allowance_rate_0_5",
            "minimum_allowance_rate_total",
        ],
    }  # fmt: skip
    columns = {table.id: [column.id for column in table.columns] for table in annex.tables}
    assert columns == {
        "status": ["exposures", "amount", "minimum"],
        "grade": ["portions", "amount", "minimum"],
        "minimum_allowance_rate": ["portions", "amount", "minimum"],
    }
    (chart,) = annex.charts
    assert (chart.table, chart.rows) == ("grade", ("grade_b_c", "grade_d_s", "grade_e"))
    assert [check.id for check in annex.checks][-3:] == [
        "status-ties-to-portfolio", "grade-ties-to-portfolio",
        "minimum-allowance-rate-ties-to-portfolio",
    ]  # fmt: skip


def test_a_sentence_names_the_decision_in_each_language_or_in_english(tmp_path: Path) -> None:
    book = rulebook(tmp_path, f"decisions:\n{STATUS}")
    check = reports(book)["decision_annex"].definition.checks[-1]
    assert check.sentence["en"] == "Status: the outcomes together are the portfolio"
    assert check.sentence["es"] == "Status: los resultados suman la cartera"


def test_the_tables_add_up(tmp_path: Path) -> None:
    """60 covered at 1 %; 40 and 200 bare at 50 %."""
    book = rulebook(tmp_path, f"decisions:\n{STATUS}{GRADE}{RATE}{AMOUNTS}", SPLIT)
    found = cells(tmp_path, book)
    wanted = {
        ("decision_annex", "status_nonperforming", "exposures"): Decimal(1),
        ("decision_annex", "status_total", "amount"): Decimal(300),
        ("decision_annex", "grade_d_s", "portions"): Decimal(2),
        ("decision_annex", "grade_d_s", "amount"): Decimal(240),
        ("decision_annex", "minimum_allowance_rate_0_01", "amount"): Decimal(60),
        ("decision_annex", "minimum_allowance_rate_0_5", "minimum"): Decimal(120),
        ("cover", "total", "exposures"): Decimal(2),
        ("cover", "nonperforming", "amount"): Decimal(200),
        ("cover", "total", "minimum"): Decimal("120.60"),
    }
    assert {place: found[place].value for place in wanted} == wanted
    ratio = found["cover", "total", "ratio"].value
    assert ratio is not None and round(ratio, 6) == Decimal("0.666667")


def test_what_a_rulebook_does_not_decide_stands_nowhere(tmp_path: Path) -> None:
    bare = rulebook(tmp_path, f"decisions:\n{GRADE}", SPLIT)
    cover = reports(bare)["cover"].definition
    assert (cover.tables, cover.figures) == ((), ())
    assert "movement" not in reports(bare) and "movement" in reports(
        rulebook(tmp_path, f"decisions:\n{STATUS}")
    )
    counted = rulebook(tmp_path, f"decisions:\n{STATUS}")
    cover = reports(counted)["cover"].definition
    (table,) = cover.tables
    assert [column.id for column in table.columns if not column.hidden] == [
        "exposures", "amount", "ratio", "booked",
    ]  # fmt: skip
    assert "minimum" not in {figure.column for figure in cover.figures}
    for book in (bare, counted):
        fit = tuple(reports(book).values())
        assert plan_reports(fit, book.scope, {}, movement_scope(book))


def test_a_rate_that_a_setting_changes_has_its_row(tmp_path: Path) -> None:
    settings = "settings: {bare: {value: 0.5, basis: law, why: {en: Because}}}\n"
    body = f"{settings}decisions:\n{STATUS}{RATE.replace('then: 0.5', 'then: bare')}{AMOUNTS}"
    book = rulebook(tmp_path, body, SPLIT, bare="0.75")
    rows = reports(book)["decision_annex"].definition.tables[-1].rows
    assert [row.id for row in rows][:2] == [
        "minimum_allowance_rate_0_01", "minimum_allowance_rate_0_75",
    ]  # fmt: skip
