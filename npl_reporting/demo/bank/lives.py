"""What happens to each exposure: the dates of its story, the same whichever quarter looks back."""

from __future__ import annotations

from npl_reporting.demo.bank.contracts import FIRST, SECOND
from npl_reporting.demo.bank.draws import Draws
from npl_reporting.engine import Engine

_LIVES = """
    CREATE VIEW lives AS
    SELECT *,
           missed_on + CAST(sued_after AS INTEGER) AS sued_on,
           missed_on + CAST(transferred_after AS INTEGER) AS transferred_on,
           coalesce(missed_on, {first} - 35) + 35 AS noticed_on,
           CASE WHEN repayment = 'bullet' AND missed_on IS NOT NULL AND pays = 0 THEN missed_on
                WHEN agreed_maturity <= {second} THEN months_later({second}, {extra})
                ELSE agreed_maturity END AS maturity
    FROM (SELECT *, {missed} AS missed_on, {restructured} AS restructured_on,
                 {restarted} AS restarted_on, {ended} AS ended_on
          FROM agreements)
"""

# What the bank learns of a debtor stands on all exposures of that debtor.
_NOTICES = """
    CREATE TABLE notices AS
    SELECT debtor_id,
           min(noticed_on) FILTER (notice = 'bankruptcy') AS bankrupt_on,
           min(missed_on - 5) FILTER (notice = 'death') AS died_on
    FROM lives WHERE notice IN ('bankruptcy', 'death') GROUP BY debtor_id
"""


def tell(engine: Engine, draws: Draws) -> None:
    """Make the view `lives` and the table `notices` from the view `agreements`."""
    days = {
        name: draws.day("number", name, f"{column}_from", f"{column}_to")
        for name, column in {
            "missed": "due",
            "restructured": "restructured",
            "restarted": "restart",
            "ended": "ends",
        }.items()
    }
    extra = draws.whole("number", "months still to run", 6, 42)
    engine.execute(_LIVES.format(first=FIRST, second=SECOND, extra=extra, **days))
    engine.execute(_NOTICES)


def due_date(date: str) -> str:
    """Write the oldest unpaid due date on a reporting date, missing where nothing is past due.

    An agreement takes in what was missed before it; `pays` instalments are paid between the dates.
    """
    paid = "missed_on" if date == FIRST else "months_later(missed_on, CAST(pays AS INTEGER))"
    agreed = f"coalesce(restructured_on > missed_on AND restructured_on <= {date}, false)"
    return f"CASE WHEN {paid} < {date} AND NOT {agreed} THEN {paid} END"
