"""Rows into records: the way back from saving.py."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import Row

from npl_reporting.evidence.records import CaseDecision, Run, SettingUsed, TreatedPortion
from npl_reporting.money import from_units

_Record = TypeVar("_Record")


def record(kind: type[_Record], row: Row[Any], **computed: Any) -> _Record:
    """Make the record whose fields are the row's columns, or computed from them."""
    names = (field.name for field in fields(kind))  # type: ignore[arg-type]  # kind is a dataclass
    return kind(
        **{name: computed[name] if name in computed else row._mapping[name] for name in names}
    )


def as_run(row: Row[Any]) -> Run:
    """Read a run."""
    settings = {name: SettingUsed(**setting) for name, setting in row.settings.items()}
    return record(Run, row, settings=settings)


def as_case(row: Row[Any], run: Row[Any]) -> CaseDecision:
    """Read a decision on a case; the run says in which units its amount is."""
    return record(CaseDecision, row, amount=from_units(row.amount_units, run.amount_decimals))


def as_portion(row: Row[Any], run: Row[Any]) -> TreatedPortion:
    """Read a treated portion; the run says in which units its amounts are."""
    return record(
        TreatedPortion,
        row,
        amount=from_units(row.amount_units, run.amount_decimals),
        minimum_allowance=from_units(row.allowance_units, run.allowance_decimals),
    )
