"""The only door to durable-rules: which rules fire in a case whose facts are small whole numbers.

The library is used inside the subset in which it is sound: one ruleset for a decision under a
generated name, one fact in memory at a time, asserted and retracted, actions that only append, and
every comparison a range of whole numbers, so that no condition is a negation. Its host would start
timer threads that compete for firings; ours starts none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any as AnyValue

from durable.engine import Host, MessageNotHandledException

from npl_reporting.errors import NplError, Problem
from npl_reporting.law.bands import Bands
from npl_reporting.law.conditions import All, Comparison, Condition, branches
from npl_reporting.law.rulebook import Decision

MOST_RULES = 400
MOST_MATCHES = 48
MOST_FACTS = 60


class _QuietHost(Host):  # type: ignore[misc]
    """A host without background threads: firings happen here and now or not at all."""

    def _run(self) -> None:
        return


class DecisionRules:
    """One decision's rules inside durable-rules; not to be shared between threads.

    NplError if the decision has more rules or reads more facts than the engine is sound for.
    """

    def __init__(self, decision: Decision, bands: Mapping[str, Bands]) -> None:
        self.decision = decision
        self._names = sorted({name for rule in decision.rules for name in rule.condition.names})
        self._bands = bands
        self._ways = {rule.id: branches(rule.condition.condition) for rule in decision.rules}
        self._refuse_above_limits()
        self._fired: list[str] = []
        self._host = _QuietHost()
        self._seen: dict[tuple[int, ...], frozenset[str]] = {}
        self._number = 0
        if decision.rules:
            self._register()

    @property
    def names(self) -> Sequence[str]:
        """The names whose bands decide this decision."""
        return self._names

    def fired(self, bands: Mapping[str, int]) -> frozenset[str]:
        """Ids of all rules that hold, given the band of every name in `names`."""
        values = tuple(bands[name] for name in self._names)
        if values not in self._seen:
            self._seen[values] = self._ask(values) if self.decision.rules else frozenset()
        return self._seen[values]

    def _refuse_above_limits(self) -> None:
        counts = {
            "rules": (len(self.decision.rules), MOST_RULES),
            "facts read": (len(self._names), MOST_FACTS),
        }
        for what, (found, most) in counts.items():
            if found > most:
                text = f"decision '{self.decision.name}' has {found} {what}, more than {most}"
                raise NplError(Problem(text, "split the decision"))

    def _register(self) -> None:
        rules: dict[str, AnyValue] = {}
        for number, rule in enumerate(self.decision.rules):
            condition = self._condition(rule.condition.condition)
            rules[f"r{number}"] = {"all": [{"m": condition}], "run": self._append(rule.id)}
        plain = [(name, rule["all"]) for name, rule in rules.items()]
        self._ruleset = "s" + hashlib.sha256(json.dumps(plain).encode()).hexdigest()[:16]
        self._host.set_rulesets({self._ruleset: rules})

    def _append(self, rule_id: str) -> AnyValue:
        def action(context: object) -> None:
            self._fired.append(rule_id)

        return action

    def _ask(self, values: tuple[int, ...]) -> frozenset[str]:
        self._number += 1
        fact = {"id": self._number, "sid": 1}
        fact |= {f"f{place}": band for place, band in enumerate(values)}
        self._fired.clear()
        try:
            self._host.assert_fact(self._ruleset, dict(fact))
        except MessageNotHandledException:
            return frozenset()
        self._host.retract_fact(self._ruleset, dict(fact))
        return frozenset(self._fired)

    def refuse_too_many(self, fired: frozenset[str]) -> None:
        """NplError if these rules, all holding in one case, are more than the engine can fire."""
        ways = sum(self._ways[rule] for rule in fired)
        if ways > MOST_MATCHES:
            text = f"decision '{self.decision.name}' has a case in which rules hold in {ways} ways"
            raise NplError(Problem(f"{text}, more than {MOST_MATCHES}", "split the decision"))

    def _condition(self, condition: Condition) -> dict[str, AnyValue]:
        if isinstance(condition, Comparison):
            return self._comparison(condition)
        word = "$and" if isinstance(condition, All) else "$or"
        parts = [self._condition(part) for part in condition.parts]
        return parts[0] if len(parts) == 1 else {word: parts}

    def _comparison(self, comparison: Comparison) -> dict[str, AnyValue]:
        name = f"f{self._names.index(comparison.name)}"
        ranges = _ranges(self._bands[comparison.name].holding(comparison))
        parts: list[dict[str, AnyValue]] = [
            {"$and": [{"$gte": {name: low}}, {"$lte": {name: high}}]} for low, high in ranges
        ]
        if not parts:
            return {"$lt": {name: 0}}
        return parts[0] if len(parts) == 1 else {"$or": parts}


def _ranges(bands: Sequence[int]) -> list[tuple[int, int]]:
    """Runs of neighbouring bands as (lowest, highest)."""
    runs = []
    for _, group in groupby(enumerate(bands), lambda pair: pair[1] - pair[0]):
        run = [band for _, band in group]
        runs.append((run[0], run[-1]))
    return runs
