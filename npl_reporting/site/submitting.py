"""A submission: its steps, what stands open, and the forms of what a person may do now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.records import Run
from npl_reporting.site.answers import answer, go, href
from npl_reporting.site.asked import Asked, Missing
from npl_reporting.site.overview import run_of
from npl_reporting.submission.obstacles import open_obstacles
from npl_reporting.submission.roles import Action
from npl_reporting.submission.state import (
    AFTER,
    APPROVE,
    REVIEW,
    SUBMIT,
    Submission,
    approved_rulebooks,
    submissions,
)
from npl_reporting.submission.steps import MEANINGS, Desk, moved_cells, today

REASONED = ("reopen", "resubmit")
"""The steps that need a comment."""
_SIGNED = ("review", "approve", "submit")
_MOVED_ON = (
    "The submission has moved on since you opened its page. Look at it again; nothing was written."
)


@dataclass(frozen=True)
class Step:
    """A step that a person may take now; `waits` says what has to be settled before it."""

    action: Action
    meaning: str
    reasoned: bool
    waits: str = ""


def submission_page(asked: Asked) -> Response:
    """A submission on one page."""
    return _page(asked, _of(asked), 200, ())


def take_step(asked: Asked) -> Response:
    """Take a step as the command line does, and show the page again."""
    submission, action = _of(asked), asked.part("action")
    if action not in TAKEN:
        raise Missing("There is no such step.")
    asked.require(TAKEN[action])
    if asked.form.get("seen") != str(submission.events[-1].number):
        return _page(asked, submission, 409, (_MOVED_ON,))
    try:
        _STEPS[action](asked.desk, submission, asked.form)
    except NplError as error:
        return _page(asked, submission, 409, tuple(str(p) for p in error.problems))
    return go(href("submissions", submission.id))


def begin(asked: Asked) -> Response:
    """Begin the submission of a run."""
    run = run_of(asked)
    asked.require("create")
    return go(href("submissions", asked.desk.create(run.id, asked.form.get("comment", "")).id))


def approve_rulebook(asked: Asked) -> Response:
    """Approve the rulebook of a run by its hash."""
    run = run_of(asked)
    asked.require("approve-rulebook")
    asked.desk.approve_rulebook(run.rulebook_sha256, asked.form.get("comment", ""))
    return go(href("runs", run.id))


def _accept(desk: Desk, submission: Submission, form: Mapping[str, str]) -> None:
    try:
        until = date.fromisoformat(form.get("until", ""))
    except ValueError:
        what = "the last day cannot be read"
        raise NplError(Problem(what, "write it as year-month-day, such as 2026-12-31")) from None
    desk.accept(submission.id, form.get("code", ""), form.get("reason", ""), until)


def _resubmit(desk: Desk, submission: Submission, form: Mapping[str, str]) -> None:
    desk.resubmit(submission.id, form.get("run", ""), form.get("comment", ""))


_STEPS: Mapping[str, Callable[[Desk, Submission, Mapping[str, str]], object]] = {
    "review": lambda desk, s, form: desk.review(s.id, form.get("comment", "")),
    "approve": lambda desk, s, form: desk.approve(s.id, form.get("comment", "")),
    "submit": lambda desk, s, form: desk.submit(s.id, form.get("comment", "")),
    "reopen": lambda desk, s, form: desk.reopen(s.id, form.get("comment", "")),
    "accept": _accept,
    "resubmit": _resubmit,
}
TAKEN: Mapping[str, Action] = {
    "review": "review", "approve": "approve", "submit": "submit", "reopen": "reopen",
    "accept": "accept", "resubmit": "resubmit",
}  # fmt: skip
"""The steps that a submission's page can take, and the action that each is."""


def _page(asked: Asked, submission: Submission, status: int, problems: tuple[str, ...]) -> Response:
    run = asked.store.run(submission.run)
    found = list(open_obstacles(asked.store, submission, today()))
    opens = sum(accepted is None for _, accepted in found)
    approved = run.rulebook_sha256 in approved_rulebooks(asked.events)
    return answer(
        asked, "submission.html", status, submission=submission, run=run, obstacles=found,
        opens=opens, approved=approved, moved=list(moved_cells(asked.store, run.id)),
        steps=list(_possible(asked, submission, run, opens, approved)), problems=problems,
        candidates=list(_candidates(asked, submission)), seen=submission.events[-1].number,
        given=asked.form, day=today(),
    )  # fmt: skip


def _possible(
    asked: Asked, submission: Submission, run: Run, opens: int, approved: bool
) -> Iterator[Step]:
    """What this person may do in this state; whoever prepared neither reviews nor approves."""
    for event, (states, _) in AFTER.items():
        action = TAKEN[event.partition(".")[2]]
        prepared = event in (REVIEW, APPROVE) and asked.person in submission.preparers
        if submission.state not in states or prepared or not asked.may(action):
            continue
        waits = ""
        if action in _SIGNED and opens:
            waits = f"{opens} matters stand open" if opens > 1 else "one matter stands open"
        elif event == SUBMIT and not approved:
            waits = "the rulebook is not approved"
        elif event == SUBMIT and run.parameters.get("approved") is False:
            waits = "the run is a draft: its rulebook was approved only after it was made"
        yield Step(action, MEANINGS[event], action in REASONED, waits)


def _candidates(asked: Asked, submission: Submission) -> Iterator[Run]:
    """The runs that could replace the one that was submitted."""
    for run in asked.store.runs():
        same = run.id.rpartition("-")[0] == submission.id
        if same and run.id not in (submission.run, *submission.filed):
            yield run


def _of(asked: Asked) -> Submission:
    name = asked.part("submission")
    found = submissions(asked.events).get(name)
    if found is None:
        raise Missing(f"There is no submission {name}.")
    return found
