"""A run told as OpenLineage events: its files, and which columns each figure was made from.

The schemas are those of openlineage.io, in the versions that `_SCHEMAS` names. A cell is a field
`row/column` of its report, a list's column a field `table/column`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from npl_reporting import __version__
from npl_reporting.evidence.canonical import moment_text
from npl_reporting.evidence.records import Run, RunFile
from npl_reporting.evidence.reopen import archived_rulebook
from npl_reporting.evidence.store import Store
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.syntax import names, parse_expression
from npl_reporting.returns.report import Report, Row, Table
from npl_reporting.submission.archived import archived_reports

_PRODUCER = f"urn:npl-reporting:{__version__}"
_EVENT = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_SCHEMAS = {
    "columnLineage": "1-2-0/ColumnLineageDatasetFacet",
    "schema": "1-2-0/SchemaDatasetFacet",
    "version": "1-0-1/DatasetVersionDatasetFacet",
    "nominalTime": "1-0-1/NominalTimeRunFacet",
    "processing_engine": "1-1-1/ProcessingEngineRunFacet",
}
_NAMESPACE = "npl-reporting"
_DECISIONS = "decisions.parquet"

Json = dict[str, Any]


def lineage_events(store: Store, name: str) -> tuple[Json, Json]:
    """The two events of a run: that it started, and what it read and wrote."""
    run = store.run(name)
    files = store.files(run.id)
    with TemporaryDirectory() as folder:
        rulebook = archived_rulebook(store, run.id, Path(folder))
        reports = archived_reports(store, run, rulebook, Path(folder))
        inputs = [_dataset(file.name, _version(file)) for file in files if _read(file)]
        written = {file.name: file for file in files if not _read(file)}
        outputs = [_decisions(run, rulebook, written[_DECISIONS])]
        outputs += [_report(run, rulebook, report) for report in reports]
    told = {"inputs": inputs, "outputs": outputs}
    return _event(run, "START", {}), _event(run, "COMPLETE", told)


def _event(run: Run, kind: str, told: Json) -> Json:
    facets = {
        "nominalTime": {"nominalStartTime": f"{run.reporting_date}T00:00:00Z"},
        "processing_engine": {"name": _NAMESPACE, "version": run.engine_version},
    }
    job = "/".join(part for part in (run.jurisdiction, run.variant) if part)
    return {
        "eventType": kind,
        "eventTime": moment_text(run.created_at),
        "producer": _PRODUCER,
        "schemaURL": _EVENT,
        "run": {"runId": str(uuid5(NAMESPACE_URL, f"npl:{run.id}")), "facets": _facets(facets)},
        "job": {"namespace": _NAMESPACE, "name": job},
        **told,
    }


def _facets(facets: Mapping[str, Json]) -> Json:
    place = "https://openlineage.io/spec/facets/"
    return {
        name: {
            "_producer": _PRODUCER,
            "_schemaURL": f"{place}{_SCHEMAS[name]}.json#/$defs/{_SCHEMAS[name].partition('/')[2]}",
            **facet,
        }
        for name, facet in facets.items()
    }


def _read(file: RunFile) -> bool:
    """Whether a run read the file, rather than wrote it."""
    return file.role not in ("decisions", "cases", "cells", "findings", "summary", "pdf", "return")


def _dataset(name: str, facets: Mapping[str, Json]) -> Json:
    return {"namespace": _NAMESPACE, "name": name, "facets": _facets(facets)}


def _version(file: RunFile) -> Mapping[str, Json]:
    return {"version": {"datasetVersion": file.sha256}}


def _decisions(run: Run, rulebook: Rulebook, file: RunFile) -> Json:
    """Every fact, outcome and amount with the columns of the tape it goes back to, one step each."""
    reads: dict[str, Iterable[str]] = {fact.name: fact.value.reads for fact in rulebook.facts}
    for decision in rulebook.decisions:
        reads[decision.name] = {n for rule in decision.rules for n in rule.condition.names}
    portions = {name for value in rulebook.portions.values() for name in value.reads}
    reads["amount"] = portions - set(rulebook.portions)
    for name, value in {**rulebook.amounts, **rulebook.carried}.items():
        reads[name] = value.reads
    own = set(reads)
    fields = {name: _fields(run, rulebook, own, found) for name, found in reads.items()}
    return _dataset(_DECISIONS, {**_version(file), **_columns(fields)})


def _report(run: Run, rulebook: Rulebook, report: Report) -> Json:
    own = {fact.name for fact in rulebook.facts} | {d.name for d in rulebook.decisions}
    own |= {"amount", *rulebook.amounts, *rulebook.carried}
    fields = {
        field: _fields(run, rulebook, own, _written_out(report, texts))
        for field, texts in _cells(report)
    }
    return _dataset(f"{run.jurisdiction}/{report.id}", _columns(fields))


def _cells(report: Report) -> Iterator[tuple[str, list[str]]]:
    """Each cell of a grid and column of a list, with the expressions that it is made from."""
    for table in report.tables:
        rows: list[Row | None] = [row for row in table.rows if not row.heading]
        for row in rows or [None]:
            for column in table.columns:
                yield (
                    f"{row.id if row else table.id}/{column.id}",
                    list(_texts(table, row, column.id)),
                )


def _texts(table: Table, row: Row | None, column: str) -> Iterator[str]:
    """The expressions behind a column in a row: its value, conditions, and what a formula reads."""
    found = next(c for c in table.columns if c.id == column)
    yield from (text for text in (found.value, found.where, table.where, *table.group_by) if text)
    if row is not None:
        yield from (text for text in (row.where, row.value, row.formula) if text)
        parts = (other for other in table.rows if other.id in row.sum_of)
        yield from (other.where for other in parts if other.where)
    for text in (found.formula, found.over):
        for name in names(parse_expression(text)) if text else ():
            if name != column and any(c.id == name for c in table.columns):
                yield from _texts(table, row, name)


def _written_out(report: Report, texts: Iterable[str]) -> set[str]:
    """The names that expressions read, the report's own facts written out."""
    found: set[str] = set()
    waiting = [name for text in texts for name in names(parse_expression(text))]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            text = report.definition.facts.get(name)
            waiting += list(names(parse_expression(text))) if text else []
    return found


def _fields(run: Run, rulebook: Rulebook, own: set[str], read: Iterable[str]) -> Json:
    """What a field was made from: columns of the tape, and fields of the decisions."""
    sources = {name: _DECISIONS for name in own}
    sources |= {name: run.tape_name for name in rulebook.columns if name not in own}
    return {
        "inputFields": [
            {
                "namespace": _NAMESPACE, "name": sources[name], "field": name,
                "transformations": [{"type": "DIRECT", "subtype": "TRANSFORMATION"}],
            }
            for name in sorted(set(read) & set(sources))
        ]
    }  # fmt: skip


def _columns(fields: Mapping[str, Json]) -> Mapping[str, Json]:
    return {
        "schema": {"fields": [{"name": name} for name in fields]},
        "columnLineage": {"fields": dict(fields)},
    }
