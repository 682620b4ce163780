"""Phase three: does each row make sense? Conditions of `rules/checks.yaml`, counted, then listed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.law.columns import Column
from npl_reporting.law.expressions import Scope, compile_value
from npl_reporting.portfolio.casts import sql_type
from npl_reporting.portfolio.checks import Check, phases
from npl_reporting.portfolio.findings import ALL_COLUMNS, add_rows


@dataclass(frozen=True)
class LogicCheck:
    """A check ready to run: the columns it reads, the SQL of its failure and of what to show."""

    id: str
    columns: tuple[str, ...]
    fails: str
    value: str


def logic_checks(
    dictionary: Mapping[str, Column], present: Collection[str], reporting_date: date
) -> tuple[LogicCheck, ...]:
    """Compile the checks that the tape's columns allow.

    An error is looked for wherever its first column is present, a warning where all are.
    """
    scope = _scope(dictionary, present, reporting_date)
    return tuple(
        compiled
        for name, check in phases()["logic"].items()
        for compiled in _compiled(name, check, scope, present)
    )


def find_logic_faults(engine: Engine, checks: Sequence[LogicCheck]) -> None:
    """Count all failures in one scan, then record the rows of those checks that failed."""
    if not checks:
        return
    counted = ", ".join(f"count(*) FILTER (WHERE {check.fails})" for check in checks)
    (counts,) = engine.rows(f"SELECT {counted} FROM tape")
    failing = [check for check, count in zip(checks, counts, strict=True) if count]
    if not failing:
        return
    engine.execute(
        'CREATE TABLE unread AS SELECT "row", "column" FROM findings JOIN checks USING (check_id) '
        "WHERE phase = 'syntax' AND \"row\" IS NOT NULL"
    )
    for check in failing:
        _record(engine, check)
    engine.execute("DROP TABLE unread")


def _record(engine: Engine, check: LogicCheck) -> None:
    """Record the rows that fail, except where a cell that the check reads could not be read."""
    columns = ", ".join(map(literal, (ALL_COLUMNS, *check.columns)))
    unread = f'SELECT "row" FROM unread WHERE "column" IN ({columns})'
    source = f"(SELECT * FROM tape WHERE {check.fails} AND row NOT IN ({unread}))"
    add_rows(engine, check.id, source, column=check.columns[0], value=check.value)


def _compiled(
    name: str, check: Check, scope: Scope, present: Collection[str]
) -> Iterator[LogicCheck]:
    condition = check.fails_when or "false"
    if check.each:
        for column in (column for column in check.columns if column in present):
            sql = compile_value(condition, _about(scope, column)).sql
            yield LogicCheck(name, (column,), sql, quoted(column))
        return
    needed = check.columns[:1] if check.severity == "error" else check.columns
    if set(needed) <= set(present):
        sql = compile_value(condition, scope).sql
        yield LogicCheck(name, check.columns, sql, _shown(check.columns, present))


def _shown(columns: Sequence[str], present: Collection[str]) -> str:
    """SQL that shows the value, or each value with its name where there are several."""
    if len(columns) == 1:
        return quoted(columns[0])
    values = {
        name: f"CAST({quoted(name)} AS VARCHAR)" if name in present else "NULL" for name in columns
    }
    parts = [f"{literal(name + ' ')} || coalesce({v}, 'empty')" for name, v in values.items()]
    return f"concat_ws(', ', {', '.join(parts)})"


def _scope(
    dictionary: Mapping[str, Column], present: Collection[str], reporting_date: date
) -> Scope:
    kinds = {name: column.kind for name, column in dictionary.items()}
    absent = {
        name: f"CAST(NULL AS {sql_type(column, 0)})"
        for name, column in dictionary.items()
        if name not in present
    }
    today = f"DATE '{reporting_date.isoformat()}'"
    return Scope(
        kinds={**kinds, "reporting_date": "date"}, literals={**absent, "reporting_date": today}
    )


def _about(scope: Scope, column: str) -> Scope:
    """The scope in which `value` is one column."""
    literals = {**scope.literals, "value": quoted(column)}
    return Scope(kinds={**scope.kinds, "value": scope.kinds[column]}, literals=literals)
