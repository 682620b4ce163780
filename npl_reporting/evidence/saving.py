"""Records into rows: how each part of a run is written, in the transaction it is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from decimal import Decimal
from itertools import islice
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, insert

from npl_reporting.errors import DataError, Finding, NplError, Problem
from npl_reporting.evidence import portions, tables
from npl_reporting.evidence.archive import Archive
from npl_reporting.evidence.records import CaseDecision, Cell, CheckResult, Run, RunFile
from npl_reporting.money import RATE_DECIMALS, minor_digits, to_units

_CHUNK = 5000
_LARGEST = 2**63 - 1


def insert_run(connection: Connection, run: Run) -> int:
    """Insert the run itself and return the number that its rows carry."""
    amount_decimals, allowance_decimals = decimals(run.currency)
    row = _fields(run) | {
        "settings": {name: asdict(setting) for name, setting in run.settings.items()},
        "amount_decimals": amount_decimals,
        "allowance_decimals": allowance_decimals,
    }
    table = tables.metadata.tables["run"]
    number: int = connection.scalars(insert(table).values(row).returning(table.c.number)).one()
    return number


def insert_files(
    connection: Connection, number: int, files: Iterable[RunFile], archive: Archive
) -> None:
    """Insert the run's files; NplError if one is not in the archive."""
    files = tuple(files)
    lost = [file for file in files if not archive.holds(file.sha256)]
    if lost:
        remedy = "run the command again"
        raise NplError(
            *(
                Problem(f"{file.name} is not in the archive", remedy, file=str(archive.folder))
                for file in lost
            )
        )
    insert_parts(connection, number, "run_file", files)


def insert_cases(
    connection: Connection, number: int, cases: Iterable[CaseDecision], currency: str
) -> None:
    """Insert the decisions on the cases, their amounts in units."""
    amount_decimals, _ = decimals(currency)
    _insert(connection, number, "case_decision", (_case(case, amount_decimals) for case in cases))


def insert_exposures(
    connection: Connection, number: int, batches: Iterable[pa.RecordBatch], currency: str
) -> None:
    """Insert the treated portions in bulk."""
    portions.insert_batches(connection, number, batches, decimals(currency))


def insert_parts(
    connection: Connection,
    number: int,
    table: str,
    parts: Iterable[RunFile | Cell | CheckResult | Finding],
) -> None:
    """Insert records whose fields are the table's columns, numbered in the order given."""
    _insert(connection, number, table, (_fields(part) for part in parts))


def decimals(currency: str) -> tuple[int, int]:
    """Decimals of the units in which a run's amounts and its computed amounts are counted."""
    amount = minor_digits(currency)
    return amount, amount + RATE_DECIMALS


def _insert(
    connection: Connection, number: int, table: str, rows: Iterator[Mapping[str, Any]]
) -> None:
    numbered = ({"run": number, "number": n, **row} for n, row in enumerate(rows, 1))
    while chunk := list(islice(numbered, _CHUNK)):
        connection.execute(insert(tables.metadata.tables[table]), chunk)


def _fields(record: Any) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _case(case: CaseDecision, amount_decimals: int) -> dict[str, Any]:
    row = _fields(case)
    return row | {"amount_units": _units(case.case_id, row.pop("amount"), amount_decimals)}


def _units(case_id: str, amount: Decimal, amount_decimals: int) -> int:
    try:
        units = to_units(amount, amount_decimals)
    except ValueError as error:
        raise _not_countable(case_id, str(error)) from error
    if abs(units) > _LARGEST:
        raise _not_countable(case_id, f"{amount} is too large")
    return units


def _not_countable(case_id: str, why: str) -> DataError:
    return DataError(
        Problem(f"case {case_id}: its amount cannot be stored: {why}", "correct the tape")
    )
