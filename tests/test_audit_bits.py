"""Every single bit of every value of a small store, and of every archived file, turned: each is found."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from stored_run import save, store_in
from test_audit import KEPT, triggers

from npl_reporting.errors import NplError
from npl_reporting.evidence import schema
from npl_reporting.evidence import verify as verifying
from npl_reporting.evidence.database import Database
from npl_reporting.evidence.store import Store
from npl_reporting.evidence.verify import UNREADABLE

WHOLE = 64
"""Bits of a whole number as the database keeps it; the highest is its sign."""


def turned(value: object) -> Iterator[str]:
    """The value with each of its bits turned, as SQL; a text's bytes whatever they then are."""
    if isinstance(value, int):
        for bit in range(WHOLE):
            other = (value ^ (1 << bit)) & (2**WHOLE - 1)
            yield str(other - 2**WHOLE if other >> (WHOLE - 1) else other)
        return
    data = str(value).encode()
    for place in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            yield f"CAST(x'{changed.hex()}' AS TEXT)"


def values(connection: Connection) -> Iterator[tuple[str, object]]:
    """Every value of every kept row, with the beginning of the statement that changes it."""
    for table in KEPT:
        told = connection.exec_driver_sql(f"PRAGMA table_info({table})").all()
        for row in connection.exec_driver_sql(f"SELECT * FROM {table}").all():
            held = dict(zip((column[1] for column in told), row, strict=True))
            keys = [(column[1], held[column[1]]) for column in told if column[5]]
            where = " AND ".join(
                f'"{key}" = {value}' if isinstance(value, int) else f"\"{key}\" = '{value}'"
                for key, value in keys
            )
            for column, value in held.items():
                if value is not None:
                    yield f'UPDATE {table} SET "{column}" = %s WHERE {where}', value


def finds(connection: Connection, store: Store) -> bool:
    """Whether verify finds anything wrong, a value that cannot be read included."""
    try:
        return bool(verifying._verified(connection, store, ()).faults)
    except (*UNREADABLE, NplError, DBAPIError):
        return True


@pytest.mark.slow
def test_no_bit_of_any_value_can_be_turned_unnoticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_in(tmp_path)
    save(store)
    store.log.append("auditor", "note", "n1", {"text": "逾期", "number": 1})
    # What is compared here is values: the schema and the archive are compared elsewhere.
    monkeypatch.setattr(schema, "changes", lambda connection: ())
    monkeypatch.setattr(verifying, "_file_faults", lambda archive, hashes: ())
    tried, refused, unnoticed = 0, 0, []
    with sqlite3.connect(store.place) as raw:
        for name, _ in triggers(raw):
            raw.execute(f"DROP TRIGGER {name}")
    with Database(store.url).writing("bits") as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        assert not finds(connection, store)
        for statement, value in list(values(connection)):
            for changed in turned(value):
                tried += 1
                with connection.begin_nested() as step:
                    try:
                        connection.exec_driver_sql(statement % changed)
                    except DBAPIError:
                        refused += 1
                    else:
                        if not finds(connection, store):
                            unnoticed.append((statement, value, changed))
                    step.rollback()
    print(f"{tried:,} bits turned, {refused:,} refused by the database, {len(unnoticed)} unnoticed")
    assert unnoticed == []
    assert tried > 20000


def test_no_bit_of_an_archived_file_can_be_turned_unnoticed(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    kept = store.archive.place_bytes(b"exposure_id,outstanding_principal\nE1,300.00\n")
    path = store.archive.path(kept.sha256)
    clean = path.read_bytes()
    path.chmod(0o644)
    for place in range(len(clean)):
        for bit in range(8):
            changed = bytearray(clean)
            changed[place] ^= 1 << bit
            path.write_bytes(changed)
            with pytest.raises(NplError, match="the content has changed"):
                store.archive.open_path(kept.sha256)
