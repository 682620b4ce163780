"""Pages as PDF/A-3a and PDF/UA-1 files; the only door to WeasyPrint."""

from __future__ import annotations

import gc
import io
import logging.handlers
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from npl_reporting.errors import NplError, Problem
from npl_reporting.resources import TEMPLATES, shown
from npl_reporting.returns import conformance, workers
from npl_reporting.returns.document import html
from npl_reporting.returns.fonts import FONTS
from npl_reporting.returns.page import Attachment, Page

VARIANT = "pdf/a-3a"

FONT_CONFIGURATION = TEMPLATES / "fonts.conf"
"""Names no font folder, so that pages use the pinned fonts whatever the system has."""

PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
"""The system packages that WeasyPrint draws with, by their Debian names."""

_MEDIA_TYPES = {".css": "text/css", ".svg": "image/svg+xml", ".otf": "font/otf"}


def render(page: Page) -> bytes:
    """Draw a page as one PDF file; the same page gives the same bytes."""
    text = html(page)
    with _no_garbage_collection():
        return _draw(page, text)


def render_all(
    pages: Sequence[Page],
    *,
    processes: int | None = None,
    work: Path | None = None,
    done: Callable[[str], object] = lambda report: None,
) -> dict[str, bytes]:
    """Draw pages side by side in processes of their own; the files by report id.

    `work` is a folder for passing files, `done` is told each report as it is finished. NplError
    holds the problems of all pages.
    """
    return workers.each(pages, processes=processes, work=work, done=done)


def _draw(page: Page, text: str) -> bytes:
    library = _weasyprint()
    try:
        with _pinned_fonts(), _complaints(page):
            document = _laid_out(text, library)
        with _complaints(page):
            return _file(page, document)
    except library.urls.FatalURLFetchingError as error:
        raise NplError(Problem(str(error), "keep templates to files of their own")) from None
    except OSError as error:
        remedy = "see that the folder for passing files exists and has room"
        raise NplError(Problem(f"{page.report} cannot be drawn: {error}", remedy)) from None


def _laid_out(text: str, library: Any) -> Any:
    fonts = library.text.fonts.FontConfiguration()
    source = library.HTML(string=text, base_url=f"{TEMPLATES}/", url_fetcher=_fetcher())
    return source.render(font_config=fonts, pdf_variant=VARIANT)


def _file(page: Page, document: Any) -> bytes:
    attachments = sorted(page.attachments, key=lambda each: each.name)  # as a PDF's tree of names
    media_types = [each.media_type for each in attachments]
    content = document.write_pdf(
        pdf_variant=VARIANT,
        attachments=[_embedded(page, each) for each in attachments],
        finisher=lambda _, pdf: conformance.finish(pdf, media_types),
    )
    assert isinstance(content, bytes)
    return content


def _embedded(page: Page, attachment: Attachment) -> Any:
    day = datetime.combine(page.reporting_date, time(), UTC)
    return _weasyprint().Attachment(
        string=attachment.content,
        name=attachment.name,
        description=attachment.description,
        created=day,
        modified=day,
        relationship="Data",
    )


def allowed(url: str) -> Path | None:
    """Give the file behind a URL that a template may use: its own folder's, and the fonts'."""
    parts = urlsplit(url)
    if parts.scheme == "font":
        return FONTS.get(parts.path)
    if parts.scheme != "file" or parts.netloc:
        return None
    path = Path(unquote(parts.path)).resolve()
    return path if path.is_relative_to(TEMPLATES.resolve()) and path.is_file() else None


@cache
def _fetcher() -> Any:
    urls = _weasyprint().urls

    class OwnFiles(urls.URLFetcher):  # type: ignore[misc, name-defined]
        """Opens the files of `allowed` and stops the drawing for any other."""

        def fetch(self, url: str, headers: object = None) -> Any:
            path = allowed(url)
            if path is None:
                raise urls.FatalURLFetchingError(f"a template may not open {url}")
            headers = {"Content-Type": _MEDIA_TYPES.get(path.suffix, "application/octet-stream")}
            return urls.URLFetcherResponse(url, path.read_bytes(), headers)

    return OwnFiles()


@cache
def _weasyprint() -> Any:
    """Import WeasyPrint away from the system's fonts; NplError names the packages it lacks."""
    with _pinned_fonts(), warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            import weasyprint  # not at the top: other commands need neither it nor Pango
        except OSError as error:
            raise _lacking(str(error).splitlines()[0]) from None
    if weasyprint.text.ffi.harfbuzz_subset is None:
        raise _lacking("cannot load library 'harfbuzz-subset'")
    return weasyprint


def _lacking(what: str) -> NplError:
    remedy = f"install the system packages {PACKAGES} (make setup does)"
    return NplError(Problem(f"pages cannot be drawn: {what}", remedy))


@contextmanager
def _pinned_fonts() -> Iterator[None]:
    """Point fontconfig at our own configuration while it is being read."""
    if not FONT_CONFIGURATION.is_file():
        raise NplError(Problem("the font configuration is missing", file=shown(FONT_CONFIGURATION)))
    before = os.environ.get("FONTCONFIG_FILE")
    os.environ["FONTCONFIG_FILE"] = str(FONT_CONFIGURATION.resolve())
    try:
        yield
    finally:
        os.environ.pop("FONTCONFIG_FILE")
        if before is not None:
            os.environ["FONTCONFIG_FILE"] = before


@contextmanager
def _complaints(page: Page) -> Iterator[None]:
    """Raise what WeasyPrint only logs: a font that was not loaded, a style that is not known."""
    logger, kept = logging.getLogger("weasyprint"), logging.handlers.BufferingHandler(1_000_000)
    kept.setLevel(logging.WARNING)
    logger.addHandler(kept)
    try:
        yield
    finally:
        logger.removeHandler(kept)
    said = dict.fromkeys(record.getMessage() for record in kept.buffer)
    if said:
        raise NplError(*(Problem(f"{page.report} was not drawn: {each}") for each in said))


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Drawing makes millions of lasting objects, which the collector would walk again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
