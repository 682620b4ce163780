"""One database: its address, its transactions, and the schema that it must have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    NullPool,
    create_engine,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence import faults, schema

DEFAULT_URL = "sqlite:///npl.db"
_SUPPORTED = ("sqlite", "postgresql")
STREAMED: dict[str, Any] = {"yield_per": 5000}
"""For one statement: its rows come as they are needed. Options of a connection would stay on it."""
_EXAMPLE = f"write for example {DEFAULT_URL} or postgresql://user@host/name"


class Database:
    """The database at an address; nothing is opened or made before it is needed.

    `timeout` is how many seconds to wait for another process that holds a SQLite store locked.
    """

    def __init__(self, url: str = DEFAULT_URL, *, timeout: float = 20.0) -> None:
        self._url = _checked(url)
        self._timeout = timeout
        self._ready = False

    @property
    def place(self) -> str:
        """The address as messages show it: a path, or a URL without its password."""
        return str(self.file) if self.file else self._url.render_as_string(hide_password=True)

    @property
    def file(self) -> Path | None:
        """The file of a SQLite store."""
        if self._url.get_backend_name() != "sqlite":
            return None
        return Path((self._url.database or "").removeprefix("file:"))

    @property
    def made(self) -> bool:
        """Whether there is a store at the address."""
        if self.file and not self.file.exists():
            return False
        with faults.database(self.place), self._engine.begin() as connection:
            return schema.state(connection, self.place) != "empty"

    @property
    def archive(self) -> Path:
        """The archive's usual folder: beside a SQLite store, else in the current folder."""
        if self.file:
            return self.file.with_name(f"{self.file.stem}-archive")
        return Path(f"{self._url.database or 'npl'}-archive")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that reads; NplError if there is no store yet."""
        if self.file and not self.file.exists():
            raise schema.missing(self.place)
        with faults.database(self.place):
            self._prepare(make=False)
            with self._engine.begin() as connection:
                yield connection

    @contextmanager
    def writing(self, what: str) -> Iterator[Connection]:
        """One transaction that writes, whole or not at all; makes the store if need be.

        Writers of the same `what` wait for each other (on SQLite, all writers do).
        """
        with faults.database(self.place):
            self._prepare(make=True)
            with self._writing(what) as connection:
                yield connection

    def _prepare(self, *, make: bool) -> None:
        """Bring the schema up to this version, once."""
        if self._ready:
            return
        with self._engine.begin() as connection:
            state = schema.state(connection, self.place)
        if state == "empty" and not make:
            raise schema.missing(self.place)
        if state != "current":
            with self._writing("schema") as connection:
                schema.upgrade(connection, self.place)
        self._ready = True

    @contextmanager
    def _writing(self, what: str) -> Iterator[Connection]:
        with self._engine.execution_options(writes=True).begin() as connection:
            if not self.file:
                connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(what))))
            yield connection

    @cached_property
    def _engine(self) -> Engine:
        options: dict[str, Any] = {"json_serializer": _json, "hide_parameters": True}
        if self.file:
            options |= {"poolclass": NullPool, "connect_args": {"timeout": self._timeout}}
        try:
            engine = create_engine(self._url, **options)
        except ModuleNotFoundError as error:
            raise NplError(
                Problem(
                    f"the driver {error.name} is not installed",
                    "install it with: pip install npl-reporting[postgresql]",
                    file=self.place,
                )
            ) from error
        if self.file:
            _own_transactions(engine)
        return engine


_json = partial(json.dumps, ensure_ascii=False, allow_nan=False)


def _checked(text: str) -> URL:
    """Read the address; NplError if it is none, or of a database that is not supported."""
    try:
        url = make_url(text)
        backend = url.get_backend_name()
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise NplError(Problem("not the address of a store", _EXAMPLE, file=text)) from error
    if backend not in _SUPPORTED:
        raise NplError(Problem(f"{backend} is not supported as a store", _EXAMPLE, file=text))
    if backend == "sqlite" and url.database in (None, "", ":memory:"):
        raise NplError(Problem("a store in memory keeps nothing", _EXAMPLE, file=text))
    return url


def _own_transactions(engine: Engine) -> None:
    """Say BEGIN ourselves: left alone, the driver begins late and never for CREATE TABLE."""

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer takes its lock at once: two of them wait for each other, never collide.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
