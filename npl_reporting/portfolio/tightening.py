"""A policy may only tighten: the proof on a tape, or the exposures that refute it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from npl_reporting.engine import Engine, literal
from npl_reporting.errors import NplError, Problem
from npl_reporting.law.rulebook import Decision
from npl_reporting.money import exact_text
from npl_reporting.portfolio.contrast import Contrast, Move
from npl_reporting.portfolio.decided import Decided
from npl_reporting.resources import shown

MOST_NAMED = 20
"""Exposures that a refusal names for each decision, the largest first."""
_ALLOWANCE = "minimum_allowance"
_REMEDY = "a policy may only tighten"


def refuse_milder(engine: Engine, law: Decided, policy: Decided, path: Path) -> None:
    """NplError if any exposure comes out milder under the law with the policy than under it alone.

    Compared are the outcome of every exposure and portion, how much of an exposure is treated at
    least so severely where its portions have other amounts, and its least allowance.
    """
    contrast = Contrast(engine, law, policy)
    found = [
        *_outcomes(contrast),
        *_amounts(engine, law, policy),
        *_allowances(engine, law, policy),
    ]
    if found:
        file = shown(path)
        raise NplError(*(Problem(what, _REMEDY, file) for what in found))


def _outcomes(contrast: Contrast) -> Iterator[str]:
    """Decision by decision: how many come out milder, and the largest of them."""
    moves = contrast.moves()
    for decision in contrast.after.rulebook.decisions:
        milder = [
            move for move in moves if move.decision == decision.name and _milder(decision, move)
        ]
        if milder:
            yield from _named(contrast, decision, milder)


def _milder(decision: Decision, move: Move) -> bool:
    if move.before is None or move.after is None:
        return False
    if decision.rate:
        return Decimal(move.after) < Decimal(move.before)
    return decision.severity(move.after) < decision.severity(move.before)


def _named(contrast: Contrast, decision: Decision, milder: Sequence[Move]) -> Iterator[str]:
    pairs = ", ".join(f"({literal(m.before)}, {literal(m.after)})" for m in milder)
    rows = contrast.engine.records(
        f"SELECT * FROM ({contrast.moved_sql([decision.name])}) "
        f"WHERE (outcome_before, outcome_after) IN ({pairs}) LIMIT {MOST_NAMED}"
    )
    for row in rows:
        portion = f" ({row['portion']})" if row["portion"] else ""
        yield (
            f"exposure {row['exposure_id']}{portion}: {decision.name} would be "
            f"'{row['outcome_after']}' by {_by(row, 'after')} instead of "
            f"'{row['outcome_before']}' by {_by(row, 'before')}"
        )
    number = sum(move.number for move in milder)
    if number > len(rows):
        yield f"{decision.name}: {number:,} come out milder, the largest {len(rows)} are named"


def _by(row: dict[str, str], side: str) -> str:
    rules, articles = row[f"rules_{side}"], row[f"articles_{side}"]
    return f"{', '.join(rules.split())} [{', '.join(articles.split())}]" if rules else "default"


def _amounts(engine: Engine, law: Decided, policy: Decided) -> Iterator[str]:
    """Decisions about portions, where these have other amounts than under the law alone."""
    changed = (
        f"SELECT coalesce(l.row, p.row) AS row FROM {law.table} l FULL JOIN {policy.table} p "
        "ON p.row = l.row AND p.portion = l.portion WHERE l.amount IS DISTINCT FROM p.amount"
    )
    engine.execute(
        f"CREATE OR REPLACE TABLE other_portions AS SELECT DISTINCT row FROM ({changed})"
    )
    if not engine.value("SELECT count(*) FROM other_portions"):
        return
    for decision in policy.rulebook.decisions:
        if decision.of == "portion":
            yield from _less_severe(engine, law, policy, decision)


def _less_severe(
    engine: Engine, law: Decided, policy: Decided, decision: Decision
) -> Iterator[str]:
    """Exposures of which less is treated at least as severely as some outcome."""
    both = " UNION ALL ".join(
        f"SELECT d.row, exposure_id, {_severity(decision)} AS severity, v.outcome, "
        f"{'amount' if side is law else '0'} AS was, {'amount' if side is policy else '0'} AS now "
        f"FROM {side.table} d JOIN other_portions USING (row) JOIN {side.verdicts} v "
        f"ON v.case_id = d.case_id AND v.decision = {literal(decision.name)}"
        for side in (law, policy)
    )
    rows = engine.rows(
        f"SELECT exposure_id, outcome, was, now FROM (SELECT row, exposure_id, outcome, severity, "
        "sum(sum(was)) OVER w AS was, sum(sum(now)) OVER w AS now "
        f"FROM ({both}) GROUP BY row, exposure_id, outcome, severity "
        "WINDOW w AS (PARTITION BY row ORDER BY severity DESC)) "
        f"WHERE now < was ORDER BY was - now DESC, exposure_id, severity DESC LIMIT {MOST_NAMED}"
    )
    for exposure, outcome, was, now in rows:
        yield (
            f"exposure {exposure}: of {decision.name}, {_plain(now)} instead of {_plain(was)} would be at "
            f"least '{outcome}'"
        )


def _severity(decision: Decision) -> str:
    return "CAST(v.outcome AS DECIMAL(10, 4))" if decision.rate else "v.severity"


def _allowances(engine: Engine, law: Decided, policy: Decided) -> Iterator[str]:
    if not all(_ALLOWANCE in side.rulebook.amounts for side in (law, policy)):
        return
    sums = [
        f"(SELECT row, any_value(exposure_id) AS exposure_id, sum({_ALLOWANCE}) AS allowance "
        f"FROM {side.table} GROUP BY row)"
        for side in (law, policy)
    ]
    rows = engine.rows(
        f"SELECT l.exposure_id, l.allowance, p.allowance FROM {sums[0]} l JOIN {sums[1]} p "
        "USING (row) WHERE p.allowance < l.allowance "
        f"ORDER BY l.allowance - p.allowance DESC, l.exposure_id LIMIT {MOST_NAMED}"
    )
    for exposure, was, now in rows:
        yield f"exposure {exposure}: the least allowance would be {_plain(now)} instead of {_plain(was)}"


def _plain(amount: Decimal) -> str:
    return f"{Decimal(exact_text(amount)):,f}"
