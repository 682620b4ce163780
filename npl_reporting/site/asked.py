"""One request as pages see it: the store, who asks in which roles, and what the form says."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from starlette.requests import Request

from npl_reporting.errors import NplError
from npl_reporting.evidence.log import Event
from npl_reporting.evidence.store import Store
from npl_reporting.site.sessions import Session, Sessions
from npl_reporting.site.taken import Taken
from npl_reporting.site.tries import Tries
from npl_reporting.submission.roles import Action, Staff, person_of, require, staff
from npl_reporting.submission.steps import Desk

PAGE = 100
"""How many lines of a long list stand on one page."""
_HIGHEST_PAGE = 10**9


class Missing(Exception):
    """What was asked for is not there; the message says what."""


class Refused(Exception):
    """Whoever asks may not do this; the message says who may."""


@dataclass(frozen=True)
class Site:
    """What lasts from request to request."""

    store: Store
    https: bool = False
    sessions: Sessions = field(default_factory=Sessions)
    tries: Tries = field(default_factory=Tries)
    verifying: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def taken(self) -> Taken:
        """The runs whose tapes are open."""
        return Taken(self.store)


@dataclass(frozen=True)
class Asked:
    """One request; `session` is None for whoever has not signed in."""

    site: Site
    request: Request
    visit: str
    form: Mapping[str, str]
    session: Session | None = None
    events: tuple[Event, ...] = ()
    known: Staff = field(default_factory=Staff)

    @property
    def store(self) -> Store:
        """The store that the site shows."""
        return self.site.store

    @property
    def person(self) -> str:
        """Who asks; empty for whoever has not signed in."""
        return self.session.person if self.session else ""

    @property
    def desk(self) -> Desk:
        """Where the person takes steps: with their own token, as on the command line."""
        return Desk(self.store, self.session.token if self.session else "none")

    @property
    def address(self) -> str:
        """Where the request comes from."""
        return self.request.client.host if self.request.client else ""

    def part(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def query(self, name: str) -> str:
        """A word of the query; empty if it is not there."""
        return self.request.query_params.get(name, "")

    @property
    def page(self) -> int:
        """Which page of a long list is asked for, from 1."""
        text = self.query("page")
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 1
        return min(max(number, 1), _HIGHEST_PAGE)

    def may(self, action: Action) -> bool:
        """Whether one of the person's roles allows an action."""
        try:
            require(self.known, self.person, action)
        except NplError:
            return False
        return True

    def require(self, action: Action) -> str:
        """The role in which the person may do this; Refused says whose it is."""
        try:
            return require(self.known, self.person, action)
        except NplError as error:
            raise Refused(str(error)) from None


def recognised(asked: Asked) -> Asked:
    """The same with person and roles, as the log tells them now; NplError says why not.

    A token that has expired meanwhile, and a person who lost every role, end the session.
    """
    events = asked.store.log.events()
    known = staff(events)
    session = asked.site.sessions.of(asked.visit)
    found = Asked(asked.site, asked.request, asked.visit, asked.form, session, events, known)
    if session is not None:
        try:
            person_of(known, session.token)
            require(known, session.person, "status")
        except NplError:
            asked.site.sessions.end(asked.visit)
            raise
    return found
