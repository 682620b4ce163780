"""The seals of runs and the event log; the database itself refuses to change either, or a run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PARTS = (
    "run_file", "case_decision", "treated_portion", "cell", "check_result", "finding", "seal",
)  # fmt: skip
KEPT = ("run", *PARTS, "event")

SEALED = "EXISTS (SELECT 1 FROM seal WHERE seal.run = NEW.run)"
KNOWN = "EXISTS (SELECT 1 FROM run WHERE run.id = NEW.id OR run.number = NEW.number)"
NOT_NEXT = "NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM event)"
REFUSED_INSERTS = {name: SEALED for name in PARTS} | {"run": KNOWN, "event": NOT_NEXT}


def upgrade() -> None:
    """Make the tables, then the triggers that guard them."""
    _make_seal()
    _make_event()
    guard = _guard_postgresql if op.get_bind().dialect.name == "postgresql" else _guard_sqlite
    for table in KEPT:
        guard(table, REFUSED_INSERTS[table])


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _make_seal() -> None:
    op.create_table(
        "seal",
        sa.Column("run", sa.Integer(), nullable=False),
        *_text("content", "root"),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("run", name="pk_seal"),
        sa.ForeignKeyConstraint(["run"], ["run.number"], name="fk_seal_run"),
    )


def _make_event() -> None:
    op.create_table(
        "event",
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_text("person", "role", "action", "subject", "details", "previous", "hash"),
        sa.PrimaryKeyConstraint("number", name="pk_event"),
    )
    op.create_index("ix_event_subject", "event", ["subject"])


def _guard_sqlite(table: str, refused: str) -> None:
    for what in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER keep_{table}_{what.lower()} BEFORE {what} ON {table} BEGIN "
            f"SELECT RAISE(ABORT, '{table} is kept as it was written: {what} is refused'); END"
        )
    op.execute(
        f"CREATE TRIGGER keep_{table}_insert BEFORE INSERT ON {table} WHEN {refused} BEGIN "
        f"SELECT RAISE(ABORT, '{table} is kept as it was written: INSERT is refused'); END"
    )


def _guard_postgresql(table: str, refused: str) -> None:
    for name, condition in (("change", "true"), ("insert", refused)):
        op.execute(
            f"CREATE OR REPLACE FUNCTION keep_{table}_{name}() RETURNS trigger AS $$ BEGIN "
            f"IF {condition} THEN RAISE EXCEPTION "
            f"'{table} is kept as it was written: % is refused', TG_OP; END IF; "
            "RETURN NEW; END $$ LANGUAGE plpgsql"
        )
    for moment, each, function in (
        ("UPDATE OR DELETE", "ROW", "change"),
        ("TRUNCATE", "STATEMENT", "change"),
        ("INSERT", "ROW", "insert"),
    ):
        name = moment.split()[0].lower()
        op.execute(
            f"CREATE TRIGGER keep_{table}_{name} BEFORE {moment} ON {table} "
            f"FOR EACH {each} EXECUTE FUNCTION keep_{table}_{function}()"
        )
