"""What the store holds of a run, part by part, as the texts that its seal hashes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Row, collate, func, select

from npl_reporting.errors import Finding
from npl_reporting.evidence import tables
from npl_reporting.evidence.canonical import entry, record_entry
from npl_reporting.evidence.database import STREAMED
from npl_reporting.evidence.reading import as_case, as_run, record
from npl_reporting.evidence.records import Cell, CheckResult, RunFile
from npl_reporting.evidence.seal import CONTENT, INPUT_ROLES, OUTPUTS, Seal, grown
from npl_reporting.money import from_units

_TABLES = tables.metadata.tables
_KINDS: dict[str, Any] = {
    "inputs": ("run_file", RunFile),
    "outputs": ("run_file", RunFile),
    "cells": ("cell", Cell),
    "checks": ("check_result", CheckResult),
    "findings": ("finding", Finding),
}
NUMBERED = ("run_file", "case_decision", "cell", "check_result", "finding")


def seal_of(connection: Connection, run: Row[Any]) -> Seal:
    """Grow every tree of a run from what the store holds."""
    names = (*CONTENT, OUTPUTS)
    return Seal({name: grown(part_entries(connection, run, name)) for name in names})


def part_entries(connection: Connection, run: Row[Any], part: str) -> Iterator[str]:
    """The entries of one part in their order, read as they are needed."""
    if part == "record":
        yield record_entry(as_run(run))
    elif part == "cases":
        for row in _rows(connection, run, "case_decision"):
            yield record_entry(as_case(row, run))
    elif part == "exposures":
        yield from (portion_entry(row, run) for row in _portions(connection, run))
    else:
        table, kind = _KINDS[part]
        for row in _rows(connection, run, table):
            if table != "run_file" or (row.role in INPUT_ROLES) == (part == "inputs"):
                yield record_entry(record(kind, row))


def portion_entry(row: Row[Any], run: Row[Any]) -> str:
    """The entry of a treated portion, its money with all decimals of the run's units."""
    return entry(
        row.exposure_id, row.portion, row.row, row.debtor_id, row.case_id,
        f"{from_units(row.amount_units, run.amount_decimals):f}",
        f"{from_units(row.allowance_units, run.allowance_decimals):f}",
    )  # fmt: skip


def gaps(connection: Connection, run: Row[Any]) -> Iterator[str]:
    """The tables in which a run's rows are not numbered 1, 2, 3 and so on."""
    for name in NUMBERED:
        number = _TABLES[name].c.number
        query = select(func.count(), func.min(number), func.max(number))
        count, first, last = connection.execute(
            query.where(_TABLES[name].c.run == run.number)
        ).one()
        if count and (first, last) != (1, count):
            yield name


def _rows(connection: Connection, run: Row[Any], name: str) -> Iterable[Row[Any]]:
    table = _TABLES[name]
    query = select(table).where(table.c.run == run.number).order_by(table.c.number)
    return connection.execute(query, execution_options=STREAMED)


def _portions(connection: Connection, run: Row[Any]) -> Iterable[Row[Any]]:
    """Portions in the order of their bytes, whatever order the database prefers for text."""
    table = _TABLES["treated_portion"]
    order: list[Any] = [table.c.exposure_id, table.c.portion]
    if connection.dialect.name == "postgresql":
        order = [collate(column, "C") for column in order]
    query = select(table).where(table.c.run == run.number).order_by(*order)
    return connection.execute(query, execution_options=STREAMED)
