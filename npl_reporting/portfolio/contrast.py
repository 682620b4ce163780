"""Two rulebooks' answers on one tape side by side: what moves from which outcome to which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from npl_reporting.engine import Engine, literal
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.portfolio.cases import outcome_text
from npl_reporting.portfolio.decided import Decided

Level = Literal["exposure", "portion", "severest"]
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Move:
    """How much of a tape goes from one outcome of a decision to another, or stays.

    `number` counts exposures, or portions where the decision is about portions. An outcome is
    None where a portion is there under one rulebook only.
    """

    decision: str
    before: str | None
    after: str | None
    number: int
    amount_before: Decimal
    amount_after: Decimal

    @property
    def stays(self) -> bool:
        """Whether the outcome is the same."""
        return self.before == self.after


@dataclass(frozen=True)
class Contrast:
    """Two rulebooks' answers on the tape of one engine, decision by decision.

    `levels` says of each decision that both take what is compared: exposures, portions, or, where
    the two split exposures differently, the severest outcome of each exposure.
    """

    engine: Engine
    before: Decided
    after: Decided

    @property
    def levels(self) -> dict[str, Level]:
        """The decisions of both, in the newer file's order, with what is compared."""
        return levels_of(self.before.rulebook, self.after.rulebook)

    def moves(self) -> tuple[Move, ...]:
        """The matrix of every decision, outcomes mildest first; computed case by case."""
        return tuple(
            move for name, level in self.levels.items() for move in self._moves(name, level)
        )

    def _moves(self, decision: str, level: Level) -> Iterator[Move]:
        sums: dict[tuple[str | None, str | None], tuple[int, Decimal, Decimal]] = {}
        for old, new, number, was, now in self._pairs(decision, level):
            key = (_outcome(self.before, old, decision), _outcome(self.after, new, decision))
            known = sums.get(key, (0, _ZERO, _ZERO))
            sums[key] = (known[0] + number, known[1] + (was or _ZERO), known[2] + (now or _ZERO))
        order = (_order(self.before, decision), _order(self.after, decision))
        for before, after in sorted(sums, key=lambda key: (order[0][key[0]], order[1][key[1]])):
            yield Move(decision, before, after, *sums[before, after])

    def _pairs(
        self, decision: str, level: Level
    ) -> Sequence[tuple[str, str, int, Decimal, Decimal]]:
        """How much lies in each pair of cases."""
        return self.engine.rows(
            "SELECT b.case_id, a.case_id, count(*), sum(b.amount), sum(a.amount) "
            f"FROM {self._joined(decision, level)} GROUP BY ALL"
        )

    def _joined(self, decision: str, level: Level) -> str:
        before, after = (_side(side, decision, level) for side in (self.before, self.after))
        return f"{before} b FULL JOIN {after} a ON a.row = b.row AND a.portion = b.portion"

    def moved_sql(self, decisions: Sequence[str] | None = None) -> str:
        """A query for everything that moves: decision, ids, amounts, outcomes, rules, articles.

        Ordered by decision, the largest amounts first.
        """
        parts = [
            self._moved(place, name, level)
            for place, (name, level) in enumerate(self.levels.items())
            if decisions is None or name in decisions
        ]
        union = " UNION ALL ".join(parts)
        order = "place, greatest(amount_before, amount_after) DESC NULLS LAST, exposure_id, portion"
        return f"SELECT * EXCLUDE (place) FROM ({union}) ORDER BY {order}"

    def _moved(self, place: int, decision: str, level: Level) -> str:
        told = "".join(f", {side}.{name} AS {name}_{word}" for name in TOLD for side, word in SIDES)
        ids = ", ".join(f"coalesce(b.{name}, a.{name}) AS {name}" for name in _IDS)
        verdicts = self._verdicts(decision, "b.case_id", "a.case_id")
        return (
            f"SELECT {place} AS place, {literal(decision)} AS decision, {ids}, "
            f"b.amount AS amount_before, a.amount AS amount_after{told} "
            f"FROM {self._joined(decision, level)} {verdicts} "
            "WHERE vb.outcome IS DISTINCT FROM va.outcome"
        )

    def _verdicts(self, decision: str, before: str, after: str) -> str:
        """Joins of both sides' verdicts on one decision, as vb and va, to the cases in two columns."""
        return " ".join(
            f"LEFT JOIN {decided.verdicts} {alias} ON {alias}.case_id = {case} "
            f"AND {alias}.decision = {literal(decision)}"
            for decided, alias, case in ((self.before, "vb", before), (self.after, "va", after))
        )


def levels_of(before: Rulebook, after: Rulebook) -> dict[str, Level]:
    """The decisions that two rulebooks both take, in the newer's order, with what is compared."""
    old = {decision.name: decision for decision in before.decisions}
    same = tuple(before.portions) == tuple(after.portions)
    return {
        decision.name: _level(old[decision.name].of, decision.of, same)
        for decision in after.decisions
        if decision.name in old
    }


_IDS = ("exposure_id", "debtor_id", "portion")
TOLD = ("outcome", "rules", "articles")
SIDES = (("vb", "before"), ("va", "after"))


def _level(old: str, new: str, same_portions: bool) -> Level:
    if "portion" not in (old, new):
        return "exposure"
    return "portion" if old == new and same_portions else "severest"


def _side(decided: Decided, decision: str, level: Level) -> str:
    """One row per thing compared: row, ids, portion, amount, case_id."""
    match level:
        case "portion":
            return decided.table
        case "exposure":
            columns = "* EXCLUDE (portion, amount), '' AS portion, exposure_amount AS amount"
            return f"(SELECT {columns} FROM {decided.table} WHERE first_portion)"
    return (
        "(SELECT row, any_value(exposure_id) AS exposure_id, any_value(debtor_id) AS debtor_id, "
        "'' AS portion, any_value(exposure_amount) AS amount, "
        f"arg_max(d.case_id, (severity, portion)) AS case_id FROM {decided.table} d "
        f"JOIN {decided.verdicts} v ON v.case_id = d.case_id AND v.decision = {literal(decision)} "
        "GROUP BY row)"
    )


def _outcome(decided: Decided, case: str | None, decision: str) -> str | None:
    return None if case is None else outcome_text(decided.outcomes[case][decision])


def _order(decided: Decided, decision: str) -> dict[str | None, int]:
    """The place of every outcome, a portion that is not there first."""
    outcomes = next(d for d in decided.rulebook.decisions if d.name == decision).outcomes
    places: dict[str | None, int] = {outcome_text(o): n for n, o in enumerate(outcomes)}
    return {None: -1, **places}
