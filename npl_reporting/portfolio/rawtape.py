"""The view `raw`: a file's rows as they stand, with row numbers, whatever format it came in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from npl_reporting.engine import Engine, UnreadableFile, literal, quoted
from npl_reporting.portfolio.source import TapeFile, refusal

ROW = "__row"
CELLS = "__cells"
_PLAIN = "VARCHAR"


@dataclass(frozen=True)
class RawTape:
    """The file's columns by name, each with its DuckDB type.

    `mend` writes the rows anew where the engine's own reader gives up (rows of unequal length),
    so that each faulty row can be named; it is None where that cannot happen.
    """

    file: TapeFile
    kinds: Mapping[str, str]
    mend: Callable[[], Path] | None = None


@dataclass(frozen=True)
class NumberedRow:
    """A row to be written anew: its number in the file, and its cells."""

    number: int
    cells: Sequence[str]


def declare_csv(
    engine: Engine, path: Path, names: Sequence[str], delimiter: str, *, gzipped: bool
) -> None:
    """Make `raw` from a text whose rows all have one cell for each name."""
    options = f"delim = {literal(delimiter)}, compression = {'gzip' if gzipped else 'none'!r}"
    source = _read_csv(path, names, options)
    numbered = f'row_number() OVER () + 1 AS "{ROW}", 0 AS "{CELLS}"'
    engine.execute(f"CREATE OR REPLACE VIEW raw AS SELECT {numbered}, * FROM {source}")


def declare_rewritten(engine: Engine, path: Path, names: Sequence[str]) -> None:
    """Make `raw` from a text that `rewrite` wrote."""
    source = _read_csv(path, [ROW, CELLS, *names], "delim = ','")
    numbers = ", ".join(f'CAST("{name}" AS BIGINT) AS "{name}"' for name in (ROW, CELLS))
    engine.execute(f"CREATE OR REPLACE VIEW raw AS SELECT * REPLACE ({numbers}) FROM {source}")


def declare_parquet(engine: Engine, file: TapeFile) -> RawTape:
    """Make `raw` from a Parquet file; NplError if it is broken."""
    source = f"read_parquet({literal(str(file.path))}, file_row_number = true)"
    try:
        with engine.reading():
            found = engine.columns(source)
    except UnreadableFile as error:
        raise broken_parquet(file, error) from None
    names = [name for name in found if name != "file_row_number"]
    columns = "".join(f", {quoted(name)}" for name in names)
    numbered = f'file_row_number + 1 AS "{ROW}", 0 AS "{CELLS}"'
    engine.execute(f"CREATE OR REPLACE VIEW raw AS SELECT {numbered}{columns} FROM {source}")
    return RawTape(file, {name: found[name] for name in names})


def broken_parquet(file: TapeFile, error: UnreadableFile) -> Exception:
    """The error for a Parquet file that breaks off or does not hold what it promises."""
    return refusal(file.path, f"is a broken Parquet file ({error})", "copy or export it again")


def texts(names: Iterable[str]) -> dict[str, str]:
    """The kinds of columns that are all text."""
    return dict.fromkeys(names, _PLAIN)


def _read_csv(path: Path, names: Sequence[str], options: str) -> str:
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    return (
        f"read_csv({literal(str(path))}, {options}, quote = '\"', escape = '\"', header = true, "
        f"auto_detect = false, strict_mode = true, columns = {{{columns}}})"
    )
