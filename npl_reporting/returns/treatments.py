"""Cases that were decided alike by the same rules, gathered so that nothing is told twice.

Each rule is told once and numbered, each treatment once with the cases that had it, and a fact's
usual state once, so that a case tells only where it is other than usual.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from npl_reporting.returns.page import CaseBlock, CaseDecision, CaseRule, Text


class Facts(NamedTuple):
    """Facts with their values, facts that are false, and facts that are not known."""

    reads: tuple[Text, ...]
    no: tuple[Text, ...]
    missing: tuple[Text, ...]


class Numbered(NamedTuple):
    """A rule and the number that treatments name it by."""

    number: int
    rule: CaseRule


class Legend(NamedTuple):
    """The rules of one decision that fired for any case."""

    decision: Text
    rules: tuple[Numbered, ...]


class Answer(NamedTuple):
    """What one decision came to, and the rules that fired; without any it is the default."""

    decision: Text
    outcome: Text
    rules: tuple[Numbered, ...]


class Told(NamedTuple):
    """One case, with those of its facts that are not told elsewhere."""

    id: str
    exposures: int
    amount: Decimal
    facts: Facts


class Treatment(NamedTuple):
    """The same outcomes by the same rules: its cases, and the facts that all of them have."""

    answers: tuple[Answer, ...]
    exposures: int
    amount: Decimal
    common: Facts
    cases: tuple[Told, ...]


class Treatments(NamedTuple):
    """All treatments, and what need not be said of every case again.

    `usual` holds for every case that does not say otherwise of the same fact.
    """

    all: tuple[Treatment, ...]
    usual: Facts
    legend: tuple[Legend, ...]


_State = tuple[int, str]
"""How a fact stands: among which of the three kinds, and the key of its text."""

_Numbers = Mapping[tuple[str, str], int]
"""A rule's number by its decision and its id."""


def treatments(cases: Sequence[CaseBlock]) -> Treatments:
    """Gather cases by what was decided and why, in the order of each treatment's first case."""
    usual, numbers = _usual(cases), _numbers(cases)
    order: dict[str, list[CaseBlock]] = {}
    for case in cases:
        order.setdefault(repr(case.decisions), []).append(case)
    gathered = tuple(_treatment(alike, usual, numbers) for alike in order.values())
    return Treatments(gathered, usual, tuple(_legend(cases, numbers)))


def _treatment(cases: Sequence[CaseBlock], usual: Facts, numbers: _Numbers) -> Treatment:
    own = [_without(_facts(case), usual) for case in cases]
    common = _common(own) if len(cases) > 1 else Facts((), (), ())
    told = (
        Told(case.id, case.exposures, case.amount, _without(facts, common))
        for case, facts in zip(cases, own, strict=True)
    )
    return Treatment(
        tuple(_answer(decision, numbers) for decision in cases[0].decisions),
        sum(case.exposures for case in cases),
        sum((case.amount for case in cases), Decimal(0)),
        common,
        tuple(told),
    )


def _numbers(cases: Sequence[CaseBlock]) -> dict[tuple[str, str], int]:
    """Number the rules decision by decision, in the order in which cases first tell them."""
    fired: dict[str, dict[str, None]] = {}
    for case in cases:
        for decision in case.decisions:
            rules = fired.setdefault(_key(decision.label), {})
            rules.update((rule.id, None) for rule in decision.rules)
    keys = [(decision, rule) for decision, rules in fired.items() for rule in rules]
    return {key: number for number, key in enumerate(keys, 1)}


def _legend(cases: Sequence[CaseBlock], numbers: _Numbers) -> Iterator[Legend]:
    labels: dict[str, Text] = {}
    rules: dict[str, dict[int, CaseRule]] = {}
    for decision in (decision for case in cases for decision in case.decisions):
        key = _key(decision.label)
        labels.setdefault(key, decision.label)
        rules.setdefault(key, {}).update((numbers[key, rule.id], rule) for rule in decision.rules)
    for key, label in labels.items():
        if rules[key]:
            yield Legend(label, tuple(Numbered(*each) for each in sorted(rules[key].items())))


def _answer(decision: CaseDecision, numbers: _Numbers) -> Answer:
    key = _key(decision.label)
    rules = tuple(Numbered(numbers[key, rule.id], rule) for rule in decision.rules)
    return Answer(decision.label, decision.outcome, rules)


def _usual(cases: Sequence[CaseBlock]) -> Facts:
    """Find the facts that stand alike in most cases, and that every other case tells itself."""
    counted: dict[str, Counter[_State]] = {}
    for case in cases:
        for name, state in _states(case).items():
            counted.setdefault(name, Counter())[state] += 1
    most = (states.most_common(1)[0] for states in counted.values() if states.total() == len(cases))
    usual = {state for state, times in most if 1 < times > len(cases) / 2}
    said = {
        (kind, _key(t)): t for case in cases for kind, ts in enumerate(_facts(case)) for t in ts
    }
    kinds = ((text for state, text in said.items() if state in usual and state[0] == kind)
             for kind in range(3))  # fmt: skip
    return Facts(*map(tuple, kinds))


def _states(case: CaseBlock) -> dict[str, _State]:
    """How each fact of a case stands, by the fact's name."""
    named = zip(case.names or case.reads, case.reads, strict=True)
    found = {_key(name): (0, _key(read)) for name, read in named}
    for kind, texts in ((1, case.no), (2, case.missing)):
        found |= {_key(text): (kind, _key(text)) for text in texts}
    return found


def _key(text: Text) -> str:
    return "\n".join(f"{language}:{words}" for language, words in sorted(text.items()))


def _facts(case: CaseBlock) -> Facts:
    return Facts(case.reads, case.no, case.missing)


def _common(all_facts: Sequence[Facts]) -> Facts:
    """What every one of them holds, in the first one's order."""
    first, *others = all_facts
    return Facts(*(
        tuple(fact for fact in own if all(fact in each for each in theirs))
        for own, *theirs in zip(first, *others, strict=True)
    ))  # fmt: skip


def _without(facts: Facts, told: Facts) -> Facts:
    pairs = zip(facts, told, strict=True)
    return Facts(*(tuple(fact for fact in own if fact not in known) for own, known in pairs))
