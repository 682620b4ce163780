"""The movement of exposures booked in another currency: flows in theirs, and what exchange made of it.

The opening balance stands at the rate it was reported with, the closing balance at the closing
rate, and flows at the rate that the rulebook chooses; the rest is the exchange difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from npl_reporting.engine import Engine, quoted
from npl_reporting.errors import DataError
from npl_reporting.law.expressions import constant_sql
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.portfolio import facts
from npl_reporting.portfolio.classify import TREATED
from npl_reporting.portfolio.exchange import (
    CURRENCY,
    EXCHANGE_RATE,
    ORIGINAL_AMOUNT,
    FlowRate,
    converted_sql,
    declare_factors,
    original_column,
)
from npl_reporting.portfolio.rates import Rates

_ADDED = ("newly_nonperforming", "further_debits", "other_changes")
_TAKEN = ("recovered_in_cash", "upgraded", "written_off", "sold")
_LOSSES, _CASH = "written_off_amount", "recovered_amount"
_MOST_NAMED = 20
_READ = 4
"""Decimals that hold every currency's amounts."""


def with_original_amounts(
    engine: Engine, rulebook: Rulebook, source: str, present: Sequence[str], day: date
) -> tuple[str, tuple[str, ...]]:
    """Give each converted exposure of `source` its whole amount in its own currency.

    Returns the relation with the column `original_amount`, and its columns: the portions, which sum
    to the exposure, are computed once more from what stood on the tape.
    """
    money = [n for n in present if original_column(n) in engine.columns(source)]
    booked = ", ".join(f"{quoted(original_column(n))} AS {quoted(n)}" for n in money)
    engine.declare(
        "booked_source",
        f"SELECT * REPLACE ({booked}) FROM {source} WHERE {EXCHANGE_RATE} IS NOT NULL",
    )
    today = constant_sql(day).text
    facts.declare_exposures(engine, "booked_exposures", rulebook, present, today, "booked_source")
    facts.declare_facts(engine, "booked_exposures", "booked_facts", rulebook, 0)
    facts.declare_portions(engine, "booked_facts", "booked_portions", rulebook.portions)
    engine.execute(
        f"CREATE OR REPLACE TABLE booked_amounts AS SELECT row, sum(amount) AS {ORIGINAL_AMOUNT} "
        "FROM booked_portions GROUP BY row"
    )
    engine.execute(
        f"CREATE OR REPLACE VIEW booked_whole AS SELECT e.*, b.{ORIGINAL_AMOUNT} "
        f"FROM {source} e LEFT JOIN booked_amounts b ON b.row = e.row"
    )
    return "booked_whole", (*present, ORIGINAL_AMOUNT)


@dataclass(frozen=True)
class Booking:
    """The two quarters of a movement, in which exposures of other currencies stand as booked.

    `before` and `after` are the tables of what the prior run and this one hold of each exposure.
    """

    engine: Engine
    rates: Rates
    flow: FlowRate
    before: str
    after: str
    decimals: int

    def enter(self) -> None:
        """Put balances, cash and losses of these exposures into their own currency.

        An exposure counts only where each quarter that holds it converted it from the same currency.
        """
        self.engine.execute(f"CREATE OR REPLACE TABLE booked AS {self._both()}")
        self._put(self.before, f"amount, {_LOSSES}", "before")
        self._put(self.after, f"amount, {_LOSSES}, {_CASH}", "after")

    def _both(self) -> str:
        told = self.engine.columns(TREATED)
        cash = quoted(original_column(_CASH))
        now = f"any_value({cash})" if original_column(_CASH) in told else "NULL"
        same = f"(o.exposure_id IS NULL OR c.exposure_id IS NULL OR o.{CURRENCY} = c.{CURRENCY})"
        known = (
            f"(o.exposure_id IS NULL OR o.{ORIGINAL_AMOUNT} IS NOT NULL) "
            f"AND (c.exposure_id IS NULL OR c.{ORIGINAL_AMOUNT} IS NOT NULL)"
        )
        losses = quoted(original_column(_LOSSES))
        return (
            f"SELECT coalesce(c.exposure_id, o.exposure_id) AS exposure_id, "
            f"coalesce(c.{CURRENCY}, o.{CURRENCY}) AS code, "
            f"o.{ORIGINAL_AMOUNT} AS before_amount, o.{losses} AS before_{_LOSSES}, "
            f"c.{ORIGINAL_AMOUNT} AS after_amount, c.{losses} AS after_{_LOSSES}, "
            f"x.cash AS after_{_CASH}, o.amount AS reported_before, c.amount AS reported_after, "
            f"o.{_LOSSES} AS losses_before, c.{_LOSSES} AS losses_after "
            f"FROM {self.before} o FULL JOIN {self.after} c ON o.exposure_id = c.exposure_id "
            f"LEFT JOIN (SELECT exposure_id, {now} AS cash FROM {TREATED} GROUP BY exposure_id) x "
            f"ON x.exposure_id = c.exposure_id WHERE {same} AND {known}"
        )

    def _put(self, table: str, columns: str, side: str) -> None:
        replaced = ", ".join(
            f"CASE WHEN b.exposure_id IS NULL THEN t.{name} ELSE b.{side}_{name} END AS {name}"
            for name in columns.split(", ")
        )
        self.engine.execute(
            f"CREATE OR REPLACE TABLE {table} AS SELECT t.* REPLACE ({replaced}) "
            f"FROM {table} t LEFT JOIN booked b ON b.exposure_id = t.exposure_id"
        )

    def leave(self, movement: str) -> None:
        """Bring the movement back: balances as reported, flows at their rate, the rest exchange."""
        self._declare_factors(movement)
        flows = {name: self._at_flow_rate(name) for name in (*_ADDED, *_TAKEN)}
        reported = {
            "opening_amount": "coalesce(b.reported_before, 0)",
            "closing_amount": "coalesce(b.reported_after, 0)",
            _LOSSES: "b.losses_after",
            f"prior_{_LOSSES}": "b.losses_before",
            "opening_nonperforming": _balance("opening_nonperforming", "b.reported_before"),
            "closing_nonperforming": _balance("closing_nonperforming", "b.reported_after"),
        }
        columns = ", ".join(
            f"CASE WHEN b.exposure_id IS NULL THEN m.{name} ELSE {sql} END AS {name}"
            for name, sql in {**reported, **flows}.items()
        )
        explained = " + ".join(["opening_nonperforming", *_ADDED]) + "".join(
            f" - {name}" for name in _TAKEN
        )
        self.engine.execute(
            f"CREATE OR REPLACE TABLE {movement} AS SELECT * EXCLUDE (foreign_currency) REPLACE ("
            f"CASE WHEN foreign_currency THEN closing_nonperforming - ({explained}) "
            "ELSE exchange_difference END AS exchange_difference) FROM ("
            f"SELECT m.* REPLACE ({columns}), b.exposure_id IS NOT NULL AS foreign_currency "
            f"FROM {movement} m LEFT JOIN booked b ON b.exposure_id = m.exposure_id "
            "LEFT JOIN flow_factors f ON f.currency = b.code)"
        )

    def _at_flow_rate(self, name: str) -> str:
        """A flow in the return's currency; one of nothing needs no rate."""
        return f"coalesce({converted_sql(f'm.{name}', _READ, self.decimals, 'f')}, 0)"

    def _declare_factors(self, movement: str) -> None:
        """Make the table of the rates of flows; DataError for those that are missing."""
        some = " OR ".join(f"m.{name} <> 0" for name in (*_ADDED, *_TAKEN))
        rows = self.engine.rows(
            f"SELECT b.code, list(m.exposure_id ORDER BY m.exposure_id) FROM {movement} m "
            f"JOIN booked b ON b.exposure_id = m.exposure_id WHERE {some} GROUP BY ALL ORDER BY 1"
        )
        found, problems = {}, []
        for code, exposures in rows:
            rate = self.rates.of(code, self.flow.kind, self.flow.day)
            if rate:
                found[code] = rate
            else:
                problems.append(
                    self.rates.want(code, self.flow.kind, self.flow.day, _need(exposures))
                )
        if problems:
            raise DataError(*problems)
        declare_factors(self.engine, "flow_factors", {"flow": found}, _READ, self.decimals)


def _need(exposures: Sequence[str]) -> str:
    named = ", ".join(exposures[:_MOST_NAMED])
    more = f" and {len(exposures) - _MOST_NAMED:,} more" if len(exposures) > _MOST_NAMED else ""
    return f"the flows of {named}{more} need"


def _balance(column: str, reported: str) -> str:
    """A nonperforming balance as it was reported; zero where there is none."""
    return f"CASE WHEN m.{column} = 0 THEN 0 ELSE coalesce({reported}, 0) END"
