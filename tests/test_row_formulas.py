"""Rows with values and formulas of their own, and ratios with every edge that the shared formulas name.

The book: loans of 100 and 60 in category A (50 of the 100 nonperforming), 40 in B, one without a
category of 10; nothing in C. Net is what is nonperforming less 70.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from npl_reporting.engine import Engine
from npl_reporting.law.expressions import Kind, Scope
from npl_reporting.returns.book import compute_reports, plan_reports
from npl_reporting.returns.cells import Cell, Relations
from npl_reporting.returns.checks import CheckResult, evaluate
from npl_reporting.returns.layout import Layout
from npl_reporting.returns.page import Table
from npl_reporting.returns.plan import Plan
from npl_reporting.returns.shelf import load_report

DAY = date(2025, 9, 30)
KINDS: Mapping[str, Kind] = {
    "exposure_id": "text", "grade": "text", "amount": "money", "bad": "boolean",
}  # fmt: skip
MOVED: Mapping[str, Kind] = {"exposure_id": "text", "grade": "text", "upgraded": "money"}
REPORT = """\
report: edges
jurisdiction: XX
title: {en: Edges}
frequency: quarterly
effective_from: 2024-01-01
parameters:
  deduction: {label: {en: Deduction}}
tables:
  - id: stocks
    rows:
      - {id: gross, label: {en: Gross}, where: 'true'}
      - {id: bad, label: {en: Bad}, where: bad}
      - {id: largest, label: {en: Largest}, value: max(amount)}
      - {id: net, label: {en: Net}, formula: "row('bad') - deduction"}
      - {id: wide, label: {en: Twice net}, formula: "2 * row('net')", total: true}
      - {id: growth, label: {en: Growth}, formula: "row('gross') - prior('gross', 'all')", blank: [a, number]}
    columns:
      - {id: all, label: {en: All}, code: c1, value: sum(amount)}
      - {id: a, label: {en: A}, code: c2, value: sum(amount), where: grade = 'A'}
      - {id: number, label: {en: Number}, format: count, value: count(), keep: true}
  - id: ratios
    rows:
      - {id: share, label: {en: Bad of gross}, formula: "cell('bad', 'all')", over: "cell('gross', 'all')"}
      - {id: negative, label: {en: Over a negative}, formula: "cell('bad', 'all')", over: "cell('net', 'all')"}
      - {id: zero, label: {en: Over nothing}, formula: "cell('bad', 'all')", over: "cell('c', 'amount')"}
      - {id: high, label: {en: More than all}, formula: "cell('gross', 'all')", over: "cell('bad', 'all')", flags: [{above: 1, words: {en: More than all}}]}
    columns:
      - {id: ratio, label: {en: Ratio}, format: percent}
  - id: grades
    rows:
      - {id: a, label: {en: A}, where: grade = 'A'}
      - {id: c, label: {en: C}, where: grade = 'C'}
    columns:
      - {id: amount, label: {en: Amount}, value: sum(amount)}
      - {id: less, label: {en: Less a thousand}, formula: amount - 1000}
      - {id: half, label: {en: Half}, format: percent, formula: '50', over: amount}
      - {id: below, label: {en: Below}, format: percent, formula: amount, over: less}
  - id: lines
    kind: list
    group_by: [grade]
    order_by: amount
    limit: 1
    label: {en: 'Grade {key}'}
    blank: {en: Not given}
    words: {A: {en: Best}}
    rest: {en: Others}
    total: {en: Total}
    columns:
      - {id: amount, label: {en: Amount}, value: sum(amount)}
      - {id: share, label: {en: Share}, format: percent, formula: amount, over: amount}
  - id: flows
    of: movement
    rows:
      - {id: cured, label: {en: Cured}, where: upgraded > 0}
    columns:
      - {id: upgraded, label: {en: Upgraded}, value: sum(upgraded)}
checks:
  - {id: lines-add-up, severity: error, sentence: {en: Lines}, that: "lines('lines', 'amount') = portfolio('sum(amount)')"}
  - {id: flows-add-up, severity: error, sentence: {en: Flows}, that: "movement('sum(upgraded)') = cell('cured', 'upgraded')"}
  - {id: grew, severity: error, sentence: {en: Growth}, that: "cell('gross', 'all') > prior('gross', 'all')"}
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine that holds the book and its movement."""
    with Engine(tmp_path_factory.mktemp("edges")) as engine:
        engine.execute(
            "CREATE TABLE treated AS SELECT * FROM (VALUES ('E1', 'A', 100.00::DECIMAL(18, 2), false),"
            " ('E2', 'A', 60.00, true), ('E3', 'B', 40.00, false), ('E4', NULL, 10.00, false))"
            " book(exposure_id, grade, amount, bad)"
        )
        engine.execute(
            "CREATE TABLE movement AS SELECT 'E1' AS exposure_id, 'A' AS grade,"
            " 25.00::DECIMAL(18, 2) AS upgraded"
        )
        yield engine


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """The report over the book's names, with a deduction of 70."""
    path = tmp_path_factory.mktemp("report") / "edges.yaml"
    path.write_text(REPORT, encoding="utf-8")
    parameters = {"deduction": Decimal(70)}
    (planned,) = plan_reports([load_report(path)], Scope(KINDS), parameters, Scope(MOVED))
    return planned


BEFORE = {"edges": (Cell("edges", "stocks", "gross", "all", "current", Decimal(180)),)}
MOVING = Relations(movement="movement")


@pytest.fixture(scope="module")
def cells(engine: Engine, plan: Plan) -> tuple[Cell, ...]:
    """Every cell, after a prior run that held 180."""
    return compute_reports(engine, [plan], BEFORE, MOVING)


def shown(cells: tuple[Cell, ...], place: str) -> str:
    """A cell's value, or why it has none."""
    row, column = place.split("/")
    (cell,) = (c for c in cells if (c.row, c.column, c.period) == (row, column, "current"))
    return cell.reason or cell.exact


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("gross/all", "210"),
        ("gross/a", "160"),
        ("bad/a", "60"),
        ("largest/all", "100"),
        ("largest/number", "4"),
        ("net/all", "-10"),
        ("net/a", "-10"),
        ("wide/all", "-20"),
        ("growth/all", "30"),
        ("share/ratio", "0.285714285714285714"),
        ("negative/ratio", "negative_denominator"),
        ("zero/ratio", "zero_denominator"),
        ("high/ratio", "3.5"),
        ("a/half", "0.3125"),
        ("c/half", "zero_denominator"),
        ("a/below", "negative_denominator"),
        ("lines.1/amount", "160"),
        ("lines.rest/amount", "50"),
        ("lines.total/amount", "210"),
        ("lines.total/share", "1"),
        ("cured/upgraded", "25"),
    ],
)
def test_a_cell_is_what_hand_arithmetic_says(
    cells: tuple[Cell, ...], place: str, value: str
) -> None:
    assert shown(cells, place) == value


def test_without_a_prior_run_what_reads_it_says_so(engine: Engine, plan: Plan) -> None:
    alone = compute_reports(engine, [plan])
    assert shown(alone, "growth/all") == "no_prior_run"
    assert shown(alone, "cured/upgraded") == "no_prior_run"
    assert shown(alone, "net/all") == "-10"


def test_checks_read_lists_movements_and_the_prior_run(
    engine: Engine, plan: Plan, cells: tuple[Cell, ...]
) -> None:
    assert _states(evaluate(engine, [plan], cells, {}, MOVING, BEFORE)) == {
        "lines-add-up": "passed", "flows-add-up": "passed", "grew": "passed",
    }  # fmt: skip
    alone = compute_reports(engine, [plan])
    assert _states(evaluate(engine, [plan], alone, {})) == {
        "lines-add-up": "passed", "flows-add-up": "not_evaluated", "grew": "not_evaluated",
    }  # fmt: skip


def _states(results: tuple[CheckResult, ...]) -> dict[str, str]:
    return {result.id: result.state for result in results}


def _tables(plan: Plan, cells: tuple[Cell, ...]) -> list[Table]:
    return list(Layout(plan.report, cells, {"current": DAY}).tables())


def test_the_page_shows_codes_flags_totals_and_the_lines_under_a_list(
    plan: Plan, cells: tuple[Cell, ...]
) -> None:
    stocks, ratios, _, lines, _ = _tables(plan, cells)
    assert [head.code for head in stocks.heads] == ["c1", "c2", ""]
    assert {line.id: line.kind for line in stocks.lines}["wide"] == "total"
    assert ratios.flags == ({"en": "More than all"},)
    assert [line.cells[0].flag is not None for line in ratios.lines] == [False, False, False, True]
    assert [(line.label["en"], line.kind) for line in lines.lines] == [
        ("Best", "data"), ("Others", "data"), ("Total", "total"),
    ]  # fmt: skip


def test_a_group_without_a_key_is_named(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "edges.yaml"
    path.write_text(REPORT.replace("limit: 1", "limit: 9"), encoding="utf-8")
    given = {"deduction": Decimal(70)}
    (planned,) = plan_reports([load_report(path)], Scope(KINDS), given, Scope(MOVED))
    cells = compute_reports(engine, [planned], BEFORE, MOVING)
    lines = _tables(planned, cells)[3]
    assert [line.label["en"] for line in lines.lines] == ["Best", "Grade B", "Not given", "Total"]
