"""The audit trail on PostgreSQL."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from postgresql import server
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from stored_run import RUN, Numbered, save, store_in
from test_audit import KEPT
from test_submission import NAME, Office

from npl_reporting.errors import NplError
from npl_reporting.evidence import tables
from npl_reporting.evidence.store import Store
from npl_reporting.evidence.verify import verify
from npl_reporting.submission.roles import grant
from npl_reporting.submission.state import submissions
from npl_reporting.submission.steps import Desk

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Path]:
    """The archive of an empty store, which is removed from the database afterwards."""
    url = server()
    yield tmp_path / "archive"
    with create_engine(url).begin() as connection:
        tables.metadata.drop_all(connection)
        connection.execute(text("DROP TABLE IF EXISTS alembic_version"))


@pytest.mark.parametrize("table", KEPT)
def test_the_database_refuses_to_change_what_is_kept(archive: Path, table: str) -> None:
    store = Store(server(), archive)
    save(store)
    column = next(iter(tables.metadata.tables[table].columns)).name
    for statement in (
        f"DELETE FROM {table}",
        f"UPDATE {table} SET {column} = {column}",
        f"TRUNCATE {table} CASCADE",
        f"INSERT INTO {table} SELECT * FROM {table} LIMIT 1",
    ):
        with (
            pytest.raises(DBAPIError, match="is kept as it was written"),
            create_engine(server()).begin() as connection,
        ):
            connection.execute(text(statement))
    assert verify(store).faults == ()


def test_the_seal_is_the_one_that_sqlite_gives(archive: Path, tmp_path: Path) -> None:
    store, other = Store(server(), archive), store_in(tmp_path)
    numbered = Numbered(batches=2, size=100)
    for kept in (store, other):
        save(kept)
        save(kept, replace(RUN, id="many"), exposures=numbered)
    for name in (RUN.id, "many"):
        assert store.seals.of(name) == other.seals.of(name)


def test_a_trigger_disabled_and_a_value_changed_are_found(archive: Path) -> None:
    store = Store(server(), archive)
    save(store)
    with create_engine(server()).begin() as connection:
        connection.execute(text("ALTER TABLE cell DISABLE TRIGGER keep_cell_update"))
        connection.execute(text("UPDATE cell SET value = '301' WHERE number = 1"))
    assert [fault.what for fault in verify(store).faults] == [
        "the trigger keep_cell_update is missing or disabled", "its cells have changed",
    ]  # fmt: skip


def _try_to_create(archive: Path) -> None:
    try:
        Desk(Store(server(), archive)).create(RUN.id)
    except NplError as error:
        os._exit(3 if "already" in str(error) else 4)


def _write(archive: Path) -> None:
    for number in range(20):
        Store(server(), archive).log.append("somebody", "note", str(number), {})


def test_preparers_at_once_lose_no_event_and_create_one_submission(archive: Path) -> None:
    store = Store(server(), archive)
    save(store)
    desk = Desk(store)
    from npl_reporting.evidence.people import system_user

    with store.log.writing() as pen:
        grant(pen, system_user(), system_user(), "administrator")
        grant(pen, system_user(), system_user(), "preparer")
    before = store.log.head().size
    del store, desk
    workers = [FORK.Process(target=_try_to_create, args=(archive,)) for _ in range(4)]
    workers += [FORK.Process(target=_write, args=(archive,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(worker.exitcode or 0 for worker in workers) == [0, 0, 0, 3, 3, 3]
    after = Store(server(), archive)
    assert after.log.head().size == before + 1 + 40
    assert len(submissions(after.log.events())) == 1
    assert verify(after).sound


def _try_to_submit(archive: Path, token: str) -> None:
    try:
        Desk(Store(server(), archive), token).submit(NAME)
    except NplError as error:
        os._exit(3 if "so it cannot submit" in str(error) else 4)


def test_approvers_at_once_submit_once(archive: Path) -> None:
    office = Office.__new__(Office)
    office.store = Store(server(), archive)
    save(office.store)
    office.hire()
    office.until("approved")
    office.desk("approver").approve_rulebook(RUN.rulebook_sha256)
    before, token = office.store.log.head().size, office.tokens["approver"]
    del office
    workers = [FORK.Process(target=_try_to_submit, args=(archive, token)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(worker.exitcode or 0 for worker in workers) == [0, 3, 3, 3]
    after = Store(server(), archive)
    assert after.log.head().size == before + 1
    assert submissions(after.log.events())[NAME].state == "submitted"
    assert verify(after).sound
