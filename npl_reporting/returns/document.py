"""A page as HTML: the sandboxed templates, which format and never add or decide."""

from __future__ import annotations

from functools import cache

from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateNotFound
from jinja2.sandbox import ImmutableSandboxedEnvironment

from npl_reporting import __version__
from npl_reporting.errors import NplError, Problem
from npl_reporting.resources import TEMPLATES
from npl_reporting.returns import charts, columns
from npl_reporting.returns.fonts import refuse_missing
from npl_reporting.returns.page import Page, Shown, Table
from npl_reporting.returns.treatments import treatments
from npl_reporting.returns.wording import Said, Wording


def html(page: Page) -> str:
    """Write a page as HTML; NplError names every character that cannot be printed."""
    wording = Wording(page)
    text = _template(page.template).render(
        page=page,
        wording=wording,
        version=__version__,
        drawn=charts.drawn,
        colour_of=charts.colour_of,
        groups=columns.groups,
        treatments=treatments,
        holds_money=columns.holds_money,
        columns=lambda table: columns.columns(table, wording, page.landscape),
        reasons=lambda table: reasons(table, wording),
    )
    refuse_missing(page, text)
    return text


def reasons(table: Table, wording: Wording) -> dict[tuple[Said, ...], int]:
    """Number the reasons why cells of a table could not be computed, for the notes under it."""
    cells = (cell for line in table.lines for cell in line.cells)
    given = (reason(cell, wording) for cell in cells if cell.state == "not_computed")
    return {said: number for number, said in enumerate(filter(None, dict.fromkeys(given)), start=1)}


def reason(cell: Shown, wording: Wording) -> tuple[Said, ...]:
    """Say why a cell could not be computed, in the page's languages."""
    return tuple(wording.said(cell.reason or {}))


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["reason"] = reason
    return environment


def _template(name: str) -> Template:
    try:
        return _environment().get_template(name)
    except TemplateNotFound:
        remedy = "name one of the files in templates/"
        raise NplError(Problem(f"there is no template '{name}'", remedy)) from None
