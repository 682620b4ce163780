"""Several rulebooks' answers on one tape: what each calls nonperforming, and where they disagree."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from npl_reporting.engine import Engine, literal
from npl_reporting.errors import NplError, Problem
from npl_reporting.law.rulebook import Decision, Outcome, Rulebook
from npl_reporting.portfolio.decided import Decided
from npl_reporting.portfolio.disagreement import STATUS, Pattern, declare_answers, patterns

NONPERFORMING = "nonperforming"
CATEGORY, ALLOWANCE = "category", "minimum_allowance"
_ZERO = Decimal(0)
_PRIOR = "prior_"


@dataclass(frozen=True)
class Category:
    """One category of a rulebook: portions and amount in it, and their least allowance."""

    outcome: Outcome
    portions: int
    amount: Decimal
    allowance: Decimal | None


@dataclass(frozen=True)
class Side:
    """One rulebook's answers in sums. `lacking` are columns that its rules read and the tape lacks."""

    decided: Decided
    nonperforming: int
    nonperforming_amount: Decimal
    allowance: Decimal | None
    categories: tuple[Category, ...]
    lacking: tuple[str, ...]


@dataclass(frozen=True)
class Panel:
    """All answers on one tape. Amounts are outstanding principal, but those of categories."""

    exposures: int
    amount: Decimal
    sides: tuple[Side, ...]
    patterns: tuple[Pattern, ...]

    @property
    def contested(self) -> int:
        """How many exposures the rulebooks disagree on."""
        return sum(pattern.exposures for pattern in self.patterns)

    @property
    def contested_amount(self) -> Decimal:
        """The principal of these."""
        return sum((pattern.amount for pattern in self.patterns), _ZERO)


def refuse_without_status(rulebooks: Sequence[Rulebook]) -> None:
    """NplError with every rulebook that does not say what is nonperforming."""
    problems = [
        Problem(f"has no decision '{STATUS}'", "leave it out", str(book.path))
        for book in rulebooks
        if NONPERFORMING not in _outcomes(book)
    ]
    if problems:
        raise NplError(*problems)


def _outcomes(book: Rulebook) -> Collection[Outcome]:
    return next((d.outcomes for d in book.decisions if d.name == STATUS), ())


def panel(engine: Engine, decided: Sequence[Decided], present: Collection[str]) -> Panel:
    """Sum up the answers of several rulebooks on the tape in `exposures`.

    Leaves the table `answers` of disagreement.py.
    """
    declare_answers(engine, decided)
    (total,) = engine.rows("SELECT count(*), sum(amount) FROM answers")
    sides = tuple(_side(engine, one, number, present) for number, one in enumerate(decided))
    return Panel(total[0], total[1] or _ZERO, sides, tuple(patterns(engine, len(decided))))


def _side(engine: Engine, decided: Decided, number: int, present: Collection[str]) -> Side:
    bad = f"FILTER (WHERE status_{number} = {literal(NONPERFORMING)})"
    (found,) = engine.rows(f"SELECT count(*) {bad}, sum(amount) {bad} FROM answers")
    allowances = _allowances(engine, decided)
    return Side(
        decided, found[0], found[1] or _ZERO,
        sum(allowances.values(), _ZERO) if allowances is not None else None,
        tuple(_categories(decided, allowances)),
        tuple(_lacking(decided.rulebook, present)),
    )  # fmt: skip


def _allowances(engine: Engine, decided: Decided) -> Mapping[str, Decimal] | None:
    """The least allowance of every case; None where the rulebook asks for none."""
    if not asks_for_allowance(decided.rulebook):
        return None
    return dict(
        engine.rows(
            f"SELECT case_id, coalesce(sum({ALLOWANCE}), 0) FROM {decided.table} GROUP BY case_id"
        )
    )


def asks_for_allowance(rulebook: Rulebook) -> bool:
    """Whether the rulebook computes one, at a rate that its settings do not leave at zero."""
    rates = (d.outcomes for d in rulebook.decisions if d.name == f"{ALLOWANCE}_rate")
    return ALLOWANCE in rulebook.amounts and all(any(outcomes) for outcomes in rates)


def _categories(decided: Decided, allowances: Mapping[str, Decimal] | None) -> Iterator[Category]:
    decision = next((d for d in decided.rulebook.decisions if d.name == CATEGORY), None)
    for outcome in decision.outcomes if decision else ():
        cases = [case for case in decided.cases if case.verdict(CATEGORY).outcome == outcome]
        yield Category(
            outcome,
            sum(case.exposures for case in cases),
            sum((case.amount for case in cases), _ZERO),
            None if allowances is None else sum((allowances[case.id] for case in cases), _ZERO),
        )


def _lacking(rulebook: Rulebook, present: Collection[str]) -> Iterator[str]:
    read = {name for fact in rulebook.facts for name in fact.value.reads}
    read |= {name for decision in rulebook.decisions for name in _names(decision)}
    for name in rulebook.columns:
        if name in read and name not in present and not name.startswith(_PRIOR):
            yield name


def _names(decision: Decision) -> set[str]:
    return {name for rule in decision.rules for name in rule.condition.names}
