"""Who may do what: five roles, granted and withdrawn by events, and tokens that stand for a person."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal, get_args

from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.log import Event, Pen
from npl_reporting.evidence.people import system_user

Role = Literal["viewer", "preparer", "reviewer", "approver", "administrator"]
ROLES: tuple[Role, ...] = get_args(Role)
Action = Literal[
    "status", "create", "accept", "review", "approve", "submit", "reopen", "resubmit", "package",
    "sign", "approve-rulebook", "override", "adjust", "confirm", "withdraw", "grant", "token",
]  # fmt: skip
ACTIONS: tuple[Action, ...] = get_args(Action)

ALLOWED: Mapping[Role, frozenset[Action]] = {
    "viewer": frozenset({"status"}),
    "preparer": frozenset({"status", "create", "resubmit", "package", "override", "adjust"}),
    "reviewer": frozenset(
        {"status", "accept", "review", "reopen", "package", "sign", "confirm", "withdraw"}
    ),
    "approver": frozenset(
        {
            "status",
            "accept",
            "approve",
            "submit",
            "reopen",
            "package",
            "sign",
            "approve-rulebook",
            "confirm",
            "withdraw",
        }
    ),
    "administrator": frozenset({"status", "grant", "token"}),
}
"""The whole matrix: what is not here is refused."""

GRANT, WITHDRAW, TOKEN = "role.grant", "role.withdraw", "token.issue"


@dataclass
class Staff:
    """The roles of everybody, and whom each token stands for, as the log tells it."""

    roles: dict[str, set[str]] = field(default_factory=dict)
    tokens: dict[str, tuple[str, date]] = field(default_factory=dict)

    def of(self, person: str) -> frozenset[str]:
        """The roles of a person; nobody is told to be one."""
        return frozenset(self.roles.get(person, ()))


def staff(events: Iterable[Event]) -> Staff:
    """Read who has which role out of the log."""
    found = Staff()
    for event in events:
        if event.action == GRANT:
            found.roles.setdefault(event.subject, set()).add(event.said["role"])
        elif event.action == WITHDRAW:
            found.roles.get(event.subject, set()).discard(event.said["role"])
        elif event.action == TOKEN:
            until = date.fromisoformat(event.said["until"])
            found.tokens[event.said["sha256"]] = (event.subject, until)
    return found


def person_of(known: Staff, token: str | None) -> str:
    """The person behind a token, else the account of the operating system."""
    if not token:
        return system_user()
    person, until = known.tokens.get(_digest(token), ("", date.min))
    if not person:
        raise NplError(Problem("the token is unknown", "ask an administrator for one"))
    if until < datetime.now(UTC).date():
        raise NplError(Problem(f"the token of {person} expired on {until}", "ask for another"))
    return person


def require(known: Staff, person: str, action: Action) -> str:
    """The role in which a person may do this; NplError if they may not."""
    roles = [role for role in ROLES if role in known.of(person) and action in ALLOWED[role]]
    if roles:
        return roles[0]
    held = ", ".join(sorted(known.of(person))) or "no role"
    able = ", ".join(role for role in ROLES if action in ALLOWED[role])
    what = f"{person} has {held} and may not {action.replace('-', ' the ')}"
    raise NplError(Problem(what, f"this is for: {able}"))


def grant(pen: Pen, person: str, to: str, role: Role, *, withdraw: bool = False) -> Event:
    """Give or take a role; in a store without an administrator anybody may become the first."""
    known = staff(pen.events())
    administered = any("administrator" in roles for roles in known.roles.values())
    first = not administered and role == "administrator" and not withdraw
    acting = "" if first else require(known, person, "grant")
    if withdraw and role == "administrator" and _administrators(known) == {to}:
        raise NplError(
            Problem(f"{to} is the only administrator", "grant the role to another first")
        )
    return pen.append(person, WITHDRAW if withdraw else GRANT, to, {"role": role}, acting)


def issue_token(pen: Pen, person: str, to: str, until: date) -> str:
    """Make a token that stands for a person until a day; the log keeps its hash alone."""
    acting = require(staff(pen.events()), person, "token")
    token = secrets.token_urlsafe(32)
    details = {"sha256": _digest(token), "until": until.isoformat()}
    pen.append(person, TOKEN, to, details, acting)
    return token


def _administrators(known: Staff) -> set[str]:
    return {person for person, roles in known.roles.items() if "administrator" in roles}


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
