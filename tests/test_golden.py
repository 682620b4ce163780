"""At least 95 % of the cells of every return and all checks are exercised by the golden books.

What the books say is what comes out: `test_reports` and `test_report_checks` compute each of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from golden import (
    BOOKS,
    FOLDER,
    LEAST,
    SOUND,
    Share,
    as_of,
    exact,
    in_force,
    places,
    share,
    shares,
    told_rows,
)
from golden_share import main

from npl_reporting.law.shelf import load_rulebook
from npl_reporting.law.syntax import Call, parse_expression
from npl_reporting.portfolio.movement import movement_scope
from npl_reporting.resources import REPORTS
from npl_reporting.returns.book import plan_reports
from npl_reporting.returns.report import Column, Row
from npl_reporting.returns.shelf import load_report

SHARES = shares()
RETURNS = [share for share in SHARES if not share.shared]
TOY = """
report: toy
jurisdiction: XX
title: {en: Toy}
frequency: quarterly
effective_from: 2024-01-01
parameters: {beside: {label: {en: Beside the tape}}}
tables:
  - id: loans
    rows:
      - {id: head, label: {en: Head}, heading: true}
      - {id: a, label: {en: A}, where: amount > 0, zero: [bad]}
      - {id: b, label: {en: B}, formula: beside}
      - {id: c, label: {en: C}, formula: row('b') + beside, blank: [bad]}
      - {id: d, label: {en: D}, formula: row('a') + row('b')}
    columns:
      - {id: good, label: {en: Good}, value: sum(amount)}
      - {id: bad, label: {en: Bad}, value: sum(amount)}
      - {id: aid, label: {en: Aid}, value: count(), hidden: true}
  - id: largest
    kind: list
    group_by: [debtor_id]
    order_by: owed
    limit: 3
    label: {en: "{key}"}
    total: {en: Total}
    columns:
      - {id: owed, label: {en: Owed}, value: sum(amount)}
      - {id: name, label: {en: Name}, format: text, value: max(debtor_id)}
checks:
  - {id: adds-up, severity: error, sentence: {en: It adds up}, that: "cell('a', 'good') > 0"}
"""


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    path = tmp_path / "toy.yaml"
    path.write_text(TOY, encoding="utf-8")
    return path


def toy_share(toy: Path, *books: Sequence[str]) -> Share:
    """What books of these lines exercise of the toy."""
    folders = []
    for number, lines in enumerate(books):
        folder = toy.parent / f"XX.toy.{number}"
        folder.mkdir()
        text = "\n".join(["row,column,value", *lines, ""])
        (folder / "cells.csv").write_text(text, encoding="utf-8")
        folders.append(folder)
    return share("XX", load_report(toy), folders, ())


@pytest.mark.parametrize("found", RETURNS, ids=lambda found: f"{found.jurisdiction}.{found.report}")
def test_the_books_exercise_95_percent_of_the_cells_of_a_return(found: Share) -> None:
    assert found.share >= LEAST, found.missing_cells


@pytest.mark.parametrize("found", SHARES, ids=lambda found: f"{found.jurisdiction}.{found.report}")
def test_the_books_exercise_every_check(found: Share) -> None:
    assert found.missing_checks == ()


def test_every_jurisdiction_with_reports_is_counted() -> None:
    folders = {path.parent.name for path in REPORTS.glob("*/*.yaml")} - {"every"}
    assert {found.jurisdiction for found in SHARES} == folders
    files = {(path.parent.name, path.stem) for path in REPORTS.glob("*/*.yaml")}
    counted = {(found.jurisdiction, found.report) for found in RETURNS}
    assert counted == {file for file in files if file[0] != "every"}
    assert {book.name.split(".")[0] for book in BOOKS} <= folders
    assert all(folder.parent == FOLDER for folder in SOUND)


@pytest.mark.parametrize("name", sorted({found.jurisdiction for found in SHARES}))
def test_every_cell_adds_up_or_its_kind_says_why_not(name: str) -> None:
    """What the file says is a sum or a count adds up; what does not is another kind of value."""
    rulebook = load_rulebook(name, as_of(name))
    plans = plan_reports(in_force(name), rulebook.scope, {}, movement_scope(rulebook))
    for planned in plans:
        for table in planned.report.tables:
            rows = (row for row in table.rows if not row.heading and row.formula is None)
            for row, column in product([*rows] if table.rows else [None], table.columns):
                added = column.id in planned.tables[table.id].of(row.id if row else "").additive
                assert added == _is_sum(row, column), (planned.report.id, table.id, row, column.id)


def _is_sum(row: Row | None, column: Column) -> bool:
    """Whether a column is made of sums and counts alone, in a row or in the lines of a list."""
    text = ((not column.keep and row and row.value) or column.value) or ""
    if not text or column.of_largest is not None or (not (row and row.value) and column.formula):
        return False
    waiting = [parse_expression(text)]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, Call) or node.function not in ("sum", "count", "+", "-"):
            return False
        waiting += node.args if node.function in "+-" else ()
    return True


def test_the_cells_of_a_report_are_the_places_of_its_form(toy: Path) -> None:
    report = load_report(toy)
    assert places(report) == {
        ("a", "good"): "figure", ("a", "bad"): "zero", ("b", "good"): "told", ("b", "bad"): "told",
        ("c", "good"): "told", ("d", "good"): "figure", ("d", "bad"): "figure",
        ("largest.n", "owed"): "figure", ("largest.n", "name"): "text",
        ("largest.total", "owed"): "figure", ("largest.total", "name"): "text",
    }  # fmt: skip
    assert told_rows(report) == {"b", "c"}


def test_a_cell_is_exercised_by_a_figure_that_is_not_zero(toy: Path) -> None:
    found = toy_share(toy, ["a,good,5", "a,bad,0", "d,good,0", "largest.2,owed,1/3"])
    assert set(found.missing_cells) == {
        ("b", "good"), ("b", "bad"), ("c", "good"), ("d", "good"), ("d", "bad"),
        ("largest.n", "name"), ("largest.total", "owed"), ("largest.total", "name"),
    }  # fmt: skip
    assert (found.cells, found.exercised, found.missing_checks) == (11, 3, ("adds-up",))
    assert found.share == Fraction(3, 11)


def test_a_told_cell_needs_a_book_that_is_told_and_one_that_is_not(toy: Path) -> None:
    told, untold = ["b,good,0", "c,good,0"], ["b,good,parameter:beside"]
    found = toy_share(toy, told, untold)
    assert ("b", "good") not in found.missing_cells
    assert ("c", "good") in found.missing_cells


def test_a_reason_is_no_figure(toy: Path) -> None:
    found = toy_share(toy, ["d,good,zero_denominator", "largest.1,name,no_exposures"])
    assert {("d", "good"), ("largest.n", "name")} <= set(found.missing_cells)


def test_what_can_only_be_zero_is_not_exercised_by_another_figure(toy: Path) -> None:
    assert ("a", "bad") in toy_share(toy, ["a,bad,0"], ["a,bad,1"]).missing_cells


@pytest.mark.parametrize(
    ("written", "held"), [("3/7", "0.428571428571428571"), ("-1/3", "-0.333333333333333333"),
                          ("2.50", "2.5"), ("0", "0"), ("company", "company")],
)  # fmt: skip
def test_a_fraction_is_cut_as_the_cells_cut_it(written: str, held: str) -> None:
    assert exact(written) == held


def test_the_command_prints_the_shares(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--written", "--missing"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(any(found.report in line for line in lines) for found in RETURNS)
    assert main(["--written", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["report"] for each in told["returns"]] == [found.report for found in SHARES]
