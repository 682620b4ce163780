"""`npl submission grant`, `token` and `approve-rulebook`: who may do what, and under which law."""

from __future__ import annotations

import hashlib
from typing import Annotated

import typer

from npl_reporting.cli.options import DEFAULT_STORE, Comment, StoreUrl, Token, Until
from npl_reporting.cli.printing import say
from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.store import Store
from npl_reporting.law.shelf import version
from npl_reporting.submission.roles import ROLES, Role, issue_token, person_of, staff
from npl_reporting.submission.roles import grant as grant_role
from npl_reporting.submission.steps import Desk

Person = Annotated[str, typer.Argument(metavar="PERSON", help="A name as the system knows it.")]
RoleName = Annotated[
    str,
    typer.Argument(metavar="ROLE", help="viewer, preparer, reviewer, approver or administrator."),
]


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


def grant(
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
        grant_role(pen, acting, person, _role(role), withdraw=withdraw)
    say(f"{person} is {'no longer ' if withdraw else ''}{role}")


def token(
    person: Person, until: Until, acts_by: Token = None, store: StoreUrl = DEFAULT_STORE
) -> None:
    """Make a token that stands for a person, as in `npl submission token chen --until 2026-12-31`.

    It is shown once; the store keeps its hash alone.
    """
    with Store(store).log.writing() as pen:
        acting = person_of(staff(pen.events()), acts_by)
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


def register(app: typer.Typer) -> None:
    """Add the commands to `npl submission`."""
    for command in (approve_rulebook, grant, token):
        app.command()(command)
