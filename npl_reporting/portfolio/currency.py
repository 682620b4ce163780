"""The currency that a tape says it is in, before it is read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from npl_reporting.engine import Engine
from npl_reporting.law.columns import Column
from npl_reporting.money import known_currency
from npl_reporting.portfolio.mapping import map_columns
from npl_reporting.portfolio.opening import open_raw
from npl_reporting.portfolio.source import TapeSource

_COLUMN = "currency"


def tape_currency(source: TapeSource, columns: Mapping[str, Column], work: Path) -> str | None:
    """The one known currency in the tape's own column; None where it names none, or several."""
    with TemporaryDirectory(dir=work) as folder, Engine(Path(folder), [source.path]) as engine:
        raw = open_raw(engine, source, columns)
        mapped = map_columns(source.mapping, raw.kinds, columns)
        column = next((c.raw for c in mapped.columns if c.name == _COLUMN), None)
        if column is None:
            return None
        rows = engine.rows(f"SELECT DISTINCT CAST({column} AS VARCHAR) FROM raw LIMIT 100")
    found = [code for (code,) in rows if code and known_currency(code)]
    return found[0] if len(found) == 1 else None
