"""Which decisions can be taken together, and the bands of what they read."""

from __future__ import annotations

from npl_reporting.law.bands import Bands, bands_of
from npl_reporting.law.conditions import comparisons
from npl_reporting.law.names import Names
from npl_reporting.law.rulebook import Stage


def stages(names: Names) -> tuple[Stage, ...]:
    """Group decisions by the stage in which all they read is known, with the facts each needs."""
    last = max((d.stage for d in names.decisions.values()), default=0)
    last = max([last, *(fact.stage for fact in names.facts.values())])
    made: list[Stage] = []
    banded: set[str] = set()
    everything = _all_bands(names)
    for number in range(last + 1):
        facts = tuple(f for f in names.facts.values() if f.stage == number)
        decisions = tuple(d for d in names.decisions.values() if d.stage == number)
        read = {n for d in decisions for rule in d.rules for n in rule.condition.names}
        bands = {name: everything[name] for name in sorted(read - banded)}
        banded |= set(bands)
        made.append(Stage(facts, decisions, bands))
    return tuple(made)


def _all_bands(names: Names) -> dict[str, Bands]:
    read = [
        comparison
        for decision in names.decisions.values()
        for rule in decision.rules
        for comparison in comparisons(rule.condition.condition)
    ]
    closed = {d.name: tuple(map(str, d.outcomes)) for d in names.decisions.values() if not d.rate}
    closed["portion"] = tuple(names.file.portions)
    return bands_of(names.scope.kinds, read, closed)
