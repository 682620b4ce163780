"""Runs with their files, cases, treated portions, cells, checks and findings."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    _make_run()
    _make_run_file()
    _make_case_decision()
    _make_treated_portion()
    _make_cell()
    _make_check_result()
    _make_finding()


def _text(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String(), nullable=nullable) for name in names]


def _small(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _count(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger(), nullable=nullable) for name in names]


def _date(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Date(), nullable=False) for name in names]


def _json(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.JSON(), nullable=nullable) for name in names]


def _make_part(table: str, key: list[sa.Column[Any]], *rest: Any, **options: Any) -> None:
    """Make a table of rows that belong to a run."""
    op.create_table(
        table,
        *_small("run"),
        *key,
        *rest,
        sa.PrimaryKeyConstraint("run", *(column.name for column in key), name=f"pk_{table}"),
        sa.ForeignKeyConstraint(["run"], ["run.number"], name=f"fk_{table}_run"),
        **options,
    )


def _once(table: str, *columns: str) -> sa.UniqueConstraint:
    """Allow each combination once in a run."""
    return sa.UniqueConstraint("run", *columns, name="_".join(("uq", table, "run", *columns)))


def _make_run() -> None:
    op.create_table(
        "run",
        *_small("number"),
        *_text("id", "jurisdiction"),
        *_text("variant", nullable=True),
        *_date("rulebook_effective_from"),
        *_json("rulebook_title"),
        *_text("rulebook_sha256"),
        *_date("reporting_date"),
        *_text("currency"),
        *_small("amount_decimals", "allowance_decimals"),
        *_text("tape_name", "tape_sha256", "engine_version"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *_text("created_by"),
        *_count("rows_read", "rows_used", "rows_set_aside"),
        *_text("prior_run", "supersedes", nullable=True),
        *_json("control_totals", "settings", "warnings", "languages", "parameters"),
        sa.PrimaryKeyConstraint("number", name="pk_run"),
        sa.UniqueConstraint("id", name="uq_run_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_run_jurisdiction_reporting_date", "run", ["jurisdiction", "reporting_date"])


def _make_run_file() -> None:
    _make_part(
        "run_file",
        _small("number"),
        *_text("role", "name", "sha256"),
        *_count("size"),
        *_text("media_type"),
        _once("run_file", "role", "name"),
    )
    op.create_index("ix_run_file_sha256", "run_file", ["sha256"])


def _make_case_decision() -> None:
    _make_part(
        "case_decision",
        _small("number"),
        *_text("case_id", "decision", "outcome"),
        *_json("reads", "rules", "citations"),
        *_count("exposures", "amount_units"),
        _once("case_decision", "case_id", "decision"),
    )


def _make_treated_portion() -> None:
    _make_part(
        "treated_portion",
        _text("exposure_id", "portion"),
        *_count("row"),
        *_text("debtor_id", "case_id"),
        *_count("amount_units", "allowance_units"),
        sqlite_with_rowid=False,
    )


def _make_cell() -> None:
    _make_part(
        "cell",
        _small("number"),
        *_text("report", "table", "row", "column", "period"),
        *_text("value", "text", nullable=True),
        *_text("state"),
        *_text("reason", "key", nullable=True),
        _once("cell", "report", "row", "column", "period"),
    )


def _make_check_result() -> None:
    _make_part(
        "check_result",
        _small("number"),
        *_text("report", "check", "severity", "state", "detail"),
        _once("check_result", "report", "check"),
    )


def _make_finding() -> None:
    _make_part(
        "finding",
        _small("number"),
        *_text("check", "severity"),
        *_count("row", nullable=True),
        *_text("exposure_id", "column", "value", nullable=True),
        *_text("expected"),
        *_json("words"),
    )
