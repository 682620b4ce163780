"""An xBRL-CSV report package: one zip, the same bytes for the same run."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from npl_reporting.returns.cells import Cell
from npl_reporting.returns.filing.definition import Filed, Filing
from npl_reporting.returns.filing.facts import Fact, facts
from npl_reporting.returns.filing.subject import Subject, answered, fields, names_entity
from npl_reporting.returns.report import Report

MEDIA_TYPE = "application/zip"
_PACKAGE = "https://xbrl.org/report-package/2023"
_REPORT = "https://xbrl.org/2021/xbrl-csv"
_MOMENT = (1980, 1, 1, 0, 0, 0)
"""The time that every file of the zip carries: no clock is read."""


def filings_to_write(
    known: Sequence[Filing], entity: str, on: date, answers: Mapping[str, str]
) -> tuple[Filing, ...]:
    """The filings in force that a run writes, which are none unless `entity` is an identifier.

    NplError if what `answers` tell about who files is not sound, before anything is computed.
    """
    filings = tuple(known) if names_entity(entity) else ()
    for filing in filings:
        fields(filing.definition, Subject(entity, on, "", "", answers))
    return filings


def write_filings(
    filings: Sequence[Filing],
    reports: Sequence[Report],
    cells: Sequence[Cell],
    subject: Subject,
    folder: Path,
) -> Iterator[Path]:
    """Write the package of each filing into a folder."""
    for filing in filings:
        yield write_package(filing, reports, cells, subject, folder)


def write_package(
    filing: Filing,
    reports: Sequence[Report],
    cells: Sequence[Cell],
    subject: Subject,
    folder: Path,
) -> Path:
    """Write the package of a filing into a folder; NplError if who files is not told soundly."""
    filled = fields(filing.definition, subject)
    stem = filing.definition.name.format_map(filled)
    found = facts(filing, reports, cells, answered(filing.definition, subject))
    path = folder / f"{stem}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in sorted(_files(filing, filled, found)):
            about = zipfile.ZipInfo(f"{stem}/{name}", _MOMENT)
            about.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(about, text.encode())
    return path


def _files(
    filing: Filing, filled: Mapping[str, str], found: Mapping[str, Sequence[Fact]]
) -> Iterator[tuple[str, str]]:
    """The name of every file below the top folder, and its text."""
    definition = filing.definition
    yield "META-INF/reportPackage.json", _json({"documentInfo": {"documentType": _PACKAGE}})
    about = {"documentType": _REPORT, "extends": [definition.entry_point]}
    yield "reports/report.json", _json({"documentInfo": about})
    parameters = ((name, text.format_map(filled)) for name, text in definition.parameters.items())
    yield "reports/parameters.csv", _csv(("name", "value"), parameters)
    yield (
        "reports/FilingIndicators.csv",
        _csv(("templateID", "reported"), _indicators(filing, found)),
    )
    for file, lines in found.items():
        values = ((fact.datapoint, fact.value) for fact in lines)
        yield f"reports/{file}.csv", _csv(("datapoint", "factValue"), values)


def _indicators(filing: Filing, found: Mapping[str, Sequence[Fact]]) -> Iterator[tuple[str, str]]:
    """Every template of the module, and whether any of its files has a fact."""
    parts: tuple[Filed, ...] = (*filing.definition.tables, *filing.definition.answered)
    reported = {part.template for part in parts if part.file in found}
    for template in filing.definition.templates:
        yield template, "true" if template in reported else "false"


def _csv(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows(lines)
    return text.getvalue()


def _json(content: object) -> str:
    return json.dumps(content, indent=2) + "\n"
