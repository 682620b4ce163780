"""What each debtor owes, piece by piece, in the order in which a payment settles it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from decimal import Decimal

from npl_reporting.engine import Engine, literal
from npl_reporting.law.expressions import constant_sql
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.portfolio.arrears import OLDEST, PAST_DUE
from npl_reporting.portfolio.exchange import EXCHANGE_RATE
from npl_reporting.portfolio.schedule import PARTS, WHOLE

ARREARS_UNKNOWN, FOREIGN_CURRENCY = "arrears_unknown", "foreign_currency"
"""Why a debtor's arrears cannot be laid out: no amount is given, or it is owed in another currency."""

_SCHEDULE = "sound_schedule"


def declare_dues(
    engine: Engine,
    rulebook: Rulebook,
    source: str,
    present: Collection[str],
    start: date,
    end: date,
) -> None:
    """Make the tables `dues` and `dues_unknown` of the exposures in `source`.

    `dues` has a row per piece that is unpaid on `start` and due by `end`: debtor_id, row, due_date,
    part, units (of the currency's minor unit), and `before`, what the debtor owes ahead of it: the
    oldest due date comes first, then the number of the exposure, then the order of appropriation.
    An exposure without a schedule owes its past-due amount in one piece. `dues_unknown` names the
    debtors of whom that cannot be told, with a reason.
    """
    planned = _planned(engine, source, rulebook, start, end) if _scheduled(engine) else ""
    stated = _stated(rulebook, source, present, bool(planned))
    pieces = " UNION ALL ".join([*stated, *([planned] if planned else [])])
    engine.execute(
        "CREATE OR REPLACE TABLE dues AS SELECT *, coalesce(sum(units) OVER ("
        "PARTITION BY debtor_id ORDER BY due_date NULLS LAST, exposure_id, place, line "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before "
        f"FROM ({pieces or _nothing()})"
    )
    unknown = " UNION ALL ".join(_unknown(source, present, bool(planned)))
    engine.execute(
        f"CREATE OR REPLACE TABLE dues_unknown AS SELECT debtor_id, min(reason) AS reason "
        f"FROM ({unknown or _nobody()}) GROUP BY debtor_id"
    )


def units_sql(amount: str, rulebook: Rulebook) -> str:
    """SQL of an amount counted in the currency's minor unit."""
    decimals = rulebook.scope.money_decimals
    return f"CAST(CAST({amount} AS DECIMAL(38, {decimals})) * {10**decimals} AS BIGINT)"


def money_sql(units: str, rulebook: Rulebook) -> str:
    """SQL of a count of minor units as exact money."""
    decimals = rulebook.scope.money_decimals
    unit = f"CAST({Decimal(1).scaleb(-decimals)} AS DECIMAL({decimals + 1}, {decimals}))"
    return f"CAST(CAST({units} AS DECIMAL(38, 0)) * {unit} AS DECIMAL(18, {decimals}))"


def _scheduled(engine: Engine) -> bool:
    found = f"SELECT count(*) FROM duckdb_tables() WHERE table_name = {literal(_SCHEDULE)}"
    return bool(engine.value(found))


def _stated(
    rulebook: Rulebook, source: str, present: Collection[str], scheduled: bool
) -> Iterator[str]:
    """The pieces that the tape itself states: the past-due amount, part by part where it tells."""
    if OLDEST not in present or PAST_DUE not in present:
        return
    told = [(part, f"past_due_{part}") for part in rulebook.file.appropriation]
    parts = [(part, f"coalesce({name}, 0)") for part, name in told if name in present]
    rest = " - ".join([PAST_DUE, *(amount for _, amount in parts)])
    for place, (part, amount) in enumerate([*parts, ("", rest)]):
        yield (
            f"SELECT debtor_id, row, exposure_id, {OLDEST} AS due_date, {literal(part)} AS part, "
            f"{units_sql(amount, rulebook)} AS units, {place} AS place, 0 AS line "
            f"FROM {source} WHERE {amount} > 0{_unscheduled(scheduled)}"
        )


def _unscheduled(scheduled: bool) -> str:
    return f" AND exposure_id NOT IN (SELECT exposure_id FROM {_SCHEDULE})" if scheduled else ""


def _planned(engine: Engine, source: str, rulebook: Rulebook, start: date, end: date) -> str:
    """The pieces of instalments that a schedule names, less what has come in by `start`."""
    columns = engine.columns(_SCHEDULE)
    order = [(part, PARTS[part]) for part in rulebook.file.appropriation]
    named = [(part, name) for part, name in order if f"fault of {name}" in columns]
    claims = " UNION ALL ".join(
        f"SELECT exposure_id, due_date, {place} AS place, line, {literal(part)} AS part, "
        f"{units_sql(name, rulebook)} AS due FROM {_SCHEDULE} "
        f"WHERE {name} > 0 AND due_date <= {constant_sql(end).text}"
        for place, (part, name) in enumerate(named or [("", WHOLE)])
    )
    paid = units_sql("coalesce(sum(amount_paid), 0)", rulebook)
    payments = (
        f"SELECT exposure_id, {paid} AS paid FROM {_SCHEDULE} "
        f"WHERE paid_date IS NULL OR paid_date <= {constant_sql(start).text} GROUP BY exposure_id"
    )
    upto = (
        "sum(due) OVER (PARTITION BY c.exposure_id ORDER BY due_date, place, line "
        "ROWS UNBOUNDED PRECEDING)"
    )
    left = (
        f"SELECT c.*, least(due, greatest({upto} - coalesce(paid, 0), 0)) AS units "
        f"FROM ({claims}) c LEFT JOIN ({payments}) p ON p.exposure_id = c.exposure_id"
    )
    return (
        "SELECT e.debtor_id, e.row, e.exposure_id, u.due_date, u.part, u.units, u.place, u.line "
        f"FROM ({left}) u JOIN {source} e ON e.exposure_id = u.exposure_id WHERE u.units > 0"
    )


def _unknown(source: str, present: Collection[str], scheduled: bool) -> Iterator[str]:
    if OLDEST in present:
        amount = f"coalesce({PAST_DUE}, 0)" if PAST_DUE in present else "0"
        yield (
            f"SELECT debtor_id, {literal(ARREARS_UNKNOWN)} AS reason FROM {source} "
            f"WHERE {OLDEST} IS NOT NULL AND {amount} <= 0{_unscheduled(scheduled)}"
        )
    if EXCHANGE_RATE in present:
        yield (
            f"SELECT debtor_id, {literal(FOREIGN_CURRENCY)} AS reason FROM {source} "
            f"WHERE {EXCHANGE_RATE} IS NOT NULL"
        )


def _nothing() -> str:
    return (
        "SELECT '' AS debtor_id, 0::BIGINT AS row, '' AS exposure_id, NULL::DATE AS due_date, "
        "'' AS part, 0::BIGINT AS units, 0 AS place, 0 AS line WHERE false"
    )


def _nobody() -> str:
    return "SELECT '' AS debtor_id, '' AS reason WHERE false"
