"""The only door to DuckDB: a fenced connection that opens no file it was not given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow as pa

from npl_reporting.errors import NplError, Problem

MEMORY_LIMIT = "2GB"
SMALL = 1_000_000
"""Bytes of input below which steps are better kept as tables: planning views then takes longest."""
_BATCH = 100_000
_DISK_FULL = "No space left"


class UnreadableFile(Exception):
    """An input file does not hold what its format promises; the message is the engine's own."""


class Engine:
    """One DuckDB connection that works in a folder of its own and reads only the files named.

    `files` are the inputs that SQL may open; `work` is a folder the engine may write in.
    Statements run in order on one thread of control; results depend neither on `threads` nor on
    `small`, which says that declared steps are kept instead of planned again and again; where it
    is not given, the size of the files decides.
    """

    def __init__(
        self,
        work: Path,
        files: Sequence[Path] = (),
        *,
        threads: int | None = None,
        memory_limit: str = MEMORY_LIMIT,
        small: bool | None = None,
    ) -> None:
        self.work = work
        held = sum(path.stat().st_size for path in files if path.is_file())
        keep = 0 < held < SMALL if small is None else small
        self._step = "TEMP TABLE" if keep else "VIEW"
        self._connection = duckdb.connect(str(work / "work.duckdb"))
        for setting, value in {
            "memory_limit": memory_limit,
            "temp_directory": str(work / "spill"),
            "preserve_insertion_order": True,
            "enable_progress_bar": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "TimeZone": "UTC",
            "allowed_directories": [str(work)],
            "allowed_paths": [str(path) for path in files],
            **({"threads": threads} if threads else {}),
            "enable_external_access": False,
            "lock_configuration": True,
        }.items():
            self._connection.execute(f"SET {setting} = {literal(value)}")

    def close(self) -> None:
        """Close the connection; its work folder may then be removed."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def execute(self, sql: str) -> None:
        """Run one statement for its effect; NplError if the disk or the memory is full."""
        with _room(self.work):
            self._connection.execute(sql)

    def declare(self, relation: str, query: str) -> None:
        """Name a query as a step for later statements: a view, or a table where data is small."""
        self.execute(f"CREATE OR REPLACE {self._step} {relation} AS {query}")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Fetch a small result whole."""
        with _room(self.work):
            return self._connection.execute(sql).fetchall()

    def value(self, sql: str) -> Any:
        """Fetch the one value of a one-row result."""
        (row,) = self.rows(sql)
        return row[0]

    def records(self, sql: str) -> list[dict[str, Any]]:
        """Fetch a small result whole, each row by column name."""
        with _room(self.work):
            cursor = self._connection.execute(sql)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def batches(self, sql: str, size: int = _BATCH) -> Iterator[pa.RecordBatch]:
        """Stream a large result as Arrow batches of at most `size` rows."""
        with _room(self.work):
            reader: pa.RecordBatchReader = self._connection.sql(sql).to_arrow_reader(size)
            yield from reader

    def write_csv(self, sql: str, path: Path) -> None:
        """Write a result as CSV with a header; the path must lie in the work folder."""
        self.execute(f"COPY ({sql}) TO {literal(str(path))} (FORMAT csv, HEADER)")

    def write_parquet(self, sql: str, path: Path) -> None:
        """Write a result as Parquet; the path must lie in the work folder."""
        self.execute(f"COPY ({sql}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turn the engine's complaint about an input file into UnreadableFile."""
        try:
            yield
        except (duckdb.InvalidInputException, duckdb.IOException) as error:
            if _DISK_FULL in str(error):
                raise
            what = str(error).partition("\n\n")[0].partition("Error: ")
            raise UnreadableFile(what[2] or what[0]) from None

    def register(self, name: str, table: pa.Table) -> None:
        """Offer an Arrow table to SQL under a name."""
        self._connection.register(name, table)

    def columns(self, relation: str) -> dict[str, str]:
        """Name and DuckDB type of every column of a table, view or parenthesised query."""
        described = self.rows(f"DESCRIBE SELECT * FROM {relation}")
        return {name: kind for name, kind, *_ in described}


@contextmanager
def _room(work: Path) -> Iterator[None]:
    """Turn the engine's want of disk or memory into words."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        what = f"not enough memory or disk to work with: {str(error).splitlines()[0]}"
        raise NplError(Problem(what, "free some space, or set NPL_WORK to a larger disk")) from None
    except duckdb.IOException as error:
        if _DISK_FULL not in str(error):
            raise
        raise NplError(
            Problem(
                "the disk is full", "free some space, or set NPL_WORK to a larger disk", str(work)
            )
        ) from None


def literal(value: object) -> str:
    """Write a Python value as a SQL literal: text, number, boolean or a list of them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    return str(value)


def quoted(name: str) -> str:
    """Write a name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
