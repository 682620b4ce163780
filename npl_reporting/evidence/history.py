"""One exposure through all runs: what was decided and why, as it was known on any day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from npl_reporting.evidence.records import CaseDecision
from npl_reporting.evidence.store import Store


@dataclass(frozen=True)
class Told:
    """One decision on one portion of the exposure in one run; `row` is the tape's."""

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


def history(store: Store, exposure_id: str, known_on: date | None = None) -> tuple[Told, ...]:
    """Every decision on an exposure, by reporting date, then in the order in which it was known.

    `known_on` leaves out the runs that were stored after that day: what was known then.
    """
    runs = sorted(store.runs(), key=lambda run: (run.reporting_date, run.created_at))
    known = [run.id for run in runs if known_on is None or run.created_at.date() <= known_on]
    return tuple(told for run in known for told in _in_run(store, run, exposure_id))


def _in_run(store: Store, name: str, exposure_id: str) -> Iterator[Told]:
    run, portions = store.run(name), store.exposure(name, exposure_id)
    if not portions:
        return
    cases: dict[str, list[CaseDecision]] = {}
    for case in store.cases(name):
        cases.setdefault(case.case_id, []).append(case)
    for portion in portions:
        for case in cases.get(portion.case_id, []):
            yield Told(
                run.reporting_date, run.id, run.created_at, run.tape_name, portion.row,
                portion.portion, portion.amount, portion.case_id, case.decision, case.outcome,
                case.rules, case.citations,
            )  # fmt: skip
