"""The steps of a submission: each checks who, when and what stands open, then writes one event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.log import Event, Pen
from npl_reporting.evidence.records import Cell, Run
from npl_reporting.evidence.store import Store
from npl_reporting.submission.obstacles import obstacles, refuse_open
from npl_reporting.submission.roles import Action, person_of, require, staff
from npl_reporting.submission.state import (
    ACCEPT,
    APPROVE,
    CREATE,
    REOPEN,
    RESUBMIT,
    REVIEW,
    RULEBOOK,
    SUBMIT,
    Submission,
    approved_rulebooks,
    submissions,
)

MEANINGS: Mapping[str, str] = {
    CREATE: "I prepared these figures from the tape named.",
    REVIEW: "I reviewed the figures and what stands behind them.",
    APPROVE: "I approve the figures for submission.",
    SUBMIT: "I submit the figures to the supervisor.",
    REOPEN: "I send the figures back to be worked on.",
    RESUBMIT: "I replace the figures that were submitted.",
    ACCEPT: "I accept this warning until the day named.",
    RULEBOOK: "I approve this rulebook for use in returns.",
}


@dataclass(frozen=True)
class CellChange:
    """A cell whose value is another than before: than filed, or than computed."""

    report: str
    row: str
    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Desk:
    """The store, and who stands at it: a token's holder, else the system's user."""

    store: Store
    token: str | None = None

    def create(self, run: str, comment: str = "") -> Submission:
        """Begin the submission of a run; its id is the run's without the hash."""
        stored = self.store.run(run)
        name = stored.id.rpartition("-")[0]
        with self.store.log.writing() as pen:
            if name in submissions(pen.events()):
                what = f"there is a submission {name} already"
                raise NplError(Problem(what, "correct it with npl submission resubmit"))
            return self._write(pen, "create", CREATE, name, self._about(stored), comment)

    def review(self, name: str, comment: str = "") -> Submission:
        """Say that the figures were reviewed; not for whoever prepared them."""
        return self._signed(name, "review", REVIEW, comment)

    def approve(self, name: str, comment: str = "") -> Submission:
        """Approve the figures; not for whoever prepared them."""
        return self._signed(name, "approve", APPROVE, comment)

    def submit(self, name: str, comment: str = "") -> Submission:
        """Submit the figures, which locks them."""
        return self._signed(name, "submit", SUBMIT, comment)

    def reopen(self, name: str, comment: str) -> Submission:
        """Send back what was reviewed or approved; a reason is required."""
        required(comment, "--comment")
        with self.store.log.writing() as pen:
            submission = _found(pen, name)
            submission.refuse(REOPEN)
            return self._write(pen, "reopen", REOPEN, submission.id, {}, comment)

    def resubmit(self, name: str, run: str, comment: str) -> Submission:
        """Begin a new version after submission, with its reason and the list of changed cells."""
        required(comment, "--comment")
        stored = self.store.run(run)
        with self.store.log.writing() as pen:
            submission = _found(pen, name)
            submission.refuse(RESUBMIT)
            if stored.id.rpartition("-")[0] != submission.id or stored.id == submission.run:
                what = f"run {stored.id} is no new run for submission {submission.id}"
                raise NplError(Problem(what, "name a new run of the same return and date"))
            changed = [asdict(c) for c in changed_cells(self.store, submission.run, stored.id)]
            details = {**self._about(stored), "replaces": submission.run, "cells": changed}
            return self._write(pen, "resubmit", RESUBMIT, submission.id, details, comment)

    def accept(self, name: str, code: str, reason: str, until: date) -> Submission:
        """Take a warning on oneself, with a reason and a day on which that ends."""
        required(reason, "--reason")
        if until < today():
            raise NplError(Problem(f"{until} has passed", "name a later day with --until"))
        with self.store.log.writing() as pen:
            submission = _found(pen, name)
            submission.refuse(ACCEPT)
            _acceptable(self.store, submission, code)
            details = {"code": code, "reason": reason, "until": until.isoformat()}
            return self._write(pen, "accept", ACCEPT, submission.id, details, "")

    def approve_rulebook(self, sha256: str, comment: str = "") -> Event:
        """Approve a rulebook by the hash of its bytes."""
        with self.store.log.writing() as pen:
            person, role = self.acting(pen, "approve-rulebook")
            details = {"meaning": MEANINGS[RULEBOOK], "comment": comment}
            return pen.append(person, RULEBOOK, sha256, details, role)

    def acting(self, pen: Pen, action: Action) -> tuple[str, str]:
        """Who stands here, and the role in which they may do this."""
        known = staff(pen.events())
        person = person_of(known, self.token)
        return person, require(known, person, action)

    def _signed(self, name: str, action: Action, event: str, comment: str) -> Submission:
        with self.store.log.writing() as pen:
            submission = _found(pen, name)
            person, _ = self.acting(pen, action)
            submission.refuse(event)
            if event in (REVIEW, APPROVE) and person in submission.preparers:
                what = f"{person} prepared {submission.id} and may not {action} it"
                raise NplError(Problem(what, "ask somebody else"))
            refuse_open(self.store, submission, today())
            if event == SUBMIT:
                _refuse_unapproved(pen, self.store.run(submission.run))
            return self._write(pen, action, event, submission.id, {"run": submission.run}, comment)

    def _write(
        self, pen: Pen, action: Action, event: str, name: str, details: dict[str, Any], comment: str
    ) -> Submission:
        person, role = self.acting(pen, action)
        told = {**details, "meaning": MEANINGS[event], "comment": comment}
        pen.append(person, event, name, told, role)
        return submissions(pen.events(name))[name]

    def _about(self, run: Run) -> dict[str, Any]:
        return {
            "run": run.id,
            "root": self.store.seals.of(run.id).root,
            "run_by": run.created_by,
            "proposed_by": sorted(_proposers(run)),
        }


def find(store: Store, name: str, on: date | None = None) -> Submission:
    """The submission of that id or beginning, as it stood at the end of a day if one is given.

    NplError if there is none, or more than one.
    """
    events = (e for e in store.log.events() if on is None or e.at.date() <= on)
    return _one(submissions(events), name)


def changed_cells(store: Store, before: str, after: str) -> Iterator[CellChange]:
    """The cells of the reporting date that differ between two runs."""
    old, new = (
        {_place(c): c.value or c.text for c in store.cells(run, None, "current")}
        for run in (before, after)
    )
    for place in dict.fromkeys((*old, *new)):
        if old.get(place) != new.get(place):
            yield CellChange(*place, old.get(place), new.get(place))


def moved_cells(store: Store, run: str) -> Iterator[CellChange]:
    """The cells that overrides and adjustments moved: what was computed, what is reported."""
    reported = {_place(cell): cell.value or cell.text for cell in store.cells(run, None, "current")}
    for cell in store.cells(run, None, "computed"):
        yield CellChange(*_place(cell), cell.value or cell.text, reported.get(_place(cell)))


def _place(cell: Cell) -> tuple[str, str, str]:
    return cell.report, cell.row, cell.column


def today() -> date:
    """The day in UTC."""
    return datetime.now(UTC).date()


def _proposers(run: Run) -> Iterator[str]:
    """Who proposed an override or adjustment that is in the run's figures."""
    deltas = run.parameters.get("deltas")
    for delta in deltas["in_force"] if isinstance(deltas, dict) else ():
        yield delta["proposed_by"]


def _found(pen: Pen, name: str) -> Submission:
    return _one(submissions(pen.events()), name)


def _one(known: Mapping[str, Submission], name: str) -> Submission:
    found = [known[name]] if name in known else [s for k, s in known.items() if k.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(submission.id for submission in found)
        raise NplError(Problem(f"several submissions begin with {name}: {ids}", "write more of it"))
    raise NplError(Problem(f"there is no submission {name}", "npl submission status lists them"))


def required(text: str, option: str) -> None:
    """NplError if a text that must be given is empty."""
    if not text.strip():
        raise NplError(Problem("a reason is missing", f"give one with {option}"))


def _acceptable(store: Store, submission: Submission, code: str) -> None:
    found = {obstacle.code: obstacle for obstacle in obstacles(store, submission.run)}
    if code not in found:
        what = f"there is no warning {code} in run {submission.run}"
        raise NplError(Problem(what, f"npl submission status {submission.id} lists them"))
    if found[code].severity == "error":
        raise NplError(Problem(f"{code} is an error, which nobody can accept", "correct the tape"))


def _refuse_unapproved(pen: Pen, run: Run) -> None:
    if run.rulebook_sha256 not in approved_rulebooks(pen.events()):
        what = f"the rulebook of run {run.id} is not approved: {run.rulebook_sha256}"
        raise NplError(Problem(what, f"approve it: npl submission approve-rulebook {run.id}"))
    if run.parameters.get("approved") is False:
        what = f"run {run.id} is a draft: its rulebook was approved only after it was made"
        raise NplError(Problem(what, "run the tape again, and submit that run"))
