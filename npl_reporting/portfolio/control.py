"""Control totals: what the general ledger says, beside what the tape adds up to."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.errors import NplError, Problem
from npl_reporting.law.columns import Column
from npl_reporting.money import exact_text
from npl_reporting.portfolio.checks import of_kind
from npl_reporting.portfolio.findings import add_one
from npl_reporting.resources import shown

COUNT = "count"
_FIGURES = ("column", "total")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_AT_ONCE = 200


@dataclass(frozen=True)
class ControlLine:
    """One figure of the ledger: the column summed (or `count`), and the rows it is about."""

    column: str
    total: Decimal
    only: Mapping[str, str]
    line: int


@dataclass(frozen=True)
class ControlResult:
    """A ledger figure beside the tape's; `difference` is tape less ledger."""

    column: str
    only: Mapping[str, str]
    ledger: Decimal
    tape: Decimal

    @property
    def difference(self) -> Decimal:
        """Tape less ledger; zero where they tie."""
        return self.tape - self.ledger


def compare_with_ledger(
    engine: Engine, path: Path, dictionary: Mapping[str, Column], present: Collection[str]
) -> tuple[ControlResult, ...]:
    """Compare the rows read with a file of control totals, and record each difference.

    The file has the columns `column,total`, after columns of text that say which rows a figure
    is about; an empty cell there stands for all. NplError if the file is wrong.
    """
    lines = read_control(path, dictionary, present)
    results = tuple(_results(engine, lines))
    for result in results:
        if result.difference:
            _record(engine, result)
    return results


def read_control(
    path: Path, dictionary: Mapping[str, Column], present: Collection[str]
) -> tuple[ControlLine, ...]:
    """Read a file of control totals; NplError holds everything that is wrong with it."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            header, *rows = list(csv.reader(stream, strict=True)) or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problem = Problem(f"cannot be read as control totals: {error}", "", shown(path))
        raise NplError(problem) from None
    problems = [*_header_problems(path, header, dictionary, present)]
    if problems:
        raise NplError(*problems)
    problems = [
        problem
        for line, row in enumerate(rows, 2)
        for problem in _line_problems(path, line, header, row, dictionary, present)
    ]
    if problems:
        raise NplError(*problems)
    return tuple(_line(header, row, line) for line, row in enumerate(rows, 2) if row)


def _line(header: Sequence[str], row: Sequence[str], line: int) -> ControlLine:
    cells = dict(zip(header, row, strict=True))
    only = {name: value for name, value in cells.items() if value and name not in _FIGURES}
    return ControlLine(cells["column"], Decimal(cells["total"]), only, line)


def _header_problems(
    path: Path, header: Sequence[str], dictionary: Mapping[str, Column], present: Collection[str]
) -> Iterator[Problem]:
    if tuple(header[-2:]) != _FIGURES:
        what = "the header must end with column,total"
        yield Problem(what, "write for example product_type,column,total", shown(path), 1)
        return
    for name in header[:-2]:
        if name not in present or dictionary[name].type != "text" or header.count(name) > 1:
            what = f"'{name}' is not a text column of the tape, named once"
            yield Problem(what, "use one such as product_type or region", shown(path), 1)


def _line_problems(
    path: Path,
    line: int,
    header: Sequence[str],
    row: Sequence[str],
    dictionary: Mapping[str, Column],
    present: Collection[str],
) -> Iterator[Problem]:
    if not row:
        return
    if len(row) != len(header):
        what = f"{len(row)} cells where the header has {len(header)}"
        yield Problem(what, "write numbers without thousands separators", shown(path), line)
        return
    column, total = row[-2:]
    money = column in present and dictionary[column].type == "money"
    if column != COUNT and not money:
        what = f"'{column}' is not a money column of the tape"
        yield Problem(what, "name one, or write count for the number of rows", shown(path), line)
    if not _NUMBER.fullmatch(total):
        yield Problem(f"'{total}' is not a plain number", "write 1234.50", shown(path), line)


def _results(engine: Engine, lines: Sequence[ControlLine]) -> Iterator[ControlResult]:
    for start in range(0, len(lines), _AT_ONCE):
        part = lines[start : start + _AT_ONCE]
        (sums,) = engine.rows(f"SELECT {', '.join(map(_sum, part))} FROM tape")
        for line, found in zip(part, sums, strict=True):
            yield ControlResult(line.column, line.only, line.total, Decimal(found))


def _sum(line: ControlLine) -> str:
    conditions = [f"{quoted(name)} = {literal(value)}" for name, value in line.only.items()]
    where = f" FILTER (WHERE {' AND '.join(conditions)})" if conditions else ""
    if line.column == COUNT:
        return f"count(*){where}"
    return f"coalesce(sum({quoted(line.column)}){where}, 0)"


def _record(engine: Engine, result: ControlResult) -> None:
    kind = "control_count" if result.column == COUNT else "control_total"
    place = "".join(f" where {name} is {value}" for name, value in result.only.items())
    ledger, tape, difference = map(exact_text, (result.ledger, result.tape, result.difference))
    for check, _ in of_kind(kind):
        value = f"tape {tape}, difference {difference}"
        expected = f"ledger {ledger}{place}"
        add_one(engine, check, column=result.column, value=value, expected=expected)
