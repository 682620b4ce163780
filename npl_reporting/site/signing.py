"""Signing in with a token, and out: each an event, and so is a token that was refused."""

from __future__ import annotations

from starlette.responses import Response

from npl_reporting.errors import NplError
from npl_reporting.evidence.log import Pen
from npl_reporting.site.answers import answer, go, href, remember
from npl_reporting.site.asked import Asked
from npl_reporting.site.sessions import LASTS
from npl_reporting.site.tries import WITHIN
from npl_reporting.submission.roles import person_of, require, staff

SIGN_IN, SIGN_OUT, REFUSED = "site.sign-in", "site.sign-out", "site.refuse"
_LONGEST = 200
_UNFIT = "That token is not known here, is no longer valid, or its person has no role."
_WAIT = "Too many tokens were refused. Wait a minute, then try again."


def sign_in_page(asked: Asked) -> Response:
    """The form that takes a token."""
    ended = asked.query("ended") == "yes"
    return _form(asked, 200, "Your session has ended: sign in again." if ended else "")


def sign_in(asked: Asked) -> Response:
    """Begin a session for whoever the token stands for."""
    if asked.site.tries.too_many(asked.address):
        response = _form(asked, 429, _WAIT)
        response.headers["Retry-After"] = str(int(WITHIN.total_seconds()))
        return response
    token = asked.form.get("token", "").strip()
    with asked.store.log.writing() as pen:
        try:
            person = _signed_in(asked, pen, token)
        except NplError as error:
            asked.site.tries.refused(asked.address)
            why = error.problems[0].what
            pen.append("", REFUSED, "", {"address": asked.address, "reason": why})
            return _form(asked, 403, _UNFIT)
    visit = asked.site.sessions.begin(person, token)
    return remember(asked, visit, go(_inside(asked.form.get("to", ""))))


def sign_out(asked: Asked) -> Response:
    """End the session."""
    asked.site.sessions.end(asked.visit)
    asked.store.log.append(asked.person, SIGN_OUT, asked.person, {"address": asked.address})
    return go(href("sign-in"))


def _signed_in(asked: Asked, pen: Pen, token: str) -> str:
    """Who a token stands for; NplError if for nobody, or for somebody who may see nothing."""
    known = staff(pen.events())
    person = person_of(known, token[:_LONGEST] or "none")  # no token would mean the system's user
    role = require(known, person, "status")
    until = asked.site.sessions.clock() + LASTS
    told = {"address": asked.address, "until": until.isoformat(timespec="seconds")}
    pen.append(person, SIGN_IN, person, told, role)
    return person


def _form(asked: Asked, status: int, words: str) -> Response:
    to = asked.form.get("to", asked.query("to"))
    return answer(asked, "sign-in.html", status, words=words, to=_inside(to))


def _inside(address: str) -> str:
    """An address of this site; whatever else is named becomes the first page."""
    inside = address.startswith("/") and not address.startswith("//")
    plain = address.isprintable() and "\\" not in address
    return address if inside and plain else "/"
