"""Phase two: do the rows fit each other? Ids, debtors and currencies across the whole tape."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.money import known_currency
from npl_reporting.portfolio.checks import of_kind
from npl_reporting.portfolio.findings import add_one, add_rows

_CODE = "[A-Z]{3}"


def find_reference_faults(
    engine: Engine, present: Collection[str], currency: str, *, several: bool = False
) -> None:
    """Record what does not fit between rows; `present` are the tape's columns.

    `several` allows rows in other known currencies, which have been converted.
    """
    if _repeated(engine, "exposure_id", "exposure_id IS NOT NULL"):
        _duplicates(engine)
    for column in _foldable(engine, ("exposure_id", "debtor_id")):
        _look_alikes(engine, column)
    _contradictions(engine, present)
    _same_loans(engine, present)
    if "currency" in present:
        _currencies(engine, currency, several=several)


def _folded(column: str) -> str:
    return f"lower(replace(replace({column}, ' ', ''), '-', ''))"


def _foldable(engine: Engine, columns: Sequence[str]) -> list[str]:
    """The columns whose values could become equal when they are folded, by one cheap scan."""
    tests = [
        f"bool_or(regexp_matches({c}, '[ -]')) "
        f"OR (bool_or({c} <> lower({c})) AND bool_or({c} <> upper({c})))"
        for c in columns
    ]
    (found,) = engine.rows(f"SELECT {', '.join(tests)} FROM tape")
    return [column for column, foldable in zip(columns, found, strict=True) if foldable]


def _repeated(engine: Engine, key: str, where: str = "true") -> bool:
    """Tell whether a key may occur twice; equal hashes are looked into, unequal ones are proof."""
    hashes = f"SELECT hash({key}) AS h FROM tape WHERE {where}"
    groups = f"SELECT h FROM ({hashes}) GROUP BY h HAVING count(*) > 1 LIMIT 1"
    return bool(engine.value(f"SELECT count(*) FROM ({groups})"))


def _duplicates(engine: Engine) -> None:
    groups = (
        "SELECT exposure_id, count(*) AS times, min(row) AS first FROM tape "
        "WHERE exposure_id IS NOT NULL GROUP BY exposure_id HAVING count(*) > 1"
    )
    source = (
        f"(SELECT row, exposure_id, times, first FROM tape JOIN ({groups}) USING (exposure_id))"
    )
    expected = "'once; ' || times || ' rows have it, the first is row ' || first"
    for check, _ in of_kind("duplicate"):
        add_rows(
            engine, check, source, column="exposure_id", value="exposure_id", expected=expected
        )


def _look_alikes(engine: Engine, column: str) -> None:
    key = _folded(column)
    if not _varied(engine, f"hash({key})", f"hash({column})"):
        return
    groups = (
        f"SELECT {key} AS key, min({column}) AS one, max({column}) AS other FROM tape "
        f"GROUP BY key HAVING one <> other"
    )
    source = f"(SELECT row, exposure_id, {column} AS value, one, other FROM tape JOIN ({groups}) g ON g.key = {key})"
    expected = "'not like ' || CASE WHEN value = one THEN other ELSE one END"
    for check, record in of_kind("look_alike"):
        if column in record.columns:
            add_rows(engine, check, source, column=column, value="value", expected=expected)


def _varied(engine: Engine, key: str, value: str) -> bool:
    pairs = f"SELECT {key} AS k, {value} AS v FROM tape"
    groups = f"SELECT k FROM ({pairs}) GROUP BY k HAVING min(v) <> max(v) LIMIT 1"
    return bool(engine.value(f"SELECT count(*) FROM ({groups})"))


def _contradictions(engine: Engine, present: Collection[str]) -> None:
    """One scan finds the debtors with two values of anything; each column is then looked into."""
    held = [
        (name, column)
        for name, check in of_kind("one_per_debtor")
        for column in check.columns
        if column in present
    ]
    if not held:
        return
    differ = [f"min({quoted(c)}) <> max({quoted(c)})" for _, c in held]
    flags = ", ".join(f"{test} AS {quoted(c)}" for test, (_, c) in zip(differ, held, strict=True))
    engine.execute(
        f"CREATE TABLE contradicted AS SELECT debtor_id, {flags} FROM tape "
        f"WHERE debtor_id IS NOT NULL GROUP BY debtor_id HAVING {' OR '.join(differ)}"
    )
    for check, column in held:
        _contradicted_rows(engine, check, column)
    engine.execute("DROP TABLE contradicted")


def _contradicted_rows(engine: Engine, check: str, column: str) -> None:
    name = quoted(column)
    debtors = f"SELECT debtor_id FROM contradicted WHERE {name}"
    both = (
        f"SELECT debtor_id, min({name}) AS one, max({name}) AS other FROM tape "
        f"WHERE debtor_id IN ({debtors}) GROUP BY debtor_id"
    )
    source = (
        f"(SELECT row, exposure_id, {name} AS value, one, other FROM tape "
        f"JOIN ({both}) USING (debtor_id) WHERE {name} IS NOT NULL)"
    )
    expected = "'one for the debtor; it has ' || one || ' and ' || other"
    add_rows(engine, check, source, column=column, value="value", expected=expected)


def _same_loans(engine: Engine, present: Collection[str]) -> None:
    for name, check in of_kind("same_loan"):
        keys = ", ".join(check.columns)
        loan = "outstanding_principal > 0 AND origination_date IS NOT NULL"
        if not set(check.columns) <= set(present) or not _repeated(engine, keys, loan):
            continue
        groups = (
            f"SELECT {keys}, min(row) AS first, count(*) AS times FROM tape WHERE {loan} "
            f"GROUP BY {keys} HAVING count(DISTINCT exposure_id) > 1"
        )
        same = " AND ".join(f"t.{c} IS NOT DISTINCT FROM g.{c}" for c in check.columns)
        source = f"(SELECT t.*, first, times FROM tape t JOIN ({groups}) g ON {same})"
        expected = "'one row; ' || times || ' agree, the first is row ' || first"
        add_rows(engine, name, source, column="exposure_id", value="exposure_id", expected=expected)


def _currencies(engine: Engine, currency: str, *, several: bool) -> None:
    codes = engine.rows(
        "SELECT currency, count(*) FROM tape "
        f"WHERE regexp_full_match(currency, {literal(_CODE)}) GROUP BY ALL ORDER BY ALL"
    )
    known = {code: count for code, count in codes if known_currency(code)}
    unknown = f"currency NOT IN ({', '.join(map(literal, known)) or literal('')})"
    source = f"(SELECT row, exposure_id, currency FROM tape WHERE {unknown})"
    for check, _ in of_kind("unknown_currency"):
        add_rows(engine, check, source, column="currency", value="currency")
    kind = "several_currencies" if len(known) > 1 else "foreign_currency"
    if set(known) - {currency} and not several:
        value = ", ".join(
            f"{code} in {count} row{'s' * (count > 1)}" for code, count in known.items()
        )
        for check, _ in of_kind(kind):
            add_one(engine, check, column="currency", value=value, expected=f"{currency} only")
