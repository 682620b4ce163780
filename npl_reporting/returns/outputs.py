"""The files that a run writes: decisions, cases, cells, findings, and a summary for machines."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.evidence.records import CaseDecision, Run
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.money import exact_text
from npl_reporting.portfolio.classify import TREATED
from npl_reporting.portfolio.movement import kept_columns
from npl_reporting.portfolio.overridden import computed_columns
from npl_reporting.returns.cells import Cell
from npl_reporting.returns.files import cells_csv
from npl_reporting.returns.report import Report, as_printed

PLACE = ("row", "first_portion")
"""Where a row of the decisions stands: the row of the tape, and whether it is its first portion."""
CASE_FIELDS = (
    "case_id", "decision", "outcome", "reads", "rules", "citations", "exposures", "amount",
)  # fmt: skip


def decisions_sql(
    rulebook: Rulebook, computed: Sequence[str] = (), beside: Sequence[str] = ()
) -> str:
    """One row per exposure and portion: ids, amount, each decision, each fact, case and amounts.

    After these stand the tape columns that the next quarter's movement reads, `computed`, what
    the rules gave where an override stands, and what else is wanted `beside` them.
    """
    names = [*_told(rulebook, computed), *beside]
    return f"SELECT {_listed(names)} FROM {TREATED}"


def _told(rulebook: Rulebook, computed: Sequence[str]) -> list[str]:
    return [
        "exposure_id", "debtor_id", "portion", "amount",
        *(decision.name for decision in rulebook.decisions),
        *(fact.name for fact in rulebook.facts),
        "case_id", *rulebook.amounts, *rulebook.carried, *kept_columns(), *computed,
    ]  # fmt: skip


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(quoted, dict.fromkeys(names)))


def write_decisions(
    engine: Engine, rulebook: Rulebook, columns: Sequence[str], folder: Path
) -> tuple[Path, Path]:
    """Write `decisions.parquet`, and from it `decisions.csv`.

    Their rows stand in the order of the tape. The first also holds the place of each row on the tape and all `columns` that the tape gave, so
    that other rules can be put to what was decided without reading the tape again.
    """
    parquet, text = folder / "decisions.parquet", folder / "decisions.csv"
    computed = computed_columns(engine, rulebook)
    whole = decisions_sql(rulebook, computed, (*PLACE, *columns))
    engine.write_parquet(f"{whole}{_order(engine, rulebook)}", parquet)
    told = _listed(_told(rulebook, computed))
    engine.write_csv(f"SELECT {told} FROM read_parquet({literal(str(parquet))})", text)
    return parquet, text


def _order(engine: Engine, rulebook: Rulebook) -> str:
    """What brings the exposures into the order of the tape; nothing where they stand in it.

    Joins leave a large portfolio in its order, and sorting it by all its columns takes long.
    """
    place = f"list_position({literal(list(rulebook.portions))}, portion)"
    misplaced = engine.value(
        "SELECT count(*) FROM (SELECT row, place, lag((row, place)) OVER () AS before "
        f"FROM (SELECT row, {place} AS place FROM {TREATED})) WHERE before > (row, place)"
    )
    return f" ORDER BY row, {place}" if misplaced else ""


def write_cases(cases: Iterable[CaseDecision], language: str, path: Path) -> Path:
    """Write one row per case and decision; what was read stands in one language."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CASE_FIELDS)
        for case in cases:
            reads = case.reads[language]  # type: ignore[index,call-overload]
            writer.writerow([
                case.case_id, case.decision, case.outcome, " | ".join(reads),  # type: ignore[arg-type]
                " ".join(case.rules), " ".join(case.citations), case.exposures,
                exact_text(case.amount),
            ])  # fmt: skip
    return path


def write_cells(cells: Sequence[Cell], path: Path) -> Path:
    """Write every cell of every report."""
    path.write_text(cells_csv(cells), encoding="utf-8")
    return path


def write_summary(run: Run, more: dict[str, Any], path: Path) -> Path:
    """Write `run.json`: the run's record with its ids, hashes and counts, and what `more` adds.

    The time and the person are left to the store, so that the same run gives the same file.
    """
    record = {**asdict(run), **more}
    for name in ("created_at", "created_by"):
        record.pop(name)
    text = json.dumps(record, ensure_ascii=False, indent=2, sort_keys=True, default=str)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def ratios(reports: Sequence[Report], cells: Sequence[Cell]) -> dict[str, str]:
    """Every percentage of the reporting date as an exact fraction; what has no value is left out."""
    percent = {
        (report.id, row.id if row else None, column.id)
        for report in reports
        for table in report.tables
        for row in table.rows or (None,)
        for column in table.columns
        if as_printed(column, row).format == "percent"
    }
    return {
        f"{cell.report}/{cell.row}/{cell.column}": cell.exact
        for cell in cells
        if cell.period == "current"
        and cell.value is not None
        and (
            (cell.report, cell.row, cell.column) in percent
            or (cell.report, None, cell.column) in percent
        )
    }
