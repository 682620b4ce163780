"""The version of a store's tables: known, to be brought up, or from the future."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Literal

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from npl_reporting import __version__
from npl_reporting.errors import NplError, Problem
from npl_reporting.resources import PACKAGE

State = Literal["current", "older", "empty"]

MIGRATIONS = PACKAGE / "migrations"


def state(connection: Connection, place: str) -> State:
    """Compare the store with this version; NplError if it is newer or not a store at all."""
    # The tables first: another process may make the store between both questions.
    tables = inspect(connection).get_table_names()
    revision = MigrationContext.configure(connection).get_current_revision()
    steps = ScriptDirectory.from_config(_config(connection))
    if revision is None:
        if tables:
            raise _foreign(place)
        return "empty"
    if revision == steps.get_current_head():
        return "current"
    if revision not in {step.revision for step in steps.walk_revisions()}:
        raise _newer(place, revision, steps.get_current_head())
    return "older"


def upgrade(connection: Connection, place: str) -> None:
    """Bring the store up to this version, inside the connection's transaction."""
    # Another process may have done it while this one waited for the lock.
    if state(connection, place) != "current":
        command.upgrade(_config(connection), "head")


def changes(connection: Connection) -> Iterator[str]:
    """What SQLite says of its file, and tables or triggers that are not as the steps made them."""
    if connection.dialect.name != "sqlite":
        yield from _missing_triggers(connection)
        return
    for check in ("integrity_check", "foreign_key_check"):
        for row in connection.execute(text(f"PRAGMA {check}")):
            if row[0] != "ok":
                yield f"{check}: {' '.join(map(str, row))}"
    yield from _unlike(_declared(connection), _made())


@cache
def _made() -> dict[tuple[str, str], str]:
    """What the steps make in an empty SQLite database."""
    with create_engine("sqlite://").begin() as empty:
        upgrade(empty, "memory")
        return _declared(empty)


def _declared(connection: Connection) -> dict[tuple[str, str], str]:
    rows = connection.execute(text("SELECT type, name, tbl_name, sql FROM sqlite_master"))
    return {(kind, name): f"{table} {sql}" for kind, name, table, sql in rows}


def _unlike(found: dict[tuple[str, str], str], made: dict[tuple[str, str], str]) -> Iterator[str]:
    for kind, name in sorted(found.keys() | made.keys()):
        if found.get((kind, name)) != made.get((kind, name)):
            yield f"the {kind} {name} is not as this version makes it"


def _missing_triggers(connection: Connection) -> Iterator[str]:
    query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'"
    found = set(connection.scalars(text(query)))
    for table in (*_tables(connection), "run", "event"):
        for what in ("update", "truncate", "insert"):
            if f"keep_{table}_{what}" not in found:
                yield f"the trigger keep_{table}_{what} is missing or disabled"


def _tables(connection: Connection) -> Iterator[str]:
    """Tables whose rows belong to a run."""
    inspector = inspect(connection)
    for name in inspector.get_table_names():
        if any(key["referred_table"] == "run" for key in inspector.get_foreign_keys(name)):
            yield name


def missing(place: str) -> NplError:
    """The error for a store that is not there yet."""
    return NplError(
        Problem(
            "there is no store here yet",
            "store a run with npl run, or name the store with --store",
            file=place,
        )
    )


def _config(connection: Connection) -> Config:
    config = Config()
    # A percent sign would begin a reference in Alembic's configuration.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _newer(place: str, revision: str, head: str | None) -> NplError:
    return NplError(
        Problem(
            f"the store has version {revision}, made by a newer npl-reporting; "
            f"this is npl-reporting {__version__}, which knows stores up to version {head}",
            "install the newer npl-reporting, or name another store with --store",
            file=place,
        )
    )


def _foreign(place: str) -> NplError:
    return NplError(
        Problem(
            "the database holds tables that are not a store's",
            "name another database with --store",
            file=place,
        )
    )
