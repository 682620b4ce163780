"""What the store keeps, as plain frozen records: money as decimals, times in UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from npl_reporting.errors import Severity

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | bool | None"
"""What may stand in a JSON column: no floats, so decimals are written as text."""

Text: TypeAlias = Mapping[str, str]
"""One text in each language."""

Role = Literal[
    "tape", "control", "mapping", "policy", "schedule", "rates", "exits", "comments", "rulebook", "report_definition",
    "filing_definition",
    "deltas", "evidence",
    "decisions", "cases", "cells", "findings", "summary", "pdf", "return",
]  # fmt: skip
CellState = Literal["value", "not_computed"]
CheckState = Literal["passed", "failed", "not_evaluated"]


@dataclass(frozen=True)
class SettingUsed:
    """One setting of the rulebook as a run used it; `value` is its exact text."""

    value: str
    basis: str
    changed: bool = False
    influenced: bool = False


@dataclass(frozen=True)
class Run:
    """One tape classified under one rulebook as of one reporting date.

    `id` is derived from the content, so the same inputs give the same id. `created_at` is the
    time at which the bank knew it and carries a time zone. `parameters` holds whatever else the
    call was given (net worth, the bank's name).
    """

    id: str
    jurisdiction: str
    variant: str | None
    rulebook_effective_from: date
    rulebook_title: Text
    rulebook_sha256: str
    reporting_date: date
    currency: str
    tape_name: str
    tape_sha256: str
    engine_version: str
    created_at: datetime
    created_by: str
    rows_read: int
    rows_used: int
    rows_set_aside: int
    prior_run: str | None = None
    supersedes: str | None = None
    control_totals: Mapping[str, Json] = field(default_factory=dict)
    settings: Mapping[str, SettingUsed] = field(default_factory=dict)
    warnings: tuple[Text, ...] = ()
    languages: tuple[str, ...] = ()
    parameters: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class RunFile:
    """One file of a run; its content lies in the archive under its SHA-256."""

    role: Role
    name: str
    sha256: str
    size: int
    media_type: str


@dataclass(frozen=True)
class CaseDecision:
    """One decision on one case: what was read, in words, the outcome, and why.

    `exposures` and `amount` say how much of the portfolio the case stands for.
    """

    case_id: str
    decision: str
    outcome: str
    reads: Json
    rules: tuple[str, ...]
    citations: tuple[str, ...]
    exposures: int
    amount: Decimal


@dataclass(frozen=True)
class TreatedPortion:
    """One portion of one exposure with its case and amounts; `row` is the tape's."""

    row: int
    exposure_id: str
    debtor_id: str
    portion: str
    case_id: str
    amount: Decimal
    minimum_allowance: Decimal


@dataclass(frozen=True)
class Cell:
    """One cell of a report: `value` is the exact decimal's text, `text` a name or a date.

    A cell that was not computed has a `reason`, the code of why; a list's cell stands in the row
    of its rank and says in `key` what it was grouped by.
    """

    report: str
    table: str
    row: str
    column: str
    period: str
    value: str | None
    text: str | None = None
    state: CellState = "value"
    reason: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class CheckResult:
    """One check of a report; one that was not evaluated has not passed."""

    report: str
    check: str
    severity: Severity
    state: CheckState
    detail: str = ""


@dataclass(frozen=True)
class Saved:
    """A run as the store holds it; `stored` is false where it was there already."""

    run: Run
    stored: bool
