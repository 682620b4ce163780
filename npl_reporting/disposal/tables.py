"""The results as rows: what the terminal prints and the pages set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from npl_reporting.disposal.desk import Desk
from npl_reporting.disposal.exact import ratio
from npl_reporting.disposal.valuation import fed_sql, feed
from npl_reporting.engine import quoted

ASSETS = "assets.csv"
LOANS = "secured_loans.csv"
COMPARED = "channels.csv"
FED_TAPE = "tape_with_collateral.parquet"


@dataclass(frozen=True)
class TypeLine:
    """The assets of one type in sums, with the factors that valued them."""

    asset_type: str
    assets: int
    market_value: Decimal
    score: Decimal | None
    factor: Decimal
    cost_rate: Decimal
    claims: Decimal
    realisable: Decimal
    unknown: int
    stale: int
    oldest_months: int | None
    score_parts: Mapping[str, Decimal]


def by_type(desk: Desk) -> list[TypeLine]:
    """Sum `valued` by type, the largest value first."""
    rows = desk.engine.rows(
        "SELECT asset_type, count(*), sum(market_value), any_value(factor), any_value(cost_rate), "
        "coalesce(sum(claims), 0), coalesce(sum(realisable_value), 0), "
        "count(*) FILTER (claims IS NULL), count(*) FILTER (stale), "
        "CAST(max(age_months) AS BIGINT) FROM valued GROUP BY 1 ORDER BY 3 DESC, 1"
    )
    rules = desk.rules.collateral
    return [
        TypeLine(
            name, n, value, rules.score(name), factor, cost, claims, left, unknown, stale, oldest,
            rules.parts(name),
        )
        for name, n, value, factor, cost, claims, left, unknown, stale, oldest in rows
    ]  # fmt: skip


def write_tables(desk: Desk) -> list[Path]:
    """Write assets, loans and the tape fed with the result, in the engine's work folder."""
    engine, work = desk.engine, desk.engine.work
    engine.write_csv(assets_sql(), work / ASSETS)
    engine.write_csv(loans_sql(), work / LOANS)
    engine.write_parquet(_tape_alone(desk), work / FED_TAPE)
    return [work / ASSETS, work / LOANS, work / FED_TAPE]


def assets_sql() -> str:
    """Every asset with its value, step by step, and the loans on it over its value: CO-1, 4 and 5."""
    ltv = ratio("owed", "market_value")
    return (
        "SELECT asset_id, asset_type, region, appraisal_value, appraisal_date, "
        "CAST(age_months AS BIGINT) AS age_months, stale, market_value, orderly_value, factor, "
        "price, cost_rate, costs, claims, array_to_string(unknown_claims, ' ') AS unknown_claims, "
        f"realisable_value, owed, {ltv} AS loan_to_value, "
        f"{ratio('owed', 'origination_value')} AS loan_to_origination_value, maximum_ltv, "
        f"maximum_ltv - {ltv} AS headroom FROM valued JOIN (SELECT asset_id, "
        "CAST(sum(balance) AS DECIMAL(20, 2)) AS owed FROM links GROUP BY 1) USING (asset_id) "
        "ORDER BY asset_id"
    )


def loans_sql() -> str:
    """Every secured loan with its cover: CO-2 to CO-6."""
    capped = ratio("realisable", "balance")
    return (
        "SELECT exposure_id, balance, assets, unknown AS assets_unknown, gross, net, within_reach, "
        f"realisable, present_value, {ratio('within_reach', 'balance')} AS recovery, "
        f"{capped} AS recovery_capped, 1 - {capped} AS loss_given_default, "
        f"{ratio('balance', 'gross')} AS loan_to_value, "
        f"{ratio('within_reach', 'gross')} AS maximum_ltv, "
        f"{ratio('within_reach', 'gross')} - {ratio('balance', 'gross')} AS headroom, "
        f"CASE WHEN balance < gross THEN 1 - {ratio('balance', 'gross')} END "
        "AS fall_to_negative_equity FROM covered ORDER BY exposure_id"
    )


def write_channels(desk: Desk) -> Path:
    """Write every asset's comparison in the engine's work folder."""
    path = desk.engine.work / COMPARED
    desk.engine.write_csv("SELECT * FROM compared ORDER BY asset_id", path)
    return path


def _tape_alone(desk: Desk) -> str:
    """The fed tape without its row numbers and without what a prior run left."""
    own = set(desk.engine.columns("exposures")) - {"row"}
    added = [name for name in desk.engine.columns(desk.source) if name not in own]
    return f"SELECT * EXCLUDE ({', '.join(map(quoted, added))}) FROM ({fed_tape_sql(desk)})"


def fed_tape_sql(desk: Desk, covered: str = "covered") -> str:
    """The tape with the columns that the rulebook reads the result from; other loans unchanged."""
    fed = feed(desk.rules.collateral, desk.rulebook.file.jurisdiction)
    present = {name for name in fed if name in desk.columns}
    parts = []
    for name, measure in fed.items():
        old = f"s.{quoted(name)}" if name in present else "NULL"
        new = fed_sql(measure, old)
        parts.append(f"CASE WHEN c.exposure_id IS NULL THEN {old} ELSE {new} END AS {quoted(name)}")
    dropped = ", ".join(map(quoted, sorted(present)))
    rest = f"s.* EXCLUDE ({dropped})" if dropped else "s.*"
    return (
        f"SELECT {rest}, {', '.join(parts)} FROM {desk.source} s "
        f"LEFT JOIN {covered} c USING (exposure_id)"
    )
