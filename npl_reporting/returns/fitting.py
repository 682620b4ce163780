"""Reports fitted to a rulebook: a table for each of its decisions, none of what it does not say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from npl_reporting.law.rulebook import Decision, Outcome, Rulebook
from npl_reporting.law.syntax import names, parse_expression
from npl_reporting.law.yamlfile import Text
from npl_reporting.portfolio.cases import outcome_text
from npl_reporting.portfolio.movement import movement_scope
from npl_reporting.portfolio.panel import ALLOWANCE, asks_for_allowance
from npl_reporting.returns.annex import outcome_label
from npl_reporting.returns.migration import with_migration
from npl_reporting.returns.plan import BESIDE
from npl_reporting.returns.report import Chart, Check, Column, Definition, Report, Row, Table
from npl_reporting.returns.sharedwords import word

EVERY = "every"
"""What a report file calls its jurisdiction that is every jurisdiction's."""

_GRADED = 3
"""A decision of more outcomes than these has a chart."""
_TOTAL = "total"
_CELL = re.compile(r"\bcell\(\s*'([^']*)'\s*,\s*'([^']*)'\s*\)")
"""A cell of the report itself, as a check names it."""


def fitted(reports: Sequence[Report], rulebook: Rulebook) -> tuple[Report, ...]:
    """The reports as they stand under a rulebook.

    A list of cases without tables of its own gets one for each decision. What every jurisdiction
    has becomes this one's, without the tables and columns that read what its rulebook does not know;
    a form of which a table would be lost is left out whole.
    """
    fit = (replace(report, definition=_fitted(report.definition, rulebook)) for report in reports)
    return tuple(
        report for report, given in zip(fit, reports, strict=True) if _whole(report, given)
    )


def _whole(report: Report, given: Report) -> bool:
    tables = (report.definition.tables, given.definition.tables)
    return report.definition.kind != "cells" or len(tables[0]) >= len(tables[1])


def _fitted(definition: Definition, rulebook: Rulebook) -> Definition:
    if definition.kind == "cases" and not definition.tables:
        definition = _with_decisions(definition, rulebook)
    if definition.migration:
        definition = with_migration(definition, rulebook)
    if definition.jurisdiction == EVERY:
        definition = _own(definition, rulebook)
    return definition


def _own(definition: Definition, rulebook: Rulebook) -> Definition:
    """A report of every jurisdiction as this one's: only of what its rulebook knows."""
    known = {*rulebook.scope.kinds, *BESIDE, *definition.facts, *definition.parameters}
    if not asks_for_allowance(rulebook):
        known.discard(ALLOWANCE)
    moved = {*movement_scope(rulebook).kinds, *definition.facts, *definition.parameters}
    names = {"exposures": known, "movement": moved}
    tables = tuple(
        _known(table, names[table.of])
        for table in definition.tables
        if _rows(table) <= names[table.of]
    )
    places = {
        (row.id, column.id) for table in tables for row in table.rows for column in table.columns
    }
    figures = tuple(
        figure
        for figure in definition.figures
        if figure.report != definition.report or (figure.row, figure.column) in places
    )
    left = {table.id for table in tables}
    return definition.model_copy(
        update={
            "jurisdiction": rulebook.file.jurisdiction,
            "tables": tables,
            "charts": tuple(chart for chart in definition.charts if chart.table in left),
            "figures": figures,
            "checks": tuple(c for c in definition.checks if _answerable(c, left, places)),
        }
    )


def _answerable(check: Check, tables: set[str], places: set[tuple[str, str]]) -> bool:
    """Whether a check asks for cells of the report that are there."""
    asked = {(row, column) for row, column in _CELL.findall(check.that)}
    return asked <= places and (check.each is None or check.each in tables)


def _rows(table: Table) -> set[str]:
    """What the conditions of a table's rows name."""
    return _named(*(text for row in table.rows for text in (row.where, row.value)))


def _known(table: Table, known: set[str]) -> Table:
    """The table with those columns alone that read what is known, or columns that are left."""
    columns: list[Column] = []
    for column in table.columns:
        left = known | {other.id for other in columns}
        if _named(column.value) <= known and _named(column.formula) <= left:
            columns.append(column)
    ids = {column.id for column in columns}
    rows = tuple(
        row.model_copy(update={"blank": tuple(name for name in row.blank if name in ids)})
        for row in table.rows
    )
    return table.model_copy(update={"columns": tuple(columns), "rows": rows})


def _named(*texts: str | None) -> set[str]:
    return {name for text in texts if text for name in names(parse_expression(text))}


def _with_decisions(definition: Definition, rulebook: Rulebook) -> Definition:
    tables = tuple(_table(decision, rulebook) for decision in rulebook.decisions)
    pairs = tuple(zip(rulebook.decisions, tables, strict=True))
    charts = tuple(
        _chart(decision, table)
        for decision, table in pairs
        if not decision.rate and len(decision.outcomes) > _GRADED
    )
    checks = (*definition.checks, *(_check(decision, table) for decision, table in pairs))
    return definition.model_copy(update={"tables": tables, "charts": charts, "checks": checks})


def _table(decision: Decision, rulebook: Rulebook) -> Table:
    """A decision in sums: a row for each outcome, mildest first, and their total."""
    languages = rulebook.file.languages
    rows = tuple(_row(decision, outcome, languages) for outcome in decision.outcomes)
    total = Row(
        id=f"{decision.name}_{_TOTAL}",
        label=word("total"),
        sum_of=tuple(row.id for row in rows),
    )
    return Table(
        id=decision.name,
        caption=_label(decision),
        stub=word("outcome"),
        rows=(*rows, total),
        columns=tuple(_columns(decision, rulebook)),
    )


def _row(decision: Decision, outcome: Outcome, languages: Sequence[str]) -> Row:
    text = outcome_text(outcome)
    written = text if decision.rate else "'" + text.replace("'", "''") + "'"
    code = re.sub(r"\W", "_", text, flags=re.ASCII)
    return Row(
        id=f"{decision.name}_{code}",
        label=outcome_label(decision, outcome, languages),
        where=f"{decision.name} = {written}",
    )


def _columns(decision: Decision, rulebook: Rulebook) -> Iterator[Column]:
    """How many, how much, and the least allowance; what differs within a loan counts its parts."""
    if decision.of == "portion" and len(rulebook.portions) > 1:
        yield Column(id="portions", label=word("portions"), format="count", value="count()")
    else:
        counted = "count() filter (where first_portion)"
        yield Column(id="exposures", label=word("exposures"), format="count", value=counted)
    yield Column(id="amount", label=word("amount"), value="sum(amount)")
    if asks_for_allowance(rulebook):
        label = word("required_minimum")
        yield Column(id="minimum", label=label, value=f"sum({ALLOWANCE})")


def _chart(decision: Decision, table: Table) -> Chart:
    """How much has each outcome but the mildest, which would dwarf them."""
    return Chart(
        title=_label(decision),
        description=word("decision_chart"),
        table=table.id,
        column="amount",
        rows=tuple(row.id for row in table.rows[1:-1]),
        graded=True,
    )


def _check(decision: Decision, table: Table) -> Check:
    cells = " + ".join(f"cell('{row.id}', 'amount')" for row in table.rows[:-1])
    sentence = {
        language: text.format(name=_in(_label(decision), language))
        for language, text in word("outcomes_together", name="{name}").items()
    }
    return Check(
        id=f"{decision.name.replace('_', '-')}-ties-to-portfolio",
        severity="error",
        sentence=sentence,
        that=f"{cells} = portfolio('sum(amount)')",
    )


def _label(decision: Decision) -> Text:
    return decision.label or {"en": decision.name}


def _in(text: Text, language: str) -> str:
    return text.get(language) or text.get("en") or next(iter(text.values()))
