"""What one rulebook wrote down of a tape that another would find the same: it need not be found again."""

from __future__ import annotations

from collections.abc import Iterator

from npl_reporting.law.rulebook import Decision, Rulebook

PORTION = "portion"
_SPLIT = frozenset((PORTION, "amount", "first_portion"))
_DAY = "reporting_date"


def settled(kept: Rulebook, asked: Rulebook) -> frozenset[str]:
    """The names of facts, decisions and portions that come out the same under both on any tape.

    A name is settled if both define it by the same expression (or the same rules) over columns
    of the same meaning and names that are settled; the three columns of a portion together.
    """
    if kept.scope.money_decimals != asked.scope.money_decimals:
        return frozenset()
    same = {*alike_columns(kept, asked), _DAY}
    waiting = dict(_defined_alike(kept, asked))
    while ready := [names for names, reads in waiting.items() if reads <= same]:
        for names in ready:
            same |= names
            del waiting[names]
    return frozenset(same - set(asked.columns) - {_DAY})


def alike_columns(kept: Rulebook, asked: Rulebook) -> frozenset[str]:
    """The columns that both read as the same type and, where they are empty, as the same value."""
    ranks = {f"prior_{d.name}": d.outcomes for d in kept.decisions}
    return frozenset(
        name
        for name, column in asked.columns.items()
        if name in kept.columns
        and (column.type, column.default) == (kept.columns[name].type, kept.columns[name].default)
    ) - {f"prior_{d.name}" for d in asked.decisions if ranks.get(f"prior_{d.name}") != d.outcomes}


def read(rulebook: Rulebook) -> frozenset[str]:
    """Every name that the rulebook reads anywhere."""
    values = [
        *(fact.value for fact in rulebook.facts),
        *rulebook.portions.values(), *rulebook.amounts.values(), *rulebook.carried.values(),
    ]  # fmt: skip
    return frozenset(rulebook.bands).union(*(value.reads for value in values))


def _defined_alike(
    kept: Rulebook, asked: Rulebook
) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """Names that both define by the same words, with all that they read."""
    known = {fact.name: fact.value for fact in kept.facts}
    for fact in asked.facts:
        if known.get(fact.name) == fact.value:
            yield frozenset((fact.name,)), fact.value.reads
    decided = {decision.name: _rules(decision) for decision in kept.decisions}
    for decision in asked.decisions:
        if decided.get(decision.name) == _rules(decision):
            names = (rule.condition.names for rule in decision.rules)
            yield frozenset((decision.name,)), frozenset().union(*names)
    if list(kept.portions.items()) == list(asked.portions.items()):
        reads = (value.reads for value in asked.portions.values())
        yield _SPLIT, frozenset().union(*reads) - set(asked.portions)


def _rules(decision: Decision) -> object:
    """What the outcome of a decision hangs on."""
    rules = [(rule.condition.condition, rule.then) for rule in decision.rules]
    return decision.of, decision.rate, decision.outcomes, decision.default, rules
