"""What became of exposures that left the books: the exits file, read against both quarters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path

from npl_reporting.engine import Engine
from npl_reporting.errors import DataError, Problem
from npl_reporting.law.columns import Column, Dictionary
from npl_reporting.law.yamlfile import load
from npl_reporting.portfolio.beside import read_beside
from npl_reporting.portfolio.classify import TREATED
from npl_reporting.resources import RULES, shown

EXITS = "exits"


@cache
def exit_columns() -> Mapping[str, Column]:
    """What an exits file may hold: `rules/exits.yaml`."""
    return load(RULES / "exits.yaml", Dictionary).columns


def declare_exits(engine: Engine, path: Path | None, currency: str) -> None:
    """Make the table `exits` (line, and the dictionary's columns), empty where there is no file."""
    if path is not None:
        read_beside(engine, path, exit_columns(), EXITS, currency)
        return
    money = "DECIMAL(18, 2)"
    engine.execute(
        f"CREATE OR REPLACE TABLE {EXITS} (line BIGINT, exposure_id VARCHAR, exit_date DATE, "
        f"reason VARCHAR, cash_received {money}, written_off {money}, sale_price {money})"
    )


def refuse_unfit_exits(engine: Engine, path: Path, opening: str, days: tuple[date, date]) -> None:
    """DataError with every exit that fits neither quarter: of a stranger, still owing, out of time.

    `opening` is the relation of what the prior run held; `days` are both reporting dates.
    """
    problems = list(_unfit(engine, opening, days))
    if problems:
        raise DataError(
            *(Problem(what, remedy, shown(path), line) for line, what, remedy in problems)
        )


def _unfit(engine: Engine, opening: str, days: tuple[date, date]) -> Iterator[tuple[int, str, str]]:
    first, last = days
    strangers = engine.rows(
        f"SELECT line, exposure_id FROM {EXITS} e WHERE NOT EXISTS "
        f"(SELECT 1 FROM {opening} o WHERE o.exposure_id = e.exposure_id) ORDER BY line"
    )
    for line, exposure in strangers:
        yield line, f"exposure {exposure} is not in the prior run", "list what left since then"
    owing = engine.rows(
        f"SELECT e.line, e.exposure_id, sum(t.amount) FROM {EXITS} e JOIN {TREATED} t "
        "ON t.exposure_id = e.exposure_id GROUP BY ALL HAVING sum(t.amount) <> 0 ORDER BY 1"
    )
    for line, exposure, amount in owing:
        what = f"exposure {exposure} is still on the tape with {amount} outstanding"
        yield line, what, "take it off the exits or off the tape"
    late = engine.rows(
        f"SELECT line, exposure_id, exit_date FROM {EXITS} WHERE exit_date NOT BETWEEN "
        f"DATE '{first}' + 1 AND DATE '{last}' ORDER BY line"
    )
    for line, exposure, day in late:
        what = f"exposure {exposure} left on {day}, which is not after {first} and by {last}"
        yield line, what, "correct the date"
