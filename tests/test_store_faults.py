"""What can go wrong around a store: each is told in words, and nothing is stored by halves."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import random
import resource
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from stored_run import RUN, Numbered, save, store_in

from npl_reporting.errors import NplError
from npl_reporting.evidence.store import Store

MANY = Numbered(batches=20, size=2000)
FORK = multiprocessing.get_context("fork")


def refused(action: Any, *arguments: Any, **options: Any) -> str:
    """Run the action and give the words with which it was refused, as exit code 2."""
    with pytest.raises(NplError) as error:
        action(*arguments, **options)
    assert error.value.exit_code == 2
    return str(error.value)


def sound(folder: Path) -> bool:
    """Tell whether SQLite itself finds the file whole."""
    with closing(sqlite3.connect(folder / "npl.db")) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def stored_rows(folder: Path) -> int:
    """Count the portions in the store, of whatever run."""
    with closing(sqlite3.connect(folder / "npl.db")) as connection:
        return int(connection.execute("SELECT count(*) FROM treated_portion").fetchone()[0])


def kill_a_save(folder: Path, run: str, seconds: float) -> None:
    """Start to save a run in another process, and kill -9 that process after the time."""
    child = FORK.Process(
        target=save, args=(store_in(folder), replace(RUN, id=run)), kwargs={"exposures": MANY}
    )
    child.start()
    time.sleep(seconds)
    child.kill()
    child.join()


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(False, id="new store"),
        pytest.param(True, id="store with a run", marks=pytest.mark.slow),
    ],
)
def test_a_killed_save_leaves_the_run_whole_or_absent(tmp_path: Path, begun: bool) -> None:
    (tmp_path / "measure").mkdir()
    started = time.perf_counter()
    save(store_in(tmp_path / "measure"), exposures=MANY)
    usual = time.perf_counter() - started
    if begun:
        save(store_in(tmp_path), replace(RUN, id="first"), exposures=MANY)
    moments = random.Random(9)
    for attempt in range(6):
        kill_a_save(tmp_path, f"killed-{attempt}", moments.uniform(0, usual * 1.2))
        store = store_in(tmp_path)
        assert save(store, replace(RUN, id=f"next-{attempt}")).stored
        whole = [run.id for run in store.runs() if not run.id.startswith("next-")]
        small = len(store.runs()) - len(whole)
        assert stored_rows(tmp_path) == len(whole) * 40_000 + small * 3
        assert all(len(store.exposure(run, "E000039999")) == 1 for run in whole)
        assert all(len(store.checks(run)) == 2 for run in whole)
    assert sound(tmp_path)


@pytest.mark.parametrize("batch", [0, 7, 19])
def test_a_save_killed_between_two_batches_leaves_nothing(tmp_path: Path, batch: int) -> None:
    def until_killed() -> Iterator[Any]:
        for number, one in enumerate(MANY):
            if number == batch:
                os.kill(os.getpid(), 9)
            yield one

    store = store_in(tmp_path)
    save(store, replace(RUN, id="first"))
    child = FORK.Process(
        target=save, args=(store_in(tmp_path),), kwargs={"exposures": until_killed()}
    )
    child.start()
    child.join()
    assert child.exitcode == -9
    assert [run.id for run in store.runs()] == ["first"]
    assert save(store, exposures=MANY).stored
    assert stored_rows(tmp_path) == 40_003
    assert sound(tmp_path)


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> Iterator[Any]:
        yield from Numbered(batches=3, size=2000)
        raise KeyboardInterrupt

    store = store_in(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        save(store, exposures=interrupted())
    assert store.runs() == ()
    assert save(store).stored


def test_two_processes_that_make_the_store_at_once_both_succeed(tmp_path: Path) -> None:
    children = [
        FORK.Process(target=save, args=(store_in(tmp_path), replace(RUN, id=f"run-{number}")))
        for number in range(3)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0, 0]
    assert {run.id for run in store_in(tmp_path).runs()} == {"run-0", "run-1", "run-2"}


def test_two_processes_that_save_the_same_run_store_it_once(tmp_path: Path) -> None:
    children = [FORK.Process(target=save, args=(store_in(tmp_path),)) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0]
    assert store_in(tmp_path).runs() == (RUN,)


def test_a_store_that_is_not_there_is_told_and_not_made(tmp_path: Path) -> None:
    assert refused(store_in(tmp_path).runs) == (
        f"{tmp_path / 'npl.db'}: there is no store here yet; "
        "store a run with npl run, or name the store with --store"
    )
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_a_store_to_be(tmp_path: Path) -> None:
    (tmp_path / "npl.db").write_bytes(b"")
    assert "there is no store here yet" in refused(store_in(tmp_path).runs)
    assert save(store_in(tmp_path)).stored


def test_a_file_that_is_no_database_is_told_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "npl.db").write_text("exposure_id,outstanding_principal\n" * 100)
    for action in (store_in(tmp_path).runs, lambda: save(store_in(tmp_path))):
        assert "npl.db: it is not a database file; name the store" in refused(action)
    assert (tmp_path / "npl.db").read_text().startswith("exposure_id,")


def test_a_database_of_something_else_is_told_and_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "npl.db")) as connection:
        connection.execute("CREATE TABLE ledger (account TEXT)")
    assert "npl.db: the database holds tables that are not a store's" in refused(
        save, store_in(tmp_path)
    )


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    save(store_in(tmp_path), exposures=MANY)
    with (tmp_path / "npl.db").open("r+b") as damaged:
        damaged.seek(4096)
        damaged.write(b"\xff" * 40 * 4096)
    assert "npl.db: the database file is damaged; restore it" in refused(store_in(tmp_path).runs)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'nowhere' / 'npl.db'}", tmp_path / "archive")
    assert "npl.db: it cannot be opened; check that its folder exists" in refused(save, store)
    folder = Store(f"sqlite:///{tmp_path}", tmp_path / "archive")
    assert "it cannot be opened" in refused(folder.runs)


def test_a_read_only_store_can_be_read_and_tells_that_it_cannot_be_written(tmp_path: Path) -> None:
    save(store_in(tmp_path))
    store = Store(f"sqlite:///file:{tmp_path / 'npl.db'}?mode=ro&uri=true")
    assert store.runs() == (RUN,)
    assert save(store).stored is False
    assert refused(save, store, replace(RUN, id="another")) == (
        f"{tmp_path / 'npl.db'}: it can be read but not written; "
        "ask for write access, or name another store with --store"
    )
    assert [run.id for run in store_in(tmp_path).runs()] == [RUN.id]


def test_a_locked_store_is_told_after_waiting(tmp_path: Path) -> None:
    save(store_in(tmp_path))
    with closing(sqlite3.connect(tmp_path / "npl.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        store = store_in(tmp_path, timeout=0.1)
        words = "npl.db: another process holds it locked; wait until"
        assert words in refused(store.runs)
        assert words in refused(save, store, replace(RUN, id="another"))
    assert store.runs() == (RUN,)


def test_a_full_database_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    def limit(connection: Any, record: Any) -> None:
        connection.execute("PRAGMA max_page_count = 100")

    event.listen(Engine, "connect", limit)
    try:
        assert refused(save, store_in(tmp_path), exposures=MANY) == (
            f"{tmp_path / 'npl.db'}: the disk is full; "
            "free some space and run the command again; nothing was stored"
        )
    finally:
        event.remove(Engine, "connect", limit)
    assert store_in(tmp_path).runs() == ()
    assert save(store_in(tmp_path), exposures=MANY).stored


def test_a_limit_on_file_size_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
    try:
        assert "npl.db: the disk refused to read or write it" in refused(
            save, store_in(tmp_path), exposures=MANY
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert store_in(tmp_path).runs() == ()
    assert sound(tmp_path)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte; only the superuser can make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    system = ctypes.CDLL(None, use_errno=True)
    if system.mount(b"tmpfs", bytes(folder), b"tmpfs", 0, b"size=1m") != 0:
        pytest.skip("a small disk cannot be mounted here: " + os.strerror(ctypes.get_errno()))
    yield folder
    system.umount(bytes(folder))


def test_a_full_disk_is_told_and_leaves_nothing(small_disk: Path) -> None:
    assert "npl.db: the disk is full" in refused(save, store_in(small_disk), exposures=MANY)
    store = store_in(small_disk)
    assert store.runs() == ()
    assert save(store).stored
    assert "npl-archive: the disk is full" in refused(store.archive.place_bytes, b"a" * 2_000_000)
    assert store.orphans() == ()
    assert len(list(store.archive.folder.iterdir())) == 1


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("npl.db", "npl.db: not the address of a store; write for example sqlite:///npl.db"),
        ("oracle+none://host/npl", "not the address of a store"),
        ("postgresql://host:port/npl", "not the address of a store"),
        ("mysql://host/npl", "mysql is not supported as a store; write for example"),
        ("sqlite://", "a store in memory keeps nothing; write for example"),
        ("sqlite:///:memory:", "a store in memory keeps nothing"),
    ],
)
def test_a_wrong_address_is_told(url: str, words: str) -> None:
    assert words in refused(Store, url)


def test_a_missing_driver_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert refused(Store("postgresql://me:secret@host/npl").runs) == (
        "postgresql://me:***@host/npl: the driver psycopg is not installed; "
        "install it with: pip install npl-reporting[postgresql]"
    )
