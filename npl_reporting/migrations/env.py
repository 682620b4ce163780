"""What Alembic runs: the steps, inside the transaction that it is given."""

from __future__ import annotations

from alembic import context

from npl_reporting.evidence import tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
)
with context.begin_transaction():
    context.run_migrations()
