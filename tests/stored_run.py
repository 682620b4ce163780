"""One small run, written out by hand, for the tests of the store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from npl_reporting.errors import Finding
from npl_reporting.evidence.records import (
    CaseDecision,
    Cell,
    CheckResult,
    Run,
    RunFile,
    Saved,
    SettingUsed,
)
from npl_reporting.evidence.store import Store

TAPE = b"exposure_id,outstanding_principal\nE1,300.00\nE2,0.01\n"

RUN = Run(
    id="XX-2025-09-30-0a1b2c3d",
    jurisdiction="XX",
    variant=None,
    rulebook_effective_from=date(2014, 1, 1),
    rulebook_title={"en": "Exampleland", "zh-TW": "範例國"},
    rulebook_sha256="5e" * 32,
    reporting_date=date(2025, 9, 30),
    currency="TWD",
    tape_name="tape.csv",
    tape_sha256="7a" * 32,
    engine_version="0.1.0",
    created_at=datetime(2025, 10, 8, 1, 30, tzinfo=UTC),
    created_by="preparer",
    rows_read=3,
    rows_used=2,
    rows_set_aside=1,
    control_totals={"outstanding_principal": {"read": "305.01", "used": "300.01"}},
    settings={"well_secured_ltv": SettingUsed("0.60", "convention", changed=True)},
    warnings=({"en": "The rulebook is due for review.", "zh-TW": "規則應予檢視。"},),
    languages=("zh-TW", "en"),
    parameters={"net_worth": "1000000000.00"},
)

CASES = (
    CaseDecision(
        case_id="c2",
        decision="category",
        outcome="substandard",
        reads={"en": ["months overdue: more than 3"], "zh-TW": ["逾期月數:超過 3"]},
        rules=("overdue-3-months", "sued"),
        citations=("norm/4.2",),
        exposures=1,
        amount=Decimal("300.00"),
    ),
    CaseDecision("c1", "category", "normal", {"en": []}, (), (), 1, Decimal("0.01")),
)

CELLS = (
    Cell("asset_quality", "loans", "total", "npl_amount", "current", "300"),
    Cell("asset_quality", "loans", "total", "npl_ratio", "current", "0.9999666677777407"),
    Cell("top_debtors", "ranks", "ranks.1", "name", "current", None, "中鋼", key="G7"),
    Cell(
        "asset_quality", "loans", "total", "npl_amount", "comparative", None, None,
        "not_computed", "no_prior_run",
    ),
)  # fmt: skip

CHECKS = (
    CheckResult("asset_quality", "rows-sum-to-total", "error", "passed"),
    CheckResult("asset_quality", "ties-to-ledger", "warning", "not_evaluated", "no totals given"),
)

FINDINGS = (
    Finding("money-negative", "error", 4, "E3", "outstanding_principal", "-5.00", "0 or more",
            {"en": "The balance is negative.", "zh-TW": "餘額為負。"}),
    Finding("control-missing", "warning", None, None, None, None, "totals", {"en": "No totals."}),
)  # fmt: skip


def portions(*rows: tuple[int, str, str, str, str, str, str]) -> pa.RecordBatch:
    """Treated portions with their money as decimals: row, ids, portion, case, amounts."""
    names = ("row", "exposure_id", "debtor_id", "portion", "case_id")
    columns: dict[str, Any] = {
        name: [row[place] for row in rows] for place, name in enumerate(names)
    }
    columns["amount"] = pa.array([Decimal(row[5]) for row in rows], pa.decimal128(38, 2))
    columns["minimum_allowance"] = pa.array([Decimal(row[6]) for row in rows], pa.decimal128(38, 6))
    return pa.RecordBatch.from_pydict(columns)


EXPOSURES = (
    portions(
        (2, "E1", "D1", "secured", "c2", "200.00", "20.000000"),
        (2, "E1", "D1", "unsecured", "c2", "100.00", "10.000000"),
    ),
    portions((3, "E2", "D1", "whole", "c1", "0.01", "0.000050")),
)


@dataclass(frozen=True)
class Numbered:
    """Many portions of whole units, made batch by batch."""

    batches: int
    size: int

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in range(self.batches):
            rows = range(batch * self.size, (batch + 1) * self.size)
            yield pa.RecordBatch.from_pydict(
                {
                    "row": list(rows),
                    "exposure_id": [f"E{row:09}" for row in rows],
                    "debtor_id": [f"D{row // 3:09}" for row in rows],
                    "portion": ["whole"] * self.size,
                    "case_id": [f"c{row % 700}" for row in rows],
                    "amount_units": [row * 100 for row in rows],
                    "allowance_units": [row * 500 for row in rows],
                }
            )


def store_in(folder: Path, **options: Any) -> Store:
    """A store in a folder of its own."""
    return Store(f"sqlite:///{folder / 'npl.db'}", **options)


def save(store: Store, run: Run = RUN, **parts: Any) -> Saved:
    """Save the run with all its parts, or with those given instead."""
    tape = store.archive.place_bytes(TAPE)
    whole: dict[str, Any] = {
        "files": (RunFile("tape", "tape.csv", tape.sha256, tape.size, "text/csv"),),
        "cases": CASES,
        "exposures": EXPOSURES,
        "cells": CELLS,
        "checks": CHECKS,
        "findings": FINDINGS,
    }
    return store.save_run(run, **(whole | parts))
