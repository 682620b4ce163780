"""Arrears from a payment schedule: payments settle the oldest instalment first.

What has come in by the reporting date pays the instalments in the order of their due dates, and
within one due date its parts in the jurisdiction's order of appropriation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.law.columns import Column
from npl_reporting.law.expressions import constant_sql
from npl_reporting.law.rulefile import Part
from npl_reporting.portfolio.casts import sql_type
from npl_reporting.portfolio.checks import of_kind
from npl_reporting.portfolio.findings import add_rows
from npl_reporting.portfolio.schedule import PARTS, WHOLE, Schedule
from npl_reporting.portfolio.schedulefaults import faulty_sql

OLDEST, PAST_DUE, LAST_PAID = "oldest_unpaid_due_date", "past_due_amount", "last_payment_date"


def declare_arrears(
    engine: Engine, schedule: Schedule, order: Sequence[Part], day: date
) -> tuple[str, ...]:
    """Make the table `arrears` of the exposures in the table `schedule`; return its columns.

    oldest_unpaid_due_date and past_due_amount; past_due_costs, past_due_interest and
    past_due_principal where the schedule tells the parts apart; last_payment_date where it dates
    payments. An instalment counts from its due date on. An exposure with a faulty row has none.
    """
    today = constant_sql(day).text
    sound = f"SELECT * FROM schedule WHERE exposure_id NOT IN ({faulty_sql(schedule)})"
    engine.execute(f"CREATE OR REPLACE TABLE sound_schedule AS {sound}")
    claims = " UNION ALL ".join(_claims(schedule, order, today))
    engine.execute(f"CREATE OR REPLACE TABLE claims AS {claims}")
    engine.execute(f"CREATE OR REPLACE TABLE payments AS {_payments(today)}")
    columns = dict(_columns(schedule))
    told = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    engine.execute(
        f"CREATE OR REPLACE TABLE arrears AS SELECT p.exposure_id, {told} "
        f"FROM payments p LEFT JOIN ({_unpaid()}) u ON u.exposure_id = p.exposure_id "
        "GROUP BY p.exposure_id"
    )
    return tuple(columns)


def _claims(schedule: Schedule, order: Sequence[Part], today: str) -> Iterator[str]:
    """Every part of every instalment that has fallen due, with its place in the order."""
    named = [(part, PARTS[part]) for part in order if part in schedule.parts]
    for place, (part, column) in enumerate(named or [("", WHOLE)]):
        yield (
            f"SELECT exposure_id, due_date, {place} AS place, line, {literal(part)} AS part, "
            f"{column} AS due FROM sound_schedule WHERE {column} > 0 AND due_date <= {today}"
        )


def _payments(today: str) -> str:
    """What each exposure has paid by the reporting date, and when last."""
    by_then = f"FILTER (WHERE paid_date IS NULL OR paid_date <= {today})"
    return (
        f"SELECT exposure_id, coalesce(sum(amount_paid) {by_then}, 0) AS paid, "
        f"max(paid_date) FILTER (WHERE amount_paid > 0 AND paid_date <= {today}) AS last "
        "FROM sound_schedule GROUP BY exposure_id"
    )


def _unpaid() -> str:
    """What is left of every claim once the payments have gone to those before it."""
    upto = (
        "sum(due) OVER (PARTITION BY c.exposure_id ORDER BY due_date, place, line "
        "ROWS UNBOUNDED PRECEDING)"
    )
    return (
        f"SELECT c.exposure_id, due_date, part, least(due, greatest({upto} - paid, 0)) AS unpaid "
        "FROM claims c JOIN payments p ON p.exposure_id = c.exposure_id"
    )


def _columns(schedule: Schedule) -> Iterator[tuple[str, str]]:
    yield OLDEST, "min(due_date) FILTER (WHERE unpaid > 0)"
    yield PAST_DUE, "coalesce(sum(unpaid), 0)"
    for part in schedule.parts:
        yield f"past_due_{part}", f"coalesce(sum(unpaid) FILTER (WHERE part = {literal(part)}), 0)"
    if "paid_date" in schedule.columns:
        yield LAST_PAID, "any_value(p.last)"


def add_arrears(
    engine: Engine, arrears: Sequence[str], present: Sequence[str], known: Mapping[str, Column],
    decimals: int,
) -> tuple[str, ...]:  # fmt: skip
    """Give the relation `tape` the columns of the table `arrears`; return those it did not have.

    An exposure that the schedule does not hold keeps what the tape says. Of the parts, those are
    added that the rulebook declares as columns. Where both say something else it is a finding.
    """
    added = [name for name in arrears if name in known]
    for column in (OLDEST, PAST_DUE):
        if column in present:
            _note_differences(engine, column)
    settled = ", ".join(_settled(added, present, known, decimals))
    engine.execute(
        f"CREATE TABLE settled_tape AS SELECT t.*{_without(added, present)}, {settled} FROM tape t LEFT JOIN arrears a ON a.exposure_id = t.exposure_id"
    )
    views = engine.value("SELECT count(*) FROM duckdb_views() WHERE view_name = 'tape'")
    engine.execute(f"DROP {'VIEW' if views else 'TABLE'} tape")
    engine.execute("ALTER TABLE settled_tape RENAME TO tape")
    return tuple(name for name in added if name not in present)


def _without(added: Sequence[str], present: Sequence[str]) -> str:
    both = ", ".join(quoted(name) for name in added if name in present)
    return f" EXCLUDE ({both})" if both else ""


def _settled(
    added: Sequence[str], present: Sequence[str], known: Mapping[str, Column], decimals: int
) -> Iterator[str]:
    for name in added:
        value = f"CAST(a.{quoted(name)} AS {sql_type(known[name], decimals)})"
        if name in present:
            value = f"CASE WHEN a.exposure_id IS NULL THEN t.{quoted(name)} ELSE {value} END"
        yield f"{value} AS {quoted(name)}"


def _note_differences(engine: Engine, column: str) -> None:
    """Record where the tape's own column says something else than the schedule, which counts."""
    zero = (
        "coalesce(t.value, 0) <> a.value"
        if column == PAST_DUE
        else "t.value IS DISTINCT FROM a.value"
    )
    source = (
        f"(SELECT t.row, t.exposure_id, t.value, a.value AS settled FROM "
        f"(SELECT row, exposure_id, {column} AS value FROM tape) t JOIN "
        f"(SELECT exposure_id, {column} AS value FROM arrears) a ON a.exposure_id = t.exposure_id "
        f"WHERE {zero})"
    )
    told = "coalesce(CAST(settled AS VARCHAR), 'nothing') || ' by the schedule, which counts'"
    for check, _ in of_kind("schedule_differs"):
        add_rows(engine, check, source, column=column, value="value", expected=told)
