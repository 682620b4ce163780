"""Overrides laid over the decisions: what follows from them is decided again, what was is kept.

An overridden outcome is pinned, and all of its debtor's exposures are decided again in SQL around
it, so that later decisions, amounts and what the debtor shares follow as they would by law.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.errors import NplError, Problem
from npl_reporting.law.expressions import constant_sql
from npl_reporting.law.rulebook import Decision, Outcome, Rulebook
from npl_reporting.portfolio import facts
from npl_reporting.portfolio.classify import TREATED
from npl_reporting.portfolio.deltas import Delta
from npl_reporting.portfolio.evaluate import declare_evaluated, outcome_sql

COMPUTED = "computed_rows"
"""The table of what the rules alone gave for the debtors concerned."""
BY = "overridden_by"
"""The column that names the override of an exposure."""
_KEPT = f"kept_{TREATED}"
_AGAIN = "overridden_rows"


def computed_column(decision: str) -> str:
    """Name of the column with the outcome that the rules gave, where another stands."""
    return f"computed_{decision}"


def override(
    engine: Engine, rulebook: Rulebook, present: Sequence[str], day: date, source: str,
    overrides: Sequence[Delta],
) -> tuple[Delta, ...]:  # fmt: skip
    """Change `treated`, which must have been kept, by overrides; return those that fit nothing.

    `present` are the columns of `source`, as `classify` read them. Rows that come out otherwise
    have in `computed_<decision>` what the rules gave, and in `overridden_by` who pinned them.
    """
    fitting = tuple(delta for delta in overrides if _fits(engine, rulebook, delta))
    if fitting:
        _keep_computed(engine, fitting)
        _decide_again(engine, rulebook, present, day, source, fitting)
        _replace(engine, rulebook, fitting)
    return tuple(delta for delta in overrides if delta not in fitting)


def computed_columns(engine: Engine, rulebook: Rulebook) -> tuple[str, ...]:
    """The columns that `override` added to `treated`; none where nothing was overridden."""
    there = engine.columns(TREATED)
    if BY not in there:
        return ()
    names = (computed_column(decision.name) for decision in rulebook.decisions)
    return (*(name for name in names if name in there), BY)


def outcome_of(decision: Decision, text: str) -> Outcome:
    """The outcome that a text names; NplError if the decision has no such."""
    if not decision.rate:
        if text in decision.outcomes:
            return text
        remedy = f"name one of: {', '.join(map(str, decision.outcomes))}"
        raise NplError(Problem(f"decision '{decision.name}' has no outcome '{text}'", remedy))
    try:
        rate = Decimal(text)
    except InvalidOperation:
        rate = Decimal(-1)
    if not 0 <= rate <= 1 or rate != round(rate, 4):
        what = f"decision '{decision.name}': '{text}' is no rate"
        raise NplError(Problem(what, "write a number from 0 to 1 with at most 4 decimals"))
    return rate


def _fits(engine: Engine, rulebook: Rulebook, delta: Delta) -> bool:
    """Whether there is such an exposure, portion, decision and outcome."""
    decisions = {decision.name: decision for decision in rulebook.decisions}
    try:
        outcome_of(decisions[delta.decision], delta.outcome)
    except (KeyError, NplError):
        return False
    return bool(engine.value(f"SELECT count(*) FROM {TREATED} WHERE {_pinned(delta)}"))


def _pinned(delta: Delta) -> str:
    portion = f" AND portion = {literal(delta.portion)}" if delta.portion else ""
    return f"exposure_id = {literal(delta.target)}{portion}"


def _keep_computed(engine: Engine, overrides: Sequence[Delta]) -> None:
    ids = ", ".join(literal(delta.target) for delta in overrides)
    debtors = f"SELECT debtor_id FROM {TREATED} WHERE exposure_id IN ({ids})"
    engine.execute(
        f"CREATE OR REPLACE TABLE {COMPUTED} AS SELECT * FROM {_KEPT} WHERE debtor_id IN ({debtors})"
    )


def _decide_again(
    engine: Engine, rulebook: Rulebook, present: Sequence[str], day: date, source: str,
    overrides: Sequence[Delta],
) -> None:  # fmt: skip
    """Make the table of the debtors' exposures, decided in SQL around what is pinned."""
    engine.declare(
        "overridden_source",
        f"SELECT * FROM {source} WHERE debtor_id IN (SELECT debtor_id FROM {COMPUTED})",
    )
    dates = constant_sql(day).text
    facts.declare_exposures(engine, "overridden_all", rulebook, present, dates, "overridden_source")
    pins = _pins(rulebook, overrides)
    current = declare_evaluated(engine, "overridden_all", "overridden", rulebook, pins=pins)
    for name, value in {**rulebook.amounts, **rulebook.carried}.items():
        view = f"overridden_{name}"
        engine.declare(view, f"SELECT *, {value.sql} AS {quoted(name)} FROM {current}")
        current = view
    engine.execute(f"CREATE OR REPLACE TABLE {_AGAIN} AS SELECT * FROM {current}")


def _pins(rulebook: Rulebook, overrides: Sequence[Delta]) -> Mapping[str, str]:
    """For each decision with an override, the branches of SQL that pin its outcomes."""
    pins: dict[str, str] = {}
    for decision in rulebook.decisions:
        own = [delta for delta in overrides if delta.decision == decision.name]
        if own:
            pins[decision.name] = " ".join(
                f"WHEN {_pinned(d)} THEN {outcome_sql(outcome_of(decision, d.outcome))}"
                for d in own
            )
    return pins


def _replace(engine: Engine, rulebook: Rulebook, overrides: Sequence[Delta]) -> None:
    """Write what came out again over the kept rows, and beside it what the rules gave."""
    moved = list(_moved(engine, rulebook))
    kinds = engine.columns(_KEPT)
    for name in moved:
        column = quoted(computed_column(name))
        engine.execute(f"ALTER TABLE {_KEPT} ADD COLUMN {column} {kinds[name]}")
        engine.execute(
            f"UPDATE {_KEPT} AS k SET {column} = k.{quoted(name)} FROM {_AGAIN} a WHERE {_same()} "
            f"AND k.{quoted(name)} IS DISTINCT FROM a.{quoted(name)}"
        )
    following = [fact.name for fact in rulebook.facts if fact.stage > 0]
    decided = [decision.name for decision in rulebook.decisions]
    names = (*following, *decided, *rulebook.amounts, *rulebook.carried)
    written = ", ".join(f"{quoted(name)} = a.{quoted(name)}" for name in names)
    engine.execute(f"UPDATE {_KEPT} AS k SET {written} FROM {_AGAIN} a WHERE {_same()}")
    engine.execute(f"ALTER TABLE {_KEPT} ADD COLUMN {BY} VARCHAR")
    for delta in overrides:
        engine.execute(
            f"UPDATE {_KEPT} SET {BY} = concat_ws(' ', {BY}, {literal(delta.id)}) "
            f"WHERE {_pinned(delta)}"
        )
    engine.declare(TREATED, f"SELECT * FROM {_KEPT}")


def _moved(engine: Engine, rulebook: Rulebook) -> Iterator[str]:
    """The decisions that come out otherwise on some exposure."""
    for decision in rulebook.decisions:
        column = quoted(decision.name)
        if engine.value(
            f"SELECT count(*) FROM {COMPUTED} k JOIN {_AGAIN} a ON {_same()} "
            f"WHERE k.{column} IS DISTINCT FROM a.{column}"
        ):
            yield decision.name


def _same() -> str:
    return "k.exposure_id = a.exposure_id AND k.portion = a.portion"
