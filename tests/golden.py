"""How much of the returns the golden books exercise, by what is written down in them by hand.

A golden book is a folder `reports/XX.<report>[.<variant>]` with a `cells.csv`; `test_reports` shows
that it gives exactly these cells. The cells of a return are the places of its form on the reporting
date: every row of a grid but headings, in every column but those that are `blank` there or `hidden`.
The ranked lines of a list are alike and count once for each column, its line `rest` and its line
`total` once more. A comparative column repeats what another run stored and is no cell of its own.

A cell is exercised

- if a book has a figure there that is not zero, or, in a column of texts or dates, one of these;
- if it is told, which is: its formula reads only parameters, or rows that are told, and one book has zero, for the run was told that there is nothing, another the reason `parameter:…`, for
  it was told nothing;
- if the report file says of it `zero`, and every book has zero there.

A reason why a cell was not computed is no figure and exercises no other cell.

A check is exercised if a line of `reports/XX.sound*/failing.yaml` names it. `test_report_checks`
shows that it holds in that book and fails with that line, and that what it reads is not all zero:
there, or in a golden book of its report, in which no error fails, unless all of it is told.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Literal

from pydantic import Field

from npl_reporting.law.shelf import load_rulebook
from npl_reporting.law.syntax import names, parse_expression
from npl_reporting.law.yamlfile import Record, load
from npl_reporting.returns.cells import PARAMETER
from npl_reporting.returns.figures import CELL, PRIOR, ROW, calls
from npl_reporting.returns.fitting import EVERY, fitted
from npl_reporting.returns.report import Check, Column, Report, Row, Table
from npl_reporting.returns.sharedwords import shared_words
from npl_reporting.returns.shelf import load_reports

FOLDER = Path(__file__).parent / "reports"
BOOKS = tuple(sorted(path.parent for path in FOLDER.glob("*/cells.csv")))
SOUND = tuple(sorted(path.parent for path in FOLDER.glob("*.sound*/failing.yaml")))
ANY_RANK = "n"
"""Stands for the rank of a list's line."""

LEAST = Fraction(95, 100)
"""The share of a return's cells that its books have to exercise."""

RATIO_DECIMALS = 18
"""Decimals of a stored quotient; the rest is cut."""

Place = tuple[str, str]
"""A row and a column."""

Kind = Literal["figure", "text", "told", "zero"]
"""What a cell is, and so what exercises it."""


class Given(Record):
    """What stands beside a small book's tape."""

    as_of: date
    why: str
    prior_as_of: date | None = None
    parameters: dict[str, Decimal | int] = Field(default_factory=dict)
    settings: dict[str, str] = Field(default_factory=dict)


class Failing(Record):
    """What makes one check fail.

    A cell, one that the prior run stored, one of the run's numbers, or a fact of an exposure or
    of its movement is other than it should be.
    """

    check: str
    cell: tuple[str, str] | tuple[str, str, str] | None = None
    prior: tuple[str, str] | None = None
    run: str | None = None
    exposures: str | None = None
    movement: str | None = None
    value: Decimal | int = 0


class FailingFile(Record):
    """The list beside a sound book."""

    failing: tuple[Failing, ...]


@dataclass(frozen=True)
class Share:
    """What the books exercise of one report: its cells and checks, and those left out.

    `shared` are the pages that every jurisdiction has, which are no authority's returns: books are
    kept of their checks alone.
    """

    jurisdiction: str
    report: str
    cells: int
    missing_cells: tuple[Place, ...]
    checks: int
    missing_checks: tuple[str, ...]
    shared: bool = False

    @property
    def exercised(self) -> int:
        """How many of the cells are exercised."""
        return self.cells - len(self.missing_cells)

    @property
    def short(self) -> bool:
        """Whether too little of the report is exercised."""
        return bool(self.missing_checks) or (not self.shared and self.share < LEAST)

    @property
    def share(self) -> Fraction:
        """The exercised cells as a fraction of all; one where there are none."""
        return Fraction(self.exercised, self.cells) if self.cells else Fraction(1)


def shares(books: Collection[Path] = BOOKS, sound: Collection[Path] = SOUND) -> tuple[Share, ...]:
    """What these books exercise of every report of their jurisdictions."""
    jurisdictions = sorted({folder.name.split(".")[0] for folder in sound})
    return tuple(
        share(jurisdiction, report, [b for b in books if _is_of(b, jurisdiction, report.id)], sound)
        for jurisdiction in jurisdictions
        for report in in_force(jurisdiction)
    )


def in_force(jurisdiction: str) -> tuple[Report, ...]:
    """A jurisdiction's reports on the date of its sound book, fitted to its rulebook."""
    day = as_of(jurisdiction)
    return fitted(load_reports(jurisdiction, day), load_rulebook(jurisdiction, day))


def as_of(jurisdiction: str) -> date:
    """The date of a jurisdiction's sound book, on which its reports are counted."""
    return load(FOLDER / f"{jurisdiction}.sound" / "given.yaml", Given).as_of


def share(
    jurisdiction: str, report: Report, books: Collection[Path], sound: Collection[Path]
) -> Share:
    """What these books exercise of one report."""
    cells, values = places(report), written(books)
    missing = tuple(
        place for place, kind in cells.items() if not _exercised(values.get(place, ()), kind)
    )
    checks = [check.id for check in report.definition.checks]
    failing = {
        each.check
        for folder in sound
        if folder.name.split(".")[0] == jurisdiction
        for each in failing_of(folder)
    }
    left = tuple(check for check in checks if f"{report.id}/{check}" not in failing)
    shared = report.file.path.parent.name == EVERY
    return Share(jurisdiction, report.id, len(cells), missing, len(checks), left, shared)


def _is_of(book: Path, jurisdiction: str, report: str) -> bool:
    return book.name.split(".")[:2] == [jurisdiction, report]


def failing_of(folder: Path) -> tuple[Failing, ...]:
    """What makes each check of a sound book fail."""
    return load(folder / "failing.yaml", FailingFile).failing


def places(report: Report) -> dict[Place, Kind]:
    """The cells of a report, and what exercises each."""
    told = told_rows(report)
    return {
        (line.id, column.id): _kind(line, column, told, report.definition.parameters)
        for table in report.tables
        for line in _lines(table)
        for column in table.columns
        if not column.hidden and column.id not in line.blank
    }


def _kind(line: Row, column: Column, told: Collection[str], parameters: Collection[str]) -> Kind:
    if column.zero or column.id in line.zero:
        return "zero"
    if column.format in ("text", "date"):
        return "text"
    own = not line.formula and column.formula and _names(column.formula) <= set(parameters)
    return "told" if line.id in told or own else "figure"


def _lines(table: Table) -> Iterator[Row]:
    """The rows of a grid, or the kinds of line of a list as if they were rows."""
    if table.kind == "grid":
        yield from (row for row in table.rows if not row.heading)
    else:
        yield from (
            Row(id=name, label={}) for name in (f"{table.id}.{ANY_RANK}", *table.last_rows())
        )


def told_rows(report: Report) -> frozenset[str]:
    """The rows that repeat what the run was told, or add that up."""
    told: set[str] = set()
    rows = [row for table in report.tables for row in table.rows if row.formula is not None]
    while more := {row.id for row in rows if row.id not in told and _is_told(row, report, told)}:
        told |= more
    return frozenset(told)


def _is_told(row: Row, report: Report, told: Collection[str]) -> bool:
    formula = row.formula or ""
    node = parse_expression(formula)
    other = [args for f in (CELL, PRIOR) for args in calls(node, f)]
    read = {args[0] for args in calls(node, ROW)}
    parameters = set(report.definition.parameters)
    return not other and row.over is None and read <= set(told) and _names(formula) <= parameters


def _names(formula: str) -> set[str]:
    return set(names(parse_expression(formula)))


def written(books: Collection[Path]) -> Mapping[Place, tuple[str, ...]]:
    """All that books have for each cell; the lines of a list are taken together."""
    found: dict[Place, list[str]] = {}
    for folder in books:
        for (row, column), value in expected(folder).items():
            head, dot, rank = row.rpartition(".")
            line = f"{head}.{ANY_RANK}" if dot and rank.isdecimal() else row
            for name in dict.fromkeys((row, line)):
                found.setdefault((name, column), []).append(value)
    return {place: tuple(values) for place, values in found.items()}


def expected(folder: Path) -> dict[Place, str]:
    """A book's cells as they were added up by hand."""
    with (folder / "cells.csv").open(encoding="utf-8") as file:
        return {(row["row"], row["column"]): row["value"] for row in csv.DictReader(file)}


def alive(jurisdiction: str) -> frozenset[str]:
    """The errors of its reports that read a cell that is not zero in a golden book, or told alone."""
    return frozenset(
        f"{report.id}/{check.id}"
        for report in in_force(jurisdiction)
        for book in (b for b in BOOKS if _is_of(b, jurisdiction, report.id))
        for check in report.definition.checks
        if check.severity == "error" and _reads_something(report, check, expected(book))
    )


def _reads_something(report: Report, check: Check, values: Mapping[Place, str]) -> bool:
    node = parse_expression(check.that)
    own = {(args[-2], args[-1]) for args in calls(node, CELL) if args[:-2] in ((), (report.id,))}
    lines = {row.id for table in report.tables if table.id == check.each for row in _lines(table)}
    own |= {(row, name) for row in lines for name in names(node)}
    if own and {row for row, _ in own} <= told_rows(report):
        return True
    return any(_exercised([values[place]], "figure") for place in own if place in values)


def _exercised(values: Collection[str], kind: Kind) -> bool:
    known = [value for value in values if not _is_reason(value)]
    if kind == "text":
        return any(known)
    figures = [fraction(value) for value in known]
    if kind == "zero":
        return bool(figures) and not any(figures)
    untold = any(value.startswith(PARAMETER) for value in values)
    return any(figures) or (kind == "told" and untold and bool(figures))


def _is_reason(value: str) -> bool:
    return value.startswith(PARAMETER) or value in shared_words().reasons


def exact(value: str) -> str:
    """A figure as the cells hold it; a fraction is cut, not rounded. A text stays as it is."""
    try:
        found = fraction(value)
    except ValueError:
        return value
    units = abs(found) * 10**RATIO_DECIMALS
    digits = f"{int(units):0{RATIO_DECIMALS + 1}d}"
    text = f"{digits[:-RATIO_DECIMALS]}.{digits[-RATIO_DECIMALS:]}".rstrip("0").rstrip(".")
    return f"-{text}" if found < 0 else text


def fraction(value: str) -> Fraction:
    """A figure as a book writes it, such as 0.5 or 3/7; ValueError for a text."""
    above, _, below = value.partition("/")
    return Fraction(above) / Fraction(below or 1)
