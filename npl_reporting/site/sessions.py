"""Who is signed in: sessions in memory, named by a signed cookie, gone when the process ends."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from itsdangerous import BadSignature, Signer

COOKIE = "npl_session"
LASTS = timedelta(hours=8)


def now() -> datetime:
    """The moment in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Session:
    """One person signed in by one token, until a moment; the token never leaves the process."""

    person: str
    token: str = field(repr=False)
    until: datetime


class Sessions:
    """The open sessions; the secret that signs cookies and forms is made anew with each process."""

    def __init__(self, clock: Callable[[], datetime] = now) -> None:
        secret = secrets.token_bytes(32)
        self._cookies = Signer(secret, salt="cookie", digest_method=hashlib.sha256)
        self._forms = Signer(secret, salt="form", digest_method=hashlib.sha256)
        self._open: dict[str, Session] = {}
        self.clock = clock

    def visit(self, cookie: str | None) -> str:
        """The id in a cookie that this process signed, else a new one."""
        try:
            return self._cookies.unsign(cookie or "").decode()
        except BadSignature:
            return secrets.token_urlsafe(32)

    def cookie(self, visit: str) -> str:
        """The cookie that carries an id."""
        return self._cookies.sign(visit).decode()

    def form(self, visit: str) -> str:
        """What a form of this visit must carry, and no other site can know."""
        return self._forms.get_signature(visit).decode()

    def fits(self, visit: str, form: str) -> bool:
        """Whether a form was made for this visit."""
        return self._forms.verify_signature(visit, form.encode())

    def begin(self, person: str, token: str) -> str:
        """Open a session under a new id, which nobody can have known before."""
        self._forget()
        visit = secrets.token_urlsafe(32)
        self._open[visit] = Session(person, token, self.clock() + LASTS)
        return visit

    def of(self, visit: str) -> Session | None:
        """The open session of that id, if its time has not run out."""
        found = self._open.get(visit)
        return found if found and found.until > self.clock() else None

    def end(self, visit: str) -> None:
        """Close a session; one that is closed already is no error."""
        self._open.pop(visit, None)

    def _forget(self) -> None:
        for visit in [v for v, s in list(self._open.items()) if s.until <= self.clock()]:
            self.end(visit)
