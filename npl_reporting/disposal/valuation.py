"""Every asset's realisable value, and every loan's cover, in one set-based pass (CO-1 to CO-9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import get_args

import pyarrow as pa

from npl_reporting.disposal.allocation import allocate
from npl_reporting.disposal.collateraltypes import ANYWHERE, CollateralRules, Measure, Mode
from npl_reporting.disposal.discount import effective
from npl_reporting.disposal.exact import at_least_zero, ratio
from npl_reporting.engine import Engine, literal
from npl_reporting.law.expressions import Scope, compile_value
from npl_reporting.money import rounded

RATE = pa.decimal128(12, 6)
_PV = 15
_MEASURES = {
    "real": "realisable_value", "net": "net_value", "gross": "market_value",
    "booked": "origination_value",
}  # fmt: skip
_AMOUNT = "CAST({} AS DECIMAL(20, 2))"


@dataclass(frozen=True)
class Shock:
    """What a stress does: factors on prices and times, and a share of the value that a sale brings
    instead of the type's."""

    price: Decimal = Decimal(1)
    pace: Decimal = Decimal(1)
    sale: Decimal | None = None


NO_SHOCK = Shock()


def value_assets(
    engine: Engine, rules: CollateralRules, day: date, shock: Shock = NO_SHOCK, decimals: int = 2,
) -> None:  # fmt: skip
    """Make `valued` (a row per asset) and `covered` (a row per loan) from `assets` and `links`.

    `valued`: market_value, factor, cost_rate, price, costs, claims, realisable_value (NULL where a
    claim is unknown), net_value, maximum_ltv, forced_value, orderly_value, age_months, stale.
    `covered`: exposure_id, balance, gross, net, within_reach, realisable, present_value (of what is
    within reach), unknown, and booked (what stood when the collateral was booked; NULL where it is
    not given for every asset).
    """
    _rates(engine, rules, shock)
    _values(engine, rules, day, shock, decimals)
    _priced(engine, rules, decimals)
    allocate(engine, "valued", _MEASURES, "allocated", decimals=decimals)
    _discounts(engine)
    _covered(engine, decimals)


def _rates(engine: Engine, rules: CollateralRules, shock: Shock) -> None:
    """The table `type_rates`: asset_type, cost_rate, and a factor for each mode."""
    columns: dict[str, pa.Array] = {
        "asset_type": pa.array(list(rules.types), pa.string()),
        "tape_type": pa.array([t.tape_type for t in rules.types.values()], pa.string()),
        "cost_rate": pa.array([_six(t.cost_rate) for t in rules.types.values()], RATE),
    }
    for mode in get_args(Mode):
        factors = [_six(shock.sale or rules.factor(name, mode)) for name in rules.types]
        columns[f"{mode}_factor"] = pa.array(factors, RATE)
    engine.register("given_rates", pa.table(columns))
    engine.execute("CREATE OR REPLACE TABLE type_rates AS SELECT * FROM given_rates")


def _six(value: Decimal) -> Decimal:
    return rounded(value, 6)


def _values(engine: Engine, rules: CollateralRules, day: date, shock: Shock, decimals: int) -> None:
    """The market value that counts: shocked, and cut where the valuation is stale."""
    literals = {"today": f"DATE '{day}'"}
    scope = Scope({"appraisal_date": "date", "today": "date"}, literals=literals)
    age = compile_value("months_between(appraisal_date, today)", scope).sql
    stale = f"coalesce({age} > {rules.number('stale_months')}, false)"
    counts = f"CASE WHEN {stale} THEN {_six(rules.number('stale_factor'))} ELSE 1 END"
    worth = f"round(appraisal_value * CAST({_six(shock.price)} AS DECIMAL(9, 6)), {decimals})"
    engine.execute(
        "CREATE OR REPLACE TABLE worth AS SELECT a.*, "
        f"floor({age}) AS age_months, {stale} AS stale, "
        f"CAST(ceil(months_to_sale * {_six(shock.pace)}) AS BIGINT) AS months, "
        f"CAST(round(CAST({worth} AS DECIMAL(20, {decimals})) * {counts}, {decimals}) "
        f"AS DECIMAL(20, {decimals})) AS market_value FROM assets a"
    )


def _priced(engine: Engine, rules: CollateralRules, decimals: int) -> None:
    money = f"DECIMAL(20, {decimals})"
    on_price = rules.word("cost_base") == "sale_price"

    def net(mode: str) -> str:
        base = (
            f"market_value * {mode}_factor * cost_rate" if on_price else "market_value * cost_rate"
        )
        base = f"CAST(round({base}, {decimals}) AS {money})"
        price = f"CAST(round(market_value * {mode}_factor, {decimals}) AS {money})"
        return f"{price} AS {mode}_price, {base} AS {mode}_costs"

    mode = rules.word("mode")
    engine.execute(
        f"CREATE OR REPLACE TABLE priced AS SELECT w.*, r.* EXCLUDE (asset_type), {net('orderly')}, "
        f"{net('forced')} FROM worth w JOIN type_rates r USING (asset_type)"
    )
    share = "cost_rate" if not on_price else f"{mode}_factor * cost_rate"
    left = {
        "realisable_value": f"({mode}_price - {mode}_costs - claims)",
        "forced_value": "(forced_price - forced_costs - claims)",
        "orderly_value": "(orderly_price - orderly_costs - claims)",
        "net_value": "(market_value - claims)",
        "maximum_ltv": f"({mode}_factor - {share} - {ratio('claims', 'market_value')})",
    }
    columns = ", ".join(f"{at_least_zero(sql)} AS {name}" for name, sql in left.items())
    engine.execute(
        f"CREATE OR REPLACE TABLE valued AS SELECT *, {mode}_factor AS factor, "
        f"{mode}_price AS price, {mode}_costs AS costs, {columns} FROM priced"
    )


def _discounts(engine: Engine) -> None:
    """The table `discounts`: one factor for each pair of rate and months (CO-6), 15 decimals."""
    pairs = engine.rows(
        "SELECT DISTINCT interest_rate, months FROM links JOIN valued USING (asset_id) "
        "WHERE interest_rate > -1 AND months >= 0 ORDER BY ALL"
    )
    factors = [rounded(effective(Decimal(rate), months), _PV) for rate, months in pairs]
    engine.register(
        "given_discounts",
        pa.table(
            {
                "interest_rate": pa.array([rounded(rate, 6) for rate, _ in pairs], RATE),
                "months": pa.array([months for _, months in pairs], pa.int64()),
                "discount": pa.array(factors, pa.decimal128(18, _PV)),
            }
        ),
    )
    engine.execute("CREATE OR REPLACE TABLE discounts AS SELECT * FROM given_discounts")


def _covered(engine: Engine, decimals: int) -> None:
    """Gather what each loan has in its assets; a loan with an unknown asset says so."""
    money = f"DECIMAL(20, {decimals})"
    pv = f"CAST(round(n.real_within_reach * discount, {decimals}) AS {money})"
    engine.execute(
        "CREATE OR REPLACE TABLE covered AS SELECT exposure_id, any_value(n.balance) AS balance, "
        f"CAST(sum(gross_within_reach) AS {money}) AS gross, "
        f"CAST(coalesce(sum(net_within_reach), 0) AS {money}) AS net, "
        f"CAST(coalesce(sum(real_within_reach), 0) AS {money}) AS within_reach, "
        f"CAST(least(any_value(n.balance), coalesce(sum(real_taken), 0)) AS {money}) AS realisable, "
        f"CASE WHEN count(discount) = count(*) THEN sum({pv}) END AS present_value, "
        f"CASE WHEN count(booked_within_reach) = count(*) "
        f"THEN CAST(sum(booked_within_reach) AS {money}) END AS booked, "
        "count(*) - count(real_within_reach) AS unknown, count(*) AS assets, "
        "min(a.appraisal_date) AS valuation_date, "
        "arg_max(a.tape_type, (gross_within_reach, asset_id)) AS type FROM allocated n "
        "JOIN links l USING (asset_id, exposure_id, rank) JOIN valued a USING (asset_id) "
        "LEFT JOIN discounts d ON d.interest_rate = l.interest_rate "
        "AND d.months = a.months GROUP BY exposure_id"
    )


def bound_by_history(engine: Engine, rules: CollateralRules, past: Mapping[str, Decimal]) -> None:
    """CO-7, where it is on: `valued.maximum_ltv` at most past recoveries of the type times k."""
    if not rules.flag("adjust_to_history"):
        return
    multiplier = rules.number("recovery_multiplier")
    for name, rate in past.items():
        bound = _six(rate * multiplier)
        engine.execute(
            f"UPDATE valued SET maximum_ltv = {bound} "
            f"WHERE asset_type = {literal(name)} AND maximum_ltv > {bound}"
        )


def feed(rules: CollateralRules, jurisdiction: str) -> Mapping[str, Measure]:
    """Tape columns that the result feeds under a jurisdiction's rules."""
    return rules.feeds.get(jurisdiction, rules.feeds[ANYWHERE])


def fed_sql(measure: Measure, own: str) -> str:
    """A measure as SQL over `covered` as c; `own` is what the tape says itself."""
    if measure in ("nothing", "empty"):
        return _AMOUNT.format("0" if measure == "nothing" else "NULL")
    return f"coalesce(c.booked, {own})" if measure == "booked" else f"c.{measure}"
