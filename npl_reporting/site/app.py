"""The site as an application: which page stands at which address, and what becomes of an error."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from npl_reporting.errors import NplError
from npl_reporting.resources import TEMPLATES
from npl_reporting.site import (
    cells,
    exposures,
    journal,
    overview,
    returns,
    runs,
    signing,
    submitting,
)
from npl_reporting.site.answers import answer, go, href
from npl_reporting.site.asked import Asked, Missing, Refused, Site, recognised
from npl_reporting.site.forms import read_form
from npl_reporting.site.guard import Headed
from npl_reporting.site.sessions import COOKIE

Show = Callable[[Asked], Response]
_FORGED = "This form is not from a page that you have open now. Open the page again."
_WORDS = {
    403: "You may not do this",
    404: "There is no such page",
    405: "A page is not used in this way",
    409: "This cannot be done now",
    500: "The site could not answer",
}
_BROKEN = (
    "Something went wrong that nobody foresaw. Nothing was written. Tell whoever runs the site: "
    "what happened stands where it was started."
)


def application(site: Site, hosts: Sequence[str]) -> ASGIApp:
    """The whole site, for requests that name one of these hosts."""

    @asynccontextmanager
    async def lasting(app: Starlette) -> AsyncIterator[None]:
        yield
        site.taken.close()

    app = Starlette(
        routes=_routes(site),
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)],
        exception_handlers={
            HTTPException: lambda request, error: _failed(site, request, error),
            Exception: lambda request, error: _failed(site, request, HTTPException(500, _BROKEN)),
        },
        lifespan=lasting,
    )
    return Headed(app, site.https)


def _routes(site: Site) -> list[Route]:
    pages: Mapping[str, Show] = {
        "/": overview.board_page,
        "/runs": overview.runs_page,
        "/submissions": overview.submissions_page,
        "/log": journal.log_page,
        "/runs/{run}": runs.run_page,
        "/runs/{run}/findings": runs.findings_page,
        "/runs/{run}/cases": runs.cases_page,
        "/runs/{run}/cases/{case}": runs.case_page,
        "/runs/{run}/files/{role}/{name}": runs.file_answer,
        "/runs/{run}/exposure": exposures.exposure_page,
        "/runs/{run}/returns/{report}": returns.return_page,
        "/runs/{run}/returns/{report}/{row}/{column}": cells.cell_page,
        "/submissions/{submission}": submitting.submission_page,
    }
    steps: Mapping[str, Show] = {
        "/sign-out": signing.sign_out,
        "/log/verify": journal.verified_page,
        "/runs/{run}/submission": submitting.begin,
        "/runs/{run}/rulebook": submitting.approve_rulebook,
        "/submissions/{submission}/{action}": submitting.take_step,
    }
    return [
        Route("/site.css", _style),
        Route("/favicon.ico", _no_icon),
        _route(site, "/sign-in", signing.sign_in_page, "GET", anybody=True),
        _route(site, "/sign-in", signing.sign_in, "POST", anybody=True),
        *(_route(site, path, show, "GET") for path, show in pages.items()),
        *(_route(site, path, show, "POST") for path, show in steps.items()),
    ]


def _route(site: Site, path: str, show: Show, method: str, *, anybody: bool = False) -> Route:
    async def endpoint(request: Request) -> Response:
        form = await read_form(request) if method == "POST" else {}
        visit = site.sessions.visit(request.cookies.get(COOKIE))
        asked = Asked(site, request, visit, form)
        return await run_in_threadpool(_answered, asked, show, anybody)

    return Route(path, endpoint, methods=[method], name=f"{method} {path}")


def _answered(asked: Asked, show: Show, anybody: bool) -> Response:
    """Ask who it is and whether the form is this site's, then show the page."""
    post = asked.request.method == "POST"
    if not anybody:
        try:
            asked = recognised(asked)
        except NplError:
            return go(href("sign-in", ended="yes"))
        if asked.session is None:
            return go(href("sign-in", to="" if post else _address(asked.request)))
    if post and not asked.site.sessions.fits(asked.visit, asked.form.get("form", "")):
        return _error(asked, 403, _FORGED)
    try:
        return show(asked)
    except Missing as missing:
        return _error(asked, 404, str(missing))
    except Refused as refused:
        return _error(asked, 403, str(refused))
    except NplError as error:
        return _error(asked, 409 if post else 500, *map(str, error.problems))


def _address(request: Request) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return "" if request.url.path == "/" else f"{request.url.path}{query}"


def _failed(site: Site, request: Request, error: Exception) -> Response:
    """What the server refused before a page was asked, or a page that broke, in words."""
    assert isinstance(error, HTTPException)
    asked = Asked(site, request, site.sessions.visit(request.cookies.get(COOKIE)), {})
    words = error.detail if error.status_code not in (404, 405) else "Check the address."
    return _error(asked, error.status_code, words)


def _error(asked: Asked, status: int, *words: str) -> Response:
    title = _WORDS.get(status, "The request was refused")
    return answer(asked, "error.html", status, status=status, title=title, words=words)


async def _no_icon(request: Request) -> Response:
    """Browsers ask for it."""
    return Response(status_code=204)


async def _style(request: Request) -> Response:
    """All looks of the site."""
    text = (TEMPLATES / "site" / "site.css").read_text(encoding="utf-8")
    return Response(text, media_type="text/css")
