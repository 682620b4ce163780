"""What a run is asked to do, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from npl_reporting.evidence.records import Run
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.returns.cells import Cell
from npl_reporting.returns.checks import CheckResult


@dataclass(frozen=True)
class Request:
    """What to run: a tape, the rules, the reporting date, and what the call adds to them.

    `rules` is a jurisdiction or a rule file's path. `changes` holds `--set name=value` as text:
    settings of the rulebook and parameters of the reports. `languages` empty means the rulebook's.
    Without `printed` no PDF is drawn. `exits` says what became of exposures that left the tape
    and `comments` why cells moved;
    `entity` is the bank that reports, by its LEI or name. `policy` is a bank's own on top of the law. A replay names its report files' folder in `reports`, and in
    `later_rulebook` what the shelf held when the run was made (see record.py).
    `approved` says whether the rulebook was approved then; None asks the store. `deltas` are the
    file of overrides and adjustments, then their evidence; None asks the store.
    """

    tape: TapeSource
    rules: str
    reporting_date: date
    prior: str | None = None
    quarantine: bool = False
    control: Path | None = None
    languages: tuple[str, ...] = ()
    changes: Mapping[str, str] = field(default_factory=dict)
    printed: bool = True
    policy: Path | None = None
    exits: Path | None = None
    comments: Path | None = None
    entity: str = ""
    reports: Path | None = None
    later_rulebook: str | None = None
    approved: bool | None = None
    deltas: tuple[Path, ...] | None = None


@dataclass(frozen=True)
class Finished:
    """A run that is stored: its record, its cells and checks, and the files written beside it."""

    run: Run
    stored: bool
    cells: tuple[Cell, ...]
    checks: tuple[CheckResult, ...]
    cases: int
    warnings: int
    files: tuple[Path, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed that must hold."""
        return not any(c.state == "failed" and c.severity == "error" for c in self.checks)
