"""Reports as pages to print: each report's cells, checks and notes in one record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from npl_reporting.returns.cells import Cell
from npl_reporting.returns.checks import CheckResult
from npl_reporting.returns.cover import (
    checks_table,
    cover_facts,
    files_table,
    key_figures,
    settings_table,
)
from npl_reporting.returns.edition import Edition
from npl_reporting.returns.files import cells_file
from npl_reporting.returns.layout import Layout
from npl_reporting.returns.moved import deltas_table, moved_tables
from npl_reporting.returns.page import CheckLine, Fact, Page
from npl_reporting.returns.plan import Plan
from npl_reporting.returns.quality import findings_file, quality_notes, quality_tables
from npl_reporting.returns.report import Period
from npl_reporting.returns.sharedwords import reason_text, shared_words, word
from npl_reporting.returns.sources import sources_table
from npl_reporting.returns.variance import variance_tables
from npl_reporting.returns.wording import Wording


def pages(
    edition: Edition,
    plans: Sequence[Plan],
    cells: Sequence[Cell],
    results: Sequence[CheckResult],
) -> Iterator[Page]:
    """Set every report of a run, in printing order."""
    for planned in plans:
        page = _report_page(edition, planned, cells, results)
        match planned.report.definition.kind:
            case "cells":
                yield page
            case "cases":
                tables = (*page.tables, sources_table(edition))
                yield replace(page, tables=tables, cases=edition.cases)
            case "quality":
                attached = (*page.attachments, findings_file(edition))
                yield replace(
                    page,
                    tables=(*page.tables, *quality_tables(edition, page.unit)),
                    attachments=attached,
                    notes=(*page.notes, *quality_notes(edition)),
                )
            case "variance":
                terms = planned.report.definition.variance
                tables = tuple(variance_tables(edition.moved, terms)) if terms else ()
                yield replace(page, tables=(*page.tables, *tables))
            case "cover":
                yield _cover(edition, planned, page, plans, cells, results)


def _report_page(
    edition: Edition, planned: Plan, cells: Sequence[Cell], results: Sequence[CheckResult]
) -> Page:
    run, definition = edition.run, planned.report.definition
    own = [cell for cell in cells if cell.report == planned.report.id]
    own_results = [result for result in results if result.report == planned.report.id]
    history = edition.history.get(planned.report.id, {})
    layout = Layout(planned.report, own, _dates(edition), history)
    attached = (cells_file(planned.report, own),) if own else ()
    return Page(
        report=planned.report.id,
        title=definition.title,
        languages=run.languages,
        jurisdiction=run.jurisdiction,
        reporting_date=run.reporting_date,
        run=run.id,
        currency=run.currency,
        template=definition.template,
        form=definition.form,
        landscape=definition.landscape,
        warnings=run.warnings,
        facts=tuple(_facts(planned)),
        tables=(*layout.tables(), *moved_tables(layout)),
        charts=tuple(layout.charts()),
        notes=definition.notes,
        checks=tuple(_check(planned, result, run.languages[0]) for result in own_results),
        attachments=(*attached, *edition.lists.get(planned.report.id, ())),
        unit=definition.unit,
        draft=run.parameters.get("approved") is False,
    )


def _dates(edition: Edition) -> Mapping[Period, date]:
    dates: dict[Period, date] = {"current": edition.run.reporting_date}
    if edition.prior_date is not None:
        dates["comparative"] = edition.prior_date
    return dates


def _facts(planned: Plan) -> Iterator[Fact]:
    definition = planned.report.definition
    yield Fact(word("frequency"), shared_words().frequencies[definition.frequency])
    if definition.deadline is not None:
        yield Fact(word("deadline"), definition.deadline)


def _check(planned: Plan, result: CheckResult, language: str) -> CheckLine:
    """A check as the page shows it; what was missing is said in the page's main language."""
    detail = result.detail
    if result.state == "not_evaluated":
        detail = "; ".join(
            f"{figure.name}: {reason_text(planned.report, figure.reason)[language]}"
            for figure in result.missing
        )
    return CheckLine(result.id, result.severity, result.sentence, result.state, detail)


def _cover(
    edition: Edition,
    planned: Plan,
    page: Page,
    plans: Sequence[Plan],
    cells: Sequence[Cell],
    results: Sequence[CheckResult],
) -> Page:
    return replace(
        page,
        facts=tuple(cover_facts(edition)),
        figures=tuple(key_figures(planned, plans, cells, Wording(page))),
        tables=(
            *page.tables,
            *deltas_table(edition.deltas.in_force, edition.run.languages),
            checks_table(plans, results),
            settings_table(edition),
            files_table(edition, plans),
        ),
    )
