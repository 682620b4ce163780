"""A value allocated to the loans that it secures: by rank, equal rank pro rata to balance (CO-8)."""

from __future__ import annotations

from collections.abc import Mapping

from npl_reporting.disposal.exact import at_least_zero, money, units
from npl_reporting.engine import Engine


def rank_loans(engine: Engine, decimals: int = 2) -> None:
    """Make the table `ranked` from `links`: what is owed on each asset ahead of each loan.

    asset_id, exposure_id, rank, balance, and in minor units: owed, ahead (all senior loans),
    owed_at_rank, and upto (this loan's and those before it at its rank, by exposure_id).
    """
    engine.execute(
        "CREATE OR REPLACE TABLE ranked AS WITH owing AS (SELECT asset_id, exposure_id, rank, "
        f"balance, {units('balance', decimals)} AS owed FROM links), "
        "summed AS (SELECT *, sum(owed) OVER (PARTITION BY asset_id ORDER BY rank "
        "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS owed_so_far, "
        "sum(owed) OVER same_rank AS owed_at_rank, "
        "sum(owed) OVER (same_rank ORDER BY exposure_id ROWS UNBOUNDED PRECEDING) AS upto "
        "FROM owing WINDOW same_rank AS (PARTITION BY asset_id, rank)) "
        "SELECT * EXCLUDE (owed_so_far), owed_so_far - owed_at_rank AS ahead FROM summed"
    )


def allocate(
    engine: Engine, values: str, measures: Mapping[str, str], target: str, *, decimals: int = 2
) -> None:
    """Make the table `target` from `ranked`: asset_id, exposure_id, rank, balance, and per measure
    `<name>_within_reach` and `<name>_taken`.

    `values` has asset_id and the columns that the measures name, NULL where a value is unknown.
    Within reach is the loan's share of what senior loans of the bank leave; taken is that, at most
    the balance. Over an asset what is taken never sums to more than its value. Whole minor units
    are dealt out by cumulative shares, so that parts sum to the whole and the file's order plays no
    part.
    """
    worth = {name: units(f"v.{column}", decimals) for name, column in measures.items()}
    left = ", ".join(
        f"{at_least_zero(f'({value} - ahead)')} AS {name}_left" for name, value in worth.items()
    )
    shares = ", ".join(
        f"{_share(f'{name}_left', decimals)} AS {name}_within_reach, "
        f"{_share(_capped(f'{name}_left'), decimals)} AS {name}_taken"
        for name in measures
    )
    engine.execute(
        f"CREATE OR REPLACE TABLE {target} AS WITH reached AS "
        f"(SELECT r.*, {left} FROM ranked r JOIN {values} v USING (asset_id)) "
        f"SELECT asset_id, exposure_id, rank, balance, {shares} FROM reached"
    )


def _capped(left: str) -> str:
    known = f"WHEN {left} IS NOT NULL THEN owed_at_rank"
    return f"CASE WHEN {left} < owed_at_rank THEN {left} {known} END"


def _share(total: str, decimals: int) -> str:
    """A part of a total by cumulative shares of what is owed; nothing where nothing is owed."""
    part = f"({total}) * upto // owed_at_rank - ({total}) * (upto - owed) // owed_at_rank"
    all_ = f"CASE WHEN owed = owed_at_rank THEN {total} ELSE {part} END"
    dealt = f"CASE WHEN owed_at_rank > 0 THEN {all_} WHEN ({total}) IS NOT NULL THEN 0 END"
    return money(dealt, decimals)


def spread_debt(engine: Engine, values: str, value: str, target: str, *, decimals: int = 2) -> None:
    """Make the table `target`: asset_id, exposure_id, share of the balance, by value of the assets.

    An exposure with several assets owes its balance once; each asset answers for the part that its
    value has in all of them, and in equal parts where all are worth nothing.
    """
    part = "total * upto // whole - total * (upto - worth) // whole"
    engine.execute(
        f"CREATE OR REPLACE TABLE {target} AS "
        "WITH units AS (SELECT l.asset_id, exposure_id, interest_rate, "
        f"{units('l.balance', decimals)} AS total, {units(f'v.{value}', decimals)} AS worth "
        f"FROM links l JOIN {values} v USING (asset_id)), "
        "weighed AS (SELECT * REPLACE (CASE WHEN sum(worth) OVER (PARTITION BY exposure_id) > 0 "
        "THEN worth ELSE 1 END AS worth) FROM units), "
        "dealt AS (SELECT *, sum(worth) OVER (PARTITION BY exposure_id ORDER BY asset_id "
        "ROWS UNBOUNDED PRECEDING) AS upto, sum(worth) OVER (PARTITION BY exposure_id) AS whole "
        "FROM weighed) "
        f"SELECT asset_id, exposure_id, interest_rate, {money(part, decimals)} AS debt FROM dealt"
    )
