"""What became of every exposure since the prior run: the relation `movement`, and its flows.

The roll-forward of nonperforming exposures holds for each exposure alone:
opening + newly nonperforming + further debits - recovered in cash - upgraded - written off - sold
+ exchange difference + other changes = closing, to the minor unit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.errors import DataError, NplError, Problem
from npl_reporting.law.columns import column_dictionary
from npl_reporting.law.expressions import Kind, Scope
from npl_reporting.law.rulebook import Decision, Rulebook
from npl_reporting.portfolio.booked import Booking
from npl_reporting.portfolio.classify import TREATED
from npl_reporting.portfolio.exchange import flow_rate
from npl_reporting.portfolio.exits import EXITS, declare_exits, refuse_unfit_exits
from npl_reporting.portfolio.facts import sql_type
from npl_reporting.portfolio.prior import severest_sql
from npl_reporting.portfolio.rates import Rates

MOVEMENT = "movement"
FLOWS_UNKNOWN = "flows_unknown"
"""Why there are no flows: a tape without what was recovered, or without what was written off."""

STATUS, NONPERFORMING = "status", "nonperforming"
READ = ("recovered_amount", "written_off_amount")
"""The tape columns without which no flow is known."""

BEFORE = ("specific_allowance", "general_allowance", "suspended_interest", "written_off_amount")
FLOWS = (
    "opening_nonperforming", "newly_nonperforming", "further_debits", "recovered_in_cash", "upgraded",
    "written_off", "sold", "exchange_difference", "other_changes", "closing_nonperforming",
)  # fmt: skip
MOST_LISTED = 1000


@dataclass(frozen=True)
class Opening:
    """What the prior run left: its decisions file and its reporting date."""

    decisions: Path
    day: date


def kept_columns() -> tuple[str, ...]:
    """The tape columns that a run keeps for the next one's movement: `kept` in the dictionary."""
    return tuple(name for name, column in column_dictionary().items() if column.kept)


def movement_scope(rulebook: Rulebook) -> Scope:
    """What may be named of the movement."""
    kinds: dict[str, Kind] = {"exposure_id": "text", "debtor_id": "text"}
    kinds |= {name: rulebook.columns[name].kind for name in kept_columns()}
    for decision in rulebook.decisions:
        kind: Kind = "decimal" if decision.rate else "text"
        kinds |= {decision.name: kind, f"prior_{decision.name}": kind}
    kinds |= dict.fromkeys((f"prior_{name}" for name in BEFORE), "money")
    kinds |= dict.fromkeys((*FLOWS, "opening_amount", "closing_amount", "sale_price"), "money")
    kinds |= {"is_new": "boolean", "is_gone": "boolean", "exit_reason": "text", "exit_date": "date"}
    scope = rulebook.scope
    values = {
        **scope.values,
        **{
            f"prior_{d.name}": scope.values[d.name]
            for d in rulebook.decisions
            if d.name in scope.values
        },
    }
    return replace(scope, kinds=kinds, values={n: v for n, v in values.items() if n in kinds})


def declare_movement(
    engine: Engine,
    rulebook: Rulebook,
    present: Collection[str],
    opening: Opening,
    day: date,
    exits: Path | None = None,
    rates: Rates | None = None,
) -> str | None:
    """Make the table `movement`; give the reason if its flows cannot be known.

    `present` are the tape's columns; `rates` those it was converted by. NplError if the prior run
    is plainly another bank's, DataError with every nonperforming exposure that vanished without a
    reason or fell by more than is known.
    """
    had = engine.columns(f"read_parquet({literal(str(opening.decisions))})")
    if any(name not in present for name in READ) or "written_off_amount" not in had:
        return FLOWS_UNKNOWN
    _declare_opening(engine, rulebook, opening, had)
    _declare_closing(engine, rulebook)
    _refuse_strangers(engine)
    booking = _booking(engine, rulebook, rates, opening.day, day) if rates else None
    if booking:
        booking.enter()
    declare_exits(engine, exits, rulebook.file.currency)
    if exits is not None:
        refuse_unfit_exits(engine, exits, "movement_opening", (opening.day, day))
    _declare_joined(engine, rulebook)
    problems = list(_unexplained(engine))
    if problems:
        raise DataError(*problems)
    engine.execute(f"CREATE OR REPLACE TABLE {MOVEMENT} AS {_flows_sql(rulebook)}")
    if booking:
        booking.leave(MOVEMENT)
    return None


def _booking(engine: Engine, rulebook: Rulebook, rates: Rates, before: date, day: date) -> Booking:
    """The flows of exposures in other currencies, at the rate that the rulebook chooses."""
    flow = flow_rate(rulebook.file.movement.flow_rate, day, before)
    decimals = rulebook.scope.money_decimals
    return Booking(engine, rates, flow, "movement_opening", "movement_closing", decimals)


def _declare_opening(
    engine: Engine, rulebook: Rulebook, opening: Opening, had: Mapping[str, str]
) -> None:
    columns = [f"any_value({quoted(n)}) AS {quoted(n)}" for n in kept_columns() if n in had]
    columns += [
        f"CAST(NULL AS {sql_type(rulebook, n)}) AS {quoted(n)}"
        for n in kept_columns()
        if n not in had
    ]
    columns += list(_outcomes(rulebook, had))
    engine.execute(
        "CREATE OR REPLACE TABLE movement_opening AS SELECT exposure_id, "
        f"any_value(debtor_id) AS debtor_id, sum(amount) AS amount, {', '.join(columns)} "
        f"FROM read_parquet({literal(str(opening.decisions))}) GROUP BY exposure_id"
    )


def _declare_closing(engine: Engine, rulebook: Rulebook) -> None:
    names = dict.fromkeys((*kept_columns(), "recovered_amount"))
    columns = [f"any_value({quoted(name)}) AS {quoted(name)}" for name in names]
    columns += list(_outcomes(rulebook, {decision.name: "" for decision in rulebook.decisions}))
    engine.execute(
        "CREATE OR REPLACE TABLE movement_closing AS SELECT exposure_id, "
        f"any_value(debtor_id) AS debtor_id, sum(amount) AS amount, {', '.join(columns)} "
        f"FROM {TREATED} GROUP BY exposure_id"
    )


def _outcomes(rulebook: Rulebook, had: Collection[str]) -> Iterator[str]:
    """Each decision's outcome for an exposure as a whole: the severest of its portions."""
    for decision in rulebook.decisions:
        sql = severest_sql(decision) if decision.name in had else _never(decision)
        yield f"{sql} AS {quoted(decision.name)}"


def _never(decision: Decision) -> str:
    return f"CAST(NULL AS {'DECIMAL(10, 4)' if decision.rate else 'VARCHAR'})"


def _refuse_strangers(engine: Engine) -> None:
    """A tape that shares no exposure with the prior run is not the same bank's."""
    ((opening, closing, common),) = engine.rows(
        "SELECT count(o.exposure_id), count(c.exposure_id), "
        "count(*) FILTER (o.exposure_id IS NOT NULL AND c.exposure_id IS NOT NULL) "
        "FROM movement_opening o FULL JOIN movement_closing c ON o.exposure_id = c.exposure_id"
    )
    if opening and closing and not common:
        what = f"none of the prior run's {opening:,} exposures is on the tape"
        raise NplError(Problem(what, "name the prior run of the same bank with --prior"))


def _declare_joined(engine: Engine, rulebook: Rulebook) -> None:
    """Both quarters side by side, with what is known of the flows between them.

    `owed` and `owes` are the nonperforming balances, `cash` and `loss` what was received and
    written off since, `left` whether an exit says what became of it.
    """
    kept = ", ".join(
        f"coalesce(c.{quoted(n)}, o.{quoted(n)}) AS {quoted(n)}"
        if n not in BEFORE
        else f"c.{quoted(n)}"
        for n in kept_columns()
    )
    before = ", ".join(f"o.{quoted(n)} AS {quoted(f'prior_{n}')}" for n in BEFORE)
    outcomes = ", ".join(
        f"c.{quoted(d.name)}, o.{quoted(d.name)} AS {quoted(f'prior_{d.name}')}"
        for d in rulebook.decisions
    )
    status = quoted(STATUS)
    engine.execute(
        f"""
        CREATE OR REPLACE TABLE movement_joined AS
        SELECT *, CASE WHEN bad_before THEN opening_amount ELSE 0 END AS owed,
            CASE WHEN bad_now THEN closing_amount ELSE 0 END AS owes,
            coalesce(exit_reason IS NOT NULL, false) AS left_books
        FROM (
            SELECT coalesce(c.exposure_id, o.exposure_id) AS exposure_id,
                coalesce(c.debtor_id, o.debtor_id) AS debtor_id, {kept}, {before}, {outcomes},
                coalesce(o.amount, 0) AS opening_amount, coalesce(c.amount, 0) AS closing_amount,
                o.exposure_id IS NULL AS is_new, c.exposure_id IS NULL AS is_gone,
                x.reason AS exit_reason, x.exit_date, x.sale_price,
                coalesce(o.{status} = {literal(NONPERFORMING)}, false) AS bad_before,
                coalesce(c.{status} = {literal(NONPERFORMING)}, false) AS bad_now,
                x.cash_received, x.written_off AS exit_loss,
                coalesce(c.recovered_amount, 0) AS recovered,
                coalesce(c.written_off_amount, 0) - coalesce(o.written_off_amount, 0) AS lost
            FROM movement_opening o FULL JOIN movement_closing c ON o.exposure_id = c.exposure_id
            LEFT JOIN {EXITS} x ON x.exposure_id = coalesce(c.exposure_id, o.exposure_id)
        )
        """
    )


_STAYS = "(bad_before AND NOT left_books AND (bad_now OR closing_amount = 0))"
_CURED = "(bad_before AND NOT left_books AND NOT bad_now AND closing_amount <> 0)"
_NEW = "(NOT bad_before AND bad_now AND NOT left_books)"
_LEFT = "(bad_before AND left_books)"
_LOST_WHILE_GOOD = f"(NOT bad_before AND NOT {_NEW})"

_CASH = f"""CASE
    WHEN {_LEFT} AND exit_reason = 'repaid' THEN coalesce(cash_received, owed - coalesce(exit_loss, 0))
    WHEN {_LEFT} THEN coalesce(cash_received, 0)
    WHEN owed = 0 AND owes = 0 THEN 0
    WHEN {_STAYS} OR {_NEW} THEN recovered ELSE 0 END"""
_LOSS = f"""CASE
    WHEN {_LEFT} AND exit_reason = 'written_off' THEN coalesce(exit_loss, owed - coalesce(cash_received, 0))
    WHEN {_LEFT} THEN coalesce(exit_loss, 0)
    WHEN left_books AND exit_reason = 'written_off'
        THEN coalesce(exit_loss, opening_amount - coalesce(cash_received, 0))
    WHEN left_books OR is_gone THEN 0
    ELSE lost END"""


def _told_sql() -> str:
    """The joined quarters with cash and loss, and what of the opening balance they leave."""
    return (
        "SELECT *, owed - cash - loss AS rest FROM "
        f"(SELECT *, {_CASH} AS cash, {_LOSS} AS loss FROM movement_joined)"
    )


_UNEXPLAINED = (
    f"({_STAYS} AND rest - owes > 0)"
    f" OR ({_LEFT} AND exit_reason IN ('repaid', 'written_off') AND rest > 0)"
)


def _unexplained(engine: Engine) -> Iterator[Problem]:
    """What no flow explains: a loss taken back, an exposure gone, a balance that fell by more."""
    found = engine.rows(
        f"""
        SELECT exposure_id, owed, owes, cash, loss,
            CASE WHEN loss < 0 THEN 'reversed' WHEN is_gone AND NOT left_books THEN 'vanished'
                ELSE 'fell' END
        FROM ({_told_sql()})
        WHERE loss < 0 OR (bad_before AND is_gone AND NOT left_books) OR {_UNEXPLAINED}
        ORDER BY exposure_id
        """
    )
    for exposure, owed, owes, cash, loss, how in found[:MOST_LISTED]:
        yield Problem(*_words(how, exposure, owed, owes, cash, loss))
    if len(found) > MOST_LISTED:
        yield Problem(f"and {len(found) - MOST_LISTED:,} more exposures", "mend these first")


def _words(
    how: str, exposure: str, owed: object, owes: object, cash: object, loss: object
) -> tuple[str, str]:
    if how == "vanished":
        what = f"exposure {exposure} was nonperforming with {owed} and is no longer on the tape"
        return what, "say in --exits what became of it, or put it back on the tape"
    if how == "reversed":
        what = f"exposure {exposure}: the amount written off fell by {str(loss).lstrip('-')}"
        return what, "written_off_amount is cumulative; correct it"
    what = (
        f"exposure {exposure} fell from {owed} to {owes}, but only {cash} recovered"
        f" and {loss} written off are known"
    )
    return (
        what,
        "correct recovered_amount or written_off_amount, or say in --exits what became of it",
    )


def _flows_sql(rulebook: Rulebook) -> str:
    """The movement with its flows; see the terms in the shared formulas of roll-forwards."""
    split = rulebook.file.movement.split_cure_payment
    cured = "least(recovered, greatest(rest, 0))" if split else "0"
    names = [
        "exposure_id", "debtor_id", *kept_columns(), *(f"prior_{n}" for n in BEFORE),
        *(n for d in rulebook.decisions for n in (d.name, f"prior_{d.name}")),
        "opening_amount", "closing_amount", "is_new", "is_gone", "exit_reason", "exit_date",
        "sale_price",
    ]  # fmt: skip
    return f"""
        SELECT {", ".join(quoted(name) for name in dict.fromkeys(names))},
            owed AS opening_nonperforming,
            CASE WHEN {_NEW} THEN owes + cash + loss
                WHEN {_LOST_WHILE_GOOD} THEN loss ELSE 0 END AS newly_nonperforming,
            CASE WHEN {_STAYS} THEN greatest(owes - rest, 0)
                WHEN {_CURED} THEN greatest(-rest, 0)
                WHEN {_LEFT} THEN greatest(-rest, 0) ELSE 0 END AS further_debits,
            CASE WHEN {_CURED} THEN {cured} ELSE cash END AS recovered_in_cash,
            CASE WHEN {_CURED} THEN greatest(rest, 0) - {cured} ELSE 0 END AS upgraded,
            loss AS written_off,
            CASE WHEN {_LEFT} AND exit_reason = 'sold' THEN greatest(rest, 0) ELSE 0 END AS sold,
            CAST(0 AS DECIMAL(18, {rulebook.scope.money_decimals})) AS exchange_difference,
            CASE WHEN {_LEFT} AND exit_reason = 'transferred' THEN -greatest(rest, 0)
                ELSE 0 END AS other_changes,
            owes AS closing_nonperforming
        FROM ({_told_sql()})
    """
