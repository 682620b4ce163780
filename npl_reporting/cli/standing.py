"""`npl submission status` and `board`: where each submission stands, and what is due."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from npl_reporting.cli.options import DEFAULT_STORE, Json, StoreUrl, Token
from npl_reporting.cli.printing import emit, say, table
from npl_reporting.evidence.store import Store
from npl_reporting.submission.board import Square
from npl_reporting.submission.board import board as status_board
from npl_reporting.submission.obstacles import open_obstacles
from npl_reporting.submission.state import Submission, submissions
from npl_reporting.submission.steps import Desk, find, moved_cells, today


def status(
    name: Annotated[str | None, typer.Argument(metavar="SUBMISSION")] = None,
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], help="As it stood at the end of this day."),
    ] = None,
    token: Token = None,
    store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """List the submissions, or show one with what stands open, as in `npl submission status`."""
    desk = Desk(Store(store), token)
    with desk.store.log.writing() as pen:
        desk.acting(pen, "status")
    if name is not None:
        _tell_one(desk.store, find(desk.store, name, on.date() if on else None), json)
        return
    found = submissions(desk.store.log.events())
    if json:
        emit(list(found.values()))
        return
    table(
        ("submission", "version", "state", "run", "last step by", "at (UTC)"),
        [
            (
                s.id, s.version, s.state, s.run, s.events[-1].person,
                f"{s.events[-1].at:%Y-%m-%d %H:%M}",
            )
            for s in found.values()
        ],
    )  # fmt: skip


def board(
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], help="The day to look from; default today."),
    ] = None,
    token: Token = None,
    store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Show each return with its step, whose turn it is and its due date, as in `npl submission board`.

    Due dates and what holidays make of them come from `reports/calendar.yaml`.
    """
    desk = Desk(Store(store), token)
    with desk.store.log.writing() as pen:
        desk.acting(pen, "status")
    found = status_board(desk.store, on.date() if on else today())
    if json:
        emit(found)
        return
    table(
        ("entity", "rules", "return", "period", "step", "next", "whose turn", "due", "left", "submitted"),
        [
            (
                s.entity, s.rules, s.title.get("en") or "every report", s.period_end, s.step,
                s.next, ", ".join(s.owners), s.due or "not known", _left(s), s.submitted,
            )
            for s in found
        ],
    )  # fmt: skip


def tell_submission(submission: Submission, json: bool) -> None:
    """Say where a submission stands."""
    if json:
        emit(submission)
        return
    say(f"submission {submission.id}, version {submission.version}: {submission.state}")
    say(f"  run {submission.run}, root {submission.root}")


def _tell_one(store: Store, submission: Submission, json: bool) -> None:
    found = list(open_obstacles(store, submission, today()))
    moved = list(moved_cells(store, submission.run))
    if json:
        emit({
            "submission": submission,
            "moved": moved,
            "obstacles": [{"obstacle": o, "accepted": accepted} for o, accepted in found],
        })  # fmt: skip
        return
    tell_submission(submission, json)
    for run in submission.filed:
        say(f"  filed before: run {run}")
    for event in submission.events:
        said = event.said
        words = said.get("comment") or said.get("reason") or ""
        say(f"  {event.at:%Y-%m-%d %H:%M} {event.action} by {event.person} ({event.role}) {words}")
    if moved:
        say(f"  {len(moved)} cells are not as computed, by overrides and adjustments:")
        table(
            ("  report", "row", "column", "computed", "as reported"),
            [(f"  {c.report}", c.row, c.column, c.before, c.after) for c in moved],
        )
    for obstacle, accepted in found:
        until = f"accepted by {accepted.person} until {accepted.until}" if accepted else "open"
        say(f"  {obstacle.severity} {obstacle.code}: {obstacle.what} [{until}]")


def _left(square: Square) -> str:
    if square.late:
        return "late"
    return "" if square.left is None else f"{square.left} days"


def register(app: typer.Typer) -> None:
    """Add the commands to `npl submission`."""
    for command in (status, board):
        app.command()(command)
