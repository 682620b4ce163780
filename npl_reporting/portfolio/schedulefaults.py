"""What is wrong with a payment schedule: every faulty row a finding on the exposure's own row."""

from __future__ import annotations

from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.portfolio.checks import of_kind
from npl_reporting.portfolio.findings import ALL_COLUMNS, add_rows
from npl_reporting.portfolio.readings import Reading
from npl_reporting.portfolio.schedule import (
    PARTS,
    WHOLE,
    Schedule,
    fault_column,
    text_column,
)

_DUE = (WHOLE, *PARTS.values())
_INSTALMENT = " OR ".join(f"{name} IS NOT NULL" for name in _DUE)
_COMPLETE = (
    f"((due_date IS NOT NULL) = ({_INSTALMENT}) AND (due_date IS NOT NULL OR amount_paid IS NOT NULL)"
    " AND (paid_date IS NULL OR amount_paid IS NOT NULL))"
)
_LEAST = f"least({', '.join((*_DUE, 'amount_paid'))})"


def find_schedule_faults(engine: Engine, schedule: Schedule) -> None:
    """Record the faulty rows of the table `schedule`; `tape` names the rows of its exposures.

    Quarantine so sets an exposure aside whose schedule cannot be read whole.
    """
    read = _read(schedule)
    for check, _ in of_kind("ragged"):
        _record(engine, check, "cells <> 0", ALL_COLUMNS, "cells || ' cells'")
    for reading in schedule.readings:
        _record_unread(engine, reading)
    for check, _ in of_kind("schedule_incomplete"):
        _record(engine, check, f"{read} AND NOT {_COMPLETE}", "due_date", "due_date")
    for check, _ in of_kind("schedule_negative"):
        _record(engine, check, f"{_LEAST} < 0", "amount_paid", _LEAST)
    for check, _ in of_kind("schedule_stranger"):
        where = "exposure_id NOT IN (SELECT exposure_id FROM tape WHERE exposure_id IS NOT NULL)"
        _record(engine, check, where, "exposure_id", "exposure_id", once=True)


def faulty_sql(schedule: Schedule) -> str:
    """A query for the exposures whose schedule has a faulty row."""
    sound = f"{_read(schedule)} AND {_COMPLETE} AND coalesce({_LEAST} >= 0, true)"
    return f"SELECT exposure_id FROM schedule WHERE exposure_id IS NOT NULL AND NOT ({sound})"


def _read(schedule: Schedule) -> str:
    """Every cell of the row could be read."""
    faults = [f"{quoted(fault_column(name))} IS NULL" for name in schedule.columns]
    return " AND ".join(["cells = 0", *faults])


def _record_unread(engine: Engine, reading: Reading) -> None:
    """Record cells that could not be read, by the checks that the tape's own cells are under."""
    fault = quoted(fault_column(reading.column))
    found = engine.rows(
        f"SELECT DISTINCT check_id, kind FROM schedule JOIN checks ON kind = {fault} "
        "WHERE cells = 0 ORDER BY check_id"
    )
    for check, kind in found:
        where = f"cells = 0 AND {fault} = {literal(kind)}"
        text = quoted(text_column(reading.column))
        _record(engine, check, where, reading.column, text, reading.expected)


def _record(
    engine: Engine, check: str, where: str, column: str, value: str, expected: str = "",
    *, once: bool = False,
) -> None:  # fmt: skip
    """Record one finding for each row of the schedule, or for each exposure, that is found."""
    lead = f"{expected}, in" if expected else "see"
    told = f"{literal(lead)} || ' row ' || line || ' of the schedule'"
    line = "min(line)" if once else "line"
    grouped = " GROUP BY t.row, s.exposure_id, s.value" if once else ""
    source = (
        f"(SELECT t.row, s.exposure_id, s.value, {line} AS line FROM "
        f"(SELECT *, {value} AS value FROM schedule WHERE {where}) s "
        "LEFT JOIN (SELECT exposure_id, min(row) AS row FROM tape GROUP BY exposure_id) t "
        f"ON t.exposure_id = s.exposure_id{grouped})"
    )
    add_rows(
        engine, check, source, column=column and f"schedule {column}", value="value", expected=told
    )
