"""The whole store against its own hashes, and against heads that were kept outside of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, select, text
from sqlalchemy.exc import DBAPIError

from npl_reporting.errors import NplError
from npl_reporting.evidence import schema, tables
from npl_reporting.evidence.archive import Archive
from npl_reporting.evidence.canonical import moment_text
from npl_reporting.evidence.database import Database
from npl_reporting.evidence.log import (
    FIRST,
    Event,
    Head,
    event_hash,
    evidence_hashes,
    head_of,
    read_events,
)
from npl_reporting.evidence.parts import gaps, seal_of
from npl_reporting.evidence.sealing import STORED, as_seal
from npl_reporting.evidence.store import Store

_RUN = tables.metadata.tables["run"]
_SEAL = tables.metadata.tables["seal"]
_FILE = tables.metadata.tables["run_file"]
_MOMENT = "DDDD-DD-DD DD:DD:DD.DDDDDD".replace("D", "[0-9]")
UNREADABLE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
"""What a value raises that is no longer of its kind: a date that is none, text cut in a letter."""


@dataclass(frozen=True)
class Fault:
    """One thing that is not as it was written: where, and what."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True)
class Verified:
    """What was compared and what did not hold; `remarks` are odd, but prove no change."""

    runs: int
    files: int
    head: Head
    faults: tuple[Fault, ...]
    remarks: tuple[Fault, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing was found that has changed."""
        return not self.faults


def verify(store: Store, heads: Sequence[Head] = ()) -> Verified:
    """Compare everything in the store with its hashes, and its log with older heads."""
    database = Database(store.url)
    try:
        with database.reading() as connection:
            return _verified(connection, store, heads)
    except UNREADABLE as error:
        return _broken(store, f"a value cannot be read: {error}")
    except (NplError, DBAPIError) as error:
        return _broken(store, str(error))


def _broken(store: Store, what: str) -> Verified:
    return Verified(0, 0, Head(0, FIRST), (Fault(store.place, what),))


def _verified(connection: Connection, store: Store, heads: Sequence[Head]) -> Verified:
    faults = [Fault(store.place, what) for what in schema.changes(connection)]
    events: dict[str, list[Event]] = {}
    remarks: list[Fault] = []
    faults += _log_faults(read_events(connection), events, remarks)
    runs = connection.execute(select(_RUN).order_by(_RUN.c.number)).all()
    for run in runs:
        faults += _run_faults(connection, run, events.get(run.id, []))
    known = {run.id for run in runs}
    for subject, told in events.items():
        if subject not in known and any(event.action == STORED for event in told):
            faults.append(Fault(f"run {subject}", "the log tells of it, and the store lacks it"))
    files = connection.scalars(select(_FILE.c.sha256).distinct()).all()
    hashes = sorted({*files, *evidence_hashes(connection)})
    faults += _file_faults(store.archive, hashes)
    faults += _misspelt(connection)
    faults += _head_faults(connection, heads)
    return Verified(len(runs), len(hashes), head_of(connection), tuple(faults), tuple(remarks))


def _log_faults(
    log: Iterable[Event], events: dict[str, list[Event]], remarks: list[Fault]
) -> Iterator[Fault]:
    """Walk the log once; leaves the events by subject, and remarks on clocks."""
    previous, number, moment = FIRST, 0, None
    for event in log:
        number += 1
        where = f"event {event.number}"
        if event.number != number:
            yield Fault(where, f"it stands in place {number}: events are missing")
            number = event.number
        if event.previous != previous:
            yield Fault(where, "it does not follow the event before it")
        if event.hash != event_hash(event):
            yield Fault(where, "its content has changed: the hash is another")
        if moment and event.at < moment:
            remarks.append(Fault(where, "it is dated before the event before it"))
        json.loads(event.details)
        previous, moment = event.hash, event.at
        events.setdefault(event.subject, []).append(event)


def _run_faults(connection: Connection, run: Row[object], told: list[Event]) -> Iterator[Fault]:
    where = f"run {run.id}"
    kept = connection.execute(select(_SEAL).where(_SEAL.c.run == run.number)).first()
    stored = [event for event in told if event.action == STORED]
    if kept is None:
        yield Fault(where, "it has no seal, so nothing in it can be compared")
        return
    seal, found = as_seal(kept.parts), seal_of(connection, run)
    for part, tree in seal.parts.items():
        if found.parts.get(part) != tree:
            yield Fault(where, f"its {part} have changed")
    if (seal.content, seal.root, seal.plain()) != (kept.content, kept.root, kept.parts):
        yield Fault(where, "its seal has changed")
    for table in gaps(connection, run):
        yield Fault(where, f"the rows of {table} are not numbered without gaps")
    if len(stored) != 1:
        yield Fault(where, f"the log tells {len(stored)} times that it was stored")
    for event in stored:
        if (event.said["root"], event.said["content"]) != (seal.root, seal.content):
            yield Fault(where, f"event {event.number} tells of another root")
        if (event.person, event.said["created_at"]) != (
            run.created_by,
            moment_text(run.created_at),
        ):
            yield Fault(where, f"event {event.number} names another person or time")


def _misspelt(connection: Connection) -> Iterator[Fault]:
    """Moments that SQLite holds in another spelling, which would be read all the same."""
    if connection.dialect.name != "sqlite":
        return
    for table, column, key in (("event", "at", "number"), ("run", "created_at", "id")):
        query = f"SELECT {key} FROM {table} WHERE {column} NOT GLOB :form ORDER BY {key}"
        for (name,) in connection.execute(text(query), {"form": _MOMENT}):
            yield Fault(f"{table} {name}", "its time is not written as it was")


def _file_faults(archive: Archive, hashes: Iterable[str]) -> Iterator[Fault]:
    for name in hashes:
        try:
            archive.open_path(name)
        except NplError as error:
            yield Fault(f"file {name}", str(error))


def _head_faults(connection: Connection, heads: Sequence[Head]) -> Iterator[Fault]:
    for head in heads:
        where = f"head of {head.size} events"
        now = head_of(connection, head.size)
        if now.size < head.size:
            yield Fault(where, f"the log has only {now.size}: it was cut, or an old copy restored")
        elif now.root != head.root:
            yield Fault(where, "the log was rewritten: its first events give another root")
