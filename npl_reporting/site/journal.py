"""The event log: who did what and when, its head, and the store compared with its hashes."""

from __future__ import annotations

from starlette.responses import Response

from npl_reporting.evidence.log import Event
from npl_reporting.evidence.verify import Verified, verify
from npl_reporting.site.answers import answer, pages_of
from npl_reporting.site.asked import PAGE, Asked


def log_page(asked: Asked) -> Response:
    """The events, the latest first, of a person or about something if these are named."""
    return _page(asked, None)


def verified_page(asked: Asked) -> Response:
    """The same with what `npl audit verify` finds; one such walk at a time."""
    with asked.site.verifying:
        return _page(asked, verify(asked.store))


def _page(asked: Asked, verified: Verified | None) -> Response:
    about, person = asked.query("about"), asked.query("person")
    found = [e for e in reversed(asked.events) if _fits(e, about, person)]
    first = (asked.page - 1) * PAGE
    return answer(
        asked, "log.html", events=found[first : first + PAGE], count=len(found), about=about,
        person=person, page=asked.page, pages=pages_of(len(found), PAGE),
        head=asked.store.log.head(), verified=verified,
        people=sorted({event.person for event in asked.events if event.person}),
    )  # fmt: skip


def _fits(event: Event, about: str, person: str) -> bool:
    """As on the command line: a subject by its beginning, a person or a hash whole."""
    named = event.subject.startswith(about) or about in (event.person, event.hash)
    return (not about or named) and (not person or event.person == person)
