"""`npl submission`: a run on its way to the supervisor, each step by the person whose it is."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from npl_reporting.cli import deltas
from npl_reporting.cli.options import DEFAULT_STORE, Json, RunName, StoreUrl
from npl_reporting.cli.printing import emit, say, table
from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.store import Store
from npl_reporting.law.shelf import version
from npl_reporting.returns.render import render
from npl_reporting.submission.board import Square
from npl_reporting.submission.board import board as status_board
from npl_reporting.submission.obstacles import open_obstacles
from npl_reporting.submission.package import package as write_package
from npl_reporting.submission.roles import (
    ROLES,
    Role,
    grant,
    issue_token,
    person_of,
    staff,
)
from npl_reporting.submission.sheet import sheet_page
from npl_reporting.submission.state import Submission, submissions
from npl_reporting.submission.steps import Desk, find, moved_cells, today

app = typer.Typer(help="Draft, review, approve, submit, correct; who may do what.")
deltas.register(app)

Name = Annotated[str, typer.Argument(metavar="SUBMISSION", help="Its id, or its beginning.")]
Token = Annotated[
    str | None,
    typer.Option(
        "--token", envvar="NPL_TOKEN", help="Stands for a person; else the system's user."
    ),
]
Comment = Annotated[str, typer.Option("--comment", help="What you want to say with it.")]
Person = Annotated[str, typer.Argument(metavar="PERSON", help="A name as the system knows it.")]
RoleName = Annotated[
    str,
    typer.Argument(metavar="ROLE", help="viewer, preparer, reviewer, approver or administrator."),
]
Until = Annotated[
    datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="The last day that it holds.")
]


@app.command()
def create(
    run: RunName, comment: Comment = "", token: Token = None, store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:  # fmt: skip
    """Begin the submission of a run, as in `npl submission create TW-2025-09-30`."""
    _tell(Desk(Store(store), token).create(run, comment), json)


@app.command()
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


@app.command()
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


def _left(square: Square) -> str:
    if square.late:
        return "late"
    return "" if square.left is None else f"{square.left} days"


@app.command()
def accept(
    name: Name,
    code: Annotated[str, typer.Argument(metavar="WARNING", help="As `status` lists it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it may stand.")],
    until: Until,
    token: Token = None,
    store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Take a warning on yourself, as in `npl submission accept NAME run:1 --reason … --until …`."""
    _tell(Desk(Store(store), token).accept(name, code, reason, until.date()), json)


@app.command()
def review(
    name: Name, comment: Comment = "", token: Token = None, store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:  # fmt: skip
    """Say that you reviewed the figures, as in `npl submission review TW-2025-09-30`."""
    _tell(Desk(Store(store), token).review(name, comment), json)


@app.command()
def approve(
    name: Name, comment: Comment = "", token: Token = None, store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:  # fmt: skip
    """Approve what was reviewed, as in `npl submission approve TW-2025-09-30`."""
    _tell(Desk(Store(store), token).approve(name, comment), json)


@app.command()
def submit(
    name: Name, comment: Comment = "", token: Token = None, store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:  # fmt: skip
    """Submit what was approved, which locks it, as in `npl submission submit TW-2025-09-30`."""
    _tell(Desk(Store(store), token).submit(name, comment), json)


@app.command()
def reopen(
    name: Name, comment: Comment = "", token: Token = None, store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:  # fmt: skip
    """Send back what is not yet submitted, as in `npl submission reopen NAME --comment why`."""
    _tell(Desk(Store(store), token).reopen(name, comment), json)


@app.command()
def resubmit(
    name: Name, run: RunName, comment: Comment = "", token: Token = None,
    store: StoreUrl = DEFAULT_STORE, json: Json = False,
) -> None:  # fmt: skip
    """Correct what was submitted by a new run, as in `npl submission resubmit NAME RUN --comment why`.

    The old version stays as it was filed; the cells that changed are listed in the log.
    """
    submission = Desk(Store(store), token).resubmit(name, run, comment)
    _tell(submission, json)
    if not json:
        cells = submission.events[-1].said["cells"]
        heads = ("report", "row", "column", "before", "after")
        table(heads, [tuple(cell[head] for head in heads) for cell in cells])


@app.command()
def sheet(
    name: Name,
    out: Annotated[Path, typer.Option("--out", help="The PDF to write.")],
    token: Token = None,
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Write the submission's sheet, as in `npl submission sheet TW-2025-09-30 --out sheet.pdf`.

    Its steps with persons and times, the warnings accepted with reason and expiry, overrides and
    adjustments. The package holds it too.
    """
    desk = Desk(Store(store), token)
    with desk.store.log.writing() as pen:
        desk.acting(pen, "status")
    out.write_bytes(render(sheet_page(desk.store, find(desk.store, name))))
    say(f"wrote {out}")


@app.command()
def package(
    name: Name,
    key: Annotated[Path, typer.Option("--key", help="The private key to sign with.")],
    out: Annotated[Path, typer.Option("--out", help="The folder to write into.")] = Path(),
    token: Token = None,
    store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Write everything into one archive, as in `npl submission package NAME --key bank.pem`.

    `python3 verify.py PACKAGE.zip` checks it anywhere; the package holds that program.
    """
    packed = write_package(Desk(Store(store), token), name, key, out)
    if json:
        emit(packed)
        return
    say(f"wrote {packed.path}, SHA-256 {packed.sha256}")
    say(f"check it anywhere: python3 verify.py {packed.path.name} --key {packed.key}")


@app.command()
def sign(
    name: Name,
    certificate: Annotated[
        Path, typer.Option("--certificate", help="PKCS#12 with your key and certificate.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The folder of the signed PDFs.")],
    passphrase: Annotated[
        str | None,
        typer.Option("--passphrase", envvar="NPL_PASSPHRASE", help="Of the certificate."),
    ] = None,
    token: Token = None,
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Sign the PDFs, as in `npl submission sign NAME --certificate bank.p12 --out signed`.

    The signature says what you signed off: reviewed, approved or submitted.
    """
    try:
        from npl_reporting.submission.signedpages import sign_pages
    except ModuleNotFoundError as error:
        remedy = "install it with: pip install npl-reporting[sign]"
        raise NplError(Problem(f"{error.name} is not installed", remedy)) from None
    desk = Desk(Store(store), token)
    for path in sign_pages(desk, name, certificate, passphrase, out):
        say(f"wrote {path}")


@app.command(name="approve-rulebook")
def approve_rulebook(
    rules: Annotated[
        str, typer.Argument(metavar="RULES|RUN", help="A rule file, TW, TW@2014-01-01, or a run.")
    ],
    comment: Comment = "",
    token: Token = None,
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Approve a rulebook by the hash of its bytes, as in `npl submission approve-rulebook TW`.

    A run under one that is not approved is marked a draft on every page and cannot be submitted.
    """
    desk = Desk(Store(store), token)
    event = desk.approve_rulebook(_hash_of(desk.store, rules), comment)
    say(f"rulebook {event.subject} approved by {event.person}")


@app.command(name="grant")
def grant_role(
    person: Person,
    role: RoleName,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take it away.")] = False,
    token: Token = None,
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Give a person a role, as in `npl submission grant chen reviewer`.

    In a new store the first administrator appoints themselves.
    """
    with Store(store).log.writing() as pen:
        acting = person_of(staff(pen.events()), token)
        grant(pen, acting, person, _role(role), withdraw=withdraw)
    say(f"{person} is {'no longer ' if withdraw else ''}{role}")


@app.command(name="token")
def token_for(
    person: Person, until: Until, token: Token = None, store: StoreUrl = DEFAULT_STORE
) -> None:
    """Make a token that stands for a person, as in `npl submission token chen --until 2026-12-31`.

    It is shown once; the store keeps its hash alone.
    """
    with Store(store).log.writing() as pen:
        acting = person_of(staff(pen.events()), token)
        say(issue_token(pen, acting, person, until.date()))


def _hash_of(store: Store, rules: str) -> str:
    """The SHA-256 of a rule file, or of the one that a run was made under."""
    known = [run.rulebook_sha256 for run in store.runs() if run.id == rules]
    return known[0] if known else hashlib.sha256(version(rules).read_bytes()).hexdigest()


def _role(text: str) -> Role:
    for role in ROLES:
        if role == text:
            return role
    raise NplError(Problem(f"there is no role {text}", f"write one of: {', '.join(ROLES)}"))


def _tell(submission: Submission, json: bool) -> None:
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
    _tell(submission, json)
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
