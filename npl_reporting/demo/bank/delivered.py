"""The tape as one supervisor's bank delivers it: its currency, its dates, its own columns."""

from __future__ import annotations

from npl_reporting.demo.bank.banks import Bank, Drawn
from npl_reporting.demo.bank.draws import Draws
from npl_reporting.engine import Engine, literal

# The last day of a month stays one; no two days change places.
_LATER = """
    CREATE OR REPLACE MACRO later(day, months) AS CAST(
        CASE WHEN day = last_day(day) THEN last_day(day + to_months(months))
             ELSE day + to_months(months) END AS DATE)
"""


def deliver(engine: Engine, draws: Draws, bank: Bank, relation: str, currency: str) -> str:
    """Write the query that gives a relation of the tape as a bank delivers it."""
    own_currency = f"CASE currency WHEN 'TWD' THEN {literal(currency)} ELSE currency END"
    replaced = {"currency": own_currency, **_later(engine, bank, relation)}
    if bank.people:
        replaced["industry"] = (
            f"CASE WHEN debtor_type = 'individual' THEN {literal(bank.people)} ELSE industry END"
        )
    shown = ", ".join(f"{value} AS {name}" for name, value in replaced.items())
    own = "".join(f", {_drawn(draws, name, drawn)} AS {name}" for name, drawn in bank.drawn.items())
    return f"SELECT * REPLACE ({shown}){own} FROM {relation}"


def later_dates(engine: Engine, bank: Bank, relation: str) -> str:
    """Write the query that gives a relation with its dates where the bank's quarters lie."""
    replaced = ", ".join(f"{v} AS {name}" for name, v in _later(engine, bank, relation).items())
    return f"SELECT * REPLACE ({replaced}) FROM {relation}" if replaced else f"FROM {relation}"


def _later(engine: Engine, bank: Bank, relation: str) -> dict[str, str]:
    if not bank.months:
        return {}
    engine.execute(_LATER)
    dates = [name for name, kind in engine.columns(relation).items() if kind == "DATE"]
    return {name: f"later({name}, {bank.months})" for name in dates}


def _drawn(draws: Draws, name: str, drawn: Drawn) -> str:
    """A value for each exposure by the number of its account; none for other products."""
    chance = draws.whole("CAST(substr(exposure_id, 2) AS BIGINT)", name, 1, 100)
    reached, cases = 0, []
    for value, percent in drawn.of.items():
        reached += percent
        cases.append(f"WHEN {chance} <= {reached} THEN {literal(value)}")
    if drawn.product_type:
        cases.insert(0, f"WHEN product_type <> {literal(drawn.product_type)} THEN NULL")
    return f"CASE {' '.join(cases)} END"
