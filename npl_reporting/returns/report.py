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
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")]
Period = Literal["current", "comparative"]
Kind = Literal["cells", "cases", "quality", "cover"]


class Parameter(Record):
    """A figure that the tape does not hold, given to the run by name."""

    label: Text
    format: Format = "money"


class Column(Record):
    """One column: an aggregate over exposures (`value`) or a formula over the row's columns."""

    id: Name
    label: Text
    format: Format = "money"
    value: str | None = None
    of_largest: str | None = None
    formula: str | None = None
    group: Text | None = None
    decimals: int | None = None
    dash_when_zero: Name | None = None
    total: Literal["formula", "sum"] = "formula"
    words: Mapping[str, Text] = {}
    hidden: bool = False
    width: Decimal | None = None


class Row(Record):
    """One row of a grid: a condition, the rows it totals, or a heading without figures."""

    id: Code
    label: Text
    where: str | None = None
    sum_of: tuple[Code, ...] = ()
    heading: bool = False
    level: int = 0
    code: str = ""
    blank: tuple[Name, ...] = ()


class Table(Record):
    """A `grid` of fixed rows, or a `list` of the largest groups of exposures."""

    id: Name
    kind: Literal["grid", "list"] = "grid"
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
    attach: bool = False


class Chart(Record):
    """One column of a grid as bars; `rows` in order, drawn in ever severer steps if `graded`."""

    title: Text
    description: Text
    table: Name
    column: Name
    rows: tuple[Code, ...]
    kind: Literal["bars", "stacked"] = "bars"
    graded: bool = False


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


class Definition(Record):
    """What a report file says; README.md in the reports folder explains every key."""

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


def _with_columns(table: Table, tables: Mapping[str, Table]) -> Table:
    if table.columns_of is None:
        return table
    columns = tuple(
        column.model_copy(update={"label": table.labels.get(column.id, column.label)})
        for column in tables[table.columns_of].columns
    )
    return table.model_copy(update={"columns": columns})
