"""The same store on PostgreSQL."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from postgresql import server
from sqlalchemy import create_engine, make_url, text
from stored_run import CASES, CELLS, CHECKS, FINDINGS, RUN, Numbered, save

from npl_reporting.errors import NplError
from npl_reporting.evidence import tables
from npl_reporting.evidence.store import Store

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Path]:
    """The archive of an empty store, which is removed from the database afterwards."""
    url = server()
    yield tmp_path / "archive"
    with create_engine(url).begin() as connection:
        tables.metadata.drop_all(connection)
        connection.execute(text("DROP TABLE IF EXISTS alembic_version"))


def test_a_run_comes_back_as_it_went_in(archive: Path) -> None:
    store = Store(server(), archive)
    assert save(store).stored
    assert not save(store).stored
    assert store.runs() == (RUN,)
    assert (store.cases(RUN.id), store.cells(RUN.id)) == (CASES, CELLS)
    assert (store.checks(RUN.id), tuple(store.findings(RUN.id))) == (CHECKS, FINDINGS)
    assert [portion.portion for portion in store.exposure(RUN.id, "E1")] == ["secured", "unsecured"]


def test_the_steps_lead_to_the_tables_that_the_product_uses(archive: Path) -> None:
    save(Store(server(), archive))
    with create_engine(server()).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_processes_that_save_at_once_store_each_run_once(archive: Path) -> None:
    names = ("a", "a", "a", "b")
    children = [
        FORK.Process(target=save, args=(Store(server(), archive), replace(RUN, id=name)))
        for name in names
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * 4
    assert sorted(run.id for run in Store(server(), archive).runs()) == ["a", "b"]


def test_a_killed_save_leaves_nothing(archive: Path) -> None:
    def until_killed() -> Iterator[object]:
        yield from Numbered(batches=2, size=1000)
        os.kill(os.getpid(), 9)

    child = FORK.Process(
        target=save, args=(Store(server(), archive),), kwargs={"exposures": until_killed()}
    )
    child.start()
    child.join()
    store = Store(server(), archive)
    assert store.runs() == ()
    assert save(store).stored


def test_what_the_server_refuses_is_told(archive: Path) -> None:
    save(Store(server(), archive))
    options = {"options": "-c default_transaction_read_only=on"}
    url = make_url(server()).update_query_dict(options)
    read_only = Store(url.render_as_string(hide_password=False), archive)
    assert read_only.runs() == (RUN,)
    with pytest.raises(NplError, match="it can be read but not written"):
        save(read_only, replace(RUN, id="another"))
    with pytest.raises(NplError, match="the database cannot be reached; check that it runs"):
        Store("postgresql://host.invalid/npl", archive).runs()
