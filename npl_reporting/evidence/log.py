"""The append-only log: who did what and when, each event hashed with the hash of the one before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from npl_reporting.evidence import tables
from npl_reporting.evidence.canonical import entry, json_text
from npl_reporting.evidence.database import STREAMED, Database
from npl_reporting.evidence.merkle import EMPTY, leaf_hash, tree

_EVENT = tables.metadata.tables["event"]
FIRST = EMPTY.hex()
"""What the first event has for the hash of the one before."""


@dataclass(frozen=True)
class Event:
    """One thing that somebody did; `details` is JSON text, `hash` covers all other fields."""

    number: int
    at: datetime
    person: str
    role: str
    action: str
    subject: str
    details: str
    previous: str
    hash: str

    def entry(self) -> str:
        """The text that is hashed."""
        return entry(
            self.number, self.at, self.person, self.role, self.action, self.subject,
            self.details, self.previous,
        )  # fmt: skip

    @property
    def said(self) -> Mapping[str, Any]:
        """The details, read."""
        found: Mapping[str, Any] = json.loads(self.details)
        return found


@dataclass(frozen=True)
class Head:
    """The log's size and root at some moment."""

    size: int
    root: str


class Pen:
    """Reads and writes the log inside one transaction, which no other writer can cut into."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(
        self, person: str, action: str, subject: str, details: Mapping[str, Any], role: str = ""
    ) -> Event:
        """Write the next event; the moment is now."""
        last = self._connection.execute(
            select(_EVENT.c.number, _EVENT.c.hash).order_by(_EVENT.c.number.desc()).limit(1)
        ).first()
        number, previous = (last.number + 1, last.hash) if last else (1, FIRST)
        event = _hashed(
            Event(
                number, datetime.now(UTC), person, role, action, subject, json_text(details),
                previous, "",
            )
        )  # fmt: skip
        self._connection.execute(insert(_EVENT).values(**vars(event)))
        return event

    def events(self, subject: str | None = None) -> Iterator[Event]:
        """The events in order, of one subject if named."""
        return read_events(self._connection, subject)


class Log:
    """The log of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def writing(self) -> Iterator[Pen]:
        """One transaction over the log: what was read in it is still so when it is written."""
        with self._database.writing("event log") as connection:
            yield Pen(connection)

    def append(
        self, person: str, action: str, subject: str, details: Mapping[str, Any], role: str = ""
    ) -> Event:
        """Write one event by itself."""
        with self.writing() as pen:
            return pen.append(person, action, subject, details, role)

    def events(self, subject: str | None = None) -> tuple[Event, ...]:
        """The events in order, of one subject if named."""
        with self._database.reading() as connection:
            return tuple(read_events(connection, subject))

    def tells(self, action: str, subject: str) -> bool:
        """Whether the log holds such an event; a store that is not there yet holds none."""
        if not self._database.made:
            return False
        return any(event.action == action for event in self.events(subject))

    def head(self, size: int | None = None) -> Head:
        """The head of the log, or of its first `size` events."""
        with self._database.reading() as connection:
            return head_of(connection, size)


@contextmanager
def lent(connection: Connection) -> Iterator[Pen]:
    """A pen for a transaction that has begun for something else."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("event log"))))
    yield Pen(connection)


def head_of(connection: Connection, size: int | None = None) -> Head:
    """The head over the hashes as they stand in the log."""
    growing = tree(bytes.fromhex(text) for text in leaf_texts(connection, size))
    return Head(growing.size, growing.root().hex())


def leaf_texts(connection: Connection, size: int | None = None) -> Iterator[str]:
    """The hashes of the log's first events, or of all."""
    query = select(_EVENT.c.hash).order_by(_EVENT.c.number)
    if size is not None:
        query = query.where(_EVENT.c.number <= size)
    yield from connection.scalars(query, execution_options=STREAMED)


def read_events(connection: Connection, subject: str | None = None) -> Iterator[Event]:
    """Events in their order."""
    query = select(_EVENT).order_by(_EVENT.c.number)
    if subject is not None:
        query = query.where(_EVENT.c.subject == subject)
    for row in connection.execute(query, execution_options=STREAMED):
        yield _event(row)


def evidence_hashes(connection: Connection) -> Iterator[str]:
    """The SHA-256 of every file in the archive that an event gives as evidence."""
    for event in read_events(connection):
        if "evidence" in event.said:
            yield event.said["evidence"]


def event_hash(event: Event) -> str:
    """What an event's hash must be."""
    return leaf_hash(event.entry().encode()).hex()


def _event(row: Row[Any]) -> Event:
    return Event(**row._mapping)


def _hashed(event: Event) -> Event:
    return Event(**{**vars(event), "hash": event_hash(event)})
