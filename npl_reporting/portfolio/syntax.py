"""Phase one: is every cell what its column says? The typed tape, and a finding for each that is not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.portfolio.checks import of_kind
from npl_reporting.portfolio.findings import ALL_COLUMNS, add_one, add_rows
from npl_reporting.portfolio.nearest import nearest
from npl_reporting.portfolio.rawtape import CELLS, ROW
from npl_reporting.portfolio.readings import Reading

FLAWED = "__flawed"
_VERY_LIKE = 0.85


def declare_tape(engine: Engine, readings: Sequence[Reading], others: Mapping[str, str]) -> None:
    """Make `tape`, every row typed; `others` are the file's further columns, name → SQL.

    It is a view of the file where its types fit, and a table where text had to be parsed.
    """
    typed = [f"{reading.typed} AS {quoted(reading.column)}" for reading in readings]
    kept = [f"{sql} AS {quoted(name)}" for name, sql in others.items()]
    columns = ", ".join([f"{ROW} AS row", *typed, *kept, f"({_faulty(readings)}) AS {FLAWED}"])
    form = "TABLE" if any(reading.costly for reading in readings) else "VIEW"
    engine.execute(f"CREATE {form} tape AS SELECT {columns} FROM raw")


def find_syntax_faults(engine: Engine, readings: Sequence[Reading]) -> None:
    """Record every cell that could not be read; the file is read again only if there is one."""
    if not engine.value(f"SELECT count(*) FROM tape WHERE {FLAWED}"):
        return
    engine.execute(f"CREATE TABLE flawed AS SELECT * FROM raw WHERE {_faulty(readings)}")
    exposure = next((r.text for r in readings if r.column == "exposure_id"), "NULL")
    named = f"{ROW} AS row, {exposure} AS exposure_id"
    for check, _ in of_kind("ragged"):
        source = f"(SELECT {named}, {CELLS} AS cells FROM flawed WHERE {CELLS} <> 0)"
        expected = literal("as many cells as the header")
        add_rows(
            engine,
            check,
            source,
            column=ALL_COLUMNS,
            value="cells || ' cells'",
            expected=expected,
        )
    for reading in readings:
        _record(engine, reading, named)
    engine.execute("DROP TABLE flawed")


def note_other_columns(
    engine: Engine, others: Sequence[str], renamed: Mapping[str, str], known: Collection[str]
) -> None:
    """Record columns that nobody declared where their names invite a mistake."""
    for name in others:
        close = nearest(name, known, _VERY_LIKE)
        for check, _ in of_kind("near_name") if close else ():
            add_one(engine, check, column=name, value=name, expected=f"{close}, perhaps")
    for name, new in renamed.items():
        for check, _ in of_kind("taken_name"):
            add_one(engine, check, column=name, value=name, expected=f"kept as {new}")


def _faulty(readings: Sequence[Reading]) -> str:
    faults = [f"({r.fault}) IS NOT NULL" for r in readings if r.fault != "NULL"]
    return " OR ".join([f"{CELLS} <> 0", *faults])


def _record(engine: Engine, reading: Reading, named: str) -> None:
    """Record one column's faults; a row with too many or too few cells is one fault by itself."""
    cells = f"SELECT {named}, {reading.text} AS value, {reading.fault} AS kind FROM flawed"
    named_check = "coalesce(check_id, error('no check for the fault ' || kind))"
    engine.execute(
        f"INSERT INTO findings SELECT {named_check}, severity, row, exposure_id, "
        f"{literal(reading.column)}, value, {literal(reading.expected)} "
        f"FROM ({cells} WHERE {CELLS} = 0) LEFT JOIN checks USING (kind) WHERE kind IS NOT NULL"
    )
