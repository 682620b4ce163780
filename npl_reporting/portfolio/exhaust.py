"""Every reachable combination of bands, decided: what `npl rules check` proves of a rulebook.

A combination is taken to be reachable unless a fact in it is missing that never can be, or an
earlier decision's outcome in it cannot come with the facts that both decisions read. Facts that
share a source are not held together, so that the check looks at some combinations that no loan can
be in; it overlooks none that one can.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from npl_reporting.engine import Engine, quoted
from npl_reporting.law.bands import MISSING, Bands
from npl_reporting.law.conditions import All, Comparison, Condition
from npl_reporting.law.missing import never_missing
from npl_reporting.law.rulebook import Decision, Rulebook
from npl_reporting.law.words import reading

MOST_COMBINATIONS = 20_000_000
"""Above this a decision is not examined, and the result says so."""

_SEVERITY, _BEFORE, _CODE = '"its severity"', '"severity before"', '"code of its outcome"'


@dataclass(frozen=True)
class Weakness:
    """One thing found wrong with a decision, with a combination that shows it, in words."""

    decision: str
    kind: str
    what: str
    example: tuple[str, ...]


@dataclass(frozen=True)
class Examined:
    """One decision: how many combinations there are, whether they were examined, what was found."""

    decision: str
    combinations: int
    examined: bool
    weaknesses: tuple[Weakness, ...]


def examine(engine: Engine, rulebook: Rulebook) -> tuple[Examined, ...]:
    """Examine every decision of a rulebook over all combinations of the bands it reads."""
    present = never_missing(rulebook)
    return tuple(_examine(engine, rulebook, decision, present) for decision in rulebook.decisions)


def _names(decision: Decision) -> list[str]:
    return sorted({name for rule in decision.rules for name in rule.condition.names})


def _examine(
    engine: Engine, rulebook: Rulebook, decision: Decision, present: frozenset[str]
) -> Examined:
    names = _names(decision)
    reachable = {name: _reachable(rulebook.bands[name], name in present) for name in names}
    count = prod(len(bands) for bands in reachable.values())
    if count > MOST_COMBINATIONS:
        return Examined(decision.name, count, False, ())
    _grid(engine, rulebook, decision, reachable)
    count = engine.value("SELECT count(*) FROM grid")
    weaknesses = (
        *_gaps(engine, rulebook, decision, names),
        *_never_winning(engine, decision),
        *_milder(engine, rulebook, decision, names),
    )
    return Examined(decision.name, count, True, weaknesses)


def _reachable(bands: Bands, present: bool) -> Sequence[int]:
    return range(1 if present else MISSING, bands.size)


def _grid(
    engine: Engine, rulebook: Rulebook, decision: Decision, reachable: Mapping[str, Sequence[int]]
) -> None:
    """Make the table `grid`: a row per combination, the rules that hold, the severity reached."""
    tables = ", ".join(
        f"(SELECT unnest({list(bands)})::USMALLINT AS {quoted(name)})"
        for name, bands in reachable.items()
    )
    holds = ", ".join(
        f"{_band_sql(rule.condition.condition, rulebook.bands)} AS {quoted('holds ' + rule.id)}"
        for rule in decision.rules
    )
    possible = " AND ".join(_possible(engine, rulebook, decision)) or "true"
    base = f"SELECT *{', ' if holds else ''}{holds} FROM {tables or '(SELECT 1)'} WHERE {possible}"
    branches = " ".join(
        f"WHEN {quoted('holds ' + rule.id)} THEN {decision.severity(rule.then)}"
        for rule in sorted(decision.rules, key=lambda rule: -decision.severity(rule.then))
    )
    default = "NULL" if decision.default is None else str(decision.severity(decision.default))
    severity = f"CASE {branches} ELSE {default} END" if branches else default
    engine.execute(
        f"CREATE OR REPLACE TABLE grid AS SELECT *, {severity} AS {_SEVERITY} FROM ({base})"
    )
    kept = "".join(f"{quoted(name)}, " for name in reachable)
    engine.execute(
        f"CREATE OR REPLACE TABLE {_reached(decision)} AS SELECT DISTINCT "
        f"{kept}CAST({_SEVERITY} + 1 AS USMALLINT) AS {_CODE} FROM grid"
    )


def _reached(decision: Decision) -> str:
    """The table of outcome codes that a decision can come to, beside the bands it read."""
    return quoted("reached " + decision.name)


def _possible(engine: Engine, rulebook: Rulebook, decision: Decision) -> Iterator[str]:
    """SQL that keeps an earlier outcome only beside facts with which it can come about."""
    names = set(_names(decision))
    made = {row[0] for row in engine.rows("SELECT table_name FROM duckdb_tables()")}
    for earlier in rulebook.decisions:
        if earlier.name not in names or earlier.rate or "reached " + earlier.name not in made:
            continue
        shared = sorted(names & set(_names(earlier)))
        mine = ", ".join(quoted(name) for name in (*shared, earlier.name))
        theirs = ", ".join([*(quoted(name) for name in shared), _CODE])
        yield f"({mine}) IN (SELECT ({theirs}) FROM {_reached(earlier)})"


def _band_sql(condition: Condition, bands: Mapping[str, Bands]) -> str:
    if isinstance(condition, Comparison):
        holding = ", ".join(str(band) for band in bands[condition.name].holding(condition)) or "-1"
        return f"({quoted(condition.name)} IN ({holding}))"
    word = " AND " if isinstance(condition, All) else " OR "
    return "(" + word.join(_band_sql(part, bands) for part in condition.parts) + ")"


def _gaps(
    engine: Engine, rulebook: Rulebook, decision: Decision, names: Sequence[str]
) -> Iterator[Weakness]:
    found = engine.records(f"SELECT * FROM grid WHERE {_SEVERITY} IS NULL LIMIT 1")
    if found:
        number = engine.value(f"SELECT count(*) FROM grid WHERE {_SEVERITY} IS NULL")
        what = f"{number} combinations get no outcome"
        yield Weakness(decision.name, "gap", what, _example(rulebook, names, found[0]))


def _never_winning(engine: Engine, decision: Decision) -> Iterator[Weakness]:
    for rule in decision.rules:
        column = quoted("holds " + rule.id)
        wins_here = f"{column} AND {_SEVERITY} = {decision.severity(rule.then)}"
        holds, wins = engine.rows(
            f"SELECT count(*) FILTER (WHERE {column}), count(*) FILTER (WHERE {wins_here}) FROM grid"
        )[0]
        if not holds:
            yield Weakness(decision.name, "never holds", f"rule '{rule.id}' can never hold", ())
        elif not wins:
            what = f"rule '{rule.id}' never wins: wherever it holds, a severer rule does too"
            yield Weakness(decision.name, "never wins", what, ())


def _milder(
    engine: Engine, rulebook: Rulebook, decision: Decision, names: Sequence[str]
) -> Iterator[Weakness]:
    """Outcomes that get milder as a loan gets later or its cover shrinks, all else the same."""
    worse = {fact.name: fact.worse for fact in rulebook.facts if fact.worse}
    for name in names:
        if name not in worse or name in decision.milder_allowed:
            continue
        others = ", ".join(quoted(other) for other in names if other != name) or "1"
        column = quoted(name)
        better = "lag" if worse[name] == "up" else "lead"
        found = engine.records(
            f"SELECT * FROM (SELECT *, {better}({_SEVERITY}) OVER (PARTITION BY {others} "
            f"ORDER BY {column}) AS {_BEFORE} FROM grid WHERE {column} > {MISSING}) "
            f"WHERE {_BEFORE} > {_SEVERITY} LIMIT 1"
        )
        if found:
            before, after = (found[0][part.strip('"')] for part in (_BEFORE, _SEVERITY))
            moves = "grows" if worse[name] == "up" else "shrinks"
            what = (
                f"'{decision.outcomes[before]}' becomes '{decision.outcomes[after]}' "
                f"as '{name}' {moves}"
            )
            yield Weakness(decision.name, "milder", what, _example(rulebook, names, found[0]))


def _example(
    rulebook: Rulebook, names: Sequence[str], row: Mapping[str, object]
) -> tuple[str, ...]:
    return tuple(reading(rulebook, name, int(str(row[name])), "en") for name in names)
