"""The store's tables, the same on SQLite and PostgreSQL; migrations/ brings a store up to them.

Money is a count of units in a BIGINT: `run.amount_decimals` and `run.allowance_decimals` say of
which size, so that a currency whose minor unit changes leaves old runs as they were.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON as AnyJson
from sqlalchemy import BigInteger, Date, DateTime, Dialect, Index, TypeDecorator, UniqueConstraint
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}
metadata = SQLModel.metadata

JSON = AnyJson(none_as_null=True)


class Utc(TypeDecorator[datetime]):
    """A moment, kept in UTC; one without a time zone is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn the moment into UTC."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say that the moment is in UTC (SQLite keeps no zone)."""
        if value is None or value.tzinfo is not None:
            return value and value.astimezone(UTC)
        return value.replace(tzinfo=UTC)


class Texts(TypeDecorator[tuple[Any, ...]]):
    """A tuple, kept as a JSON list."""

    impl = AnyJson
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Write the tuple as a list."""
        return None if value is None else list(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Read the list as a tuple."""
        return None if value is None else tuple(value)


class Run(SQLModel, table=True):
    """A run; `number` is short because every row of the store repeats it."""

    __tablename__ = "run"
    __table_args__ = (
        Index(None, "jurisdiction", "reporting_date"),
        {"sqlite_autoincrement": True},
    )

    number: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True)
    jurisdiction: str
    variant: str | None
    rulebook_effective_from: date = Field(sa_type=Date)
    rulebook_title: dict[str, str] = Field(sa_type=JSON)
    rulebook_sha256: str
    reporting_date: date = Field(sa_type=Date)
    currency: str
    amount_decimals: int
    allowance_decimals: int
    tape_name: str
    tape_sha256: str
    engine_version: str
    created_at: datetime = Field(sa_type=Utc)
    created_by: str
    rows_read: int = Field(sa_type=BigInteger)
    rows_used: int = Field(sa_type=BigInteger)
    rows_set_aside: int = Field(sa_type=BigInteger)
    prior_run: str | None
    supersedes: str | None
    control_totals: dict[str, Any] = Field(sa_type=JSON)
    settings: dict[str, Any] = Field(sa_type=JSON)
    warnings: tuple[dict[str, str], ...] = Field(sa_type=Texts)
    languages: tuple[str, ...] = Field(sa_type=Texts)
    parameters: dict[str, Any] = Field(sa_type=JSON)


class RunFile(SQLModel, table=True):
    """A file of a run; the archive holds its content."""

    __tablename__ = "run_file"
    __table_args__ = (UniqueConstraint("run", "role", "name"),)

    run: int = Field(foreign_key="run.number", primary_key=True)
    number: int = Field(primary_key=True)
    role: str
    name: str
    sha256: str = Field(index=True)
    size: int = Field(sa_type=BigInteger)
    media_type: str


class CaseDecision(SQLModel, table=True):
    """A decision on a case."""

    __tablename__ = "case_decision"
    __table_args__ = (UniqueConstraint("run", "case_id", "decision"),)

    run: int = Field(foreign_key="run.number", primary_key=True)
    number: int = Field(primary_key=True)
    case_id: str
    decision: str
    outcome: str
    reads: Any = Field(sa_type=JSON)
    rules: tuple[str, ...] = Field(sa_type=Texts)
    citations: tuple[str, ...] = Field(sa_type=Texts)
    exposures: int = Field(sa_type=BigInteger)
    amount_units: int = Field(sa_type=BigInteger)


class TreatedPortion(SQLModel, table=True):
    """A portion of an exposure; clustered by its key, so it needs no index beside it."""

    __tablename__ = "treated_portion"
    __table_args__ = {"sqlite_with_rowid": False}

    run: int = Field(foreign_key="run.number", primary_key=True)
    exposure_id: str = Field(primary_key=True)
    portion: str = Field(primary_key=True)
    row: int = Field(sa_type=BigInteger)
    debtor_id: str
    case_id: str
    amount_units: int = Field(sa_type=BigInteger)
    allowance_units: int = Field(sa_type=BigInteger)


class Cell(SQLModel, table=True):
    """A cell of a report."""

    __tablename__ = "cell"
    __table_args__ = (UniqueConstraint("run", "report", "row", "column", "period"),)

    run: int = Field(foreign_key="run.number", primary_key=True)
    number: int = Field(primary_key=True)
    report: str
    table: str
    row: str
    column: str
    period: str
    value: str | None
    text: str | None
    state: str
    reason: str | None
    key: str | None


class CheckResult(SQLModel, table=True):
    """The result of a check of a report."""

    __tablename__ = "check_result"
    __table_args__ = (UniqueConstraint("run", "report", "check"),)

    run: int = Field(foreign_key="run.number", primary_key=True)
    number: int = Field(primary_key=True)
    report: str
    check: str
    severity: str
    state: str
    detail: str


class Finding(SQLModel, table=True):
    """A finding in the tape."""

    __tablename__ = "finding"

    run: int = Field(foreign_key="run.number", primary_key=True)
    number: int = Field(primary_key=True)
    check: str
    severity: str
    row: int | None = Field(sa_type=BigInteger)
    exposure_id: str | None
    column: str | None
    value: str | None
    expected: str
    words: dict[str, str] = Field(sa_type=JSON)


class Seal(SQLModel, table=True):
    """The roots of a run's trees; written last, and with it the run is finished."""

    __tablename__ = "seal"

    run: int = Field(foreign_key="run.number", primary_key=True)
    content: str
    root: str
    parts: dict[str, Any] = Field(sa_type=JSON)


class Event(SQLModel, table=True):
    """An event of the append-only log; `details` is kept as the text that was hashed."""

    __tablename__ = "event"
    __table_args__ = (Index(None, "subject"),)

    number: int = Field(primary_key=True, sa_type=BigInteger)
    at: datetime = Field(sa_type=Utc)
    person: str
    role: str
    action: str
    subject: str
    details: str
    previous: str
    hash: str
