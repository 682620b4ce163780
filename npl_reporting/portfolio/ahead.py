"""What changes of itself if nothing is paid: every exposure that crosses a threshold, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from npl_reporting.engine import Engine, literal
from npl_reporting.law.expressions import constant_sql
from npl_reporting.portfolio.scenarios import VERDICTS, Scenarios

CROSSINGS = "crossings"
"""What `find_crossings` leaves."""

NOW = "now_answers"
"""The answers on the reporting date, of every exposure."""


WEEK = 7


@dataclass(frozen=True)
class Reached:
    """How much reaches an outcome within a number of days; `worse` than what it had before."""

    days: int
    decision: str
    outcome: str
    worse: bool
    exposures: int
    amount: Decimal


def find_crossings(scenarios: Scenarios, horizons: Sequence[int]) -> None:
    """Make the table `crossings`: each change of an outcome within the longest of `horizons`.

    Columns: exposure_id, debtor_id, portion, amount, decision, day, days (from the start),
    outcome_before, outcome, worse, rules (those that decide then), row. All exposures are decided
    on the day itself and on each horizon; where any differs, its debtor is on every day between.
    """
    engine, start = scenarios.engine, scenarios.start
    probes = ", ".join(constant_sql(start + timedelta(days=d)).text for d in (0, *horizons))
    scenarios.decide(
        f"SELECT debtor_id, unnest([{probes}]) AS day, 0 AS paid "
        f"FROM (SELECT DISTINCT debtor_id FROM {scenarios.source})",
        "probed",
    )
    today = constant_sql(start).text
    engine.execute(f"CREATE OR REPLACE TABLE {NOW} AS SELECT * FROM probed WHERE day = {today}")
    scenarios.decide(
        f"SELECT debtor_id, unnest({every_day(start, max(horizons))}) AS day, 0 AS paid "
        f"FROM ({_moving()})",
        "daily",
    )
    engine.execute(f"CREATE OR REPLACE TABLE {CROSSINGS} AS {_crossings(scenarios)}")


def every_day(start: date, days: int) -> str:
    """SQL of the list of all days from `start` on, itself included."""
    last = start + timedelta(days=days)
    return f"CAST(generate_series(DATE '{start}', DATE '{last}', INTERVAL 1 DAY) AS DATE[])"


def _moving() -> str:
    """Debtors of whom something comes out otherwise on one of the days looked at."""
    differing = _differing("SELECT DISTINCT n.case_id AS before, p.case_id AS after "
        f"FROM probed p JOIN {NOW} n ON n.row = p.row AND n.portion = p.portion")  # fmt: skip
    return (
        f"SELECT DISTINCT p.debtor_id FROM probed p LEFT JOIN {NOW} n "
        "ON n.row = p.row AND n.portion = p.portion "
        f"LEFT JOIN (SELECT DISTINCT before, after FROM ({differing})) d "
        "ON d.before = n.case_id AND d.after = p.case_id "
        "WHERE n.case_id IS NULL OR d.before IS NOT NULL"
    )


def _differing(pairs: str) -> str:
    """Of each pair of cases the decisions that come out otherwise in them."""
    return (
        "SELECT p.before, p.after, v.decision, u.outcome AS outcome_before, v.outcome, "
        f"v.severity > u.severity AS worse, v.rules FROM ({pairs}) p "
        f"JOIN {VERDICTS} u ON u.case_id = p.before JOIN {VERDICTS} v ON v.case_id = p.after "
        "AND v.decision = u.decision WHERE v.outcome <> u.outcome"
    )


def _crossings(scenarios: Scenarios) -> str:
    steps = (
        "SELECT *, lag(case_id) OVER (PARTITION BY row, portion ORDER BY day) AS before FROM daily"
    )
    stepped = f"SELECT * FROM ({steps}) WHERE before <> case_id"
    pairs = f"SELECT DISTINCT before, case_id AS after FROM ({stepped})"
    return (
        "SELECT e.exposure_id, s.debtor_id, s.portion, s.amount, d.decision, s.day, "
        f"s.day - {constant_sql(scenarios.start).text} AS days, d.outcome_before, d.outcome, "
        f"d.worse, d.rules, s.row FROM ({stepped}) s JOIN ({_differing(pairs)}) d "
        f"ON d.before = s.before AND d.after = s.case_id JOIN {scenarios.source} e ON e.row = s.row "
        "ORDER BY s.day, s.amount DESC, e.exposure_id, s.portion, d.decision"
    )


def reached(engine: Engine, horizons: Sequence[int]) -> tuple[Reached, ...]:
    """What reaches which outcome within each horizon, each exposure and portion counted once."""
    once = (
        "SELECT h.days, decision, outcome, row, portion, arg_min(worse, day) AS worse, "
        f"arg_min(amount, day) AS amount FROM {CROSSINGS} c "
        f"JOIN (SELECT unnest({literal(list(horizons))}) AS days) h ON c.days <= h.days "
        "GROUP BY ALL"
    )
    found = engine.rows(
        "SELECT days, decision, outcome, worse, count(DISTINCT row), sum(amount) "
        f"FROM ({once}) GROUP BY ALL ORDER BY days, decision, worse DESC, outcome"
    )
    return tuple(Reached(*row) for row in found)


def weeks(engine: Engine, start: date, days: int) -> dict[date, Decimal]:
    """The amount that becomes nonperforming in each week, by the week's last day."""
    first = (
        "SELECT row, portion, min(days) AS days, arg_min(amount, days) AS amount "
        f"FROM {CROSSINGS} WHERE decision = 'status' AND worse GROUP BY row, portion"
    )
    found = engine.rows(
        f"SELECT (days - 1) // {WEEK} AS week, sum(amount) FROM ({first}) GROUP BY week"
    )
    held = dict(found)
    last = (days - 1) // WEEK
    return {
        start + timedelta(days=min(WEEK * (week + 1), days)): held.get(week, Decimal(0))
        for week in range(last + 1)
    }
