"""The road from Python, for a notebook: one call, paths and dates as text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from npl_reporting.evidence.store import Store
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.request import Finished, Request
from npl_reporting.run import run


def quarter(
    tape: str | Path,
    rules: str,
    as_of: str | date,
    *,
    prior: str | None = None,
    out: str | Path | None = None,
    store: str = "sqlite:///npl.db",
    mapping: str | Path | None = None,
    changes: Mapping[str, str] | None = None,
) -> Finished:
    """Run a tape as `npl run` does; the result holds the stored run, its cells and its checks.

    `changes` are what `--set` gives on the command line. NplError and DataError as from `run`.
    """
    source = TapeSource(Path(tape), mapping=Path(mapping) if mapping else None)
    day = date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    request = Request(source, rules, day, prior, changes=changes or {})
    return run(request, Store(store), Path(out) if out else None)
