"""Cells as printed tables and charts: labels, display rules, reasons; nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from string import ascii_uppercase
from typing import Literal

from npl_reporting.law.yamlfile import Text
from npl_reporting.returns import page
from npl_reporting.returns.cells import NO_PRIOR_RUN, Cell
from npl_reporting.returns.report import Column, Period, Report, Row, Table
from npl_reporting.returns.sharedwords import day_text, reason_text, shared_words, word


@dataclass(frozen=True)
class Layout:
    """Sets the cells of one report; `dates` are the reporting date and, if any, the prior one."""

    report: Report
    cells: Sequence[Cell]
    dates: Mapping[Period, date]

    def tables(self) -> Iterator[page.Table]:
        """Every table of the report; a list stands once for each of its periods."""
        for table in self.report.tables:
            if table.kind == "grid":
                yield self._grid(table)
            else:
                yield from (self._list(table, period) for period in table.periods)

    def charts(self) -> Iterator[page.Chart]:
        """The report's charts; a cell that was not computed has no bar."""
        found = {(cell.row, cell.column): cell for cell in self._of("current")}
        for chart in self.report.definition.charts:
            table = self.report.table(chart.table)
            column = next(c for c in table.columns if c.id == chart.column)
            labels = {row.id: row.label for row in table.rows}
            bars = tuple(
                page.Bar(labels[row], cell.value, step if chart.graded else 0)
                for step, row in enumerate(chart.rows)
                if (cell := found[row, chart.column]).value is not None
            )
            unit = self.report.definition.unit if column.format == "money" else 1
            yield page.Chart(chart.title, chart.description, bars, column.format, unit, chart.kind)

    def shown(self, row: str, column: str, period: Period) -> page.Shown | None:
        """One cell as its table shows it; None where the report has no such cell."""
        cells = {c.column: c for c in self.cells if c.row == row and c.period == period}
        if column not in cells:
            return None
        table = self.report.table(cells[column].table)
        return self._shown(next(c for c in table.columns if c.id == column), cells)

    def _of(self, period: Period, table: Table | None = None) -> list[Cell]:
        return [
            cell
            for cell in self.cells
            if cell.period == period and (table is None or cell.table == table.id)
        ]

    def _grid(self, table: Table) -> page.Table:
        columns = [column for column in table.columns if not column.hidden]
        found = {(c.period, c.row, c.column): c for c in self.cells if c.table == table.id}
        heads = [self._head(table, c, period) for period in table.periods for c in columns]
        lines = []
        for row in table.rows:
            shown: list[page.Shown] = []
            for period in () if row.heading else table.periods:
                cells = {c.id: found.get((period, row.id, c.id)) for c in table.columns}
                shown += [self._shown(column, cells) for column in columns]
            lines.append(_line(row, shown))
        return self._table(table, heads, lines)

    def _table(
        self, table: Table, heads: Sequence[page.Head], lines: Sequence[page.Line]
    ) -> page.Table:
        unit = self.report.definition.unit
        stub = table.stub or word("item")
        return page.Table(tuple(heads), tuple(lines), table.caption, table.note, unit, stub)

    def _head(self, table: Table, column: Column, period: Period) -> page.Head:
        several = len(table.periods) > 1 and table.kind == "grid"
        group = _joined(self._period(period), column.group) if several else column.group
        id_ = f"{period}.{column.id}" if several else column.id
        width = None if column.width is None else float(column.width)
        return page.Head(id_, column.label, column.format, group, width)

    def _period(self, period: Period) -> Text:
        day = self.dates.get(period)
        return day_text(day, self.report.languages) if day else word("comparative")

    def _shown(self, column: Column, cells: Mapping[str, Cell | None]) -> page.Shown:
        cell = cells[column.id]
        if cell is None:
            return page.Shown(None, column.format, "blank")
        ruled = cells.get(column.dash_when_zero or "")
        if ruled is not None and ruled.value == 0:
            return page.Shown(cell.value, column.format, "dash")
        if cell.reason is not None:
            reason = reason_text(self.report, cell.reason)
            return page.Shown(None, column.format, "not_computed", reason)
        return page.Shown(_printable(column, cell), column.format, decimals=column.decimals)

    def _list(self, table: Table, period: Period) -> page.Table:
        columns = [column for column in table.columns if not column.hidden]
        ranked: dict[str, dict[str, Cell | None]] = {}
        for cell in sorted(self._of(period, table), key=_rank):
            ranked.setdefault(cell.row, {})[cell.column] = cell
        lines = [
            page.Line(
                row,
                self._label(table, rank, cells),
                tuple(self._shown(column, cells) for column in columns),
                code=str(rank),
            )
            for rank, (row, cells) in enumerate(ranked.items(), 1)
        ]
        heads = [self._head(table, column, period) for column in columns]
        printed = self._table(table, heads, lines)
        if not lines:
            printed = replace(printed, note=word("no_lines"))
        return self._captioned(table, period, printed)

    def _captioned(self, table: Table, period: Period, printed: page.Table) -> page.Table:
        """Name the period where a list stands for two; say so where there is none to compare."""
        if len(table.periods) == 1:
            return printed
        caption = _joined(table.caption, self._period(period))
        absent = period == "comparative" and not printed.lines
        note = shared_words().reasons[NO_PRIOR_RUN] if absent else printed.note
        return replace(printed, caption=caption, note=note)

    def _label(self, table: Table, rank: int, cells: Mapping[str, Cell | None]) -> Text:
        columns = {column.id: column for column in table.columns}
        label = table.label or {}
        return {
            language: label[language].format(
                rank=rank,
                letter=_letter(rank),
                key=next((cell.key for cell in cells.values() if cell), ""),
                **{name: _said(columns[name], c, language) for name, c in cells.items() if c},
            )
            for language in label
        }


def _line(row: Row, shown: Sequence[page.Shown]) -> page.Line:
    kind: Literal["data", "total", "heading"] = "total" if row.sum_of else "data"
    if row.heading:
        kind = "heading"
    return page.Line(row.id, row.label, tuple(shown), kind, row.level, row.code)


def _printable(column: Column, cell: Cell) -> Decimal | date | str | Text:
    if cell.value is not None:
        return cell.value
    text = cell.text or ""
    return date.fromisoformat(text) if column.format == "date" else column.words.get(text, text)


def _said(column: Column, cell: Cell, language: str) -> str:
    """A cell as part of a line's label."""
    text = cell.exact
    return column.words[text][language] if text in column.words else text


def _rank(cell: Cell) -> int:
    return int(cell.row.rpartition(".")[2])


def _letter(rank: int) -> str:
    """A for the first, Z for the 26th, AA for the 27th."""
    letters = ""
    while rank:
        rank, place = divmod(rank - 1, len(ascii_uppercase))
        letters = ascii_uppercase[place] + letters
    return letters


def _joined(first: Text | None, second: Text | None) -> Text | None:
    if first is None or second is None:
        return first or second
    return {language: f"{first[language]} · {second[language]}" for language in first}
