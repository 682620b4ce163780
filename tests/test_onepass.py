"""One pass gives what one query for each cell would, however many rows and whatever they share."""

from __future__ import annotations

from pathlib import Path

import pytest

from npl_reporting.engine import Engine
from npl_reporting.law.expressions import Scope
from npl_reporting.returns.book import plan_reports
from npl_reporting.returns.cells import Cell, compute
from npl_reporting.returns.shelf import load_report

HEAD = """
report: many
jurisdiction: XX
title: {en: Many}
frequency: every_run
effective_from: 2024-01-01
tables:
  - id: grid
    columns:
      - {id: total, label: {en: T}, value: sum(amount)}
      - {id: net, label: {en: N}, value: sum(amount) - sum(amount) filter (where party = 'a')}
      - {id: count, label: {en: C}, format: count, value: count()}
      - {id: parties, label: {en: P}, format: count, value: count_distinct(party)}
      - {id: others, label: {en: O}, format: count, value: count_distinct(party) filter (where party <> 'a')}
      - {id: least, label: {en: L}, value: min(amount)}
      - {id: most, label: {en: M}, value: max(amount)}
    rows:
"""


def cells(work: Path, rows: list[str], book: str) -> dict[str, dict[str, str]]:
    """The grid of a report with these rows over a book of (party, amount)."""
    path = work / "many.yaml"
    path.write_text(HEAD + "".join(f"      - {{{row}}}\n" for row in rows), encoding="utf-8")
    with Engine(work) as engine:
        engine.execute(
            "CREATE TABLE treated AS SELECT 'E' || row_number() OVER () AS exposure_id, party,"
            " CAST(amount AS DECIMAL(18, 2)) AS amount, true AS first_portion, 'K' AS case_id"
            f" FROM (VALUES {book}) book(party, amount)"
        )
        scope = Scope({"exposure_id": "text", "party": "text", "amount": "money"})
        (plan,) = plan_reports([load_report(path)], scope, {})
        return by_row(compute(engine, plan))


def by_row(found: tuple[Cell, ...]) -> dict[str, dict[str, str]]:
    """Each row's cells as text; a cell without a value gives its reason."""
    lines: dict[str, dict[str, str]] = {}
    for cell in found:
        lines.setdefault(cell.row, {})[cell.column] = cell.exact or cell.reason or ""
    return lines


BOOK = "('a', 1), ('a', 2), ('b', 4), (NULL, 8), ('c', 16)"


COLUMNS = ("total", "net", "count", "parties", "others", "least", "most")


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("amount > 0", "31 28 5 3 2 1 16"),
        ("amount <= 2", "3 0 2 1 0 1 2"),
        ("party = 'b' or party = 'c'", "20 20 2 2 2 4 16"),
        ("party is null", "8 8 1 0 0 8 8"),
        ("amount > 99", "0 0 0 0 0 no_exposures no_exposures"),
    ],
)
def test_rows_that_overlap_each_hold_all_of_their_exposures(
    tmp_path: Path, where: str, expected: str
) -> None:
    rows = ["id: all, label: {en: A}, where: 'true'", f"id: row, label: {{en: R}}, where: {where}"]
    rows.append("id: both, label: {en: B}, sum_of: [all, row]")
    found = cells(tmp_path, rows, BOOK)
    assert found["row"] == dict(zip(COLUMNS, expected.split(), strict=True))
    assert found["both"] == found["all"]


def test_more_rows_than_one_mask_holds(tmp_path: Path) -> None:
    rows = [f"id: r{n}, label: {{en: R}}, where: amount = {n}" for n in range(1, 131)]
    book = ", ".join(f"('p{n}', {n})" for n in range(1, 131))
    found = cells(tmp_path, rows, book)
    assert {row: line["total"] for row, line in found.items()} == {
        f"r{n}": str(n) for n in range(1, 131)
    }
