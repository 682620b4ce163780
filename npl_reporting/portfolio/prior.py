"""What the prior run leaves to this one: its outcomes and carried values, as columns `prior_…`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.law.rulebook import Decision, Rulebook
from npl_reporting.portfolio.facts import sql_type

JOINED = "exposures_with_prior"


def join_prior(
    engine: Engine, rulebook: Rulebook, decisions: Path, day: date, present: Sequence[str]
) -> tuple[str, tuple[str, ...]]:
    """Join to `exposures` what the prior run decided and carried; return the view, its columns.

    `decisions` is the prior run's decisions.parquet. Of several portions the severest outcome
    counts. Columns that the tape gives itself are kept. What the prior rulebook did not have, and
    everything of an exposure that is new, is missing.
    """
    source = f"read_parquet({literal(str(decisions))})"
    had = engine.columns(source)
    values = dict(_values(rulebook, had))
    values["prior_reporting_date"] = f"DATE '{day}'"
    wanted = {name: sql for name, sql in values.items() if name not in present}
    columns = "".join(f", {sql} AS {quoted(name)}" for name, sql in wanted.items())
    engine.execute(
        f"CREATE OR REPLACE TABLE prior_state AS SELECT exposure_id{columns} FROM {source} "
        "GROUP BY exposure_id"
    )
    engine.execute(
        f"CREATE OR REPLACE VIEW {JOINED} AS SELECT e.*, p.* EXCLUDE (exposure_id) "
        "FROM exposures e LEFT JOIN prior_state p ON p.exposure_id = e.exposure_id"
    )
    return JOINED, (*present, *wanted)


def _values(rulebook: Rulebook, had: dict[str, str]) -> Iterator[tuple[str, str]]:
    """SQL over the prior run's rows of one exposure, for each `prior_…` column it can fill."""
    for decision in rulebook.decisions:
        if decision.name in had:
            yield f"prior_{decision.name}", severest_sql(decision)
    for name in rulebook.carried:
        if name in had:
            kind = sql_type(rulebook, f"prior_{name}")
            yield f"prior_{name}", f"CAST(any_value({quoted(name)}) AS {kind})"


def severest_sql(decision: Decision) -> str:
    """The severest of the outcomes of one exposure's portions, as an aggregate."""
    column = quoted(decision.name)
    if decision.rate:
        return f"max({column})"
    order = literal([str(outcome) for outcome in decision.outcomes])
    return f"arg_max({column}, list_position({order}, {column}))"
