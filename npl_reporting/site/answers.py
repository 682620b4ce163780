"""Pages as HTML: the site's templates, with what every page needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from urllib.parse import quote, urlencode

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from starlette.responses import HTMLResponse, RedirectResponse, Response

from npl_reporting import __version__
from npl_reporting.evidence.records import Run
from npl_reporting.law.yamlfile import Text
from npl_reporting.money import exact_text
from npl_reporting.resources import TEMPLATES
from npl_reporting.returns.columns import groups
from npl_reporting.returns.document import reason, reasons
from npl_reporting.returns.page import Page
from npl_reporting.returns.wording import Said, Wording
from npl_reporting.site.asked import Asked
from npl_reporting.site.sessions import COOKIE, LASTS

SEE_OTHER = 303


def answer(asked: Asked, template: str, status: int = 200, /, **shown: object) -> Response:
    """Fill a template; every page knows who asks, and what its forms must carry."""
    text = _environment().get_template(f"site/{template}").render(
        asked=asked, version=__version__, form_token=asked.site.sessions.form(asked.visit), **shown
    )  # fmt: skip
    return remember(asked, asked.visit, HTMLResponse(text, status))


def remember(asked: Asked, visit: str, response: Response) -> Response:
    """Have the browser name a visit; the cookie is of use to this site's own pages alone."""
    response.set_cookie(
        COOKIE, asked.site.sessions.cookie(visit), max_age=int(LASTS.total_seconds()), path="/",
        secure=asked.site.https, httponly=True, samesite="strict",
    )  # fmt: skip
    return response


def go(address: str) -> Response:
    """Send the browser to another page."""
    return RedirectResponse(address, SEE_OTHER)


def href(*parts: object, **query: object) -> str:
    """The address of a page of the site; whatever stands in an id stays one part of it."""
    path = "/" + "/".join(quote(str(part), safe="") for part in parts)
    asked = {name: value for name, value in query.items() if value not in ("", None)}
    return f"{path}?{urlencode(asked)}" if asked else path


def told(text: Text | str | None, languages: Sequence[str] = ()) -> tuple[Said, ...]:
    """A text in these languages (in all that it has, if none are named), English if it has none."""
    if text is None or isinstance(text, str):
        return (Said("en", text),) if text else ()
    known = [language for language in languages or text if language in text]
    kept: dict[str, str] = {}
    for language in known or list(text)[:1]:
        kept.setdefault(text[language], language)
    return tuple(Said(language, words) for words, language in kept.items() if words)


def wording_of(run: Run, languages: Iterable[str]) -> Wording:
    """How the figures of a run are written, main language first."""
    page = Page("site", {}, tuple(languages), run.jurisdiction, run.reporting_date, run.id,
                run.currency)  # fmt: skip
    return Wording(page)


def moment(at: datetime) -> str:
    """A moment to the minute, in UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def exact(value: object) -> str:
    """A value as files hold it; a figure with its thousands apart."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        whole, dot, rest = exact_text(value).partition(".")
        return (
            f"{int(whole):,}{dot}{rest}" if whole.lstrip("-").strip("0") else f"{whole}{dot}{rest}"
        )
    return f"{value:,}" if isinstance(value, int) else str(value)


def pages_of(count: int, size: int) -> int:
    """How many pages a list fills; an empty one fills one."""
    return max(1, -(-count // size))


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    given: Mapping[str, object] = {
        "href": href, "told": told, "moment": moment, "exact": exact, "groups": groups,
        "reason": reason, "reasons": reasons,
    }  # fmt: skip
    environment.globals.update(given)
    return environment
