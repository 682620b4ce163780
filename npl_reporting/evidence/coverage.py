"""Which rules fired: in a rule file's examples, and in a stored run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from npl_reporting.evidence.records import CaseDecision
from npl_reporting.law.policy import added_rules
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.portfolio.examples import Tested


@dataclass(frozen=True)
class Coverage:
    """One rule: whether it fired in an example, and on how much of a run's portfolio.

    `in_examples` is None for the rules of a bank's policy, which has no examples; `portions` and
    `amount` are None without a run.
    """

    decision: str
    rule: str
    in_examples: bool | None
    portions: int | None = None
    amount: Decimal | None = None

    @property
    def in_run(self) -> bool | None:
        """Whether the rule fired in the run; None without one."""
        return None if self.portions is None else self.portions > 0


def coverage(
    rulebook: Rulebook, tested: Tested, cases: Iterable[CaseDecision] | None
) -> tuple[Coverage, ...]:
    """Every rule of a rulebook in the file's order; `cases` are a run's decisions, if there is one."""
    fired = None if cases is None else _fired(cases)
    return tuple(_coverage(rulebook, tested, fired))


def never_fired(
    rulebook: Rulebook, cases: Iterable[CaseDecision]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each decision with its rules that fired in none of these cases, if there are such."""
    fired = _fired(cases)
    silent = (
        (decision.name, tuple(r.id for r in decision.rules if (decision.name, r.id) not in fired))
        for decision in rulebook.decisions
    )
    return tuple((name, rules) for name, rules in silent if rules)


_Fired = dict[tuple[str, str], tuple[int, Decimal]]


def _coverage(rulebook: Rulebook, tested: Tested, fired: _Fired | None) -> Iterator[Coverage]:
    added = added_rules(rulebook)
    for decision in rulebook.decisions:
        for rule in decision.rules:
            place = (decision.name, rule.id)
            held = (None, None) if fired is None else fired.get(place, (0, Decimal(0)))
            yield Coverage(*place, None if place in added else place in tested.fired, *held)


def _fired(cases: Iterable[CaseDecision]) -> _Fired:
    """Portions and amount on which each rule fired, winner or not."""
    sums: _Fired = {}
    for case in cases:
        for rule in case.rules:
            portions, amount = sums.get((case.decision, rule), (0, Decimal(0)))
            sums[case.decision, rule] = (portions + case.exposures, amount + case.amount)
    return sums
