"""Why one exposure got its outcomes, and on which day the next threshold is crossed if unpaid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.errors import NplError, Problem
from npl_reporting.law.conditions import All, Comparison, Condition, comparisons
from npl_reporting.law.rulebook import Decision, Outcome, Rulebook
from npl_reporting.portfolio import facts
from npl_reporting.portfolio.evaluate import declare_evaluated, fired_column

HORIZON_DAYS = 3660
"""How far ahead thresholds are looked for."""

MOST_NEAREST = 3
"""How many of the rules that nearly held are named for each decision."""


@dataclass(frozen=True)
class Miss:
    """A rule that did not hold, with the comparisons that kept it from holding."""

    rule: str
    citations: tuple[str, ...]
    failing: tuple[Comparison, ...]


@dataclass(frozen=True)
class Change:
    """The first day on which a decision comes out otherwise if nothing is paid."""

    day: date
    outcome: Outcome
    fired: tuple[str, ...]


@dataclass(frozen=True)
class Explained:
    """One decision on one portion: what came out, why, what nearly did, what comes next."""

    decision: str
    outcome: Outcome
    fired: tuple[str, ...]
    citations: tuple[str, ...]
    nearest: tuple[Miss, ...]
    next_change: Change | None


@dataclass(frozen=True)
class Portion:
    """One portion of the exposure with its facts and the decisions on it."""

    portion: str
    amount: Decimal
    facts: Mapping[str, Any]
    decisions: tuple[Explained, ...]


@dataclass(frozen=True)
class Explanation:
    """One exposure: its tape columns, and each portion."""

    exposure_id: str
    debtor_id: str
    reporting_date: date
    columns: Mapping[str, Any]
    portions: tuple[Portion, ...]


def explain(
    engine: Engine, rulebook: Rulebook, present: Sequence[str], reporting_date: date,
    exposure_id: str, source: str = "exposures",
) -> Explanation:  # fmt: skip
    """Explain one exposure of the table `source`; NplError if it is not there.

    Its debtor's exposures are carried forward day by day, unpaid, and decided on every day by the
    same SQL that checks every run.
    """
    wanted = literal(exposure_id)
    found = engine.records(f"SELECT * FROM {source} WHERE exposure_id = {wanted}")
    if not found:
        raise NplError(Problem(f"the run has no exposure '{exposure_id}'", "check its id"))
    debtor = found[0]["debtor_id"]
    _carry_forward(engine, source, debtor, reporting_date)
    facts.declare_exposures(engine, "future_exposures", rulebook, present, "", source="future")
    decided = declare_evaluated(engine, "future_exposures", "future", rulebook)
    engine.execute(
        f"CREATE OR REPLACE TABLE future_decided AS SELECT * FROM {decided} "
        f"WHERE exposure_id = {wanted}"
    )
    today = engine.records(
        f"SELECT * FROM future_decided WHERE reporting_date = DATE '{reporting_date}' "
        "ORDER BY portion"
    )
    portions = tuple(_portion(engine, rulebook, row) for row in today)
    given = {name: value for name, value in found[0].items() if value is not None}
    return Explanation(exposure_id, debtor, reporting_date, given, portions)


def _carry_forward(engine: Engine, source: str, debtor: str, start: date) -> None:
    """Make the table `future`: the debtor's exposures on every day to come, each day a debtor."""
    end = start + timedelta(days=HORIZON_DAYS)
    days = f"unnest(generate_series(DATE '{start}', DATE '{end}', INTERVAL 1 DAY))"
    engine.execute(
        "CREATE OR REPLACE TABLE future AS SELECT * REPLACE ("
        "debtor_id || '@' || reporting_date AS debtor_id) FROM ("
        f"SELECT e.*, CAST({days} AS DATE) AS reporting_date FROM {source} e "
        f"WHERE e.debtor_id = {literal(debtor)})"
    )


def _portion(engine: Engine, rulebook: Rulebook, row: Mapping[str, Any]) -> Portion:
    known = {fact.name: row[fact.name] for fact in rulebook.facts}
    decisions = tuple(_explained(engine, rulebook, d, row) for d in rulebook.decisions)
    return Portion(row["portion"], row["amount"], known, decisions)


def _explained(
    engine: Engine, rulebook: Rulebook, decision: Decision, row: Mapping[str, Any]
) -> Explained:
    fired = tuple(row[fired_column(decision.name)])
    citations = [c for rule in decision.rules if rule.id in fired for c in rule.citations]
    return Explained(
        decision.name,
        row[decision.name],
        fired,
        tuple(dict.fromkeys(citations)),
        tuple(_nearest(engine, decision, row))[:MOST_NEAREST],
        _next_change(engine, decision, row),
    )


def _nearest(engine: Engine, decision: Decision, row: Mapping[str, Any]) -> Iterator[Miss]:
    """Rules severer than the outcome that did not hold, fewest failing comparisons first."""
    missed = [
        rule
        for rule in decision.rules
        if rule.id not in row[fired_column(decision.name)]
        and decision.severity(rule.then) > decision.severity(row[decision.name])
    ]
    answers = _answers(engine, [c for r in missed for c in comparisons(r.condition.condition)], row)
    found = [(rule, _failing(rule.condition.condition, answers)) for rule in missed]
    for rule, failing in sorted(found, key=lambda pair: len(pair[1])):
        yield Miss(rule.id, rule.citations, failing)


def _answers(
    engine: Engine, asked: Sequence[Comparison], row: Mapping[str, Any]
) -> Mapping[Comparison, bool]:
    """Which comparisons hold for the row on the reporting date, answered by their own SQL."""
    unique = tuple(dict.fromkeys(asked))
    if not unique:
        return {}
    columns = ", ".join(f"coalesce({c.sql()}, false)" for c in unique)
    (answers,) = engine.rows(
        f"SELECT {columns} FROM future_decided WHERE portion = {literal(row['portion'])} "
        f"AND reporting_date = DATE '{row['reporting_date']}'"
    )
    return dict(zip(unique, answers, strict=True))


def _failing(condition: Condition, answers: Mapping[Comparison, bool]) -> tuple[Comparison, ...]:
    """The fewest comparisons that would have to come out otherwise for the condition to hold."""
    if isinstance(condition, Comparison):
        return () if answers[condition] else (condition,)
    parts = [_failing(part, answers) for part in condition.parts]
    if isinstance(condition, All):
        return tuple(dict.fromkeys(c for part in parts for c in part))
    return min(parts, key=len)


def _next_change(engine: Engine, decision: Decision, row: Mapping[str, Any]) -> Change | None:
    column = quoted(decision.name)
    outcome = row[decision.name]
    today = literal(outcome) if isinstance(outcome, str) else str(outcome)
    found = engine.rows(
        f"SELECT reporting_date, {column}, {quoted(fired_column(decision.name))} "
        f"FROM future_decided WHERE portion = {literal(row['portion'])} "
        f"AND {column} <> {today} ORDER BY reporting_date LIMIT 1"
    )
    return Change(found[0][0], found[0][1], tuple(found[0][2])) if found else None
