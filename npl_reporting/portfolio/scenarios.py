"""Exposures on other days and after other payments, decided by the same rules as every run."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date

from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.law.expressions import constant_sql
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.portfolio.arrears import LAST_PAID, OLDEST, PAST_DUE
from npl_reporting.portfolio.cases import Case
from npl_reporting.portfolio.classify import TREATED, classify
from npl_reporting.portfolio.decided import verdict_table
from npl_reporting.portfolio.dues import money_sql

VERDICTS = "scenario_verdicts"
"""What every case met so far came to: case_id, decision, outcome, severity, rules, articles."""


@dataclass(frozen=True)
class Scenarios:
    """The debtors of `source`, who are asked what becomes of them on a day if they pay so much.

    The table `dues` must lie ready; what is paid is paid on `start`. A question is about a debtor
    as a whole, for a value over a debtor's exposures has to see all of them.
    """

    engine: Engine
    rulebook: Rulebook
    source: str
    present: Collection[str]
    start: date
    _cases: dict[str, Case] = field(default_factory=dict)

    def decide(self, asked: str, answers: str) -> None:
        """Decide the questions in the query `asked`: debtor_id, day, paid, and what else it has.

        `paid` counts minor units of the currency. Makes the table `answers`, a row per question,
        exposure and portion: the question's columns, row, portion, amount, case_id. Adds to the
        table `scenario_verdicts`.
        """
        touched = dict(self._touched())
        kept = [
            name
            for name in self.rulebook.columns
            if name in self.present and name not in touched and name != "debtor_id"
        ]
        self._declare(asked, touched, kept)
        columns = ("debtor_id", *kept, *touched)
        cases = classify(self.engine, self.rulebook, columns, None, "scenarios")
        self._cases.update({case.id: case for case in cases})
        verdicts = verdict_table(self.rulebook, self._cases.values())
        self.engine.register("verdicts_met", verdicts)
        self.engine.execute(f"CREATE OR REPLACE TABLE {VERDICTS} AS SELECT * FROM verdicts_met")
        self.engine.execute(
            f"CREATE OR REPLACE TABLE {answers} AS SELECT q.*, t.origin AS row, t.portion, "
            f"t.amount, t.case_id FROM (SELECT scenario, origin, portion, amount, case_id "
            f"FROM {TREATED}) t JOIN questions q ON q.scenario = t.scenario"
        )

    def _declare(self, asked: str, touched: dict[str, str], kept: Collection[str]) -> None:
        """Make the table `scenarios`: every question's exposures, a debtor of their own."""
        self.engine.execute(
            "CREATE OR REPLACE TABLE questions AS "
            f"SELECT *, row_number() OVER () AS scenario FROM ({asked})"
        )
        self.engine.execute(f"CREATE OR REPLACE TABLE left_over AS {self._left_over()}")
        columns = "".join(f", e.{quoted(name)}" for name in kept)
        columns += "".join(f", {sql} AS {quoted(name)}" for name, sql in touched.items())
        self.engine.execute(
            "CREATE OR REPLACE TABLE scenarios AS SELECT row_number() OVER () AS row, "
            "CAST(q.scenario AS VARCHAR) AS debtor_id, q.scenario, e.row AS origin, "
            f"q.day AS reporting_date{columns} FROM questions q "
            f"JOIN {self.source} e ON e.debtor_id = q.debtor_id "
            "LEFT JOIN left_over l ON l.scenario = q.scenario AND l.origin = e.row"
        )

    def _left_over(self) -> str:
        """What each exposure still owes once the payment has gone to the oldest first."""
        still = "least(d.units, greatest(d.before + d.units - q.paid, 0))"
        pieces = (
            f"SELECT q.scenario, d.row AS origin, d.due_date, d.part, d.units, {still} AS still, "
            "coalesce(d.due_date <= q.day, true) AS fallen "
            "FROM questions q JOIN dues d ON d.debtor_id = q.debtor_id"
        )
        parts = "".join(
            f", sum(still) FILTER (WHERE fallen AND part = {literal(part)}) AS {quoted(part)}"
            for part in self.rulebook.file.appropriation
        )
        return (
            "SELECT scenario, origin, min(due_date) FILTER (WHERE fallen AND still > 0) AS oldest, "
            f"sum(still) FILTER (WHERE fallen) AS owed{parts}, bool_or(still < units) AS touched "
            f"FROM ({pieces}) GROUP BY scenario, origin"
        )

    def _touched(self) -> Iterator[tuple[str, str]]:
        """SQL of the columns that time or a payment moves: arrears, and the latest payment."""
        named = {PAST_DUE: "owed", **{f"past_due_{p}": p for p in self.rulebook.file.appropriation}}
        values = {
            name: money_sql(f"coalesce(l.{owed}, 0)", self.rulebook) for name, owed in named.items()
        }
        for name, value in {OLDEST: "l.oldest", **values}.items():
            if name in self.present and name in self.rulebook.columns:
                yield name, f"CASE WHEN l.scenario IS NULL THEN e.{name} ELSE {value} END"
        if LAST_PAID in self.present:
            paid = (
                f"CASE WHEN l.touched THEN {constant_sql(self.start).text} ELSE e.{LAST_PAID} END"
            )
            yield LAST_PAID, paid
