"""Every asset's ways out side by side, in one set-based pass: net present values as lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import pyarrow as pa

from npl_reporting.disposal.allocation import spread_debt
from npl_reporting.disposal.channels import ROUNDS, ChannelRules, Round
from npl_reporting.disposal.discount import monthly
from npl_reporting.disposal.presentvalue import Route, coefficients
from npl_reporting.disposal.rounds import SHARE_DECIMALS, Chances, RoundRules, chances
from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.law.expressions import Kind, Scope, compile_value
from npl_reporting.money import rounded

_FINE = 15
"""Decimals of the lines' factors: amounts of a trillion stay exact to the cent."""
_LINE = pa.decimal128(18, _FINE)
_KINDS: Mapping[str, Kind] = {
    "floor": "integer", "building_floors": "integer", "several_floors": "boolean",
    "extension": "boolean", "area_ping": "decimal", "location": "text", "vacant": "boolean",
    "handover": "boolean",
}  # fmt: skip
_SIGNS = {"1": True, "0": False, "?": None}


def compare_channels(
    engine: Engine, channels: ChannelRules, rounds: RoundRules, decimals: int = 2
) -> None:
    """Make `compared` from `valued` and `links`: a row per asset.

    asset_id, market_value, claims, debt, annual_rate, rate_assumed, profile, early, third, late
    (probabilities), a net present value per route, one expected per channel, and the best channel
    with its margin to the second. Where claims are unknown there are no values, and no best channel
    for a kind that is not auctioned.
    """
    spread_debt(engine, "valued", "market_value", "debts", decimals=decimals)
    _asked(engine, channels, rounds)
    _lines(engine, channels)
    _profiles(engine, rounds)
    _routes(engine, channels, decimals)
    _expected(engine, channels, decimals)
    _best(engine, channels)


def profile_sql(rounds: RoundRules) -> str:
    """The traits of an asset as text: 1 has it, 0 has not, ? not known."""
    scope = Scope(_KINDS)
    signs = [
        f"CASE WHEN ({sql}) IS NULL THEN '?' WHEN {sql} THEN '1' ELSE '0' END"
        for sql in (compile_value(trait.when, scope).sql for trait in rounds.traits.values())
    ]
    return " || ".join(signs)


def known_of(rounds: RoundRules, profile: str) -> dict[str, bool | None]:
    """A profile's traits by name."""
    return {name: _SIGNS[sign] for name, sign in zip(rounds.traits, profile, strict=True)}


def _asked(engine: Engine, channels: ChannelRules, rounds: RoundRules) -> None:
    """What each asset is to pay: the debt that it answers for, at the highest rate of its loans."""
    usual = rounded(channels.number("annual_rate"), 6)
    engine.execute(
        "CREATE OR REPLACE TABLE asked AS SELECT v.asset_id, v.asset_type, v.kind, v.region, "
        "v.market_value, v.claims, v.realisable_value, d.debt, d.loans, "
        f"CAST(coalesce(d.rate, {usual}) AS DECIMAL(12, 6)) AS annual_rate, "
        f"d.rate IS NULL AS rate_assumed, {profile_sql(rounds)} AS profile FROM valued v JOIN "
        "(SELECT asset_id, CAST(sum(debt) AS DECIMAL(20, 2)) AS debt, max(interest_rate) AS rate, "
        "count(*) AS loans FROM debts GROUP BY asset_id) d USING (asset_id)"
    )


def _lines(engine: Engine, channels: ChannelRules) -> None:
    """The table `lines`: the factors of every route, one row per rate."""
    rates = [r for (r,) in engine.rows("SELECT DISTINCT annual_rate FROM asked ORDER BY 1")]
    columns: dict[str, pa.Array] = {"annual_rate": pa.array(rates, pa.decimal128(12, 6))}
    for routes in channels.routes().values():
        for route, _, _ in routes:
            found = [coefficients(route, monthly(rate)) for rate in rates]
            for part in ("price", "claims", "debt"):
                values = [rounded(getattr(one, part), _FINE) for one in found]
                columns[f"{route.name}_{part}"] = pa.array(values, _LINE)
    engine.register("given_lines", pa.table(columns))
    engine.execute("CREATE OR REPLACE TABLE lines AS SELECT * FROM given_lines")


def _profiles(engine: Engine, rounds: RoundRules) -> None:
    """The table `profiles`: each distinct profile once, with the models' answer."""
    found = [p for (p,) in engine.rows("SELECT DISTINCT profile FROM asked ORDER BY 1")]
    answers: Sequence[Chances] = [chances(rounds, known_of(rounds, profile)) for profile in found]
    columns: dict[str, pa.Array] = {"profile": pa.array(found, pa.string())}
    for kind in ROUNDS:
        shares = [answer.combined[kind] for answer in answers]
        columns[kind] = pa.array(shares, pa.decimal128(12, SHARE_DECIMALS))
    columns["likeliest"] = pa.array([answer.likeliest for answer in answers], pa.string())
    engine.register("given_profiles", pa.table(columns))
    engine.execute("CREATE OR REPLACE TABLE profiles AS SELECT * FROM given_profiles")


def _routes(engine: Engine, channels: ChannelRules, decimals: int) -> None:
    nets = [
        f"{_net(route.name, route.price, decimals)} AS {quoted(route.name)}"
        for routes in channels.routes().values()
        for route, _, _ in routes
    ]
    engine.execute(
        f"CREATE OR REPLACE TABLE routed AS SELECT a.*, p.* EXCLUDE (profile), {', '.join(nets)} "
        "FROM asked a JOIN lines USING (annual_rate) JOIN profiles p USING (profile)"
    )


def _net(route: str, price: Decimal, decimals: int) -> str:
    """A route's net present value; claims ahead take at most the price."""
    sale = f"CAST(round(market_value * {price}, {decimals}) AS DECIMAL(20, {decimals}))"
    claims = f"CASE WHEN claims < {sale} THEN claims WHEN claims IS NOT NULL THEN {sale} END"
    claims = f"CAST({claims} AS DECIMAL(20, {decimals}))"
    exact = f"market_value * {route}_price - {claims} * {route}_claims - debt * {route}_debt"
    return f"CAST(round({exact}, {decimals}) AS DECIMAL(20, {decimals}))"


def _expected(engine: Engine, channels: ChannelRules, decimals: int) -> None:
    columns = ", ".join(
        f"CAST(round({' + '.join(_weighed(routes))}, {decimals}) AS DECIMAL(20, {decimals})) "
        f"AS {quoted(name)}"
        for name, routes in channels.routes().items()
    )
    engine.execute(f"CREATE OR REPLACE TABLE expected AS SELECT *, {columns} FROM routed")


def _weighed(routes: Sequence[tuple[Route, Round, Decimal]]) -> Iterator[str]:
    for route, kind, share in routes:
        yield f"{quoted(route.name)} * {kind} * {rounded(share, 4)}"


def _best(engine: Engine, channels: ChannelRules) -> None:
    """The best channel; of equal ones the first of the file."""
    names = list(channels.channels)
    highest = f"greatest({', '.join(map(quoted, names))})"
    best = " ".join(f"WHEN {quoted(n)} = {highest} THEN '{n}'" for n in names)
    values = f"list_reverse_sort([{', '.join(map(quoted, names))}])"
    policy = " ".join(f"WHEN '{kind}' THEN '{name}'" for kind, name in channels.policy.items())
    compared = f"claims IS NOT NULL AND kind IN ({', '.join(map(literal, channels.auctioned))})"
    engine.execute(
        f"CREATE OR REPLACE TABLE compared AS SELECT *, "
        f"CASE WHEN NOT ({compared}) THEN NULL {best} END AS best, "
        f"CASE WHEN {compared} THEN {values}[1] - {values}[2] END AS margin, "
        f"CASE likeliest {policy} END AS policy FROM expected"
    )
