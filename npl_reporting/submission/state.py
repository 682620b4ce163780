"""Where a submission stands, read out of its events: nothing else remembers it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.log import Event

State = Literal["draft", "reviewed", "approved", "submitted"]
CREATE, ACCEPT, REVIEW, APPROVE, SUBMIT, REOPEN, RESUBMIT = (
    f"submission.{word}"
    for word in ("create", "accept", "review", "approve", "submit", "reopen", "resubmit")
)
RULEBOOK = "rulebook.approve"

AFTER: Mapping[str, tuple[frozenset[str], State]] = {
    REVIEW: (frozenset({"draft"}), "reviewed"),
    APPROVE: (frozenset({"reviewed"}), "approved"),
    SUBMIT: (frozenset({"approved"}), "submitted"),
    REOPEN: (frozenset({"reviewed", "approved"}), "draft"),
    RESUBMIT: (frozenset({"submitted"}), "draft"),
    ACCEPT: (frozenset({"draft", "reviewed", "approved"}), "draft"),
}
"""For each action, the states in which it may come and the state that it leads to."""

_NEXT = {"draft": "review", "reviewed": "approve", "approved": "submit", "submitted": "resubmit"}


@dataclass(frozen=True)
class Acceptance:
    """A warning that a person took on themselves, why, and until when."""

    code: str
    person: str
    reason: str
    until: date
    event: int


@dataclass(frozen=True)
class Submission:
    """One version of a submission: its run, where it stands, who prepared it, what was accepted.

    `filed` is each earlier version's run, as it was submitted.
    """

    id: str
    version: int
    run: str
    root: str
    state: State
    preparers: frozenset[str]
    acceptances: tuple[Acceptance, ...] = ()
    filed: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()

    def refuse(self, action: str) -> None:
        """NplError if an action does not come next; the step that was skipped is named."""
        if self.state in AFTER[action][0]:
            return
        word = action.partition(".")[2]
        what = f"submission {self.id} is {self.state}, so it cannot {word}"
        if self.state == "submitted":
            remedy = "it is locked; correct it by a new run with npl submission resubmit"
        else:
            remedy = f"the next step is npl submission {_NEXT[self.state]}"
        raise NplError(Problem(what, remedy))


def submissions(events: Iterable[Event]) -> dict[str, Submission]:
    """Every submission as the log tells it, by its id."""
    found: dict[str, Submission] = {}
    for event in events:
        if event.action == CREATE:
            found[event.subject] = _created(event)
        elif event.action in AFTER and event.subject in found:
            found[event.subject] = _moved(found[event.subject], event)
    return found


def approved_rulebooks(events: Iterable[Event]) -> frozenset[str]:
    """The SHA-256 of every rulebook that was approved."""
    return frozenset(event.subject for event in events if event.action == RULEBOOK)


def _created(event: Event) -> Submission:
    said = event.said
    return Submission(
        event.subject, 1, said["run"], said["root"], "draft", _preparers(event), events=(event,)
    )


def _moved(before: Submission, event: Event) -> Submission:
    said, events = event.said, (*before.events, event)
    if event.action == ACCEPT:
        until = date.fromisoformat(said["until"])
        one = Acceptance(said["code"], event.person, said["reason"], until, event.number)
        return replace(before, acceptances=(*before.acceptances, one), events=events)
    state = AFTER[event.action][1]
    if event.action != RESUBMIT:
        return replace(before, state=state, events=events)
    return Submission(
        before.id, before.version + 1, said["run"], said["root"], state,
        _preparers(event), (), (*before.filed, before.run), events,
    )  # fmt: skip


def _preparers(event: Event) -> frozenset[str]:
    """Whoever began the version, made its run, or proposed what stands in it against the rules."""
    said = event.said
    return frozenset({event.person, said["run_by"], *said.get("proposed_by", ())})
