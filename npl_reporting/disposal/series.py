"""Surveys of a book by kind of collateral, and their series over quarters."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from npl_reporting.disposal.collateraltypes import Kind
from npl_reporting.disposal.desk import Desk
from npl_reporting.disposal.equity import (
    Survey,
    economic_shortfall,
    in_order,
    kinds_present,
    survey_homes,
    survey_kind,
)
from npl_reporting.errors import NplError, Problem
from npl_reporting.resources import shown

HEADS = ("quarter_end", "loans", "cases", "aggregate", "unsecured", "delinquent")


@dataclass(frozen=True)
class Surveys:
    """One book's surveys: homes as the authority counts them, every kind, and the shortfall."""

    homes: Survey
    kinds: Mapping[Kind, Survey]
    economic_shortfall: Decimal


def survey_all(desk: Desk) -> Surveys:
    """Survey a book that has been valued."""
    engine, day = desk.engine, desk.day
    return Surveys(
        survey_homes(engine, desk.rules.equity, day),
        {kind: survey_kind(engine, kind, day) for kind in kinds_present(engine)},
        economic_shortfall(engine),
    )


def read_series(path: Path | None, current: Survey) -> list[Survey]:
    """Earlier quarters from a CSV, with the current one; NplError where a row cannot be read.

    Columns: quarter_end, loans, cases, aggregate, unsecured, delinquent (may be empty).
    """
    earlier = [] if path is None else _read(path)
    return in_order([*earlier, current])


def write_series(path: Path, quarters: Sequence[Survey]) -> Path:
    """Write a series so that the next quarter can read it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADS)
        for one in quarters:
            late = "" if one.delinquent is None else one.delinquent
            writer.writerow((one.day, one.loans, one.cases, one.aggregate, one.unsecured, late))
    return path


def _read(path: Path) -> list[Survey]:
    if not path.is_file():
        raise NplError(Problem("there is no such file", "check the path", shown(path)))
    problems, found = [], []
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            try:
                found.append(_survey(row))
            except (KeyError, ValueError, InvalidOperation):
                wanted = f"write {', '.join(HEADS)}"
                problems.append(Problem("no quarter can be read here", wanted, shown(path), number))
    if problems:
        raise NplError(*problems)
    return found


def _survey(row: Mapping[str, str]) -> Survey:
    late = row.get("delinquent") or ""
    return Survey(
        date.fromisoformat(row["quarter_end"]), int(row["loans"] or 0), int(row["cases"]),
        Decimal(row["aggregate"]), Decimal(row["unsecured"]), Decimal(late) if late else None,
    )  # fmt: skip
