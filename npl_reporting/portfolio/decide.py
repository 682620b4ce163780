"""The only door to durable-rules: which rules fire in a case whose facts are small whole numbers.

The library is used inside the subset in which it is sound: one ruleset for a decision under a
generated name, one fact in memory at a time, asserted and retracted, actions that only append, and
every comparison a range of whole numbers, so that no condition is a negation. Its host would start
timer threads that compete for firings; ours starts none. What it cannot hold is refused before it
is asked, because it would loop for ever.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from threading import get_ident
from typing import Any as AnyValue

from durable.engine import Host, MessageNotHandledException, durable_rules_engine

from npl_reporting.errors import NplError, Problem
from npl_reporting.law.bands import Bands
from npl_reporting.law.conditions import All, Comparison, Condition, branches
from npl_reporting.law.rulebook import Decision

MOST_BRANCHES = 400
"""The library loops for ever when 512 conditions follow upon one another's node."""
MOST_GROUPS = 15
"""The library takes 15 nested `and` and `or` in a rule."""
MOST_MATCHES = 48
"""The library gives up at 65 conditions that hold at once."""
MOST_FACTS = 60
"""The library takes 253 values in a fact."""

_TOO_MANY = "error code: 303"

Tree = dict[str, AnyValue]


class _QuietHost(Host):  # type: ignore[misc]
    """A host without background threads: firings happen here and now or not at all."""

    def _run(self) -> None:
        return


class DecisionRules:
    """One decision's rules inside durable-rules, for the thread that made them alone.

    NplError if the decision has more rules or reads more facts than the engine is sound for.
    """

    def __init__(self, decision: Decision, bands: Mapping[str, Bands]) -> None:
        self.decision = decision
        self._names = sorted({name for rule in decision.rules for name in rule.condition.names})
        self._bands = bands
        self._ways = {rule.id: branches(rule.condition.condition) for rule in decision.rules}
        self._trees = {rule.id: self._tree(rule.condition.condition) for rule in decision.rules}
        self._refuse_above_limits()
        self._fired: list[str] = []
        self._host = _QuietHost()
        self._seen: dict[tuple[int, ...], frozenset[str]] = {}
        self._number = 0
        self._thread = get_ident()
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
        name = f"decision '{self.decision.name}'"
        self._refuse(f"{name} reads", len(self._names), "facts", MOST_FACTS)
        self._refuse(f"{name} has", sum(map(_fan, self._trees.values())), "branches", MOST_BRANCHES)
        for rule, tree in self._trees.items():
            place = f"rule '{rule}' of {name}"
            self._refuse(f"{place} nests", _groups(tree), "'and' and 'or'", MOST_GROUPS)
            self._refuse(f"{place} may hold in", self._ways[rule], "ways at once", MOST_MATCHES)

    def _refuse(self, who: str, found: int, what: str, most: int) -> None:
        if found > most:
            raise NplError(Problem(f"{who} {found} {what}, more than {most}", "split it"))

    def _register(self) -> None:
        rules: Tree = {}
        for number, rule in enumerate(self.decision.rules):
            conditions = [{"m": self._trees[rule.id]}]
            rules[f"r{number}"] = {"all": conditions, "run": self._append(rule.id)}
        plain = [(name, rule["all"]) for name, rule in rules.items()]
        self._ruleset = "s" + hashlib.sha256(json.dumps(plain).encode()).hexdigest()[:16]
        self._host.set_rulesets({self._ruleset: rules})

    def _append(self, rule_id: str) -> AnyValue:
        def action(context: object) -> None:
            self._fired.append(rule_id)

        return action

    def _ask(self, values: tuple[int, ...]) -> frozenset[str]:
        if get_ident() != self._thread:
            raise RuntimeError("the library loses firings when threads share its rules")
        self._number += 1
        fact = {"id": self._number, "sid": 1}
        fact |= {f"f{place}": band for place, band in enumerate(values)}
        self._fired.clear()
        try:
            self._host.assert_fact(self._ruleset, dict(fact))
        except MessageNotHandledException:
            return frozenset()
        except durable_rules_engine.error as error:
            if _TOO_MANY not in str(error):
                raise
            raise self._too_many() from None
        self._host.retract_fact(self._ruleset, dict(fact))
        fired = frozenset(self._fired)
        if sum(self._ways[rule] for rule in fired) > MOST_MATCHES:
            raise self._too_many()
        return fired

    def _too_many(self) -> NplError:
        case = f"decision '{self.decision.name}' has a case in which"
        what = f"{case} more than {MOST_MATCHES} conditions hold at once"
        return NplError(Problem(what, "split the decision"))

    def _tree(self, condition: Condition) -> Tree:
        """A condition in the library's own language."""
        if isinstance(condition, Comparison):
            return self._comparison(condition)
        word = "$and" if isinstance(condition, All) else "$or"
        return _joined(word, [self._tree(part) for part in condition.parts])

    def _comparison(self, comparison: Comparison) -> Tree:
        name = f"f{self._names.index(comparison.name)}"
        bands = self._bands[comparison.name]
        ranges = _ranges(bands.holding(comparison))
        if not ranges:
            return {"$lt": {name: 0}}
        return _joined("$or", [_within(name, low, high, bands.size - 1) for low, high in ranges])


def _within(name: str, low: int, high: int, last: int) -> Tree:
    if low == high:
        return {"$eq": {name: low}}
    if high == last:
        return {"$gte": {name: low}}
    return {"$and": [{"$gte": {name: low}}, {"$lte": {name: high}}]}


def _joined(word: str, parts: Sequence[Tree]) -> Tree:
    """Join conditions, without a group inside a group of the same kind."""
    flat = [inner for part in parts for inner in part.get(word, [part])]
    return flat[0] if len(flat) == 1 else {word: flat}


def _parts(tree: Tree) -> Sequence[Tree]:
    parts: Sequence[Tree] = tree.get("$and") or tree.get("$or") or ()
    return parts


def _groups(tree: Tree) -> int:
    """How many `and` and `or` a condition holds."""
    return bool(_parts(tree)) + sum(map(_groups, _parts(tree)))


def _fan(tree: Tree) -> int:
    """How many conditions may follow upon one node because of this one."""
    fans = [_fan(part) for part in _parts(tree)] or [1]
    return sum(fans) if "$or" in tree else max(fans)


def _ranges(bands: Sequence[int]) -> list[tuple[int, int]]:
    """Runs of neighbouring bands as (lowest, highest)."""
    runs = []
    for _, group in groupby(enumerate(bands), lambda pair: pair[1] - pair[0]):
        run = [band for _, band in group]
        runs.append((run[0], run[-1]))
    return runs
