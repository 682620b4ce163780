"""Cells and whole lists as CSV files, embedded in the page that prints them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from decimal import Decimal

from npl_reporting.engine import Engine
from npl_reporting.money import exact_text
from npl_reporting.returns.cells import NO_MOVEMENT, Cell, Relations, list_sql
from npl_reporting.returns.page import Attachment
from npl_reporting.returns.plan import Plan
from npl_reporting.returns.report import Report
from npl_reporting.returns.sharedwords import word

CELL_FIELDS = ("report", "row", "column", "period", "value", "state", "reason")


def cells_csv(cells: Sequence[Cell]) -> str:
    """Write cells as CSV: exact decimals, and for each cell without a value the reason's code."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CELL_FIELDS)
    for cell in cells:
        place = (cell.report, cell.row, cell.column, cell.period)
        writer.writerow([*place, cell.exact, cell.state, cell.reason or ""])
    return text.getvalue()


def cells_file(report: Report, cells: Sequence[Cell]) -> Attachment:
    """The cells of one report as its page carries them."""
    name = f"{report.definition.jurisdiction}.{report.id}.cells.csv"
    return Attachment(name, cells_csv(cells).encode(), word("cells_file")["en"])


def list_files(
    engine: Engine, planned: Plan, relations: Relations = NO_MOVEMENT
) -> Iterator[Attachment]:
    """The lists of a report that are attached whole, however few of their lines are printed."""
    for table in planned.tables.values():
        relation = relations.of(table.table.of)
        if not table.table.attach or relation is None:
            continue
        names = [column.id for column in table.table.columns]
        sql = list_sql(planned, table, relation)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["rank", "key", *names])
        for batch in engine.batches(sql):
            for record in batch.to_pylist():
                values = (record[f"{table.table.id}.{name}"] for name in names)
                writer.writerow([record["rank"], record["key"], *map(_exact, values)])
        name = f"{planned.report.definition.jurisdiction}.{planned.report.id}.{table.table.id}.csv"
        yield Attachment(name, text.getvalue().encode(), word("list_file")["en"])


def _exact(value: object) -> object:
    return exact_text(value) if isinstance(value, Decimal) else value
