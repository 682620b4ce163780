"""What a run hands out: files written, archived with the inputs, stored, copied to the user."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

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
from npl_reporting.returns.edition import Edition
from npl_reporting.returns.outputs import write_cases, write_cells, write_decisions, write_summary
from npl_reporting.returns.page import Page
from npl_reporting.returns.render import render_all
from npl_reporting.returns.report import Report


@dataclass(frozen=True)
class Written:
    """A file in the work folder: its part in the run, and what kind it is."""

    role: Role
    path: Path
    media_type: str


def files(
    engine: Engine, rulebook: Rulebook, edition: Edition, cases: Sequence[Case],
    cells: Sequence[Cell], checks: Sequence[CheckResult], set_pages: Sequence[Page], work: Path,
    seal: Seal,
) -> tuple[Written, ...]:  # fmt: skip
    """Write everything that the run hands out into the work folder."""
    folder = work / "out"
    folder.mkdir()
    languages = edition.run.languages
    decided = case_decisions(rulebook, cases, languages)
    parquet, text = write_decisions(engine, rulebook, folder)
    written = [
        Written("decisions", parquet, "application/vnd.apache.parquet"),
        Written("decisions", text, "text/csv"),
        Written("cases", write_cases(decided, languages[0], folder / "cases.csv"), "text/csv"),
        Written("cells", write_cells(cells, folder / "cells.csv"), "text/csv"),
    ]
    more = {
        "cases": len(cases),
        "findings": len(edition.findings),
        "checks": {f"{c.report}/{c.id}": c.state for c in checks},
        "content": {"root": seal.content, "parts": seal.plain()},
    }
    summary = write_summary(edition.run, more, folder / "run.json")
    written.append(Written("summary", summary, "application/json"))
    for report, content in render_all(set_pages, work=work).items():
        path = folder / f"{rulebook.file.jurisdiction}-{report}.pdf"
        path.write_bytes(content)
        written.append(Written("pdf", path, "application/pdf"))
    return tuple(written)


def save(
    engine: Engine, store: Store, request: Request, rulebook: Rulebook,
    reports: Sequence[Report], draft: Run, cases: Sequence[Case], cells: Sequence[Cell],
    checks: Sequence[CheckResult], files: Sequence[Written], seal: Seal,
) -> records.Saved:  # fmt: skip
    """Archive every file, then store the run in one transaction."""
    inputs = [_archived(store, file) for file in _inputs(request, rulebook, reports)]
    outputs = [_archived(store, file) for file in files]
    return store.save_run(
        draft,
        files=[*inputs, *outputs],
        cases=case_decisions(rulebook, cases, draft.languages),
        exposures=engine.batches(
            "SELECT row, exposure_id, debtor_id, portion, case_id, amount, minimum_allowance "
            f"FROM {TREATED} ORDER BY exposure_id, portion"
        ),
        cells=(_stored_cell(cell) for cell in cells),
        checks=map(_stored_check, checks),
        findings=findings(engine, rulebook),
        seal=Seal({**seal.parts, OUTPUTS: grown_of(outputs)}),
    )


def content(
    engine: Engine, request: Request, rulebook: Rulebook, reports: Sequence[Report], draft: Run,
    cases: Sequence[Case], cells: Sequence[Cell], checks: Sequence[CheckResult],
) -> Seal:  # fmt: skip
    """The trees over all that the pages are drawn from, before they are."""
    inputs = _inputs(request, rulebook, reports)
    return Seal({
        "record": grown_of([draft]),
        "inputs": grown_of(map(_hashed, inputs)),
        "cases": grown_of(case_decisions(rulebook, cases, draft.languages)),
        "exposures": exposures_tree(engine, TREATED, draft.currency),
        "cells": grown_of(map(_stored_cell, cells)),
        "checks": grown_of(map(_stored_check, checks)),
        "findings": grown_of(findings(engine, rulebook)),
    })  # fmt: skip


def _inputs(request: Request, rulebook: Rulebook, reports: Sequence[Report]) -> list[Written]:
    inputs = [
        Written("tape", request.tape.path, "application/octet-stream"),
        Written("rulebook", rulebook.path, "application/yaml"),
        *(Written("report_definition", report.file.path, "application/yaml") for report in reports),
    ]
    if request.tape.mapping:
        inputs.append(Written("mapping", request.tape.mapping, "application/yaml"))
    if request.control:
        inputs.append(Written("control", request.control, "text/csv"))
    if request.policy:
        inputs.append(Written("policy", request.policy, "application/yaml"))
    if request.tape.schedule:
        inputs.append(Written("schedule", request.tape.schedule, "application/octet-stream"))
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
