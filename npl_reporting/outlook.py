"""What comes next of a stored run: thresholds crossed if nothing is paid, and payments against it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from npl_reporting.deliver import copied
from npl_reporting.engine import Engine
from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.reopen import Reopened, reopen
from npl_reporting.evidence.store import Store
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.portfolio.ahead import CROSSINGS, find_crossings, reached, weeks
from npl_reporting.portfolio.dues import declare_dues
from npl_reporting.portfolio.payments import (
    CURE,
    PARTS,
    PAYMENTS,
    PREVENT,
    Search,
    largest_payments,
    payment_sums,
)
from npl_reporting.portfolio.scenarios import Scenarios
from npl_reporting.returns.lookahead import Lookahead, spoken_here
from npl_reporting.returns.outlookpage import outlook_page
from npl_reporting.returns.render import render

DAYS = 90
LISTED = 50
"""How many debtors of each kind are printed; the files have all of them."""
_STEP = 30
_FURTHEST = 366

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Outlook:
    """What was found, and the files written."""

    found: Lookahead
    files: tuple[Path, ...]


def outlook(
    store: Store,
    name: str,
    *,
    days: int = DAYS,
    decisions: Sequence[str] = (),
    languages: Sequence[str] = (),
    out: Path | None = None,
    tell: Tell = lambda step: None,
) -> Outlook:
    """Look `days` ahead of a stored run; with `out`, write there the page and the lists.

    `decisions` are those that a payment is to keep from worsening; none means all. NplError where
    there is no such run or decision, or where the horizon is not between a day and a year.
    """
    if not 0 < days <= _FURTHEST:
        raise NplError(Problem(f"--days {days}", f"look 1 to {_FURTHEST} days ahead"))
    horizons = (*range(_STEP, days, _STEP), days)
    with reopen(store, name) as again:
        counted = _counted(again.rulebook, decisions)
        scenarios = _scenarios(again, days)
        tell(f"deciding {again.tape.counts.used:,} exposures day by day")
        find_crossings(scenarios, horizons)
        tell("searching for payments")
        Search(scenarios, counted, days).find_payments()
        found = _summed(again, horizons, counted, spoken_here(languages or again.run.languages))
        tell("writing the outlook")
        files = tuple(_written(again.engine, found, out)) if out else ()
    return Outlook(found, files)


def _counted(rulebook: Rulebook, wanted: Sequence[str]) -> tuple[str, ...]:
    known = tuple(decision.name for decision in rulebook.decisions)
    problems = [
        Problem(f"{rulebook.name} has no decision '{name}'", f"it has {', '.join(known)}")
        for name in wanted
        if name not in known
    ]
    if problems:
        raise NplError(*problems)
    return tuple(wanted) or known


def _scenarios(again: Reopened, days: int) -> Scenarios:
    start, columns = again.run.reporting_date, again.columns
    end = start + timedelta(days=days)
    declare_dues(again.engine, again.rulebook, again.source, columns, start, end)
    return Scenarios(again.engine, again.rulebook, again.source, columns, start)


def _summed(
    again: Reopened, horizons: Sequence[int], counted: Sequence[str], languages: tuple[str, ...]
) -> Lookahead:
    engine, run = again.engine, again.run
    return Lookahead(
        run, again.rulebook, horizons, counted,
        engine.value(f"SELECT count(*) FROM {CROSSINGS}"),
        reached(engine, horizons),
        weeks(engine, run.reporting_date, max(horizons)),
        payment_sums(engine),
        {goal: largest_payments(engine, goal, LISTED) for goal in (PREVENT, CURE)},
        languages,
    )  # fmt: skip


def _written(engine: Engine, found: Lookahead, out: Path) -> Iterator[Path]:
    work = engine.work / "out"
    work.mkdir()
    engine.write_csv(f"SELECT * EXCLUDE (row) FROM {CROSSINGS}", work / "crossings.csv")
    engine.write_csv(f"SELECT * FROM {PAYMENTS}", work / "payments.csv")
    engine.write_csv(f"SELECT * FROM {PARTS}", work / "payment_parts.csv")
    (work / "outlook.pdf").write_bytes(render(outlook_page(found)))
    for path in sorted(work.iterdir()):
        yield copied(path, out)
