"""`npl submission`: a run on its way to the supervisor, each step by the person whose it is."""

from __future__ import annotations

from typing import Annotated

import typer

from npl_reporting.cli import deltas, handing, staffing, standing
from npl_reporting.cli.options import (
    DEFAULT_STORE,
    Comment,
    Json,
    RunName,
    StoreUrl,
    SubmissionName,
    Token,
    Until,
)
from npl_reporting.cli.printing import table
from npl_reporting.cli.standing import tell_submission
from npl_reporting.evidence.store import Store
from npl_reporting.submission.steps import Desk

app = typer.Typer(help="Draft, review, approve, submit, correct; who may do what.")


@app.command()
def create(
    run: RunName, comment: Comment = "", token: Token = None, store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:  # fmt: skip
    """Begin the submission of a run, as in `npl submission create TW-2025-09-30`."""
    tell_submission(Desk(Store(store), token).create(run, comment), json)


@app.command()
def accept(
    name: SubmissionName,
    code: Annotated[str, typer.Argument(metavar="WARNING", help="As `status` lists it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it may stand.")],
    until: Until,
    token: Token = None,
    store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Take a warning on yourself, as in `npl submission accept NAME run:1 --reason … --until …`."""
    tell_submission(Desk(Store(store), token).accept(name, code, reason, until.date()), json)


@app.command()
def review(
    name: SubmissionName, comment: Comment = "", token: Token = None, store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:  # fmt: skip
    """Say that you reviewed the figures, as in `npl submission review TW-2025-09-30`."""
    tell_submission(Desk(Store(store), token).review(name, comment), json)


@app.command()
def approve(
    name: SubmissionName, comment: Comment = "", token: Token = None, store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:  # fmt: skip
    """Approve what was reviewed, as in `npl submission approve TW-2025-09-30`."""
    tell_submission(Desk(Store(store), token).approve(name, comment), json)


@app.command()
def submit(
    name: SubmissionName, comment: Comment = "", token: Token = None, store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:  # fmt: skip
    """Submit what was approved, which locks it, as in `npl submission submit TW-2025-09-30`."""
    tell_submission(Desk(Store(store), token).submit(name, comment), json)


@app.command()
def reopen(
    name: SubmissionName, comment: Comment = "", token: Token = None, store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:  # fmt: skip
    """Send back what is not yet submitted, as in `npl submission reopen NAME --comment why`."""
    tell_submission(Desk(Store(store), token).reopen(name, comment), json)


@app.command()
def resubmit(
    name: SubmissionName, run: RunName, comment: Comment = "", token: Token = None,
    store: StoreUrl = DEFAULT_STORE, json: Json = False,
) -> None:  # fmt: skip
    """Correct what was submitted by a new run, as in `npl submission resubmit NAME RUN --comment why`.

    The old version stays as it was filed; the cells that changed are listed in the log.
    """
    submission = Desk(Store(store), token).resubmit(name, run, comment)
    tell_submission(submission, json)
    if not json:
        cells = submission.events[-1].said["cells"]
        heads = ("report", "row", "column", "before", "after")
        table(heads, [tuple(cell[head] for head in heads) for cell in cells])


for part in (standing, deltas, handing, staffing):
    part.register(app)
