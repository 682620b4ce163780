"""A filing as frozen records: which cells stand under which code, and how its files are named."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from npl_reporting.errors import NplError, Problem
from npl_reporting.law.yamlfile import Name, Record, Text, YamlFile, read, typed
from npl_reporting.resources import REPORTS, shown
from npl_reporting.returns.fitting import EVERY

FOLDER = "filing"
"""Where the filings of a jurisdiction lie, inside the folder of its reports."""
Codes = Mapping[tuple[str, str], str]
"""The code of each cell by the official codes of its row and column."""


class Answer(Record):
    """What the run is told about who files: one of `values`, or a text that fits `pattern`."""

    label: Text
    default: str | None = None
    values: Mapping[str, str] = {}
    suffixes: Mapping[str, str] = {}
    pattern: str = ""


class Filed(Record):
    """What stands in one table file, and the template that reports it."""

    file: str
    template: str


class Answered(Filed):
    """A fact that is not a figure: the code that the module has for an answer."""

    datapoint: str
    answer: Name


class FiledTable(Filed):
    """A table of a report as one file; its codes stand in a CSV of that name beside the filing."""

    report: Name
    table: Name


class Definition(Record):
    """What a filing file says.

    `name` and `parameters` are filled with entity, suffix, country, date, created and currency.
    """

    filing: Name
    jurisdiction: str
    title: Text
    effective_from: date
    entry_point: str
    name: str
    answers: Mapping[Name, Answer]
    parameters: Mapping[str, str]
    answered: tuple[Answered, ...]
    tables: tuple[FiledTable, ...]
    templates: tuple[str, ...]


@dataclass(frozen=True)
class Filing:
    """A filing that was read and found whole, with the codes of each of its table files."""

    definition: Definition
    file: YamlFile
    codes: Mapping[str, Codes]

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that the filing is defined by."""
        beside = (_codes_path(self.file, table) for table in self.definition.tables)
        return (self.file.path, *beside)


def load_filings(rules: str, on: date, folder: Path = REPORTS) -> tuple[Filing, ...]:
    """Read the filings of a jurisdiction, and of all, in force on a day; NplError if one is faulty.

    Of files that define the same filing, the latest `effective_from` on or before the day counts.
    """
    latest: dict[str, Filing] = {}
    places = (folder / name / FOLDER for name in dict.fromkeys((EVERY, rules)))
    files = [file for place in places for file in sorted(place.glob("*.yaml"))]
    for filing in sorted(map(load_filing, files), key=lambda f: f.definition.effective_from):
        if filing.definition.effective_from <= on:
            latest[filing.definition.filing] = filing
    return tuple(latest.values())


def asked(filings: Iterable[Filing]) -> frozenset[str]:
    """The names of all that filings are told with --set."""
    return frozenset(name for filing in filings for name in filing.definition.answers)


def load_filing(path: Path) -> Filing:
    """Read one filing with its codes; NplError holds every fault."""
    file = read(path)
    definition = typed(file, Definition)
    codes = {table.file: dict(_codes(_codes_path(file, table))) for table in definition.tables}
    problems = tuple(_faults(file, definition, codes))
    if problems:
        raise NplError(*problems)
    return Filing(definition, file, codes)


def _codes_path(file: YamlFile, table: FiledTable) -> Path:
    return file.path.parent / f"{table.file}.csv"


def _codes(path: Path) -> Iterator[tuple[tuple[str, str], str]]:
    """The code of each cell of a table; an empty place is a cell that does not exist."""
    try:
        with path.open(encoding="utf-8", newline="") as opened:
            rows = list(csv.DictReader(opened))
    except OSError as error:
        raise NplError(Problem(f"cannot be read: {error.strerror}", file=shown(path))) from None
    for row in rows:
        for column, code in row.items():
            if column != "row" and code:
                yield (row["row"], column), code


def _faults(
    file: YamlFile, definition: Definition, codes: Mapping[str, Codes]
) -> Iterator[Problem]:
    known = set(definition.templates)
    filed: Mapping[str, Sequence[Filed]] = {
        "tables": definition.tables,
        "answered": definition.answered,
    }
    for key, parts in filed.items():
        for index, part in enumerate(parts):
            if part.template not in known:
                what = f"'{part.template}' is no template of the module"
                yield file.problem((key, index, "template"), what, "name one of templates")
    for index, fact in enumerate(definition.answered):
        if fact.answer not in definition.answers:
            what = f"there is no answer '{fact.answer}'"
            yield file.problem(("answered", index, "answer"), what, "name one of answers")
    for index, table in enumerate(definition.tables):
        given = list(codes[table.file].values())
        twice = sorted({code for code in given if given.count(code) > 1})
        if twice:
            what = f"{table.file}: {', '.join(twice)} is used twice"
            yield file.problem(("tables", index), what, "give each cell its own code")
