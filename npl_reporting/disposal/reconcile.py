"""The register of recoveries against the roll-forward: which recovery meets which line of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from npl_reporting.disposal.recoveries import Flow, RecoveryRules
from npl_reporting.engine import Engine, literal

State = Literal["agrees", "differs", "register_only", "roll_forward_only"]
Standing = Literal["nonperforming", "upgraded", "performing", "unknown"]
MET = "met"


@dataclass(frozen=True)
class Meeting:
    """One exposure's recoveries of one flow, and the line of the roll-forward that they meet.

    `registered` is what the register says, `rolled` what the roll-forward does, `price` what the
    exits say a sold loan brought. `standing` says what the exposure is in the roll-forward.
    """

    exposure_id: str
    flow: Flow
    recoveries: int
    registered: Decimal
    rolled: Decimal
    price: Decimal | None
    state: State
    standing: Standing


@dataclass(frozen=True)
class Sum:
    """All meetings of one flow in one state, with the money on both sides."""

    flow: Flow
    state: State
    exposures: int
    recoveries: int
    registered: Decimal
    rolled: Decimal


def reconcile(engine: Engine, rules: RecoveryRules, start: date, end: date) -> list[Sum]:
    """Make the table `met` from `recoveries`, `movement` and `exits`; return its sums.

    Recoveries after `start` up to `end` count. What came in on a loan that was upgraded is inside
    the upgraded balance; of a loan that was sold the balance leaves, and the price meets the
    exits'. Otherwise both sides must be the same to the minor unit.
    """
    flows = " ".join(f"WHEN '{name}' THEN '{kind.flow}'" for name, kind in rules.kinds.items())
    engine.execute(
        f"""
        CREATE OR REPLACE TABLE {MET} AS
        WITH own AS (
            SELECT r.exposure_id, CASE WHEN m.upgraded <> 0 AND m.recovered_in_cash = 0
                    THEN 'upgraded' ELSE CASE r.kind {flows} END END AS flow,
                count(*) AS recoveries, sum(r.amount) AS registered
            FROM recoveries r LEFT JOIN movement m ON m.exposure_id = r.exposure_id
            WHERE r.recovery_date > DATE '{start}' AND r.recovery_date <= DATE '{end}'
            GROUP BY ALL
        ), lines AS (
            SELECT exposure_id, 'recovered_in_cash' AS flow, recovered_in_cash AS rolled
            FROM movement WHERE recovered_in_cash <> 0
            UNION ALL SELECT exposure_id, 'sold', sold FROM movement
            WHERE opening_nonperforming <> 0 AND exit_reason = 'sold'
            UNION ALL SELECT m.exposure_id, 'upgraded', upgraded FROM movement m
            JOIN own o ON o.exposure_id = m.exposure_id AND o.flow = 'upgraded'
        ), laid AS (
            SELECT coalesce(o.exposure_id, l.exposure_id) AS exposure_id,
                coalesce(o.flow, l.flow) AS flow, coalesce(recoveries, 0) AS recoveries,
                registered, rolled
            FROM own o FULL JOIN lines l ON o.exposure_id = l.exposure_id AND o.flow = l.flow
        )
        SELECT d.exposure_id, d.flow, recoveries, coalesce(registered, 0) AS registered,
            coalesce(rolled, 0) AS rolled,
            CASE WHEN d.flow = 'sold' THEN x.sale_price END AS price,
            CASE WHEN rolled IS NULL THEN 'register_only'
                WHEN registered IS NULL THEN 'roll_forward_only'
                WHEN {_AGREE} THEN 'agrees' ELSE 'differs' END AS state,
            CASE WHEN m.exposure_id IS NULL THEN 'unknown' WHEN m.upgraded <> 0 THEN 'upgraded'
                WHEN m.opening_nonperforming = 0 AND m.closing_nonperforming = 0 THEN 'performing'
                ELSE 'nonperforming' END AS standing
        FROM laid d LEFT JOIN movement m ON m.exposure_id = d.exposure_id
        LEFT JOIN exits x ON x.exposure_id = d.exposure_id
        """
    )
    rows = engine.rows(
        "SELECT flow, state, count(*), sum(recoveries), sum(registered), sum(rolled) "
        f"FROM {MET} GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return [Sum(*row) for row in rows]


_AGREE = (
    "CASE d.flow WHEN 'upgraded' THEN registered <= rolled "
    "WHEN 'sold' THEN registered = coalesce(x.sale_price, registered) "
    "ELSE registered = rolled END"
)


def meetings(
    engine: Engine, limit: int, states: Sequence[State] = ("differs", "register_only", "roll_forward_only"),
) -> list[Meeting]:  # fmt: skip
    """The meetings in some states, the most money that does not meet first."""
    wanted = ", ".join(map(literal, states))
    rows = engine.rows(
        f"SELECT exposure_id, flow, recoveries, registered, rolled, price, state, standing "
        f"FROM {MET} WHERE state IN ({wanted}) "
        f"ORDER BY abs(registered - rolled) DESC, exposure_id, flow LIMIT {limit}"
    )
    return [Meeting(*row) for row in rows]
