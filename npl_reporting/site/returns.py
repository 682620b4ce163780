"""A return as its grid of cells, each a way to what stands behind it."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from npl_reporting.evidence.records import Run
from npl_reporting.law.yamlfile import Text
from npl_reporting.site.answers import answer
from npl_reporting.site.asked import Asked, Missing
from npl_reporting.site.overview import run_of
from npl_reporting.site.printed import Return, return_of


def return_page(asked: Asked) -> Response:
    """One return on one page."""
    found = found_return(asked)
    definition = found.report.definition
    return answer(
        asked, "return.html", run=found.run, found=found, definition=definition,
        wording=found.wording, languages=found.languages,
        grids=list(found.grids(_cells_of(asked, found.run.prior_run, found.report.id))),
        sentences=_sentences(found), pdf=_pdf(asked, found.run, found.report.id),
    )  # fmt: skip


def found_return(asked: Asked) -> Return:
    """The return that the path names; Missing if the run has none such."""
    run, report = run_of(asked), asked.part("report")
    found = return_of(asked.store, run, report)
    if found is None:
        raise Missing(f"Run {run.id} has no return {report}.")
    return found


def _cells_of(asked: Asked, run: str | None, report: str) -> frozenset[tuple[str, str]]:
    cells = asked.store.cells(run, report, "current") if run else ()
    return frozenset((cell.row, cell.column) for cell in cells)


def _sentences(found: Return) -> Mapping[str, Text]:
    """What each check says, in the return's own words."""
    return {check.id: check.sentence for check in found.report.definition.checks}


def _pdf(asked: Asked, run: Run, report: str) -> str:
    name = f"{run.jurisdiction}-{report}.pdf"
    drawn = {file.name for file in asked.store.files(run.id) if file.role == "pdf"}
    return name if name in drawn else ""
