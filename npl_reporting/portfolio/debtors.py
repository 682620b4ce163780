"""Values taken over all exposures of one debtor: computed once, joined where facts need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from npl_reporting.engine import Engine, quoted
from npl_reporting.law.expressions import DebtorAggregate
from npl_reporting.law.functions import Sql, quotient
from npl_reporting.law.rulebook import Fact

_PORTION = 2


def joined(
    engine: Engine, source: str, prefix: str, facts: Sequence[Fact], levels: Mapping[str, int],
    *, portioned: bool, compute: bool,
) -> tuple[str, tuple[str, ...]]:  # fmt: skip
    """Join to `source` what the facts need over each debtor's exposures.

    Returns SQL for the joined relation and the columns added. The values lie in tables named
    after `prefix`; with `compute` they are made, otherwise those of the whole portfolio serve. Where the
    source is `portioned`, an aggregate that reads nothing of a portion counts each exposure once.
    """
    needed = {a.name: a for fact in facts for a in fact.value.aggregates}
    if not needed:
        return source, ()
    columns, joins = [], ""
    for number, aggregate in enumerate(needed[name] for name in sorted(needed)):
        table, alias = f"{prefix}_debtors_{number}", f"d{number}"
        if compute:
            per_exposure = portioned and all(levels[name] < _PORTION for name in aggregate.names)
            rows = f"(SELECT * FROM {source} WHERE first_portion)" if per_exposure else source
            query = _query(aggregate, rows)
            engine.execute(f"CREATE OR REPLACE TABLE {table} AS {query}")
        joins += f" LEFT JOIN {table} {alias} ON {alias}.debtor_id = s.debtor_id"
        columns.append(f"{_value(aggregate, alias)} AS {quoted(aggregate.name)}")
    return f"(SELECT s.*, {', '.join(columns)} FROM {source} s{joins})", tuple(sorted(needed))


def _query(aggregate: DebtorAggregate, rows: str) -> str:
    """One row per debtor for whom there is something to say."""
    condition, amount = aggregate.condition, aggregate.amount
    if aggregate.function in ("any", "count"):
        return (
            f"SELECT debtor_id, count(*) AS value FROM {rows} WHERE {condition} GROUP BY debtor_id"
        )
    if aggregate.function == "share":
        held = f"coalesce(sum({amount}) FILTER (WHERE {condition}), 0)"
        return f"SELECT debtor_id, {held} AS held, sum({amount}) AS whole FROM {rows} GROUP BY debtor_id"
    return (
        f"SELECT debtor_id, {aggregate.function}({amount}) AS value FROM {rows} GROUP BY debtor_id"
    )


def _value(aggregate: DebtorAggregate, alias: str) -> str:
    match aggregate.function:
        case "any":
            return f"({alias}.value IS NOT NULL)"
        case "count":
            return f"coalesce({alias}.value, 0)"
        case "share":
            held, whole = (Sql(f"{alias}.{c}", "money", aggregate.scale) for c in ("held", "whole"))
            return quotient(held, whole).text
    return f"{alias}.value"
