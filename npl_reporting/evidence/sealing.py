"""Seals in the store: written as the last row of a run, with the events that tell of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence import tables
from npl_reporting.evidence.canonical import moment_text
from npl_reporting.evidence.database import Database
from npl_reporting.evidence.log import lent
from npl_reporting.evidence.parts import part_entries, seal_of
from npl_reporting.evidence.seal import Seal, Tree

_SEAL = tables.metadata.tables["seal"]
_RUN = tables.metadata.tables["run"]
IMPORTED, STORED = "tape.import", "run.store"


class Seals:
    """The seals of the runs of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, run: str) -> Seal:
        """The seal of the run of that id; NplError if it was stored before runs were sealed."""
        query = select(_SEAL.c.parts).join(_RUN, _RUN.c.number == _SEAL.c.run)
        with self._database.reading() as connection:
            parts = connection.scalar(query.where(_RUN.c.id == run))
        if parts is None:
            what = f"the run {run} has no seal: it was stored by an earlier version"
            raise NplError(Problem(what, "run its tape again", self._database.place))
        return as_seal(parts)

    def entries(self, run: str, part: str) -> Iterator[str]:
        """The entries of one part of a run, in the order of its tree."""
        with self._database.reading() as connection:
            row = connection.execute(select(_RUN).where(_RUN.c.id == run)).one()
            yield from part_entries(connection, row, part)


def as_seal(parts: dict[str, dict[str, Any]]) -> Seal:
    """Read the trees of a seal."""
    return Seal({name: Tree(part["size"], part["root"]) for name, part in parts.items()})


def finish(connection: Connection, number: int, seal: Seal | None) -> None:
    """Seal a run whose rows are all written, and put it into the log."""
    run = connection.execute(select(_RUN).where(_RUN.c.number == number)).one()
    seal = seal or seal_of(connection, run)
    row = {"run": number, "content": seal.content, "root": seal.root, "parts": seal.plain()}
    connection.execute(insert(_SEAL).values(row))
    _tell(connection, run, seal)


def _tell(connection: Connection, run: Row[Any], seal: Seal) -> None:
    with lent(connection) as pen:
        tape = {"name": run.tape_name, "rows": run.rows_read, "set_aside": run.rows_set_aside}
        pen.append(run.created_by, IMPORTED, run.tape_sha256, tape)
        pen.append(
            run.created_by, STORED, run.id,
            {
                "content": seal.content, "root": seal.root, "rulebook": run.rulebook_sha256,
                "created_at": moment_text(run.created_at),
            },
        )  # fmt: skip
