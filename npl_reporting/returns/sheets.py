"""A return as it lies in its workbook: one sheet for each table, and where each cell stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from npl_reporting.returns.page import Head, Page, Shown, Table
from npl_reporting.returns.report import Period, Report
from npl_reporting.returns.spreadsheet import free_name, letters

CODE, LABEL = 0, 1
"""The columns of a line's code, and of its label in the first language."""

HEADS = 8
"""The first row of heads; what stands above is the same number of rows in every sheet."""


@dataclass(frozen=True)
class Place:
    """Where a cell stands, counted from zero, and how the page shows it."""

    row: str
    column: str
    period: Period
    line: int
    across: int
    head: Head
    shown: Shown

    @property
    def address(self) -> str:
        """The cell's address in its sheet, as in C12."""
        return f"{letters(self.across)}{self.line + 1}"


@dataclass(frozen=True)
class Sheet:
    """One table and the period it is of (None where it has several), with its rows of heads.

    Above the heads stands what the return is. Codes stand in the first column, labels in one
    column for each language after it, then the figures.
    """

    name: str
    id: str
    period: Period | None
    table: Table
    languages: int

    @property
    def grouped(self) -> bool:
        """Whether any head stands in a group."""
        return any(head.group is not None for head in self.table.heads)

    @property
    def coded(self) -> bool:
        """Whether any head has a code of the form's own."""
        return any(head.code for head in self.table.heads)

    @property
    def lines(self) -> int:
        """The row of the first line, after groups and labels in every language and codes."""
        return HEADS + self.languages * (2 if self.grouped else 1) + self.coded

    @property
    def figures(self) -> int:
        """The column of the first figure."""
        return LABEL + self.languages

    def places(self) -> Iterator[Place]:
        """Every cell of the table with its place; a heading has none."""
        for number, line in enumerate(self.table.lines):
            pairs = zip(self.table.heads, line.cells, strict=True) if line.cells else ()
            for across, (head, shown) in enumerate(pairs):
                period, column = self._of(head)
                yield Place(
                    line.id, column, period, self.lines + number, self.figures + across, head, shown
                )

    def _of(self, head: Head) -> tuple[Period, str]:
        """A head's period and column; the one is part of its id where the table has several."""
        if self.period is not None:
            return self.period, head.id
        period, _, column = head.id.partition(".")
        return ("comparative" if period == "comparative" else "current"), column


def sheets(report: Report, page: Page) -> tuple[Sheet, ...]:
    """The sheets of a return, in the order of its tables; what a page adds to them is left out."""
    names: list[str] = []
    found = []
    for (id_, period), table in zip(_tables(report), page.tables, strict=False):
        whole = id_ if period != "comparative" else f"{id_}_comparative"
        names.append(free_name(whole, names))
        found.append(Sheet(names[-1], id_, period, table, len(page.languages)))
    return tuple(found)


def _tables(report: Report) -> Iterator[tuple[str, Period | None]]:
    """Each table's id once for a grid and once for each period of a list, as pages set them."""
    for table in report.tables:
        if table.kind == "grid":
            yield table.id, table.periods[0] if len(table.periods) == 1 else None
        else:
            yield from ((table.id, period) for period in table.periods)
