"""A tape read and decided: what the law, and the bank's policy on top of it, make of each exposure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from npl_reporting.agreed import Agreed
from npl_reporting.engine import Engine
from npl_reporting.portfolio.booked import with_original_amounts
from npl_reporting.portfolio.cases import Case
from npl_reporting.portfolio.classify import TREATED, classify, keep_treated
from npl_reporting.portfolio.decided import Decided, decide_tape, keep_answers
from npl_reporting.portfolio.findings import add_rule_findings
from npl_reporting.portfolio.prior import join_prior
from npl_reporting.portfolio.sound import read_sound_tape
from npl_reporting.portfolio.tape import Tape
from npl_reporting.portfolio.tightening import refuse_milder


@dataclass(frozen=True)
class Treated:
    """The tape, and the relation of exposures that was decided, with its columns, in cases."""

    tape: Tape
    source: str
    columns: Sequence[str]
    cases: tuple[Case, ...]

    @property
    def amount(self) -> Decimal:
        """The amount of all exposures."""
        return sum((case.amount for case in self.cases), Decimal(0))


def treat(engine: Engine, agreed: Agreed, tell: Callable[[str], None]) -> Treated:
    """Read a tape and decide it; DataError with every error of the tape, or of the policy."""
    request = agreed.request
    tell("reading the tape")
    tape = read_sound_tape(
        engine, request.tape, agreed.terms, quarantine=request.quarantine, control=request.control
    )
    tell(f"deciding {tape.counts.used:,} exposures")
    source, columns = _source(engine, agreed, tape)
    alone = _law_alone(engine, agreed, columns, source)
    cases = classify(engine, agreed.rulebook, columns, agreed.day, source)
    keep_treated(engine)
    if alone is not None and request.policy:
        policy = keep_answers(engine, agreed.rulebook, cases, "policy")
        refuse_milder(engine, alone, policy, request.policy)
    add_rule_findings(engine, agreed.rulebook, TREATED)
    return Treated(tape, source, columns, cases)


def _source(engine: Engine, agreed: Agreed, tape: Tape) -> tuple[str, Sequence[str]]:
    """The exposures, with what the prior run left of each and what was converted as it was booked."""
    source: str = "exposures"
    columns: Sequence[str] = tape.columns
    if agreed.opening is not None:
        before, day = agreed.opening.decisions, agreed.opening.day
        source, columns = join_prior(engine, agreed.rulebook, before, day, columns)
    if tape.converted:
        return with_original_amounts(engine, agreed.rulebook, source, columns, agreed.day)
    return source, columns


def _law_alone(
    engine: Engine, agreed: Agreed, columns: Sequence[str], source: str
) -> Decided | None:
    """The answers of the law without the policy that stands on top, which may only tighten."""
    if agreed.request.policy is None:
        return None
    return decide_tape(engine, agreed.law, columns, agreed.day, "law", source)
