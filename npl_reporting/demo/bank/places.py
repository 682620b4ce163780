"""Who holds which exposure: families of products, stories, seats and debtors."""

from __future__ import annotations

from pathlib import Path

from npl_reporting.demo.bank.draws import Draws
from npl_reporting.engine import Engine, literal

TABLES = ("booking", "families", "mix", "products", "stories")
PLACES = 100_000
"""The mix is stated in exposures of so many; a larger or smaller bank has the same shares."""

NEW_PERCENT = 3
"""New exposures of a quarter, in percent; the story `repaid` in mix.csv takes as many away."""

# How ten neighbouring seats are shared among debtors: persons hold one or two exposures,
# businesses up to three, public bodies five.
_SEATING = {
    "person": (0, 1, 1, 2, 3, 4, 5, 6, 6, 7),
    "business": (0, 0, 0, 1, 1, 1, 2, 2, 3, 4),
    "government": (0, 0, 0, 0, 0, 1, 1, 1, 1, 1),
}

_SEGMENTS = """
    CREATE TABLE segments AS
    SELECT * FROM (VALUES {seating}) AS seating(segment, code, initial, seats, debtors)
"""

_PLACES = """
    CREATE TABLE places AS
    WITH told AS (UNPIVOT mix ON COLUMNS(* EXCLUDE story) INTO NAME family VALUE loans),
    remaining AS (
        SELECT 'good' AS story, family, any_value(families.loans) - sum(told.loans) AS loans
        FROM told JOIN families USING (family) GROUP BY family),
    ranges AS (
        SELECT family, story, loans,
               sum(loans) OVER (ORDER BY family, story) - loans AS first_place
        FROM (FROM told UNION ALL BY NAME FROM remaining) WHERE loans > 0)
    SELECT family, segment, story, CAST(first_place + nth AS BIGINT) AS place
    FROM ranges JOIN families USING (family),
         LATERAL (SELECT unnest(range(CAST(ranges.loans AS BIGINT))) AS nth)
"""

_SHARES = """
    CREATE TABLE shares AS
    WITH ranges AS (
        SELECT nth, family, debtor_type, share,
               sum(share) OVER (PARTITION BY family, debtor_type ORDER BY nth) - share AS first_share
        FROM (SELECT row_number() OVER () AS nth, * FROM products))
    SELECT nth AS product, family, debtor_type, CAST(first_share + unit AS BIGINT) AS share
    FROM ranges, LATERAL (SELECT unnest(range(ranges.share)) AS unit)
"""

# A seat is a place in a shuffled row of all exposures of a segment: neighbours share a debtor.
_OLD = """
    CREATE TABLE old_exposures AS
    SELECT number, family, segment, story,
           row_number() OVER (PARTITION BY segment ORDER BY {shuffle}, number) - 1 AS seat
    FROM (SELECT number, number * {places} // {size} AS place FROM range({size}) AS all_(number))
    JOIN places USING (place)
"""

_NEW = """
    CREATE TABLE new_exposures AS
    SELECT {size} + nth AS number, family, segment, 'new' AS story,
           CASE WHEN {known} THEN {seat} ELSE seated + 10 * nth END AS seat
    FROM (SELECT nth, nth * {places} // {new} AS place FROM range({new}) AS all_(nth))
    JOIN places USING (place)
    JOIN (SELECT segment, max(seat) + 10 AS seated FROM old_exposures GROUP BY segment)
      USING (segment)
"""

_EXPOSURES = """
    CREATE VIEW exposures AS
    SELECT number, family, segment, story, initial,
           seat // 10 * debtors + seats[seat % 10 + 1] AS debtor,
           (seat // 10 * debtors + seats[seat % 10 + 1]) * 4 + code AS debtor_key
    FROM (FROM old_exposures UNION ALL FROM new_exposures) JOIN segments USING (segment)
"""


def sources(folder: Path) -> dict[str, Path]:
    """The files that say what the bank is made of, by table name."""
    return {name: folder / f"{name}.csv" for name in TABLES}


def seat(engine: Engine, draws: Draws, size: int, files: dict[str, Path]) -> None:
    """Make the view `exposures`: each with its family, story and debtor."""
    for name, path in files.items():
        engine.execute(f"CREATE TABLE {name} AS FROM read_csv({literal(str(path))}, header = true)")
    engine.execute(_SEGMENTS.format(seating=", ".join(_seating())))
    engine.execute(_PLACES)
    engine.execute(_SHARES)
    shuffle = draws.whole("number", "seat", 0, 2**32 - 1)
    engine.execute(_OLD.format(shuffle=shuffle, places=PLACES, size=size))
    known = draws.percent("nth", "new loan of a known debtor", 50)
    some_seat = draws.whole("nth", "seat of the new loan", 0, "(seated - 10)")
    new = size * NEW_PERCENT // 100
    engine.execute(_NEW.format(known=known, seat=some_seat, places=PLACES, size=size, new=new))
    engine.execute(_EXPOSURES)


def _seating() -> list[str]:
    return [
        f"('{segment}', {code}, '{segment[0].upper()}', {list(seats)}, {len(set(seats))})"
        for code, (segment, seats) in enumerate(_SEATING.items())
    ]
