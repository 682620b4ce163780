"""Exposures on which rulebooks disagree: in which ways, how much, and by which articles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.portfolio.decided import Decided

STATUS = "status"


@dataclass(frozen=True)
class Pattern:
    """Exposures on which the rulebooks disagree in the same way; a status for each rulebook."""

    statuses: tuple[str, ...]
    exposures: int
    amount: Decimal


@dataclass(frozen=True)
class Answer:
    """What one rulebook makes of an exposure, by which rules and articles."""

    status: str
    rules: str
    articles: str


@dataclass(frozen=True)
class Contested:
    """An exposure on which the rulebooks disagree, with the answer of each."""

    exposure_id: str
    debtor_id: str
    product_type: str
    amount: Decimal
    answers: tuple[Answer, ...]


def declare_answers(engine: Engine, decided: Sequence[Decided]) -> None:
    """Make the table `answers`: row, exposure_id, debtor_id, product_type, amount, and of each
    rulebook, numbered from 0, status_N, rules_N, articles_N.
    """
    columns, joins = "", ""
    for n, one in enumerate(decided):
        columns += (
            f", v{n}.outcome AS status_{n}, v{n}.rules AS rules_{n}, v{n}.articles AS articles_{n}"
        )
        joins += (
            f" JOIN {one.table} d{n} ON d{n}.row = e.row AND d{n}.first_portion"
            f" JOIN {one.verdicts} v{n} ON v{n}.case_id = d{n}.case_id"
            f" AND v{n}.decision = {literal(STATUS)}"
        )
    engine.execute(
        "CREATE OR REPLACE TABLE answers AS SELECT e.row, e.exposure_id, e.debtor_id, "
        f"e.product_type, e.outstanding_principal AS amount{columns} FROM exposures e{joins}"
    )


def _statuses(number: int) -> str:
    return ", ".join(f"status_{n}" for n in range(number))


def _differ(number: int) -> str:
    return " OR ".join(f"status_{n} <> status_0" for n in range(1, number)) or "false"


def patterns(engine: Engine, number: int) -> Iterator[Pattern]:
    """Every way in which the rulebooks disagree, the largest amount first."""
    statuses = _statuses(number)
    rows = engine.rows(
        f"SELECT {statuses}, count(*) AS exposures, sum(amount) AS amount FROM answers "
        f"WHERE {_differ(number)} GROUP BY {statuses} ORDER BY amount DESC, {statuses}"
    )
    for *told, exposures, amount in rows:
        yield Pattern(tuple(told), exposures, amount)


def contested_sql(names: Sequence[str]) -> str:
    """A query for every exposure on which the rulebooks disagree, the largest first.

    `names` are what the rulebooks are called, each the first word of its three columns.
    """
    told = "".join(
        f", {column}_{n} AS {quoted(f'{name} {column}')}"
        for n, name in enumerate(names)
        for column in ("status", "rules", "articles")
    )
    return (
        f"SELECT exposure_id, debtor_id, product_type, amount{told} FROM answers "
        f"WHERE {_differ(len(names))} ORDER BY amount DESC, exposure_id"
    )


def largest_contested(engine: Engine, names: Sequence[str], limit: int) -> tuple[Contested, ...]:
    """The largest exposures on which the rulebooks disagree."""
    rows = engine.rows(f"{contested_sql(names)} LIMIT {limit}")
    return tuple(Contested(*row[:4], _answers(row[4:])) for row in rows)  # type: ignore[call-arg]


def _answers(told: Sequence[str]) -> tuple[Answer, ...]:
    """Statuses, rules and articles, three to a rulebook."""
    return tuple(Answer(*told[place : place + 3]) for place in range(0, len(told), 3))
