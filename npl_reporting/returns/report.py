"""A report file as frozen records: tables of rows and columns, parameters, charts, checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from npl_reporting.law.yamlfile import Record, Text, YamlFile
from npl_reporting.returns.page import Format

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.]+$")]
Signed = Annotated[str, Field(pattern=r"^-?[A-Za-z0-9_.]+$")]
Period = Literal["current", "comparative"]
Relation = Literal["exposures", "movement"]
Kind = Literal["cells", "cases", "quality", "cover", "variance"]


class Parameter(Record):
    """A figure that the tape does not hold, given to the run by name."""

    label: Text
    format: Format = "money"


class Flag(Record):
    """A value `above` or `below` a bound is shown and marked; `words` under the table say why."""

    words: Text
    above: Decimal | int | None = None
    below: Decimal | int | None = None


class Column(Record):
    """One column: an aggregate over exposures (`value`) or a formula over the row's columns.

    `where` restricts every aggregate of the column, and one to `keep` stands in rows with a value
    of their own as well; `over` names the column that the formula is
    divided by, which gives no value where that is not above zero. `code` is the form's own.
    `zero` says that the column can be nothing but zero.
    """

    id: Name
    label: Text
    code: str = ""
    format: Format = "money"
    value: str | None = None
    keep: bool = False
    where: str | None = None
    of_largest: str | None = None
    formula: str | None = None
    over: Name | None = None
    flags: tuple[Flag, ...] = ()
    group: Text | None = None
    decimals: int | None = None
    dash_when_zero: Name | None = None
    total: Literal["formula", "sum"] = "formula"
    words: Mapping[str, Text] = {}
    hidden: bool = False
    width: Decimal | None = None
    zero: bool = False


class Row(Record):
    """One row of a grid: a condition, the rows it totals, a formula, or a heading without figures.

    `value` is an aggregate that stands in the place of the columns' own; a `formula` reads other
    cells, and is divided by `over`. `format` and `decimals` go before the columns'; `total` prints
    the row as one. `zero` names columns that can be nothing but zero in the row.
    """

    id: Code
    label: Text
    where: str | None = None
    value: str | None = None
    sum_of: tuple[Code, ...] = ()
    formula: str | None = None
    over: str | None = None
    heading: bool = False
    total: bool = False
    level: int = 0
    code: str = ""
    format: Format | None = None
    decimals: int | None = None
    flags: tuple[Flag, ...] = ()
    blank: tuple[Name, ...] = ()
    zero: tuple[Name, ...] = ()


class Table(Record):
    """A `grid` of fixed rows, or a `list` of the largest groups of exposures.

    It is about the exposures of the reporting date, or `of: movement`, about what became of each
    since the prior run. A list shows a group without a key under the label `blank`, has its other
    keys in `words`, and ends with a line `rest` over the groups beyond its limit and a line `total`
    over all of its exposures, where it has these.
    """

    id: Name
    kind: Literal["grid", "list"] = "grid"
    of: Relation = "exposures"
    caption: Text | None = None
    note: Text | None = None
    stub: Text | None = None
    periods: tuple[Period, ...] = ("current",)
    rows: tuple[Row, ...] = ()
    columns: tuple[Column, ...] = ()
    columns_of: Name | None = None
    labels: Mapping[str, Text] = {}
    group_by: tuple[str, ...] = ()
    where: str | None = None
    order_by: Name | None = None
    ascending: bool = False
    limit: int | None = None
    label: Text | None = None
    blank: Text | None = None
    words: Mapping[str, Text] = {}
    rest: Text | None = None
    total: Text | None = None
    attach: bool = False

    def last_rows(self) -> dict[str, Text]:
        """The rows that stand under a list's ranks, with their labels."""
        named = {f"{self.id}.rest": self.rest, f"{self.id}.total": self.total}
        return {row: label for row, label in named.items() if label is not None}


class Chart(Record):
    """Cells of a grid as bars: one `column` of several `rows`, or one `row` of several `columns`.

    They are drawn in ever severer steps if `graded`. In a waterfall a leading minus turns the sign,
    and the first and last are levels. `quarters` draws one cell in this run and those before it.
    """

    title: Text
    description: Text
    table: Name
    column: Name | None = None
    rows: tuple[Signed, ...] = ()
    row: Code | None = None
    columns: tuple[Signed, ...] = ()
    kind: Literal["bars", "stacked", "waterfall", "quarters"] = "bars"
    graded: bool = False

    def places(self) -> tuple[tuple[str, str, bool], ...]:
        """Row and column of each bar, and whether its sign is turned."""
        if self.row is None:
            return tuple((r.lstrip("-"), self.column or "", r.startswith("-")) for r in self.rows)
        columns = self.columns or (self.column or "",)
        return tuple((self.row, c.lstrip("-"), c.startswith("-")) for c in columns)


class KeyFigure(Record):
    """A cell of another report that the cover repeats."""

    label: Text
    report: Name
    row: Code
    column: Name


class Check(Record):
    """A statement over cells that must hold, for the report or for `each` row of a table."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    severity: Literal["error", "warning"]
    sentence: Text
    that: str
    each: Name | None = None


class Variance(Record):
    """Which cells moved much since the prior run: by at least `share` of what they were then.

    An amount that moved by less than the share `least` of the whole portfolio is left alone. One
    that moved by `comment` of what it was, and by `comment_least` of the portfolio, needs a written
    comment. A report prints at most `limit` lines of a kind.
    """

    share: Decimal
    least: Decimal
    comment: Decimal
    comment_least: Decimal
    limit: int


class Definition(Record):
    """What a report file says; README.md in the reports folder explains every key.

    `migration` names decisions, each of which gets tables from what it was to what it is.
    """

    report: Name
    jurisdiction: str
    kind: Kind = "cells"
    form: Text | None = None
    title: Text
    frequency: Literal["monthly", "quarterly", "half_yearly", "yearly", "every_run"]
    deadline: Text | None = None
    effective_from: date
    order: int = 100
    template: str = "grid.html"
    unit: int = 1
    landscape: bool = False
    parameters: Mapping[Name, Parameter] = {}
    facts: Mapping[Name, str] = {}
    migration: tuple[Name, ...] = ()
    variance: Variance | None = None
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    figures: tuple[KeyFigure, ...] = ()
    notes: tuple[Text, ...] = ()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class Report:
    """A report file that was read and found whole, with the lines its faults are named by."""

    definition: Definition
    file: YamlFile

    @property
    def id(self) -> str:
        """The report's id, unique in its jurisdiction."""
        return self.definition.report

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that every text of the file is written in."""
        return tuple(self.definition.title)

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables, each with its own columns: those it borrows are written out."""
        own = {table.id: table for table in self.definition.tables}
        return tuple(_with_columns(table, own) for table in self.definition.tables)

    def table(self, name: str) -> Table:
        """The table of that id."""
        return next(table for table in self.tables if table.id == name)


def as_printed(column: Column, row: Row | None) -> Column:
    """The column with what the row says of its format before it."""
    if row is None:
        return column
    said = {"format": row.format, "decimals": row.decimals, "flags": row.flags or None}
    return column.model_copy(
        update={name: value for name, value in said.items() if value is not None}
    )


def _with_columns(table: Table, tables: Mapping[str, Table]) -> Table:
    if table.columns_of is None:
        return table
    columns = tuple(
        column.model_copy(update={"label": table.labels.get(column.id, column.label)})
        for column in tables[table.columns_of].columns
    )
    return table.model_copy(update={"columns": columns})
