"""The facts of a filing: each computed cell under its code, each answer under the module's word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from npl_reporting.errors import NplError
from npl_reporting.money import exact_text
from npl_reporting.returns.cells import Cell
from npl_reporting.returns.filing.definition import FiledTable, Filing
from npl_reporting.returns.report import Report, Table


@dataclass(frozen=True)
class Fact:
    """One line of a table file."""

    datapoint: str
    value: str


def facts(
    filing: Filing, reports: Sequence[Report], cells: Sequence[Cell], answers: Mapping[str, str]
) -> dict[str, tuple[Fact, ...]]:
    """The facts of each file that has any, in the order of their codes.

    A cell that was not computed is left out, so that nothing is filed for what is not known.
    NplError names every figure that has no code.
    """
    known = {report.id: report for report in reports}
    result: dict[str, list[Fact]] = {}
    for answered in filing.definition.answered:
        word = filing.definition.answers[answered.answer].values[answers[answered.answer]]
        result.setdefault(answered.file, []).append(Fact(answered.datapoint, word))
    for index, filed in enumerate(filing.definition.tables):
        if filed.report in known:
            found = _of_table(filing, index, filed, known[filed.report].table(filed.table), cells)
            result.setdefault(filed.file, []).extend(found)
    return {
        file: tuple(sorted(lines, key=lambda fact: (len(fact.datapoint), fact.datapoint)))
        for file, lines in result.items()
        if lines
    }


def _of_table(
    filing: Filing, index: int, filed: FiledTable, table: Table, cells: Sequence[Cell]
) -> Iterator[Fact]:
    rows = {row.id: row.code or row.id for row in table.rows}
    columns = {column.id: column.code or column.id for column in table.columns}
    codes = filing.codes[filed.file]
    for cell in cells:
        here = (cell.report, cell.table, cell.period) == (filed.report, filed.table, "current")
        if not here or cell.value is None:
            continue
        place = rows[cell.row], columns[cell.column]
        if place not in codes:
            what = f"{filed.file} has no code for {' '.join(place)}"
            remedy = "leave that cell of the report blank"
            raise NplError(filing.file.problem(("tables", index), what, remedy))
        yield Fact(codes[place], exact_text(cell.value))
