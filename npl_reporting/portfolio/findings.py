"""The table `findings`: one record per problem of the tape, written in SQL, read one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from npl_reporting.engine import Engine, literal
from npl_reporting.errors import Finding
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.portfolio.checks import all_checks, phases
from npl_reporting.portfolio.deltafindings import delta_words

_COLUMNS = 'check_id, severity, "row", exposure_id, "column", value, expected'
ALL_COLUMNS = ""
"""The `column` of a finding that is about the row as a whole."""


def declare_findings(engine: Engine) -> None:
    """Make the empty table `findings`, and `checks`: check_id, phase, kind, severity."""
    engine.execute(
        'CREATE OR REPLACE TABLE findings (check_id VARCHAR, severity VARCHAR, "row" BIGINT, '
        'exposure_id VARCHAR, "column" VARCHAR, value VARCHAR, expected VARCHAR)'
    )
    values = ", ".join(
        "(" + ", ".join(map(literal, (name, phase, check.kind or "", check.severity))) + ")"
        for phase, checks in phases().items()
        for name, check in checks.items()
    )
    engine.execute(
        "CREATE OR REPLACE TABLE checks AS "
        f"SELECT * FROM (VALUES {values}) AS v(check_id, phase, kind, severity)"
    )


def add_rows(
    engine: Engine, check: str, source: str, *, column: str, value: str, expected: str = ""
) -> None:
    """Record one finding per row of `source`, which has the columns row and exposure_id.

    `value` is SQL over `source`, and so is `expected`; without it the check's sentence stands.
    """
    record = all_checks()[check]
    severity = literal(record.severity)
    words = expected or literal(record.sentence["en"].format(column=column))
    engine.execute(
        f"INSERT INTO findings SELECT {literal(check)}, {severity}, row, exposure_id, "
        f"{literal(column)}, CAST({value} AS VARCHAR), {words} FROM {source}"
    )


def add_one(engine: Engine, check: str, *, column: str, value: str, expected: str = "") -> None:
    """Record a finding about the tape as a whole."""
    nowhere = "(SELECT CAST(NULL AS BIGINT) AS row, CAST(NULL AS VARCHAR) AS exposure_id)"
    words = literal(expected) if expected else ""
    add_rows(engine, check, nowhere, column=column, value=literal(value), expected=words)


def count_findings(engine: Engine) -> Mapping[str, int]:
    """Number of findings of every check that failed, by its id."""
    return dict(
        engine.rows("SELECT check_id, count(*) FROM findings GROUP BY ALL ORDER BY check_id")
    )


def add_rule_findings(engine: Engine, rulebook: Rulebook, treated: str) -> None:
    """Record what a rulebook says cannot be known of the exposures in the view `treated`."""
    for text, value in rulebook.findings:
        known = (text.id, text.severity, text.words["en"])
        check, severity, words = (literal(part) for part in known)
        engine.execute(
            f"INSERT INTO findings SELECT {check}, {severity}, row, exposure_id, '', NULL, {words} "
            f"FROM {treated} WHERE first_portion AND {value.sql}"
        )


def findings(engine: Engine, rulebook: Rulebook | None = None) -> Iterator[Finding]:
    """Every finding, the tape's own first, then row by row; `rulebook` words those that it added."""
    added = {text.id: dict(text.words) for text, _ in rulebook.findings} if rulebook else {}
    order = f'SELECT {_COLUMNS} FROM findings ORDER BY "row" NULLS FIRST, check_id, "column"'
    for batch in engine.batches(order):
        for record in batch.to_pylist():
            column = record["column"] or None
            yield Finding(
                record["check_id"], record["severity"], record["row"], record["exposure_id"],
                column, record["value"], record["expected"],
                added.get(record["check_id"]) or _words(record["check_id"], column),
            )  # fmt: skip


def _words(check: str, column: str | None) -> dict[str, str]:
    if check in delta_words():
        return {lang: text.format(column=column) for lang, text in delta_words()[check].items()}
    return all_checks()[check].words(column)
