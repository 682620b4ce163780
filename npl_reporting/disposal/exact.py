"""Exact amounts and ratios in SQL, where the engine's own division and greatest() would not do."""

from __future__ import annotations

RATIO_DECIMALS = 6


def money(units: str, decimals: int) -> str:
    """Whole minor units as an amount."""
    one = f"{10**-decimals:.{decimals}f}"
    return f"CAST(CAST({units} AS DECIMAL(36, 0)) * {one} AS DECIMAL(20, {decimals}))"


def units(amount: str, decimals: int) -> str:
    """An amount as whole minor units."""
    return f"CAST({amount} * {10**decimals} AS HUGEINT)"


def at_least_zero(value: str) -> str:
    """A value, zero where it is negative, missing where it is missing (greatest() would say 0)."""
    return f"CASE WHEN {value} > 0 THEN {value} WHEN {value} IS NOT NULL THEN 0 END"


def ratio(part: str, whole: str) -> str:
    """A quotient of two amounts, neither negative, to six decimals half up; missing where whole is 0."""
    above, below = f"CAST({part} * 10000 AS HUGEINT)", f"CAST({whole} * 10000 AS HUGEINT)"
    millionths = f"({above} * {2 * 10**RATIO_DECIMALS} + {below}) // nullif(2 * {below}, 0)"
    return (
        f"CAST(CAST({millionths} AS DECIMAL(32, 0)) * 0.{'0' * (RATIO_DECIMALS - 1)}1 "
        f"AS DECIMAL(32, {RATIO_DECIMALS}))"
    )
