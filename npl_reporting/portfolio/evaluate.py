"""The second evaluator: a rulebook's decisions as plain SQL over facts, no bands, no rule engine."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.law.rulebook import Decision, Outcome, Rulebook
from npl_reporting.money import RATE_DECIMALS
from npl_reporting.portfolio import facts
from npl_reporting.portfolio.settled import PORTION


def declare_evaluated(
    engine: Engine, source: str, prefix: str, rulebook: Rulebook, shared: str = "",
    pins: Mapping[str, str] | None = None, settled: Collection[str] = (),
) -> str:  # fmt: skip
    """Make views that decide every row of `source` in SQL; return the name of the last.

    It has a column for each decision and, as `fired <decision>`, the list of the ids of all rules
    that hold. `shared` names the chain whose values over debtors are to be used, where `source`
    does not hold all exposures of its debtors. `pins` gives for a decision the branches of a CASE
    whose outcomes stand whatever the rules say. What is `settled` the source holds already.
    """
    current = source
    for number, stage in enumerate(rulebook.stages):
        target = f"{prefix}_facts_{number}"
        borrowed = f"{shared}_facts_{number}" if shared else ""
        facts.declare_facts(engine, current, target, rulebook, number, borrowed, settled)
        current = target
        if number == 0 and PORTION not in settled:
            facts.declare_portions(engine, current, f"{prefix}_portions", rulebook.portions)
            current = f"{prefix}_portions"
        for decision in stage.decisions:
            view = quoted(f"{prefix} decides {decision.name}")
            engine.declare(view, _decided(decision, current, (pins or {}).get(decision.name, "")))
            current = view
    return current


def fired_column(decision: str) -> str:
    """Name of the column that lists the rules that hold for a decision."""
    return f"fired {decision}"


def _decided(decision: Decision, source: str, pin: str) -> str:
    fired = quoted(fired_column(decision.name))
    outcome = _outcome(decision, fired)
    outcome = f"CASE {pin} ELSE {outcome} END" if pin else outcome
    holds = ", ".join(
        f"CASE WHEN {rule.condition.condition.sql()} THEN {literal(rule.id)} END"
        for rule in decision.rules
    )
    ids = f"list_filter([{holds}], lambda id: id IS NOT NULL)" if holds else "CAST([] AS VARCHAR[])"
    return (
        f"SELECT *, {outcome} AS {quoted(decision.name)} "
        f"FROM (SELECT *, {ids} AS {fired} FROM {source})"
    )


def _outcome(decision: Decision, fired: str) -> str:
    """The severest outcome among the rules that hold, else the default."""
    default = "NULL" if decision.default is None else outcome_sql(decision.default)
    branches = ""
    for outcome in reversed(decision.outcomes):
        ids = [rule.id for rule in decision.rules if rule.then == outcome]
        if ids:
            branches += f" WHEN list_has_any({fired}, {literal(ids)}) THEN {outcome_sql(outcome)}"
    return f"CASE{branches} ELSE {default} END" if branches else default


def outcome_sql(outcome: Outcome) -> str:
    """Write an outcome as SQL: text, or a rate of RATE_DECIMALS decimals."""
    if isinstance(outcome, str):
        return literal(outcome)
    return f"CAST({outcome} AS DECIMAL({RATE_DECIMALS + 6}, {RATE_DECIMALS}))"
