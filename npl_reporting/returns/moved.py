"""What pages say of overrides and adjustments: each delta, and each cell that they moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from npl_reporting.law.yamlfile import Text
from npl_reporting.portfolio.deltas import Delta
from npl_reporting.returns.cells import COMPUTED, Cell
from npl_reporting.returns.layout import Layout, joined
from npl_reporting.returns.page import Format, Head, Line, Shown, Table
from npl_reporting.returns.sharedwords import day_text, word

_BLANK = Shown(None, "text", "blank")


def moved_tables(layout: Layout) -> Iterator[Table]:
    """For each format of the cells that were moved: what was computed, what is reported."""
    found: dict[Format, list[Line]] = {}
    for cell in layout.cells:
        if cell.period == COMPUTED:
            one = layout.shown(cell.row, cell.column, COMPUTED)
            other = layout.shown(cell.row, cell.column, "current")
            if one is not None:
                other = replace(other, flag=None) if other else _BLANK
                line = Line(f"{cell.row}.{cell.column}", _label(layout, cell), (one, other))
                found.setdefault(one.format, []).append(line)
    for format_, lines in found.items():
        heads = (Head("computed", word("computed"), format_),
                 Head("as_reported", word("as_reported"), format_))  # fmt: skip
        unit = layout.report.definition.unit
        yield Table(heads, tuple(lines), word("moved_cells"), None, unit, word("item"))


def deltas_table(deltas: Sequence[Delta], languages: Sequence[str]) -> Iterator[Table]:
    """Every override and adjustment in force, with its grounds and persons; none for none."""
    names = ("delta_of", "delta_to", "delta_reason", "evidence", "proposed_by", "confirmed_by",
             "delta_until")  # fmt: skip
    heads = tuple(Head(name, word(name), "text") for name in names)
    lines = tuple(_line(delta, languages) for delta in deltas)
    if lines:
        yield Table(heads, lines, word("deltas"), None, 1, word("item"))


def _line(delta: Delta, languages: Sequence[str]) -> Line:
    of = " ".join(part for part in (delta.target, delta.portion, delta.decision) if part)
    to = delta.outcome or f"{Decimal(delta.by):+f}"
    texts = (of, to, delta.reason, delta.evidence, delta.proposed_by, delta.confirmed_by)
    cells = (*(Shown(text, "text") for text in texts),
             Shown(day_text(delta.until, languages), "text"))  # fmt: skip
    return Line(delta.id, dict.fromkeys(languages, delta.id), cells)


def _label(layout: Layout, cell: Cell) -> Text:
    """The row's and the column's labels, with what it stands under; of a list, the row's place."""
    table = layout.report.table(cell.table)
    column = next(column for column in table.columns if column.id == cell.column)
    row = next((row.label for row in table.rows if row.id == cell.row), None)
    rank = cell.row.rpartition(".")[2]
    under = joined(column.group, column.label) or column.label
    return joined(row or dict.fromkeys(under, rank), under) or under
