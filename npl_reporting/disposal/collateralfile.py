"""The collateral file: read into assets and their loans, every fault a finding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from npl_reporting.disposal.allocation import rank_loans
from npl_reporting.disposal.collateraltypes import CollateralRules
from npl_reporting.disposal.intake import Intake, take_in
from npl_reporting.disposal.parameters import FOLDER
from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.errors import Finding, NplError, Problem, Severity
from npl_reporting.law.columns import Dictionary
from npl_reporting.law.expressions import Scope, compile_value
from npl_reporting.law.yamlfile import load
from npl_reporting.resources import shown

OF_LINK = ("exposure_id", "rank", "interest_rate")
"""Columns that are about the asset and one of its loans; all others are about the asset."""


@dataclass(frozen=True)
class Check:
    """One check of the file: SQL for the faulty rows of `collateral`, in words."""

    id: str
    severity: Severity
    column: str
    where: str
    words: str


def read_collateral(
    engine: Engine, path: Path, rules: CollateralRules, day: date, decimals: int = 2
) -> tuple[Finding, ...]:
    """Make `assets` and `links` from a file, against the loans in `loans`; return all findings.

    NplError where it cannot be such a file, or holds no row.

    `loans` has exposure_id and balance. A row with an error is left out of both, and stays in
    `collateral` with `fault`. `assets`: asset_id, kind, the asset's columns, claims (NULL where
    one is unknown), unknown_claims. `links`: asset_id, exposure_id, rank, interest_rate, balance;
    `ranked` is what `rank_loans` makes of them.
    """
    columns = load(FOLDER / "columns.yaml", Dictionary).columns
    taken = take_in(engine, Intake(path, columns, "collateral"), decimals)
    _type_table(engine, rules)
    if not engine.value("SELECT count(*) FROM collateral"):
        raise NplError(Problem("the file has a header and no row", "export it again", shown(path)))
    found = [*taken, *_check(engine, _checks(day, [*columns], rules.claims), "asset_id")]
    engine.execute(
        "CREATE OR REPLACE TABLE sound AS SELECT c.*, t.kind FROM collateral c "
        "JOIN asset_kinds t USING (asset_type) WHERE row NOT IN (SELECT row FROM faulty_rows)"
    )
    _assets(engine, rules, [*columns])
    engine.execute(
        "CREATE OR REPLACE TABLE links AS SELECT asset_id, exposure_id, CAST(rank AS INTEGER) AS "
        "rank, interest_rate, balance FROM sound JOIN loans USING (exposure_id)"
    )
    rank_loans(engine, decimals)
    return (*found, *_check(engine, _warnings(), "asset_id"))


def _type_table(engine: Engine, rules: CollateralRules) -> None:
    rows = ", ".join(f"({literal(n)}, {literal(t.kind)})" for n, t in rules.types.items())
    engine.execute(
        "CREATE OR REPLACE TABLE asset_kinds AS "
        f"SELECT * FROM (VALUES {rows}) AS v(asset_type, kind)"
    )


def _assets(engine: Engine, rules: CollateralRules, columns: Sequence[str]) -> None:
    own = [name for name in columns if name not in (*OF_LINK, "asset_id")]
    engine.execute(
        "CREATE OR REPLACE TABLE plain_assets AS SELECT asset_id, any_value(kind) AS kind, "
        + ", ".join(f"any_value({quoted(name)}) AS {quoted(name)}" for name in own)
        + " FROM sound GROUP BY asset_id"
    )
    scope = Scope({"kind": "text", "owner_bankrupt": "boolean", "allocated_land": "boolean"})
    applies = {n: compile_value(c.applies, scope).sql for n, c in rules.claims.items()}
    unknown = ", ".join(
        f"CASE WHEN {sql} AND {quoted(name)} IS NULL THEN {literal(name)} END"
        for name, sql in applies.items()
    )
    total = " + ".join(f"CASE WHEN {sql} THEN {quoted(n)} ELSE 0 END" for n, sql in applies.items())
    engine.execute(
        f"CREATE OR REPLACE TABLE assets AS SELECT *, {total} AS claims, "
        f"list_filter([{unknown}], lambda x: x IS NOT NULL) AS unknown_claims FROM plain_assets"
    )


def _checks(day: date, columns: Sequence[str], claims: Iterable[str]) -> list[Check]:
    own = [n for n in columns if n not in (*OF_LINK, "asset_id")]
    said = f"hash(row({', '.join(map(quoted, own))}))"
    told_apart = (
        "asset_id IN (SELECT asset_id FROM collateral GROUP BY asset_id "
        f"HAVING min({said}) <> max({said}))"
    )
    twice = (
        "(asset_id, exposure_id, rank) IN (SELECT (asset_id, exposure_id, rank) FROM collateral "
        "GROUP BY asset_id, exposure_id, rank HAVING count(*) > 1)"
    )
    several = (
        "(asset_id, exposure_id) IN (SELECT (asset_id, exposure_id) FROM collateral "
        "GROUP BY asset_id, exposure_id HAVING count(DISTINCT rank) > 1)"
    )
    return [
        Check("CO-01", "error", "exposure_id",
              "exposure_id IS NULL OR exposure_id NOT IN (SELECT exposure_id FROM loans)",
              "The asset secures no exposure of the tape."),
        Check("CO-02", "error", "rank", twice,
              "The exposure stands twice on the asset at the same rank."),
        Check("CO-03", "error", "rank", several,
              "The exposure stands on the asset at several ranks; give one."),
        Check("CO-04", "error", "appraisal_date", f"appraisal_date > DATE '{day}'",
              "The valuation lies after the reporting date."),
        Check("CO-05", "error", "asset_type",
              "asset_type NOT IN (SELECT asset_type FROM asset_kinds)",
              "The type is not in the rule file."),
        Check("CO-06", "error", "asset_id", told_apart,
              "The rows of one asset say different things of it."),
        Check("CO-07", "error", "appraisal_value", "appraisal_value < 0",
              "The value is negative."),
        Check("CO-08", "error", "rank", "rank < 1", "A rank is 1 or more."),
        Check("CO-09", "warning", "appraisal_value", "appraisal_value = 0",
              "The value is zero: the asset covers nothing."),
        Check("CO-10", "warning", "appraisal_date", "appraisal_date IS NULL",
              "The valuation has no date: its age is not known."),
        Check("CO-13", "error", "claims", " OR ".join(f"{quoted(name)} < 0" for name in claims),
              "A prior claim is negative."),
        Check("CO-14", "error", "months_to_sale", "months_to_sale < 0",
              "The time to sale is negative."),
        Check("CO-15", "error", "interest_rate", "interest_rate <= -1",
              "The rate is -100 % or less: nothing can be discounted by it."),
        Check("CO-16", "warning", "interest_rate", "interest_rate > 1",
              "The rate is above 100 %: give a fraction, 0.035 for 3.5 %."),
    ]  # fmt: skip


def _warnings() -> list[Check]:
    first = "row IN (SELECT min(row) FROM sound JOIN assets a USING (asset_id) WHERE {} GROUP BY asset_id)"
    return [
        Check("CO-11", "error", "claims", first.format("len(a.unknown_claims) > 0"),
              "A prior claim that applies has no amount: unknown, not zero; nothing is realisable "
              "until it is known."),
        Check("CO-12", "warning", "claims", first.format("a.claims > a.appraisal_value"),
              "The prior claims are above the value: nothing is left for the bank."),
    ]  # fmt: skip


def _check(engine: Engine, checks: Sequence[Check], found_by: str) -> list[Finding]:
    engine.execute("CREATE TABLE IF NOT EXISTS faulty_rows (row BIGINT)")
    found = []
    for check in checks:
        value = quoted(check.column) if check.column != "claims" else "NULL"
        rows = engine.rows(
            f"SELECT row, exposure_id, CAST({value} AS VARCHAR), {quoted(found_by)} "
            f"FROM collateral WHERE {check.where} ORDER BY row"
        )
        for row, exposure, text, asset in rows:
            words = {"en": f"{check.words} Asset {asset}."}
            found.append(
                Finding(check.id, check.severity, row, exposure, check.column, text, "", words)
            )
        if check.severity == "error" and check.id != "CO-11":
            engine.execute(
                f"INSERT INTO faulty_rows SELECT row FROM collateral WHERE {check.where}"
            )
    return found
