"""One exposure through all runs: what was decided and why, as it was known on any day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from npl_reporting.evidence.overrides import overridden_outcomes
from npl_reporting.evidence.records import CaseDecision, Run
from npl_reporting.evidence.store import Store

Cases = Mapping[str, Sequence[CaseDecision]]
"""Decisions by the case that they are on."""


@dataclass(frozen=True)
class Told:
    """One decision on one portion of the exposure in one run; `row` is the tape's.

    Where an override stands, `computed` is what the rules gave.
    """

    reporting_date: date
    run: str
    known_at: datetime
    tape: str
    row: int
    portion: str
    amount: Decimal
    case_id: str
    decision: str
    outcome: str
    rules: tuple[str, ...]
    citations: tuple[str, ...]
    computed: str = ""
    overridden_by: str = ""


def history(store: Store, exposure_id: str, known_on: date | None = None) -> tuple[Told, ...]:
    """Every decision on an exposure, by reporting date, then in the order in which it was known.

    `known_on` leaves out the runs that were stored after that day: what was known then.
    """
    runs = sorted(store.runs(), key=lambda run: (run.reporting_date, run.created_at))
    known = [run for run in runs if known_on is None or run.created_at.date() <= known_on]
    return tuple(told for run in known for told in _in_run(store, run, exposure_id))


def cases_of(store: Store, run: Run) -> Cases:
    """A run's decisions by their case."""
    cases: dict[str, list[CaseDecision]] = {}
    for case in store.cases(run.id):
        cases.setdefault(case.case_id, []).append(case)
    return cases


def _in_run(store: Store, run: Run, exposure_id: str) -> Iterator[Told]:
    if store.exposure(run.id, exposure_id):
        yield from told_of(store, run, cases_of(store, run), exposure_id)


def told_of(store: Store, run: Run, cases: Cases, exposure_id: str) -> Iterator[Told]:
    """Every decision on one exposure in one run."""
    overridden = overridden_outcomes(store, run, exposure_id)
    for portion in store.exposure(run.id, exposure_id):
        for case in cases.get(portion.case_id, []):
            stands = overridden.get((portion.portion, case.decision))
            yield Told(
                run.reporting_date, run.id, run.created_at, run.tape_name, portion.row,
                portion.portion, portion.amount, portion.case_id, case.decision,
                stands.outcome if stands else case.outcome, case.rules, case.citations,
                case.outcome if stands else "", stands.by if stands else "",
            )  # fmt: skip
