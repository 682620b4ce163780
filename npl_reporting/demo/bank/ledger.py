"""What the bank's books say of each exposure on a reporting date, step by step to the tape."""

from __future__ import annotations

from npl_reporting.demo.bank import columns
from npl_reporting.demo.bank.banks import Bank
from npl_reporting.demo.bank.contracts import FIRST, SECOND
from npl_reporting.demo.bank.draws import Draws
from npl_reporting.demo.bank.lives import due_date
from npl_reporting.engine import Engine, literal

_MACROS = (
    """CREATE MACRO months_done(a, b) AS CAST(
        (year(b) - year(a)) * 12 + month(b) - month(a)
        - CAST(day(b) < least(day(a), day(last_day(b))) AS INTEGER) AS BIGINT)""",
    "CREATE MACRO up_to(day, limit_) AS CASE WHEN day <= limit_ THEN day END",
    "CREATE MACRO interest(amount, bps, days) AS amount * bps * days // 3650000",
    "CREATE MACRO money(amount) AS CAST(amount AS DECIMAL(18, 2))",
    # One to one below a thousand million: the number tells nothing of the place behind it.
    """CREATE MACRO account(number) AS
        printf('E%09d', (number * 618033989 + 271828183) % 1000000000)""",
    "CREATE MACRO rate(bps) AS CAST(bps * 0.0001 AS DECIMAL(7, 4))",
)

# The bank books by days late, a little more and a little earlier than it must.
_BOOKED = """
    CREATE TABLE booked AS
    SELECT ladder, late AS days_late, arg_max(secured_bps, days_from) AS secured_bps,
           arg_max(unsecured_bps, days_from) AS unsecured_bps
    FROM range(401) AS all_(late) JOIN booking ON late >= days_from AND bank = {books}
    GROUP BY ladder, late
"""

# A bad loan that was repaid stays for one quarter, with a zero balance and what was recovered.
_STANDINGS = """
    CREATE OR REPLACE VIEW standings AS
    SELECT *,
           CASE WHEN alive THEN due_now END AS due,
           CASE WHEN alive THEN up_to(sued_on, {date}) END AS sued,
           CASE WHEN alive THEN up_to(transferred_on, {date}) END AS transferred,
           CASE WHEN alive THEN up_to(restructured_on, {date}) END AS restructured,
           CASE WHEN alive AND noticed_on <= {date} THEN notice ELSE '' END AS noticed,
           {owed} AS owed
    FROM (SELECT *, coalesce(due_now - 1, {date}) AS paid_to,
                 ended IS NULL OR ends = 'partly_written_off' AS alive
          FROM (SELECT *, {due} AS due_now, up_to(ended_on, {date}) AS ended FROM lives))
    WHERE origination_date <= {date}
      AND (ended IS NULL OR ends <> 'repaid' OR missed_on IS NOT NULL)
"""

_OWED = """
    CASE repayment
    WHEN 'instalments' THEN
        lent - lent * least(greatest(months_done(origination_date, paid_to), 0), term - 3) // term
    WHEN 'bullet' THEN lent
    ELSE lent * CASE WHEN missed_on <= {date} OR restructured_on IS NOT NULL THEN {used_late}
                     ELSE greatest({used}, 0) END // 10000
    END
"""

_BALANCES = """
    CREATE OR REPLACE VIEW balances AS
    SELECT *, principal + CASE WHEN transferred IS NULL THEN 0 ELSE accrued END AS claim
    FROM (SELECT *,
                 interest(principal, rate_bps, greatest(charged_to - charged_from, 0)) AS accrued,
                 interest(principal, rate_bps, {date} - charged_to) AS suspended
          FROM (SELECT *,
                       CASE WHEN ended IS NULL THEN owed WHEN alive THEN owed - owed * 4 // 10
                            ELSE 0 END AS principal,
                       CASE WHEN ended IS NULL OR ends = 'repaid' THEN 0
                            WHEN alive THEN owed * 4 // 10 ELSE owed END AS written_off,
                       greatest(coalesce(due - 30, {date} - CAST({since_payment} AS INTEGER)),
                                origination_date) AS charged_from,
                       coalesce(transferred, {date}) AS charged_to
                FROM standings))
"""

_COVERS = """
    CREATE OR REPLACE VIEW covers AS
    SELECT *, least(claim, coalesce(assessed, greatest(value - prior, 0) + guaranteed)) AS covered,
           least({days_late}, 400) AS days_late,
           CASE WHEN noticed = 'irrecoverable' THEN 'lost'
                WHEN family IN ('card', 'cash_card') THEN 'card'
                WHEN restructured IS NOT NULL OR booked_days > 0 THEN 'agreed'
                ELSE 'loan' END AS ladder
    FROM (SELECT *, greatest({date} - due, booked_days, 0) AS own_days,
                 CASE WHEN {assesses} THEN greatest(value - prior, 0) * 9 // 10 END AS assessed
          FROM (SELECT *, CASE WHEN {has_prior} THEN value * {prior} // 100 ELSE 0 END AS prior,
                       CASE WHEN {has_guarantee} THEN principal * guarantee_percent // 100
                            ELSE 0 END AS guaranteed
                FROM (SELECT *,
                             CASE WHEN collateral_type IS NULL THEN 0
                                  ELSE lent * cover // 100 * {market} // 100 END AS value
                      FROM balances)))
"""

_POSITIONS = """
    CREATE OR REPLACE VIEW positions AS
    SELECT *,
           (covered * late_covered + (claim - covered) * late_uncovered) // 10000 AS on_late,
           CASE WHEN late_uncovered = 0
                THEN claim * (general_bps + surcharge) * {general_percent} // 1000000 ELSE 0 END
               AS general
    FROM (SELECT *, coalesce(secured_bps, 0) AS late_covered,
                 coalesce(unsecured_bps, 0) AS late_uncovered,
                 {mainland} AS mainland, {real_estate} AS real_estate,
                 CASE WHEN {mainland} OR {real_estate} THEN 45 ELSE 0 END AS surcharge
          FROM covers LEFT JOIN booked USING (ladder, days_late))
    LEFT JOIN notices USING (debtor_id)
"""


# Closed by the second reporting date; the amount is what was owed on the first.
_EXITS = """
    CREATE OR REPLACE VIEW exits AS
    SELECT account(number) AS exposure_id, ends AS how, ended_on AS closed_on,
           money(principal) AS amount
    FROM positions WHERE ended_on > {first} AND ends IN ('repaid', 'written_off')
"""


def keep(engine: Engine, bank: Bank) -> None:
    """Prepare what all reporting dates share."""
    for macro in _MACROS:
        engine.execute(macro)
    engine.execute(_BOOKED.format(books=literal(bank.books)))
    engine.execute(
        "CREATE TABLE first_claims (number BIGINT, claim_then HUGEINT, owed_then HUGEINT, "
        "written_off_then HUGEINT)"
    )


def remember(engine: Engine) -> None:
    """Keep the claims of the date that was stated last, for what was recovered since."""
    engine.execute(
        "CREATE OR REPLACE TABLE first_claims AS "
        "SELECT number, claim AS claim_then, principal + accrued AS owed_then, "
        "written_off AS written_off_then FROM positions"
    )


def state(engine: Engine, draws: Draws, date: str, bank: Bank) -> None:
    """Make the views `tape` and `exits` of the ledger on a reporting date, a SQL literal."""
    revalued = draws.percent("number", "revalued", 25) if date == SECOND else "false"
    engine.execute(_STANDINGS.format(date=date, due=due_date(date), owed=_owed(draws, date)))
    since = draws.whole("number", f"days since payment, {date}", 0, 27)
    engine.execute(_BALANCES.format(date=date, since_payment=since))
    engine.execute(
        _COVERS.format(
            date=date,
            days_late="max(own_days) OVER (PARTITION BY debtor_id)"
            if bank.by_debtor
            else "own_days",
            assesses=f"family = 'corporate_secured' AND {draws.percent('number', 'assessed', 4)}",
            has_prior=draws.percent("number", "prior claims", "prior_percent"),
            prior=draws.whole("number", "prior share", 8, 45),
            has_guarantee=draws.percent("number", "guaranteed", 60),
            market=f"CASE WHEN {revalued} THEN {draws.whole('number', 'market', 93, 104)} ELSE 100 END",
        )
    )
    engine.execute(
        _POSITIONS.format(
            general_percent=bank.general_percent,
            mainland=draws.percent("number", "mainland China", "mainland_percent"),
            real_estate=f"product_type = 'home_equity' AND {draws.percent('number', 'repair', 25)}",
        )
    )
    engine.execute(_EXITS.format(first=FIRST))
    engine.execute(f"CREATE OR REPLACE VIEW tape AS {columns.select(draws, date, revalued, bank)}")


def _owed(draws: Draws, date: str) -> str:
    return _OWED.format(
        date=date,
        used_late=draws.whole("number", "used while late", 3000, 9800),
        used=draws.whole("number", f"used, {date}", -2500, 9500),
    )
