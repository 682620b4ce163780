"""The reports of a jurisdiction that are in force on a date, read and found whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from pathlib import Path

from npl_reporting.errors import NplError, Problem
from npl_reporting.law.yamlfile import content, read, typed
from npl_reporting.resources import REPORTS
from npl_reporting.returns.fitting import EVERY
from npl_reporting.returns.report import Definition, Report
from npl_reporting.returns.wellformed import faults


def load_reports(rules: str, on: date, folder: Path = REPORTS) -> tuple[Report, ...]:
    """Read the reports in force on a day, in printing order; NplError if one is faulty.

    Of files that define the same report, the latest `effective_from` on or before the day counts.
    `rules` names a jurisdiction or one of its variants (XX, XX/insurer), whose forms are its own.
    Beside them stand the reports of every jurisdiction that it does not define itself.
    """
    reports = {**_in_force(folder / EVERY, on), **_in_force(folder / rules, on)}
    return tuple(sorted(reports.values(), key=lambda r: (r.definition.order, r.id)))


def _in_force(folder: Path, on: date) -> dict[str, Report]:
    """By id, the reports of one folder; a report that is not yet in force is not there."""
    latest: dict[str, Report] = {}
    files = sorted(folder.glob("*.yaml"))
    for report in sorted(_all(files), key=lambda report: report.definition.effective_from):
        if report.definition.effective_from <= on:
            latest[report.id] = report
    return latest


def _all(files: Iterable[Path]) -> list[Report]:
    reports: list[Report] = []
    problems: list[Problem] = []
    for file in files:
        try:
            reports.append(load_report(file))
        except NplError as error:
            problems += error.problems
    if problems:
        raise NplError(*problems)
    return reports


def load_report(path: Path) -> Report:
    """Read one report file; NplError holds every fault that the file alone shows."""
    return _loaded(path, hashlib.sha256(content(path)).hexdigest())


@lru_cache(maxsize=256)
def _loaded(path: Path, digest: str) -> Report:
    """Check a file once for as long as its content is the same."""
    file = read(path)
    report = Report(typed(file, Definition), file)
    problems = tuple(faults(report))
    if problems:
        raise NplError(*problems)
    return report
