"""Cases that were decided alike by the same rules, gathered so that each treatment stands once."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from npl_reporting.returns.page import CaseBlock, CaseDecision, Text


class Facts(NamedTuple):
    """Facts with their values, facts that are false, and facts that are not known."""

    reads: tuple[Text, ...]
    no: tuple[Text, ...]
    missing: tuple[Text, ...]


class Told(NamedTuple):
    """One case, with those of its facts that are not told elsewhere."""

    id: str
    exposures: int
    amount: Decimal
    facts: Facts


class Treatment(NamedTuple):
    """The same outcomes by the same rules: its cases, and the facts that all of them have."""

    decisions: tuple[CaseDecision, ...]
    exposures: int
    amount: Decimal
    common: Facts
    cases: tuple[Told, ...]


class Treatments(NamedTuple):
    """All treatments, and what need not be said of every case again.

    Of `shared`, a fact under `no` is false in every case that does not name it among its reads or
    its missing facts; one under `missing` is not known in any case.
    """

    all: tuple[Treatment, ...]
    shared: Facts


def treatments(cases: Sequence[CaseBlock]) -> Treatments:
    """Gather cases by what was decided and why, in the order of each treatment's first case."""
    shared = Facts((), _no_unless_named(cases), _common([_facts(case) for case in cases]).missing)
    order: dict[str, list[CaseBlock]] = {}
    for case in cases:
        order.setdefault(repr(case.decisions), []).append(case)
    return Treatments(tuple(_treatment(alike, shared) for alike in order.values()), shared)


def _treatment(cases: Sequence[CaseBlock], shared: Facts) -> Treatment:
    own = [_without(_facts(case), shared) for case in cases]
    common = _common(own) if len(cases) > 1 else Facts((), (), ())
    told = (
        Told(case.id, case.exposures, case.amount, _without(facts, common))
        for case, facts in zip(cases, own, strict=True)
    )
    return Treatment(
        cases[0].decisions,
        sum(case.exposures for case in cases),
        sum((case.amount for case in cases), Decimal(0)),
        common,
        tuple(told),
    )


def _facts(case: CaseBlock) -> Facts:
    return Facts(case.reads, case.no, case.missing)


def _no_unless_named(cases: Sequence[CaseBlock]) -> tuple[Text, ...]:
    """Find the facts that are false wherever a case is silent about them, so that silence tells."""
    found: list[Text] = []
    for case in cases:
        found += [fact for fact in case.no if fact not in found]
    return tuple(fact for fact in found if all(_no_or_named(fact, case) for case in cases))


def _no_or_named(fact: Text, case: CaseBlock) -> bool:
    return fact in case.no or fact in case.missing or any(_names(read, fact) for read in case.reads)


def _names(read: Text, fact: Text) -> bool:
    """Tell whether 'label: value' begins with just this label, in every language."""
    return all(
        read.get(language, "").startswith(label) and not read[language][len(label) :][:1].isalnum()
        for language, label in fact.items()
    )


def _common(all_facts: Sequence[Facts]) -> Facts:
    """What every one of them holds, in the first one's order."""
    if not all_facts:
        return Facts((), (), ())
    first, *others = all_facts
    return Facts(*(
        tuple(fact for fact in own if all(fact in each for each in theirs))
        for own, *theirs in zip(first, *others, strict=True)
    ))  # fmt: skip


def _without(facts: Facts, told: Facts) -> Facts:
    pairs = zip(facts, told, strict=True)
    return Facts(*(tuple(fact for fact in own if fact not in known) for own, known in pairs))
