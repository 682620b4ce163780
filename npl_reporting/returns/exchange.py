"""A return for machines: its cells as JSON (reports/returns.schema.json) and as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from npl_reporting.returns.cells import Cell
from npl_reporting.returns.page import CheckLine, Line, Page, Text
from npl_reporting.returns.report import Column, Report, Table
from npl_reporting.returns.sheets import Place, Sheet

VERSION = 1
"""Of the schema; it grows when a reader of the old one could misread the new."""

CSV_FIELDS = (
    "jurisdiction", "report", "reporting_date", "run", "currency", "unit", "table", "row",
    "row_code", "column", "column_code", "period", "format", "state", "value", "reason", "sheet",
    "address",
)  # fmt: skip

Places = Mapping[tuple[str, str, str, str], tuple[Sheet, Place]]
"""Where a cell stands and how it is shown, by table, row, column and period."""


def as_json(report: Report, page: Page, sheets: Sequence[Sheet], cells: Sequence[Cell]) -> bytes:
    """Write a return with its tables, labels, cells and checks; values are exact texts."""
    places = _places(sheets)
    told = {
        **_identity(report, page),
        "tables": [_table(report, table, sheets, cells, places) for table in report.tables],
        "notes": [dict(note) for note in page.notes],
        "checks": [_check(check) for check in page.checks],
    }
    return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()


def as_csv(report: Report, page: Page, sheets: Sequence[Sheet], cells: Sequence[Cell]) -> bytes:
    """Write a return's cells, one a line, each with all that identifies it."""
    places = _places(sheets)
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_FIELDS, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    head = {**_identity(report, page), "table": ""}
    for table in report.tables:
        codes = {column.id: column.code for column in table.columns}
        lines = {line.id: line.code for sheet in sheets for line in sheet.table.lines}
        for told in _cells(report, table, cells, places):
            row, column = told["row"], told["column"]
            coded = {"row_code": lines.get(row, ""), "column_code": codes.get(column, "")}
            writer.writerow({**head, "table": table.id, **coded, **told})
    return text.getvalue().encode()


def _identity(report: Report, page: Page) -> dict[str, Any]:
    """What return this is, of which run."""
    definition = report.definition
    return {
        "schema": VERSION,
        "report": report.id,
        "jurisdiction": page.jurisdiction,
        "form": dict(definition.form) if definition.form else None,
        "title": dict(definition.title),
        "form_effective_from": definition.effective_from.isoformat(),
        "frequency": definition.frequency,
        "deadline": dict(definition.deadline) if definition.deadline else None,
        "reporting_date": page.reporting_date.isoformat(),
        "currency": page.currency,
        "unit": definition.unit,
        "run": page.run,
        "draft": page.draft,
        "languages": list(page.languages),
    }


def _table(
    report: Report, table: Table, sheets: Sequence[Sheet], cells: Sequence[Cell], places: Places
) -> dict[str, Any]:
    own = [sheet for sheet in sheets if sheet.id == table.id]
    return {
        "id": table.id,
        "kind": table.kind,
        "caption": _text(table.caption),
        "note": _text(next((s.table.note for s in own if s.table.note), None)),
        "periods": list(table.periods),
        "sheets": [sheet.name for sheet in own],
        "columns": [_column(column) for column in table.columns],
        "rows": [_row(line, sheet) for sheet in own for line in sheet.table.lines],
        "cells": list(_cells(report, table, cells, places)),
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        "id": column.id,
        "code": column.code,
        "label": dict(column.label),
        "group": _text(column.group),
        "format": column.format,
        "hidden": column.hidden,
    }


def _row(line: Line, sheet: Sheet) -> dict[str, Any]:
    """A line; in a list, whose lines are others in another period, with its period."""
    return {
        "id": line.id,
        **({"period": sheet.period} if sheet.period else {}),
        "code": line.code,
        "label": dict(line.label),
        "kind": line.kind,
        "level": line.level,
    }


def _cells(
    report: Report, table: Table, cells: Sequence[Cell], places: Places
) -> Iterator[dict[str, Any]]:
    """Every cell of a table; one that no sheet shows has no address."""
    formats = {column.id: column.format for column in table.columns}
    for cell in cells:
        if cell.table != table.id or cell.report != report.id:
            continue
        found = places.get((cell.table, cell.row, cell.column, cell.period))
        shown = found[1].shown if found else None
        told = {
            "row": cell.row,
            "column": cell.column,
            "period": cell.period,
            "format": shown.format if shown else formats[cell.column],
            "state": cell.state,
            "value": cell.exact if cell.state == "value" else None,
            "reason": cell.reason,
            "key": cell.key,
            "dash": shown is not None and shown.state == "dash",
            "flag": _text(shown.flag) if shown else None,
            "why": _text(shown.reason) if shown else None,
            "sheet": found[0].name if found else None,
            "address": found[1].address if found else None,
        }
        yield {name: value for name, value in told.items() if value not in (None, False)}


def _places(sheets: Sequence[Sheet]) -> Places:
    return {
        (sheet.id, place.row, place.column, place.period): (sheet, place)
        for sheet in sheets
        for place in sheet.places()
    }


def _check(check: CheckLine) -> dict[str, Any]:
    return {
        "id": check.id,
        "severity": check.severity,
        "sentence": dict(check.sentence),
        "state": check.state,
        "detail": check.detail,
    }


def _text(text: Text | None) -> dict[str, str] | None:
    return dict(text) if text else None
