"""A tape decided under one rulebook and kept, so that another's decisions can be laid beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import pyarrow as pa

from npl_reporting.engine import Engine, quoted
from npl_reporting.law.expressions import constant_sql
from npl_reporting.law.rulebook import Outcome, Rulebook
from npl_reporting.portfolio.cases import Case, outcome_text
from npl_reporting.portfolio.classify import TREATED, classify
from npl_reporting.portfolio.facts import sql_type

_EXPOSURE_AMOUNT = 'sum(amount) OVER (PARTITION BY "row")'


@dataclass(frozen=True)
class Decided:
    """A rulebook's answers on a tape.

    `table` has a row per exposure and portion: row, exposure_id, debtor_id, portion, amount,
    exposure_amount (all portions), first_portion, case_id, and a column per name in `amounts`.
    `verdicts` has a row per case and decision: case_id, decision, outcome, severity (0 mildest),
    rules and articles (those that decided, in the file's order).
    """

    rulebook: Rulebook
    cases: tuple[Case, ...]
    table: str
    verdicts: str

    @cached_property
    def outcomes(self) -> Mapping[str, Mapping[str, Outcome]]:
        """The outcome of every decision, by case."""
        return {case.id: {v.decision: v.outcome for v in case.verdicts} for case in self.cases}


def decide_tape(
    engine: Engine, rulebook: Rulebook, present: Collection[str], day: date, name: str,
    source: str = "exposures",
) -> Decided:  # fmt: skip
    """Decide the exposures in `source` and keep the answers in tables named after `name`.

    Of the source's columns the rulebook sees those that it knows; where it gives one a default,
    an empty cell has that. The view `treated` is this rulebook's until the next tape is decided.
    """
    own = _own(engine, rulebook, present, name, source)
    cases = classify(engine, rulebook, own, day, f"{name}_source")
    return keep_answers(engine, rulebook, cases, name)


def keep_answers(engine: Engine, rulebook: Rulebook, cases: tuple[Case, ...], name: str) -> Decided:
    """Keep what `classify` has just decided in tables named after `name`."""
    amounts = "".join(f", {quoted(amount)}" for amount in rulebook.amounts)
    whole = "amount" if len(rulebook.portions) == 1 else _EXPOSURE_AMOUNT
    engine.execute(
        f"CREATE OR REPLACE TABLE {name}_decided AS SELECT row, exposure_id, debtor_id, portion, "
        f"amount, {whole} AS exposure_amount, first_portion, case_id{amounts} FROM {TREATED}"
    )
    return Decided(rulebook, cases, f"{name}_decided", keep_verdicts(engine, rulebook, cases, name))


def keep_verdicts(engine: Engine, rulebook: Rulebook, cases: Collection[Case], name: str) -> str:
    """Keep the verdicts on all cases as a table named after `name`; return what it is called."""
    engine.register(f"{name}_cases", verdict_table(rulebook, cases))
    engine.execute(f"CREATE OR REPLACE TABLE {name}_verdicts AS SELECT * FROM {name}_cases")
    return f"{name}_verdicts"


def _own(
    engine: Engine, rulebook: Rulebook, present: Collection[str], name: str, source: str
) -> Sequence[str]:
    own = [column for column in rulebook.columns if column in present]
    columns = "".join(f", {_filled(rulebook, column)} AS {quoted(column)}" for column in own)
    engine.declare(f"{name}_source", f"SELECT row{columns} FROM {source}")
    return own


def _filled(rulebook: Rulebook, column: str) -> str:
    default = rulebook.columns[column].default
    kind = sql_type(rulebook, column)
    if default is None:
        return f"CAST({quoted(column)} AS {kind})"
    return f"CAST(coalesce({quoted(column)}, {constant_sql(default).text}) AS {kind})"


def verdict_table(rulebook: Rulebook, cases: Collection[Case]) -> pa.Table:
    """Every decision on every case: the columns that `Decided.verdicts` has."""
    rows: dict[str, list[object]] = {
        name: [] for name in ("case_id", "decision", "outcome", "severity", "rules", "articles")
    }
    for case in cases:
        for decision in rulebook.decisions:
            verdict = case.verdict(decision.name)
            rules = [
                rule
                for rule in decision.rules
                if rule.id in verdict.fired and rule.then == verdict.outcome
            ]
            articles = dict.fromkeys(c for rule in rules for c in rule.citations)
            rows["case_id"].append(case.id)
            rows["decision"].append(decision.name)
            rows["outcome"].append(outcome_text(verdict.outcome))
            rows["severity"].append(decision.severity(verdict.outcome))
            rows["rules"].append(" ".join(rule.id for rule in rules))
            rows["articles"].append(" ".join(articles))
    texts = {
        name: pa.array(values, pa.string()) for name, values in rows.items() if name != "severity"
    }
    return pa.table({**texts, "severity": pa.array(rows["severity"], pa.int64())})
