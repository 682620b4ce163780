"""Cells as printed tables and charts: labels, display rules, reasons; nothing is computed here."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from string import ascii_uppercase
from typing import Literal

from npl_reporting.law.yamlfile import Text
from npl_reporting.returns import page
from npl_reporting.returns.cells import COMPUTED, NO_PRIOR_RUN, Cell, CellPeriod
from npl_reporting.returns.report import Chart, Column, Period, Report, Row, Table, as_printed
from npl_reporting.returns.sharedwords import day_text, reason_text, shared_words, word

History = Mapping[tuple[str, str], Sequence[tuple[date, Decimal]]]
"""Of a row and column, the dates of earlier runs and what they stored there, oldest first."""


@dataclass(frozen=True)
class Layout:
    """Sets the cells of one report; `dates` are the reporting date and, if any, the prior one."""

    report: Report
    cells: Sequence[Cell]
    dates: Mapping[Period, date]
    history: History = field(default_factory=dict)

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
            rows = {row.id: row for row in table.rows}
            columns = {column.id: column for column in table.columns}
            row, column, _ = chart.places()[0]
            printed = as_printed(columns[column], rows[row])
            bars = self._quarters(row, column, found) if chart.kind == "quarters" else tuple(
                self._bar(chart, rows, columns, step, place, found[place[:2]])
                for step, place in enumerate(chart.places())
                if found[place[:2]].value is not None
            )  # fmt: skip
            unit = self.report.definition.unit if printed.format == "money" else 1
            kind = "bars" if chart.kind == "quarters" else chart.kind
            yield page.Chart(
                chart.title, chart.description, bars, printed.format, unit, kind, printed.decimals
            )

    def _bar(
        self, chart: Chart, rows: Mapping[str, Row], columns: Mapping[str, Column],
        step: int, place: tuple[str, str, bool], cell: Cell,
    ) -> page.Bar:  # fmt: skip
        row, column, turned = place
        label = rows[row].label if chart.row is None else columns[column].label
        value = cell.value or Decimal(0)
        return page.Bar(label, -value if turned else value, step if chart.graded else 0)

    def _quarters(
        self, row: str, column: str, found: Mapping[tuple[str, str], Cell]
    ) -> tuple[page.Bar, ...]:
        """A cell in the runs before this one, and in this."""
        told = [*self.history.get((row, column), ())]
        now = found[row, column].value
        if now is not None:
            told.append((self.dates["current"], now))
        return tuple(page.Bar(day_text(day, self.report.languages), value) for day, value in told)

    @cached_property
    def moved(self) -> frozenset[tuple[str, str]]:
        """The cells of the reporting date that are not what was computed."""
        return frozenset((cell.row, cell.column) for cell in self._of(COMPUTED))

    def shown(self, row: str, column: str, period: CellPeriod) -> page.Shown | None:
        """One cell as its table shows it; None where the report has no such cell."""
        cells = {c.column: c for c in self.cells if c.row == row and c.period == period}
        if column not in cells:
            return None
        table = self.report.table(cells[column].table)
        printed = next(c for c in table.columns if c.id == column)
        line = next((each for each in table.rows if each.id == row), None)
        return self._shown(as_printed(printed, line), cells)

    def _of(self, period: CellPeriod, table: Table | None = None) -> list[Cell]:
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
                shown += [self._shown(as_printed(column, row), cells) for column in columns]
            lines.append(_line(row, shown))
        return self._table(table, heads, lines)

    def _table(
        self, table: Table, heads: Sequence[page.Head], lines: Sequence[page.Line]
    ) -> page.Table:
        unit = self.report.definition.unit
        stub = table.stub or word("item")
        flags = [cell.flag for line in lines for cell in line.cells if cell.flag is not None]
        said = tuple(flag for number, flag in enumerate(flags) if flag not in flags[:number])
        return page.Table(
            tuple(heads), tuple(lines), table.caption, table.note, unit, stub, flags=said
        )

    def _head(self, table: Table, column: Column, period: Period) -> page.Head:
        several = len(table.periods) > 1 and table.kind == "grid"
        group = joined(self._period(period), column.group) if several else column.group
        id_ = f"{period}.{column.id}" if several else column.id
        width = None if column.width is None else float(column.width)
        return page.Head(id_, column.label, column.format, group, width, column.code)

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
        flag = _flag(column, cell.value)
        if cell.period == "current" and (cell.row, cell.column) in self.moved:
            flag = word("moved")
        return page.Shown(
            _printable(column, cell), column.format, decimals=column.decimals, flag=flag
        )

    def _list(self, table: Table, period: Period) -> page.Table:
        columns = [column for column in table.columns if not column.hidden]
        ranked: dict[str, dict[str, Cell | None]] = {}
        for cell in sorted(self._of(period, table), key=_rank):
            ranked.setdefault(cell.row, {})[cell.column] = cell
        last = {row: ranked.pop(row) for row in table.last_rows() if row in ranked}
        lines = [
            page.Line(
                row,
                self._label(table, rank, cells),
                tuple(self._shown(column, cells) for column in columns),
                code=str(rank),
            )
            for rank, (row, cells) in enumerate(ranked.items(), 1)
        ]
        for row, cells in last.items():
            shown = tuple(self._shown(column, cells) for column in columns)
            kind: Literal["data", "total"] = "total" if row.endswith(".total") else "data"
            lines.append(page.Line(row, table.last_rows()[row], shown, kind))
        heads = [self._head(table, column, period) for column in columns]
        printed = self._table(table, heads, lines)
        if not lines:
            none = table.of == "movement" and "comparative" not in self.dates
            note = shared_words().reasons[NO_PRIOR_RUN] if none else word("no_lines")
            printed = replace(printed, note=note)
        return self._captioned(table, period, printed)

    def _captioned(self, table: Table, period: Period, printed: page.Table) -> page.Table:
        """Name the period where a list stands for two; say so where there is none to compare."""
        if len(table.periods) == 1:
            return printed
        caption = joined(table.caption, self._period(period))
        absent = period == "comparative" and not printed.lines
        note = shared_words().reasons[NO_PRIOR_RUN] if absent else printed.note
        return replace(printed, caption=caption, note=note)

    def _label(self, table: Table, rank: int, cells: Mapping[str, Cell | None]) -> Text:
        columns = {column.id: column for column in table.columns}
        label = table.label or {}
        key = next((cell.key for cell in cells.values() if cell), "")
        if table.blank and not key:
            return table.blank
        if key and key in table.words:
            return table.words[key]
        return {
            language: label[language].format(
                rank=rank,
                letter=_letter(rank),
                key=key,
                **{name: _said(columns[name], c, language) for name, c in cells.items() if c},
            )
            for language in label
        }


def _line(row: Row, shown: Sequence[page.Shown]) -> page.Line:
    kind: Literal["data", "total", "heading"] = "data"
    if row.sum_of or row.total:
        kind = "total"
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


def _flag(column: Column, value: Decimal | None) -> Text | None:
    """What is to be said of a value beyond a bound that the column marks."""
    if value is None:
        return None
    for flag in column.flags:
        above = flag.above is not None and value > flag.above
        if above or (flag.below is not None and value < flag.below):
            return flag.words
    return None


def _rank(cell: Cell) -> int:
    """A line's rank; the rest and the total come after every line."""
    rank = cell.row.rpartition(".")[2]
    return int(rank) if rank.isdigit() else sys.maxsize


def _letter(rank: int) -> str:
    """A for the first, Z for the 26th, AA for the 27th."""
    letters = ""
    while rank:
        rank, place = divmod(rank - 1, len(ascii_uppercase))
        letters = ascii_uppercase[place] + letters
    return letters


def joined(first: Text | None, second: Text | None) -> Text | None:
    """Two texts in one, in the languages that both have."""
    if first is None or second is None:
        return first or second
    shared = [language for language in first if language in second]
    return {language: f"{first[language]} · {second[language]}" for language in shared}
