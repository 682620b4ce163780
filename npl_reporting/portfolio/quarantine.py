"""Rows set aside: counted and totalled, so that rows and money read tie with those used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from npl_reporting.engine import Engine, quoted
from npl_reporting.portfolio.syntax import FLAWED

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Total:
    """What the tape holds of one column, what is used, and what is set aside."""

    read: Decimal
    used: Decimal
    set_aside: Decimal


@dataclass(frozen=True)
class Counts:
    """Numbers of rows: read, used, set aside."""

    read: int
    used: int
    set_aside: int


def divide(engine: Engine, *, quarantine: bool) -> None:
    """Make the view `exposures` and the table `set_aside`: with quarantine, the rows with errors."""
    bad = 'SELECT "row" FROM findings WHERE severity = \'error\' AND "row" IS NOT NULL'
    where = f"row IN ({bad})" if quarantine else "false"
    columns = f"SELECT * EXCLUDE ({FLAWED}) FROM tape"
    engine.execute(f"CREATE OR REPLACE TABLE set_aside AS {columns} WHERE {where}")
    some = engine.value("SELECT count(*) FROM set_aside")
    rest = " WHERE row NOT IN (SELECT row FROM set_aside)" if some else ""
    engine.execute(f"CREATE OR REPLACE VIEW exposures AS {columns}{rest}")


def totals(engine: Engine, money: Sequence[str]) -> tuple[Counts, Mapping[str, Total]]:
    """Count and add up the tape and both its parts, each by a scan of its own.

    The parts must tie with the whole, in number and money; if they do not, the split is a bug.
    """
    read, used, aside = (
        _sums(engine, table, money) for table in ("tape", "exposures", "set_aside")
    )
    assert all(a == b + c for a, b, c in zip(read, used, aside, strict=True)), "totals do not tie"
    parts = zip(money, read[1:], used[1:], aside[1:], strict=True)
    counts = Counts(int(read[0]), int(used[0]), int(aside[0]))
    return counts, {name: Total(r, u, s) for name, r, u, s in parts}


def _sums(engine: Engine, table: str, money: Sequence[str]) -> list[Decimal]:
    sums = "".join(f", sum({quoted(name)})" for name in money)
    (found,) = engine.rows(f"SELECT count(*){sums} FROM {table}")
    return [_ZERO if value is None else Decimal(value) for value in found]
