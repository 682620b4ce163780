"""What the database refuses, what verify finds, and what a head kept outside proves."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from stored_run import RUN, save, store_in

from npl_reporting.errors import DataError, NplError
from npl_reporting.evidence.log import FIRST, Event, Head, event_hash
from npl_reporting.evidence.seal import CONTENT, OUTPUTS
from npl_reporting.evidence.signing import SignedHead, make_key, read_head, sign, write_head
from npl_reporting.evidence.store import Store
from npl_reporting.evidence.verify import verify

KEPT = (
    "run", "run_file", "case_decision", "treated_portion", "cell", "check_result", "finding",
    "seal", "event",
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with one run and a few events."""
    store = store_in(tmp_path)
    save(store)
    for number in range(3):
        store.log.append("auditor", "note", f"n{number}", {"text": "逾期", "number": number})
    return store


def found(store: Store, *heads: Head) -> list[str]:
    """What verify finds."""
    return [str(fault) for fault in verify(store, heads).faults]


def raw(store: Store) -> sqlite3.Connection:
    """The database, as somebody who goes around the product opens it."""
    return sqlite3.connect(store.place, isolation_level=None)


def unguarded(store: Store) -> sqlite3.Connection:
    """The same, by somebody who takes the triggers away and puts them back."""
    connection = raw(store)
    connection.execute("PRAGMA foreign_keys = OFF")
    return connection


def triggers(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return connection.execute("SELECT name, sql FROM sqlite_master WHERE type='trigger'").fetchall()


def tamper(store: Store, *statements: str) -> None:
    """Change rows without leaving a trace in the schema."""
    connection = unguarded(store)
    guards = triggers(connection)
    for name, _ in guards:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    for _, sql in guards:
        connection.execute(sql)
    connection.close()


def test_a_store_as_it_was_written_is_sound(store: Store) -> None:
    verified = verify(store)
    assert (verified.faults, verified.runs, verified.head.size) == ((), 1, 5)
    assert set(store.seals.of(RUN.id).parts) == {*CONTENT, OUTPUTS}


@pytest.mark.parametrize("table", KEPT)
def test_the_database_refuses_to_change_what_is_kept(store: Store, table: str) -> None:
    connection = raw(store)
    (column,) = connection.execute(
        f"SELECT name FROM pragma_table_info('{table}') LIMIT 1"
    ).fetchone()
    for statement in (
        f"DELETE FROM {table}",
        f"UPDATE {table} SET {column} = {column}",
        f"INSERT INTO {table} SELECT * FROM {table} LIMIT 1",
        f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="is kept as it was written"):
            connection.execute(statement)
    assert found(store) == []


def test_nothing_is_added_to_a_finished_run(store: Store) -> None:
    row = "1, 99, 'asset_quality', 'loans', 'x', 'y', 'current', '1', NULL, 'value', NULL, NULL"
    with pytest.raises(sqlite3.IntegrityError, match="INSERT is refused"):
        raw(store).execute(f"INSERT INTO cell VALUES ({row})")


def values(store: Store) -> Iterator[tuple[str, str, object]]:
    """Every value of every kept row: table, a WHERE clause for it, and its column."""
    connection = raw(store)
    for table in KEPT:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        keys = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[5]]
        for row in connection.execute(f"SELECT * FROM {table}").fetchall():
            held = dict(zip(columns, row, strict=True))
            where = " AND ".join(f'"{key}" = {literal(held[key])}' for key in keys)
            for column, value in held.items():
                if value is not None:
                    yield table, f'UPDATE {table} SET "{column}" = ? WHERE {where}', value


def literal(value: object) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value) + "'"


def flipped(value: object) -> Iterator[object]:
    """The value with each of its bits turned: of a text the low bits of each letter, sampled."""
    if isinstance(value, int):
        yield from (value ^ (1 << bit) for bit in (0, 1, 7, 31, 40))
        return
    text = str(value)
    places = sorted({0, len(text) // 3, len(text) // 2, len(text) - 1} if text else ())
    for place in places:
        for bit in (0, 1, 5):
            letter = chr(ord(text[place]) ^ (1 << bit))
            yield text[:place] + letter + text[place + 1 :]


@pytest.mark.slow
def test_every_value_changed_in_any_bit_is_found(store: Store, tmp_path: Path) -> None:
    clean = (tmp_path / "npl.db").read_bytes()
    tried = 0
    for table, statement, value in list(values(store)):
        for changed in list(flipped(value))[::4]:
            (tmp_path / "npl.db").write_bytes(clean)
            connection = unguarded(store)
            for name, _ in triggers(connection):
                connection.execute(f"DROP TRIGGER {name}")
            refused = True
            with contextlib.suppress(sqlite3.IntegrityError):
                tried += connection.execute(statement, (changed,)).rowcount
                refused = False
            connection.close()
            what = [f for f in found(store) if "the trigger" not in f]
            assert what or refused, (statement, value, changed)
    assert tried > 150


@pytest.mark.slow
def test_a_bit_flipped_anywhere_in_the_file_is_found_or_means_nothing(
    store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "npl.db"
    clean = file.read_bytes()
    before = list(sqlite3.connect(file).iterdump())
    silent = 0
    for place in range(0, len(clean), len(clean) // 160):
        damaged = bytearray(clean)
        damaged[place] ^= 1 << place % 8
        file.write_bytes(damaged)
        if not found(store):
            silent += 1
            with sqlite3.connect(file) as connection:
                assert list(connection.iterdump()) == before, place
    assert silent < 160


def rewrite(store: Store, keep: int) -> None:
    """Write the log anew with one event changed and every hash made to fit, cut to `keep`."""
    events = list(store.log.events())[:keep]
    statements, previous = ["DELETE FROM event"], FIRST
    for event in events:
        person = "somebody else" if event.number == 4 else event.person
        event = replace(event, person=person, previous=previous)
        event = replace(event, hash=event_hash(event))
        previous = event.hash
        statements.append(_insert(event))
    tamper(store, *statements)


def _insert(event: Event) -> str:
    at = event.at.strftime("%Y-%m-%d %H:%M:%S.%f")
    given = (event.number, at, *list(vars(event).values())[2:])
    return f"INSERT INTO event VALUES ({', '.join(map(literal, given))})"


def test_a_log_rewritten_at_the_same_size_is_found_by_a_head_kept_outside(store: Store) -> None:
    head = store.log.head()
    rewrite(store, keep=5)
    assert found(store) == []
    assert found(store, head) == [
        "head of 5 events: the log was rewritten: its first events give another root"
    ]


def test_a_log_cut_short_is_found_by_a_head_kept_outside(store: Store) -> None:
    head = store.log.head()
    rewrite(store, keep=3)
    assert found(store) == []
    assert found(store, head) == [
        "head of 5 events: the log has only 3: it was cut, or an old copy restored"
    ]


def test_an_older_backup_is_found_and_a_log_that_grew_is_not(store: Store, tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    shutil.copyfile(tmp_path / "npl.db", backup)
    before = store.log.head()
    store.log.append("auditor", "note", "later", {})
    after = store.log.head()
    assert found(store, before, after) == []
    shutil.copyfile(backup, tmp_path / "npl.db")
    assert "it was cut" in found(store, before, after)[0]


def test_a_run_that_vanished_is_missed(store: Store) -> None:
    tables = [name for name in reversed(KEPT) if name not in ("event", "run")]
    tamper(store, *(f"DELETE FROM {name}" for name in tables), "DELETE FROM run")
    assert found(store) == [f"run {RUN.id}: the log tells of it, and the store lacks it"]


def test_a_trigger_taken_away_is_missed(store: Store) -> None:
    raw(store).execute("DROP TRIGGER keep_cell_update")
    (what,) = found(store)
    assert what.endswith("the trigger keep_cell_update is not as this version makes it")


def test_a_file_changed_or_lost_in_the_archive_is_found(store: Store) -> None:
    path = store.archive.path(store.files(RUN.id)[0].sha256)
    path.chmod(0o644)
    path.write_bytes(b"changed")
    assert "the content has changed" in found(store)[0]
    path.unlink()
    assert "there is no such file" in found(store)[0]


def test_a_clock_set_back_is_remarked_on_and_loses_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime

    from npl_reporting.evidence import log

    class Earlier(datetime):
        @classmethod
        def now(cls, tz: object = None) -> Earlier:
            return cls(2001, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(log, "datetime", Earlier)
    store.log.append("auditor", "note", "back", {})
    verified = verify(store)
    assert verified.sound
    assert [str(r) for r in verified.remarks] == ["event 6: it is dated before the event before it"]


def test_a_head_is_signed_written_and_read_again(store: Store, tmp_path: Path) -> None:
    public = make_key(tmp_path / "key.pem")
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    signed = sign(store.log.head(), "2025-10-08T01:30:00+00:00", tmp_path / "key.pem")
    write_head(signed, tmp_path / "head.json")
    assert read_head(tmp_path / "head.json", public) == signed
    assert read_head(tmp_path / "head.json", str(tmp_path / "key.pem.pub")) == signed
    with pytest.raises(DataError, match="not the one you trust"):
        read_head(tmp_path / "head.json", "00" * 32)
    with pytest.raises(NplError, match="there is a key already"):
        make_key(tmp_path / "key.pem")
    with pytest.raises(NplError, match="holds no private key"):
        sign(store.log.head(), "", tmp_path / "key.pem.pub")


@pytest.mark.parametrize("name", ["size", "root", "at", "key", "signature"])
def test_a_changed_head_is_refused(store: Store, tmp_path: Path, name: str) -> None:
    make_key(tmp_path / "key.pem")
    signed = sign(store.log.head(), "2025-10-08", tmp_path / "key.pem")
    value = vars(signed)[name]
    changed = value + 1 if isinstance(value, int) else ("0" if value[0] != "0" else "1") + value[1:]
    write_head(SignedHead(**{**vars(signed), name: changed}), tmp_path / "head.json")
    with pytest.raises(DataError, match="its signature does not hold"):
        read_head(tmp_path / "head.json")
