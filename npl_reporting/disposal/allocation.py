"""A value allocated to the loans that it secures: by rank, equal rank pro rata to balance (CO-8)."""

from __future__ import annotations

from npl_reporting.disposal.exact import at_least_zero, money, units
from npl_reporting.engine import Engine

_CAPPED = (
    "CASE WHEN remaining < owed_at_rank THEN remaining "
    "WHEN remaining IS NOT NULL THEN owed_at_rank END"
)


def allocate(
    engine: Engine, values: str, value: str, target: str, *, decimals: int = 2, links: str = "links"
) -> None:
    """Make the table `target`: asset_id, exposure_id, rank, balance, within_reach, taken.

    `values` has asset_id and the column `value`, which is NULL where it is unknown. `within_reach`
    is the loan's share of what senior loans of the bank leave; `taken` is that, at most the
    balance. Over an asset `taken` never sums to more than its value. Whole minor units are dealt
    out by cumulative shares, so that parts sum to the whole and the file's order plays no part.
    """
    worth, owed = units(f"v.{value}", decimals), units("l.balance", decimals)
    engine.execute(
        f"CREATE OR REPLACE TABLE {target} AS "
        "WITH units AS (SELECT l.asset_id, exposure_id, rank, l.balance AS amount, "
        f"{owed} AS owed, {at_least_zero(worth)} AS worth "
        f"FROM {links} l JOIN {values} v USING (asset_id)), "
        "ranked AS (SELECT *, "
        "sum(owed) OVER (PARTITION BY asset_id ORDER BY rank "
        "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS owed_so_far, "
        "sum(owed) OVER same_rank AS owed_at_rank, "
        "sum(owed) OVER (same_rank ORDER BY exposure_id ROWS UNBOUNDED PRECEDING) AS upto "
        "FROM units WINDOW same_rank AS (PARTITION BY asset_id, rank)), "
        f"left_over AS (SELECT *, {at_least_zero('(worth - (owed_so_far - owed_at_rank))')} "
        "AS remaining FROM ranked) "
        f"SELECT asset_id, exposure_id, rank, amount AS balance, "
        f"{_share('remaining', decimals)} AS within_reach, "
        f"{_share(_CAPPED, decimals)} AS taken FROM left_over"
    )


def _share(total: str, decimals: int) -> str:
    """A part of a total by cumulative shares of what is owed; nothing where nothing is owed."""
    part = f"({total}) * upto // owed_at_rank - ({total}) * (upto - owed) // owed_at_rank"
    dealt = f"CASE WHEN owed_at_rank > 0 THEN {part} WHEN remaining IS NOT NULL THEN 0 END"
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
