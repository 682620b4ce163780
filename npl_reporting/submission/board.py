"""The status board: for each return and period, where it stands, whose turn it is, until when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from npl_reporting.evidence.log import Event
from npl_reporting.evidence.records import Run
from npl_reporting.evidence.store import Store
from npl_reporting.law.yamlfile import Text
from npl_reporting.submission.calendar import Calendar, Return, calendars
from npl_reporting.submission.roles import Role, Staff, staff
from npl_reporting.submission.state import SUBMIT, Submission, submissions

NEXT: Mapping[str, tuple[str, Role]] = {
    "missing": ("run", "preparer"),
    "run": ("create", "preparer"),
    "draft": ("review", "reviewer"),
    "reviewed": ("approve", "approver"),
    "approved": ("submit", "approver"),
}
"""For each step that was reached, the next one and whose it is."""


@dataclass(frozen=True)
class Square:
    """One return of one entity for one period; `left` counts days, below zero when it is late.

    `due` is None where no due date is known; `submitted` is the day of the latest submission.
    """

    entity: str
    rules: str
    name: str
    title: Text
    period_end: date
    step: str
    next: str
    owners: tuple[str, ...]
    due: date | None
    left: int | None
    submission: str = ""
    run: str = ""
    version: int = 0
    submitted: date | None = None
    late: bool = False


def board(store: Store, on: date) -> tuple[Square, ...]:
    """Every return that a run was made for, and the last one due of each jurisdiction in use."""
    runs = store.runs()
    events = store.log.events() if runs else ()
    known, people = submissions(events), staff(events)
    places = {(entity_of(run), rules_of(run)) for run in runs}
    found = [
        _square(entity, rules, name, end, runs, known, people, on)
        for entity, rules in places
        for name, end in _periods(entity, rules, runs, on)
    ]
    return tuple(sorted(found, key=lambda s: (s.due or date.max, s.entity, s.rules, s.name)))


def entity_of(run: Run) -> str:
    """The reporting bank that a run names, if any."""
    return str(run.parameters.get("entity") or "")


def rules_of(run: Run) -> str:
    """Jurisdiction and variant, as `--rules` takes them."""
    return "/".join(part for part in (run.jurisdiction, run.variant) if part)


def _periods(entity: str, rules: str, runs: Sequence[Run], on: date) -> Iterator[tuple[str, date]]:
    """Each return with the periods that have a run, and the latest that ended."""
    made = {r.reporting_date for r in runs if (entity_of(r), rules_of(r)) == (entity, rules)}
    calendar = calendars().get(rules)
    if calendar is None:
        yield from (("", day) for day in sorted(made))
        return
    for name, known in calendar.returns.items():
        yield from ((name, end) for end in sorted({*filter(known.ends, made), known.last_end(on)}))


def _square(
    entity: str, rules: str, name: str, end: date, runs: Sequence[Run],
    known: Mapping[str, Submission], people: Staff, on: date,
) -> Square:  # fmt: skip
    calendar: Calendar | None = calendars().get(rules)
    entry: Return | None = calendar.returns[name] if calendar and name else None
    due = calendar.due(name, end) if calendar and entry else None
    own = [r for r in runs if (entity_of(r), rules_of(r), r.reporting_date) == (entity, rules, end)]
    submission = next((s for s in known.values() if s.run in {r.id for r in own}), None)
    step = submission.state if submission else "run" if own else "missing"
    next_, role = NEXT.get(step, ("", None))
    day = _submitted(submission.events) if submission else None
    return Square(
        entity, rules, name, entry.title if entry else {}, end, step, next_,
        tuple(_owners(people, role, submission)), due,
        (due - on).days if due and step != "submitted" else None,
        submission.id if submission else "", submission.run if submission else _latest(own),
        submission.version if submission else 0, day, bool(due and (day or on) > due),
    )  # fmt: skip


def _latest(runs: Sequence[Run]) -> str:
    return runs[-1].id if runs else ""


def _submitted(events: Iterable[Event]) -> date | None:
    """The first day on which it was submitted: a correction does not make it late."""
    return next((event.at.date() for event in events if event.action == SUBMIT), None)


def _owners(people: Staff, role: Role | None, submission: Submission | None) -> Iterator[str]:
    """Who may take the next step: not whoever prepared, where others have to look."""
    for person in sorted(people.roles):
        prepared = submission is not None and person in submission.preparers
        if role in people.of(person) and not (prepared and role != "preparer"):
            yield person
