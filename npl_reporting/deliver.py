"""What a run hands out: files written, archived with the inputs, stored, copied to the user."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from npl_reporting.engine import Engine
from npl_reporting.evidence import records
from npl_reporting.evidence.records import Role, Run, RunFile
from npl_reporting.evidence.seal import OUTPUTS, Seal, exposures_tree, grown_of
from npl_reporting.evidence.store import Store
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.portfolio.cases import Case
from npl_reporting.portfolio.classify import TREATED
from npl_reporting.portfolio.tape import findings
from npl_reporting.request import Request
from npl_reporting.returns.annex import case_decisions
from npl_reporting.returns.cells import Cell
from npl_reporting.returns.checks import CheckResult
from npl_reporting.returns.filing.definition import Filing
from npl_reporting.returns.filing.package import MEDIA_TYPE, write_filings
from npl_reporting.returns.filing.subject import Subject
from npl_reporting.returns.machine import MEDIA_TYPES, write_returns
from npl_reporting.returns.outputs import (
    ratios,
    write_cases,
    write_cells,
    write_decisions,
    write_summary,
)
from npl_reporting.returns.page import Page
from npl_reporting.returns.render import render_all
from npl_reporting.returns.report import Report


@dataclass(frozen=True)
class Written:
    """A file in the work folder: its part in the run, and what kind it is."""

    role: Role
    path: Path
    media_type: str


@dataclass(frozen=True)
class Drafted:
    """Everything that a run came to, before it is written and stored; `columns` gave the tape."""

    request: Request
    rulebook: Rulebook
    reports: Sequence[Report]
    run: Run
    columns: Sequence[str]
    cases: Sequence[Case]
    cells: Sequence[Cell]
    checks: Sequence[CheckResult]
    findings: int
    filings: Sequence[Filing] = ()

    def decided(self) -> Iterator[records.CaseDecision]:
        """Every decision on every case, as the store keeps it."""
        return case_decisions(self.rulebook, self.cases, self.run.languages)


def files(
    engine: Engine, drafted: Drafted, pages: Sequence[Page], work: Path, seal: Seal
) -> tuple[Written, ...]:
    """Write everything that the run hands out into the work folder."""
    folder = work / "out"
    folder.mkdir()
    parquet, text = write_decisions(engine, drafted.rulebook, drafted.columns, folder)
    cases = write_cases(drafted.decided(), drafted.run.languages[0], folder / "cases.csv")
    summary = write_summary(drafted.run, _summary(drafted, seal), folder / "run.json")
    written = [
        Written("decisions", parquet, "application/vnd.apache.parquet"),
        Written("decisions", text, "text/csv"),
        Written("cases", cases, "text/csv"),
        Written("cells", write_cells(drafted.cells, folder / "cells.csv"), "text/csv"),
        Written("summary", summary, "application/json"),
    ]
    for path in write_returns(drafted.reports, pages, drafted.cells, folder):
        written.append(Written("return", path, MEDIA_TYPES[path.suffix]))
    for path in _filed(drafted, folder):
        written.append(Written("return", path, MEDIA_TYPE))
    drawn = render_all(pages if drafted.request.printed else (), work=work)
    for report, content in drawn.items():
        path = folder / f"{drafted.run.jurisdiction}-{report}.pdf"
        path.write_bytes(content)
        written.append(Written("pdf", path, "application/pdf"))
    return tuple(written)


def _filed(drafted: Drafted, folder: Path) -> Iterator[Path]:
    """The run as the files that an authority accepts, where the run says who reports."""
    run, request = drafted.run, drafted.request
    subject = Subject(request.entity, run.reporting_date, run.currency, run.id, request.changes)
    return write_filings(drafted.filings, drafted.reports, drafted.cells, subject, folder)


def _summary(drafted: Drafted, seal: Seal) -> dict[str, Any]:
    """What run.json says beside the run's record."""
    return {
        "cases": len(drafted.cases),
        "findings": drafted.findings,
        "checks": {f"{c.report}/{c.id}": c.state for c in drafted.checks},
        "ratios": ratios(drafted.reports, drafted.cells),
        "content": {"root": seal.content, "parts": seal.plain()},
    }


def save(
    engine: Engine, store: Store, drafted: Drafted, files: Sequence[Written], seal: Seal
) -> records.Saved:
    """Archive every file, then store the run in one transaction."""
    inputs = [_archived(store, file) for file in _inputs(drafted)]
    outputs = [_archived(store, file) for file in files]
    return store.save_run(
        drafted.run,
        files=[*inputs, *outputs],
        cases=drafted.decided(),
        exposures=engine.batches(
            "SELECT row, exposure_id, debtor_id, portion, case_id, amount, minimum_allowance "
            f"FROM {TREATED} ORDER BY exposure_id, portion"
        ),
        cells=map(_stored_cell, drafted.cells),
        checks=map(_stored_check, drafted.checks),
        findings=findings(engine, drafted.rulebook),
        seal=Seal({**seal.parts, OUTPUTS: grown_of(outputs)}),
    )


def content(engine: Engine, drafted: Drafted) -> Seal:
    """The trees over all that the pages are drawn from, before they are."""
    return Seal({
        "record": grown_of([drafted.run]),
        "inputs": grown_of(map(_hashed, _inputs(drafted))),
        "cases": grown_of(drafted.decided()),
        "exposures": exposures_tree(engine, TREATED, drafted.run.currency),
        "cells": grown_of(map(_stored_cell, drafted.cells)),
        "checks": grown_of(map(_stored_check, drafted.checks)),
        "findings": grown_of(findings(engine, drafted.rulebook)),
    })  # fmt: skip


def _inputs(drafted: Drafted) -> list[Written]:
    request, rulebook, reports = drafted.request, drafted.rulebook, drafted.reports
    inputs = [
        Written("tape", request.tape.path, "application/octet-stream"),
        Written("rulebook", rulebook.path, "application/yaml"),
        *(Written("report_definition", report.file.path, "application/yaml") for report in reports),
    ]
    for filing in drafted.filings:
        inputs += [Written("filing_definition", path, "text/plain") for path in filing.files]
    if request.tape.mapping:
        inputs.append(Written("mapping", request.tape.mapping, "application/yaml"))
    if request.control:
        inputs.append(Written("control", request.control, "text/csv"))
    if request.policy:
        inputs.append(Written("policy", request.policy, "application/yaml"))
    if request.tape.schedule:
        inputs.append(Written("schedule", request.tape.schedule, "application/octet-stream"))
    if request.tape.rates:
        inputs.append(Written("rates", request.tape.rates, "application/octet-stream"))
    if request.exits:
        inputs.append(Written("exits", request.exits, "application/octet-stream"))
    if request.comments:
        inputs.append(Written("comments", request.comments, "application/octet-stream"))
    if request.deltas:
        inputs.append(Written("deltas", request.deltas[0], "application/json"))
        kind = "application/octet-stream"
        inputs += [Written("evidence", path, kind) for path in request.deltas[1:]]
    return inputs


def _hashed(file: Written) -> RunFile:
    with file.path.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return RunFile(file.role, file.path.name, digest, file.path.stat().st_size, file.media_type)


def _archived(store: Store, file: Written) -> RunFile:
    kept = store.archive.place(file.path)
    return RunFile(file.role, file.path.name, kept.sha256, kept.size, file.media_type)


def _stored_cell(cell: Cell) -> records.Cell:
    return records.Cell(
        cell.report, cell.table, cell.row, cell.column, cell.period,
        None if cell.value is None else cell.exact,
        cell.text, cell.state, cell.reason, cell.key,
    )  # fmt: skip


def _stored_check(check: CheckResult) -> records.CheckResult:
    return records.CheckResult(check.report, check.id, check.severity, check.state, check.detail)


def hand_out(files: Sequence[Written], out: Path) -> Iterator[Path]:
    """Copy the files to where the user wants them, each whole or not at all."""
    for file in files:
        yield copied(file.path, out)


def copied(path: Path, out: Path) -> Path:
    """Copy a file into a folder, whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    target = out / path.name
    part = target.with_name(target.name + ".part")
    shutil.copyfile(path, part)
    return part.replace(target)
