"""The terms of agreed instalments, on both sides of what the law asks of them."""

from __future__ import annotations

from npl_reporting.demo.bank.draws import Draws
from npl_reporting.engine import Engine

# Agreements called sound run to the very limits for every other exposure; the others miss one
# limit by a month, a percent or a basis point.
_TERMS = """
    CREATE VIEW agreements AS
    SELECT *,
           CASE WHEN agreement = 'too_long' THEN greatest(2 * left_months, 60) + 1
                WHEN five_years THEN {five}
                ELSE 2 * left_months - {less} END AS agreed_term,
           CASE WHEN agreement = 'too_little' THEN 9 ELSE {annual} END AS annual_percent,
           CASE WHEN agreement = 'too_little' THEN 29 ELSE {within} END AS within_percent,
           CASE WHEN agreement = 'too_cheap' THEN least(rate_bps, comparable_bps) - 1
                WHEN {keeps} THEN rate_bps ELSE comparable_bps END AS agreed_bps
    FROM (SELECT *, term_class = 'short' OR 2 * left_months < 60 AS five_years,
                 rate_bps + {market} AS comparable_bps
          FROM (SELECT *, {left_months} AS left_months,
                       CASE WHEN repayment = 'revolving' OR term <= 12 THEN 'short'
                            WHEN term <= 84 THEN 'medium' ELSE 'long' END AS term_class
                FROM contracts))
"""


def agree(engine: Engine, draws: Draws) -> None:
    """Make the view `agreements` from the view `contracts`."""
    engine.execute(
        _TERMS.format(
            left_months=draws.whole("number", "months left", 6, 80),
            five=f"60 - 12 * {draws.whole('number', 'five years', 0, 1)}",
            less=f"7 * {draws.whole('number', 'double term', 0, 1)}",
            annual=draws.whole("number", "annual percent", 10, 13),
            within=draws.whole("number", "percent within", 30, 35),
            keeps=draws.percent("number", "keeps the rate", 50),
            market=draws.whole("number", "market rate", -60, 60),
        )
    )
