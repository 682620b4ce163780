"""The first pages: whose turn it is, and which runs and submissions there are."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from npl_reporting.errors import NplError
from npl_reporting.evidence.records import Run
from npl_reporting.site.answers import answer
from npl_reporting.site.asked import Asked, Missing
from npl_reporting.submission.board import board, entity_of, rules_of
from npl_reporting.submission.state import Submission, submissions
from npl_reporting.submission.steps import today


@dataclass(frozen=True)
class Listed:
    """A run as a list shows it; `submission` is the one whose figures it holds or held."""

    run: Run
    entity: str
    rules: str
    superseded: bool
    submission: Submission | None


def board_page(asked: Asked) -> Response:
    """Each return with its step, whose turn it is, and its due date."""
    day = today()
    return answer(asked, "board.html", squares=board(asked.store, day), day=day)


def runs_page(asked: Asked) -> Response:
    """Every run, the latest first."""
    runs = asked.store.runs()
    superseded = {run.supersedes for run in runs}
    known = submissions(asked.events)
    listed = [
        Listed(run, entity_of(run), rules_of(run), run.id in superseded, _of(known, run))
        for run in reversed(runs)
    ]
    return answer(asked, "runs.html", runs=listed)


def submissions_page(asked: Asked) -> Response:
    """Every submission, the one that moved last first."""
    found = sorted(submissions(asked.events).values(), key=lambda s: -s.events[-1].number)
    return answer(asked, "submissions.html", submissions=found)


def run_of(asked: Asked) -> Run:
    """The run that the path names by its whole id; Missing if there is none."""
    name = asked.part("run")
    try:
        run = asked.store.run(name)
    except NplError:
        raise Missing(f"There is no run {name}.") from None
    if run.id != name:
        raise Missing(f"There is no run {name}.")
    return run


def _of(known: dict[str, Submission], run: Run) -> Submission | None:
    return next((s for s in known.values() if run.id in (s.run, *s.filed)), None)
