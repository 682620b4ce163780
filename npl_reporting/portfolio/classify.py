"""The heart of the road: facts, cases, decisions and the join that carries them back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

import pyarrow as pa

from npl_reporting.engine import Engine, quoted
from npl_reporting.errors import DataError, NplError, Problem
from npl_reporting.law.expressions import constant_sql
from npl_reporting.law.rulebook import Decision, Outcome, Rulebook, Stage
from npl_reporting.portfolio import facts
from npl_reporting.portfolio.cases import Case, Key, Verdict, case_id, keys
from npl_reporting.portfolio.decide import DecisionRules
from npl_reporting.portfolio.evaluate import declare_evaluated, fired_column, outcome_sql
from npl_reporting.portfolio.settled import PORTION

TREATED = "treated"
"""The view that `classify` leaves: one row per exposure and portion, see `classify`."""


def classify(
    engine: Engine,
    rulebook: Rulebook,
    present: Sequence[str],
    reporting_date: date | None,
    source: str = "exposures",
    settled: Collection[str] = (),
) -> tuple[Case, ...]:
    """Decide every exposure in the table `source`; return the cases, by descending amount.

    Leaves the view `treated` with a row per exposure and portion: `row`, every tape column and
    fact, `portion`, `amount`, `first_portion`, a column per decision, per amount and per carried
    value, `case_id`. Where `reporting_date` is None, `source` has the column. Every case is
    decided twice: DataError if durable-rules and SQL differ anywhere. NplError if the rules leave
    a case without an outcome. What is `settled` of facts and portions the source holds already.
    """
    dates = constant_sql(reporting_date).text if reporting_date else ""
    facts.declare_exposures(engine, "all_exposures", rulebook, present, dates, source)
    current = "all_exposures"
    verdicts: dict[int, tuple[Verdict, ...]] = {0: ()}
    bands: dict[int, dict[str, int]] = {0: {}}
    stage_keys = keys(rulebook)
    for number, (stage, key) in enumerate(zip(rulebook.stages, stage_keys, strict=True)):
        current = _stage_facts(engine, rulebook, current, number, settled)
        current = _keyed(engine, current, key, number)
        found = _distinct(engine, current, number)
        bands, verdicts = _decide(rulebook, stage, key, found, bands, verdicts)
        current = _carried(engine, rulebook, current, stage, verdicts, number)
    _both_agree(engine, rulebook, verdicts, len(stage_keys) - 1, settled)
    _treated(engine, rulebook, current)
    return _cases(engine, len(stage_keys) - 1, bands, verdicts)


def _stage_facts(
    engine: Engine, rulebook: Rulebook, current: str, number: int, settled: Collection[str]
) -> str:
    target = f"all_facts_{number}"
    facts.declare_facts(engine, current, target, rulebook, number, settled=settled)
    if number > 0 or PORTION in settled:
        return target
    facts.declare_portions(engine, target, "all_portions", rulebook.portions)
    return "all_portions"


def _key_column(number: int) -> str:
    return f"case key {number}"


def _keyed(engine: Engine, source: str, key: Key, number: int) -> str:
    previous = _key_column(number - 1) if number else None
    column = quoted(_key_column(number))
    engine.declare(f"keyed_{number}", f"SELECT *, {key.sql(previous)} AS {column} FROM {source}")
    return f"keyed_{number}"


def _distinct(engine: Engine, source: str, number: int) -> list[int]:
    """Find the distinct cases, each with its size and one exposure as an example."""
    column = quoted(_key_column(number))
    engine.execute(
        f"CREATE OR REPLACE TABLE cases_{number} AS SELECT {column} AS case_key, "
        'min("row") AS example_row, arg_min(portion, "row") AS example_portion, '
        f"count(*) AS exposures, sum(amount) AS amount FROM {source} GROUP BY ALL"
    )
    return [row[0] for row in engine.rows(f"SELECT case_key FROM cases_{number} ORDER BY 1")]


def _decide(
    rulebook: Rulebook, stage: Stage, key: Key, found: Sequence[int],
    bands: Mapping[int, dict[str, int]], verdicts: Mapping[int, tuple[Verdict, ...]],
) -> tuple[dict[int, dict[str, int]], dict[int, tuple[Verdict, ...]]]:  # fmt: skip
    """Decide each case of a stage once, in durable-rules."""
    engines = [(decision, DecisionRules(decision, rulebook.bands)) for decision in stage.decisions]
    new_bands: dict[int, dict[str, int]] = {}
    new_verdicts: dict[int, tuple[Verdict, ...]] = {}
    for number in found:
        before, own = key.decode(number)
        known = {**bands[before], **own}
        taken = list(verdicts[before])
        for decision, rules in engines:
            fired = rules.fired(known)
            outcome = _severest(decision, fired)
            taken.append(Verdict(decision.name, outcome, _in_order(decision, fired)))
            if decision.name in rulebook.bands:
                known[decision.name] = rulebook.bands[decision.name].band(outcome)
        new_bands[number], new_verdicts[number] = known, tuple(taken)
    return new_bands, new_verdicts


def _severest(decision: Decision, fired: frozenset[str]) -> Outcome:
    outcomes = [rule.then for rule in decision.rules if rule.id in fired]
    if outcomes:
        return max(outcomes, key=decision.severity)
    if decision.default is None:
        what = f"no rule of decision '{decision.name}' holds in a case, and it has no default"
        raise NplError(Problem(what, "add a rule or a default"))
    return decision.default


def _in_order(decision: Decision, fired: frozenset[str]) -> tuple[str, ...]:
    return tuple(rule.id for rule in decision.rules if rule.id in fired)


def _carried(
    engine: Engine, rulebook: Rulebook, source: str, stage: Stage,
    verdicts: Mapping[int, tuple[Verdict, ...]], number: int,
) -> str:  # fmt: skip
    """Join the stage's outcomes, and the case's id, back to the exposures."""
    names = [decision.name for decision in stage.decisions]
    table = {"case_key": [str(key) for key in verdicts], "case_id": [case_id(k) for k in verdicts]}
    for name in names:
        table[name] = [str(_of(taken, name).outcome) for taken in verdicts.values()]
    engine.register("decided_text", pa.table(table))
    kind = engine.columns(f"cases_{number}")["case_key"]
    columns = "".join(
        f", {_typed(decision)} AS {quoted(decision.name)}" for decision in stage.decisions
    )
    engine.execute(
        f"CREATE OR REPLACE TABLE decided_{number} AS SELECT CAST(case_key AS {kind}) AS case_key, "
        f"case_id{columns} FROM decided_text"
    )
    joined = "".join(f", d.{quoted(name)}" for name in names)
    earlier = " EXCLUDE (case_id)" if number else ""
    engine.declare(
        f"carried_{number}",
        f"SELECT k.*{earlier}, d.case_id{joined} "
        f"FROM keyed_{number} k JOIN decided_{number} d "
        f"ON d.case_key = k.{quoted(_key_column(number))}",
    )
    return f"carried_{number}"


def _typed(decision: Decision) -> str:
    column = quoted(decision.name)
    return f"CAST({column} AS DECIMAL(10, 4))" if decision.rate else column


def _of(verdicts: Sequence[Verdict], decision: str) -> Verdict:
    return next(verdict for verdict in verdicts if verdict.decision == decision)


def _both_agree(
    engine: Engine, rulebook: Rulebook, verdicts: Mapping[int, tuple[Verdict, ...]], last: int,
    settled: Collection[str],
) -> None:  # fmt: skip
    """Decide an example of every case again in SQL, from its own facts; DataError if they differ."""
    engine.declare(
        "examples",
        f'SELECT * FROM all_exposures WHERE "row" IN (SELECT example_row FROM cases_{last})',
    )
    evaluated = declare_evaluated(engine, "examples", "example", rulebook, "all", settled=settled)
    columns = "".join(
        f", e.{quoted(d.name)}, e.{quoted(fired_column(d.name))}" for d in rulebook.decisions
    )
    again = engine.rows(
        f"SELECT c.case_key, e.exposure_id{columns} FROM cases_{last} c JOIN {evaluated} e "
        'ON e."row" = c.example_row AND e.portion = c.example_portion'
    )
    if len(again) != len(verdicts):
        raise DataError(Problem(f"{len(verdicts)} cases, but {len(again)} evaluated in SQL"))
    problems = []
    for key, exposure, *answers in again:
        for number, decision in enumerate(rulebook.decisions):
            outcome, fired = answers[2 * number], tuple(answers[2 * number + 1])
            one = _of(verdicts[key], decision.name)
            if (outcome, fired) != (one.outcome, one.fired):
                problems.append(_difference(decision, exposure, one, outcome, fired))
    if problems:
        raise DataError(*problems)


def _difference(
    decision: Decision, exposure: str, one: Verdict, outcome: object, fired: Sequence[str]
) -> Problem:
    return Problem(
        f"the two evaluators differ on decision '{decision.name}' for exposure {exposure}: "
        f"durable-rules {one.outcome} by {', '.join(one.fired) or 'no rule'}; "
        f"SQL {outcome} by {', '.join(fired) or 'no rule'}",
        "nothing was stored; report this with the rule file",
    )


def _treated(engine: Engine, rulebook: Rulebook, source: str) -> None:
    """Add the amounts and carried values that follow from the outcomes, and hide the keys."""
    current = source
    hidden = ", ".join(quoted(_key_column(n)) for n in range(len(rulebook.stages)))
    for name, value in {**rulebook.amounts, **rulebook.carried}.items():
        view = f"amount_{name}"
        engine.declare(view, f"SELECT *, {value.sql} AS {quoted(name)} FROM {current}")
        current = view
    engine.declare(TREATED, f"SELECT * EXCLUDE ({hidden}) FROM {current}")


def keep_treated(engine: Engine, only: Collection[str] = ()) -> None:
    """Write `treated` down once, or `only` some columns of it, where many queries will read it."""
    columns = ", ".join(map(quoted, only)) or "*"
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE kept_{TREATED} AS SELECT {columns} FROM {TREATED}"
    )
    engine.declare(TREATED, f"SELECT * FROM kept_{TREATED}")


def _cases(
    engine: Engine, last: int, bands: Mapping[int, dict[str, int]],
    verdicts: Mapping[int, tuple[Verdict, ...]],
) -> tuple[Case, ...]:  # fmt: skip
    rows = engine.rows(
        f"SELECT case_key, exposures, amount FROM cases_{last} ORDER BY amount DESC, case_key"
    )
    return tuple(
        Case(case_id(key), bands[key], verdicts[key], exposures, amount)
        for key, exposures, amount in rows
    )


__all__ = ["TREATED", "classify", "outcome_sql"]
