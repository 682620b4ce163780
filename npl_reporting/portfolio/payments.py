"""The smallest payment after which nothing worsens, or all performs again, searched to the cent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from npl_reporting.engine import Engine, literal
from npl_reporting.law.expressions import constant_sql
from npl_reporting.portfolio.ahead import NOW, every_day
from npl_reporting.portfolio.dues import money_sql
from npl_reporting.portfolio.scenarios import VERDICTS, Scenarios

PAYMENTS, PARTS = "smallest_payments", "payment_parts"
"""What `find_payments` leaves."""

Goal = Literal["prevent", "cure"]
PREVENT: Goal = "prevent"
CURE: Goal = "cure"
RULES_STILL_HOLD, NOTHING_PAST_DUE, NOT_MONOTONE = (
    "rules_still_hold", "nothing_past_due", "not_monotone",
)  # fmt: skip
"""Why no payment does it: other rules decide, nothing is owed yet, or paying more does less."""

STATUS = "status"
_ROWS = 400_000
"""About how many exposures one round of the search decides."""
_MOST = 1_000
_EDGES = 40
"""About how many pieces of a long schedule are tried first, spread over all of them."""


@dataclass(frozen=True)
class Payment:
    """The smallest payment of one debtor to one end, or why none does it."""

    goal: Goal
    debtor_id: str
    first_day: date | None
    exposures: int
    amount: Decimal
    payment: Decimal | None
    reason: str | None
    rules: str | None


@dataclass(frozen=True)
class PaymentSum:
    """How many debtors a goal came out for in one way, and what they would have to pay."""

    goal: Goal
    reason: str | None
    debtors: int
    amount: Decimal
    payment: Decimal | None


@dataclass(frozen=True)
class Search:
    """A search between payments that fail and payments that work, many debtors at a time.

    `find_crossings` must have run. `decisions` are those that may not worsen on any of `days` days.
    """

    scenarios: Scenarios
    decisions: Sequence[str]
    days: int

    @property
    def engine(self) -> Engine:
        """Where the tables are."""
        return self.scenarios.engine

    def find_payments(self) -> None:
        """Make the tables `smallest_payments` and `payment_parts`.

        `smallest_payments` has a row per goal and debtor: goal (prevent: on no day of the horizon
        is a decision severer than on the start; cure: no exposure is nonperforming on the start),
        debtor_id, first_day (on which something worsens), exposures and amount (of those that do,
        or are nonperforming), payment, reason (where no payment does it), rules (that still
        decide then). `payment_parts` divides payments: goal, debtor_id, exposure_id, payment.
        """
        self._want()
        self._try(self._first(), "first_answers")
        self._note_hopeless()
        while left := self._open_exposures():
            self._try(self._between(left), "next_answers")
        self._check_every_day()
        self.engine.execute(f"CREATE OR REPLACE TABLE {PAYMENTS} AS {self._payments()}")
        self.engine.execute(f"CREATE OR REPLACE TABLE {PARTS} AS {self._parts()}")

    def _want(self) -> None:
        """Make the table `wanted`: who needs a payment to what end, and the day it is tested on."""
        self._judge(f"(SELECT {literal(PREVENT)} AS goal, * FROM daily)", "worse_daily")
        today = constant_sql(self.scenarios.start).text
        worse = (
            "SELECT goal, debtor_id, row, max(day) AS day, min(day) AS first_day "
            "FROM worse_daily GROUP BY ALL"
        )
        bad = (
            f"SELECT DISTINCT {literal(CURE)}, debtor_id, row, {today}, CAST(NULL AS DATE) "
            f"FROM {NOW} JOIN {VERDICTS} USING (case_id) "
            f"WHERE decision = {literal(STATUS)} AND severity > 0"
        )
        self.engine.execute(
            "CREATE OR REPLACE TABLE wanted AS SELECT goal, w.debtor_id, max(day) AS day, "
            "min(first_day) AS first_day, count(*) AS exposures, sum(a.amount) AS amount "
            f"FROM ({worse} UNION ALL {bad}) w "
            f"JOIN (SELECT row, sum(amount) AS amount FROM {NOW} GROUP BY row) a USING (row) "
            "GROUP BY goal, w.debtor_id"
        )
        self.engine.execute(
            "CREATE OR REPLACE TABLE tried "
            "(goal VARCHAR, debtor_id VARCHAR, paid BIGINT, works BOOLEAN)"
        )

    def _judge(self, answers: str, failing: str) -> None:
        """Make the table `failing`: the rows of `answers` that miss their goal, and by which rules."""
        before = (
            f"SELECT a.*, coalesce(n.case_id, f.case_id) AS before FROM {answers} a "
            f"LEFT JOIN {NOW} n ON n.row = a.row AND n.portion = a.portion "
            f"JOIN (SELECT row, min(case_id) AS case_id FROM {NOW} GROUP BY row) f "
            f"ON f.row = a.row WHERE a.goal = {literal(PREVENT)}"
        )
        counted = literal(list(self.decisions))
        worse = (
            "SELECT p.before, p.case_id, string_agg(v.rules, ' ') AS rules "
            f"FROM (SELECT DISTINCT before, case_id FROM ({before})) p "
            f"JOIN {VERDICTS} u ON u.case_id = p.before JOIN {VERDICTS} v "
            "ON v.case_id = p.case_id AND v.decision = u.decision "
            f"WHERE v.severity > u.severity AND list_contains({counted}, v.decision) GROUP BY ALL"
        )
        self.engine.execute(
            f"CREATE OR REPLACE TABLE {failing} AS "
            f"SELECT goal, debtor_id, day, paid, row, rules FROM ({before}) "
            f"JOIN ({worse}) USING (before, case_id) UNION ALL "
            f"SELECT goal, debtor_id, day, paid, row, rules FROM {answers} a "
            f"JOIN {VERDICTS} USING (case_id) WHERE a.goal = {literal(CURE)} "
            f"AND decision = {literal(STATUS)} AND severity > 0"
        )

    def _try(self, asked: str, answers: str) -> None:
        """Decide payments (goal, debtor_id, day, paid), and note which of them work."""
        self.scenarios.decide(asked, answers)
        self._judge(answers, f"failing_{answers}")
        self.engine.execute(
            "INSERT INTO tried SELECT q.goal, q.debtor_id, q.paid, f.paid IS NULL FROM questions q "
            f"LEFT JOIN (SELECT DISTINCT goal, debtor_id, paid FROM failing_{answers}) f "
            "USING (goal, debtor_id, paid)"
        )

    def _first(self) -> str:
        """Nothing, the sums that settle a piece of what is owed, and a unit less than each."""
        pieces = (
            "SELECT goal, w.debtor_id, day, d.before + d.units AS edge, "
            "row_number() OVER (PARTITION BY goal, w.debtor_id ORDER BY d.before, d.units) AS place, "
            "count(*) OVER (PARTITION BY goal, w.debtor_id) AS pieces FROM wanted w JOIN dues d "
            "ON d.debtor_id = w.debtor_id AND coalesce(d.due_date <= w.day, true)"
        )
        return (
            "SELECT goal, debtor_id, day, 0 AS paid FROM wanted UNION "
            f"SELECT goal, debtor_id, day, unnest([edge - 1, edge]) FROM ({pieces}) "
            f"WHERE place = pieces OR place % greatest(pieces // {_EDGES}, 1) = 0"
        )

    def _note_hopeless(self) -> None:
        """Make the table `hopeless`: for whom not even everything works, and the rules that hold."""
        most = "SELECT goal, debtor_id, max(paid) AS paid FROM tried GROUP BY ALL"
        self.engine.execute(
            "CREATE OR REPLACE TABLE hopeless AS SELECT goal, debtor_id, paid, "
            "array_to_string(list_sort(list_distinct(flatten(list(string_split(rules, ' '))))), ' ')"
            f" AS rules FROM failing_first_answers JOIN ({most}) USING (goal, debtor_id, paid) "
            "GROUP BY ALL"
        )

    def _open_exposures(self) -> int:
        """How many exposures the debtors have for whom the search goes on."""
        return int(
            self.engine.value(
                f"SELECT count(*) FROM ({_open()}) o "
                f"JOIN {self.scenarios.source} e ON e.debtor_id = o.debtor_id"
            )
        )

    def _between(self, exposures: int) -> str:
        """As many payments between what fails and what works as one round can decide."""
        parts = min(max(_ROWS // exposures, 4), _MOST)
        step = f"low + (high - low) * unnest(range(1, {parts})) // {parts}"
        return (
            f"SELECT DISTINCT * FROM (SELECT goal, debtor_id, day, {step} AS paid, low, high "
            f"FROM ({_open()}) JOIN wanted USING (goal, debtor_id)) WHERE paid > low AND paid < high"
        )

    def _check_every_day(self) -> None:
        """Make the table `broken`: whom the payment found fails on some other day."""
        days = every_day(self.scenarios.start, self.days)
        self.scenarios.decide(
            f"SELECT goal, debtor_id, unnest({days}) AS day, high AS paid FROM ({_bounds()}) "
            f"WHERE goal = {literal(PREVENT)} AND high > low",
            "every_answer",
        )
        self._judge("every_answer", "broken")

    def _payments(self) -> str:
        reason = (
            "CASE WHEN k.reason IS NOT NULL THEN k.reason "
            f"WHEN b.high IS NULL AND h.paid = 0 THEN {literal(NOTHING_PAST_DUE)} "
            f"WHEN b.high IS NULL THEN {literal(RULES_STILL_HOLD)} WHEN b.high < b.low "
            "OR (goal, debtor_id) IN (SELECT (goal, debtor_id) FROM broken) "
            f"THEN {literal(NOT_MONOTONE)} END"
        )
        high = money_sql("high", self.scenarios.rulebook)
        return (
            f"SELECT goal, debtor_id, first_day, exposures, amount, "
            f"CASE WHEN reason IS NULL THEN {high} END AS payment, reason, "
            "CASE WHEN reason IS NOT NULL THEN rules END AS rules FROM ("
            f"SELECT w.*, b.high, h.rules, {reason} AS reason FROM wanted w "
            f"LEFT JOIN ({_bounds()}) b USING (goal, debtor_id) "
            "LEFT JOIN hopeless h USING (goal, debtor_id) "
            "LEFT JOIN dues_unknown k USING (debtor_id)) ORDER BY amount DESC, debtor_id, goal"
        )

    def _parts(self) -> str:
        share = money_sql("sum(least(d.units, b.high - d.before))", self.scenarios.rulebook)
        return (
            f"SELECT p.goal, p.debtor_id, d.exposure_id, {share} AS payment FROM {PAYMENTS} p "
            f"JOIN ({_bounds()}) b ON b.goal = p.goal AND b.debtor_id = p.debtor_id "
            "JOIN dues d ON d.debtor_id = p.debtor_id AND d.before < b.high "
            "WHERE p.payment IS NOT NULL GROUP BY ALL ORDER BY p.goal, p.debtor_id, d.exposure_id"
        )


def _bounds() -> str:
    """Of each search the largest payment that fails and the smallest that works."""
    return (
        "SELECT goal, debtor_id, max(paid) FILTER (WHERE NOT works) AS low, "
        "min(paid) FILTER (WHERE works) AS high FROM tried GROUP BY goal, debtor_id"
    )


def _open() -> str:
    return f"SELECT * FROM ({_bounds()}) WHERE high - low > 1"


def payment_sums(engine: Engine) -> tuple[PaymentSum, ...]:
    """How the search came out, by goal and result; those that a payment helps come first."""
    found = engine.rows(
        "SELECT goal, reason, count(*), sum(amount), sum(payment) "
        f"FROM {PAYMENTS} GROUP BY ALL ORDER BY goal DESC, reason NULLS FIRST"
    )
    return tuple(PaymentSum(*row) for row in found)


def largest_payments(engine: Engine, goal: Goal, most: int) -> tuple[Payment, ...]:
    """The debtors with the largest amounts that a goal is about."""
    found = engine.rows(
        "SELECT goal, debtor_id, first_day, exposures, amount, payment, reason, rules "
        f"FROM {PAYMENTS} WHERE goal = {literal(goal)} "
        f"ORDER BY amount DESC, debtor_id LIMIT {most}"
    )
    return tuple(Payment(*row) for row in found)
