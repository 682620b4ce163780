"""Car loans as two issuers file them with the SEC: read, made a loan tape, decided under US."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

from npl_reporting.engine import Engine, literal
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.shelf import load_rulebook, with_settings
from npl_reporting.portfolio.classify import TREATED, classify

DATA = Path(__file__).parents[2] / "shared" / "data"
AMERICREDIT = DATA / "auto_abs_americredit" / "loan_months.csv.gz"
ALLY = DATA / "auto_abs_ally" / "loan_months.csv.gz"
ALLY_LOANS = DATA / "auto_abs_ally" / "loans.csv.gz"
FILES = (AMERICREDIT, ALLY, ALLY_LOANS)

BY_DAYS = {"rcn_by_missed_payments": "false"}
BY_PAYMENTS: dict[str, str] = {}

AMERICREDIT_FILED = f"""
CREATE TABLE filed AS SELECT *, balance + charged_off AS before,
  CASE WHEN late > 0 THEN day - late END AS due
FROM (
  SELECT right(assetNumber, 6) AS loan,
    CAST(strptime(reportingPeriodEndingDate, '%m-%d-%Y') AS DATE) AS day,
    CAST(CAST(currentDelinquencyStatus AS DECIMAL(9, 1)) AS INTEGER) AS late,
    CAST(reportingPeriodActualEndBalanceAmount AS DECIMAL(18, 2)) AS balance,
    CAST(chargedoffPrincipalAmount AS DECIMAL(18, 2)) AS charged_off,
    zeroBalanceCode AS ended
  FROM read_csv({literal(str(AMERICREDIT))}, all_varchar = true))
"""

ALLY_FILED = f"""
CREATE TABLE filed AS SELECT *, balance + charged_off AS before,
  CASE WHEN paid_until < month THEN first_missed END AS due,
  CASE WHEN paid_before < month THEN first_missed_before END AS due_before
FROM (SELECT *, last_day(CAST(DATE '2017-06-01' + to_months(paid_until) AS DATE)) AS first_missed,
  last_day(CAST(DATE '2017-06-01' + to_months(paid_before) AS DATE)) AS first_missed_before
FROM (SELECT *,
  CASE WHEN balance = 0 AND principal = 0
    THEN coalesce(lag(balance) OVER (PARTITION BY loan ORDER BY month), 0) ELSE 0 END AS charged_off,
  coalesce(max(month) FILTER (WHERE cash > 0) OVER (PARTITION BY loan ORDER BY month), -1)
    AS paid_until,
  coalesce(max(month) FILTER (WHERE cash > 0) OVER (PARTITION BY loan ORDER BY month
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), -1) AS paid_before
FROM (SELECT assetNumber AS loan, CAST(month_index AS INTEGER) AS month,
  CAST(period_end AS DATE) AS day, CAST(end_balance AS DECIMAL(18, 2)) AS balance,
  CAST(principal_collected AS DECIMAL(18, 2)) AS principal,
  CAST(total_paid AS DECIMAL(18, 2)) AS cash,
  CAST(coalesce(repossession_proceeds, '0') AS DECIMAL(18, 2)) AS sale
FROM read_csv({literal(str(ALLY))}, all_varchar = true)) WHERE balance IS NOT NULL))
"""

# The balance that the contract leaves after each instalment, from the terms filed; it explains
# disagreements and decides nothing, so that binary fractions do no harm.
CONTRACT = f"""
CREATE TABLE contract AS SELECT loan, day, instalment,
  greatest(amount * growth - instalment * (growth - 1) / rate, 0) AS contractual
FROM (SELECT *, pow(1 + rate, 1 + date_diff('month', first_due, day)) AS growth FROM
(SELECT f.loan, f.day, CAST(originalLoanAmount AS DOUBLE) AS amount,
  CAST(reportingPeriodScheduledPaymentAmount AS DOUBLE) AS instalment,
  CAST(originalInterestRatePercentage AS DOUBLE) / 12 AS rate,
  CAST(strptime(originalFirstPaymentDate, '%m/%Y') AS DATE) AS first_due
FROM filed f JOIN read_csv({literal(str(ALLY_LOANS))}, all_varchar = true) l
  ON l.assetNumber = f.loan))
"""

TAPE = (
    "exposure_id",
    "debtor_id",
    "product_type",
    "outstanding_principal",
    "oldest_unpaid_due_date",
    "written_off_amount",
    "write_off_date",
)
AS_FILED = "SELECT loan, day, balance, due, CAST(NULL AS DECIMAL(18, 2)) AS written_off, CAST(NULL AS DATE) AS lost FROM filed"


@cache
def united_states() -> Rulebook:
    """The rulebook in force in all quarters filed."""
    return load_rulebook("US", date(2020, 12, 31))


def declare_tape(engine: Engine, loans: str) -> None:
    """Make the table `exposures` out of loan, day, balance, due, written_off and lost."""
    engine.execute(
        "CREATE OR REPLACE TABLE exposures AS SELECT row_number() OVER (ORDER BY day, loan) AS row, "
        "loan || ' ' || day AS exposure_id, loan || ' ' || day AS debtor_id, "
        "'auto_loan' AS product_type, CAST(balance AS DECIMAL(18, 2)) AS outstanding_principal, "
        "due AS oldest_unpaid_due_date, CAST(written_off AS DECIMAL(18, 2)) AS written_off_amount, "
        f"lost AS write_off_date, day AS reporting_date, loan FROM ({loans})"
    )


def decide(engine: Engine, loans: str, settings: dict[str, str] = BY_PAYMENTS) -> None:
    """Decide the loans under US, each as of its own day."""
    declare_tape(engine, loans)
    classify(engine, with_settings(united_states(), settings), TAPE, None)


def by_quarter(engine: Engine, *conditions: str) -> dict[str, tuple[int, ...]]:
    """How many loans with a balance meet each condition, by quarter."""
    counts = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in conditions)
    rows = engine.rows(
        f"SELECT reporting_date, count(*), {counts} FROM {TREATED} "
        "WHERE first_portion AND outstanding_principal > 0 AND month(reporting_date) % 3 = 0 "
        "GROUP BY ALL ORDER BY ALL"
    )
    return {f"{day:%Y-%m}": tuple(numbers) for day, *numbers in rows}
