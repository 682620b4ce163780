"""The same trees grown inside the data engine, level by level, for millions of leaves."""

from __future__ import annotations

from npl_reporting.engine import Engine
from npl_reporting.evidence.merkle import EMPTY

_LEVEL = "tree level"


def bulk_root(engine: Engine, entries: str) -> tuple[int, bytes]:
    """Number of leaves and root of a query's rows: `place` from 0 without gaps, and `entry` (text)."""
    _level(engine, 0, f"SELECT place, {_hash('00', 'encode(entry)')} FROM ({entries})")
    size = int(engine.value(f'SELECT count(*) FROM "{_LEVEL} 0"'))
    number, width = 0, size
    while width > 1:
        _level(engine, number + 1, _pairs(number))
        engine.execute(f'DROP TABLE "{_LEVEL} {number}"')
        number, width = number + 1, (width + 1) // 2
    roots = engine.rows(f'SELECT hash FROM "{_LEVEL} {number}"')
    engine.execute(f'DROP TABLE "{_LEVEL} {number}"')
    return size, bytes(roots[0][0]) if roots else EMPTY


def _level(engine: Engine, number: int, query: str) -> None:
    engine.execute(f'CREATE OR REPLACE TEMP TABLE "{_LEVEL} {number}" (place BIGINT, hash BLOB)')
    engine.execute(f'INSERT INTO "{_LEVEL} {number}" {query}')


def _pairs(number: int) -> str:
    """Join neighbours; a last one without a neighbour goes up as it is."""
    both = _hash("01", "one.hash || other.hash")
    table = f'"{_LEVEL} {number}"'
    return (
        "SELECT one.place // 2, CASE WHEN other.hash IS NULL THEN one.hash "
        f"ELSE {both} END FROM {table} one LEFT JOIN {table} other "
        "ON other.place = one.place + 1 WHERE one.place % 2 = 0"
    )


def _hash(prefix: str, content: str) -> str:
    return f"unhex(sha256(unhex('{prefix}') || {content}))"
