"""Exposures → facts → portions, as views over the tape: nothing is copied, columns come on demand."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.law.expressions import Value, constant_sql
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.portfolio import debtors


def declare_exposures(
    engine: Engine,
    relation: str,
    rulebook: Rulebook,
    present: Sequence[str],
    dates: str,
    source: str = "exposures",
) -> None:
    """Make the view `relation` of the table `source` with every column the rulebook may read.

    `present` are the tape's columns; others are missing values of their type, or their default.
    `dates` is SQL for the column `reporting_date`: a literal, or `"reporting_date"` itself where
    the source carries one.
    """
    absent = []
    for name, column in rulebook.columns.items():
        if name not in present:
            default = column.default
            value = "NULL" if default is None else constant_sql(default).text
            absent.append(f"CAST({value} AS {sql_type(rulebook, name)}) AS {quoted(name)}")
    columns = ", ".join(["*", *absent, *([f"{dates} AS reporting_date"] if dates else [])])
    engine.declare(relation, f"SELECT {columns} FROM {source}")


def sql_type(rulebook: Rulebook, column: str) -> str:
    """The SQL type in which a tape column is held."""
    return {
        "text": "VARCHAR",
        "date": "DATE",
        "boolean": "BOOLEAN",
        "integer": "BIGINT",
        "rate": "DECIMAL(18, 6)",
        "money": f"DECIMAL(18, {rulebook.scope.money_decimals})",
    }[rulebook.columns[column].type]


def declare_facts(
    engine: Engine, source: str, target: str, rulebook: Rulebook, stage: int, shared: str = "",
    settled: Collection[str] = (),
) -> None:  # fmt: skip
    """Make the view `target`: `source` with the stage's facts, one layer for each step they take.

    Facts that are `settled` are columns of the source already.

    Values over a debtor's exposures go into tables named after the target; a chain over a sample
    of exposures names in `shared` the target whose tables it uses.
    """
    facts = [fact for fact in rulebook.stages[stage].facts if fact.name not in settled]
    names = {fact.name for fact in facts}
    known: set[str] = set()
    current = source
    for number in range(len(facts)):
        ready = [f for f in facts if f.name not in known and not (f.value.reads & names) - known]
        if not ready:
            break
        relation, added = debtors.joined(
            engine, current, f"{shared or target}_{number}", ready, rulebook.levels,
            portioned=stage > 0, compute=not shared,
        )  # fmt: skip
        excluded = f" EXCLUDE ({', '.join(quoted(name) for name in added)})" if added else ""
        columns = ", ".join(f"{fact.value.sql} AS {quoted(fact.name)}" for fact in ready)
        layer = f"{target}_layer_{number}"
        select = f"SELECT *{excluded}, {columns} FROM {relation}"
        engine.declare(layer, select)
        known |= {fact.name for fact in ready}
        current = layer
    engine.declare(target, f"SELECT * FROM {current}")


def declare_portions(
    engine: Engine, source: str, target: str, portions: Mapping[str, Value]
) -> None:
    """Make the view `target`: one row per exposure and portion, with `portion` and `amount`.

    A portion of zero is left out, unless the whole exposure is zero: then the last remains.
    `first_portion` is true on exactly one row of each exposure.
    """
    if len(portions) == 1:
        ((name, value),) = portions.items()
        engine.declare(
            target,
            f"SELECT *, {literal(name)} AS portion, "
            f"{value.sql} AS amount, true AS first_portion FROM {source}",
        )
        return
    inner, last = source, len(portions) - 1
    for name, value in portions.items():
        inner = f"(SELECT *, {value.sql} AS {quoted(name)} FROM {inner})"
    columns = [quoted(name) for name in portions]
    first = " ".join(f"WHEN {column} <> 0 THEN {i}" for i, column in enumerate(columns))
    name_of = " ".join(f"WHEN {i} THEN {literal(name)}" for i, name in enumerate(portions))
    amount_of = " ".join(f"WHEN {i} THEN {column}" for i, column in enumerate(columns))
    place, first_place = '"portion place"', '"first place"'
    places = f"SELECT *, CASE {first} ELSE {last} END AS {first_place} FROM {inner}"
    engine.declare(
        target,
        f"SELECT * EXCLUDE ({place}, {first_place}), "
        f"{place} = {first_place} AS first_portion FROM ("
        f"SELECT * EXCLUDE ({', '.join(columns)}), CASE {place} {name_of} END AS portion, "
        f"CASE {place} {amount_of} END AS amount FROM ("
        f"SELECT *, unnest({list(range(len(portions)))}) AS {place} FROM ({places}))"
        f") WHERE amount <> 0 OR {place} = {first_place}",
    )
