"""A store is brought up to this version, and one from a later version is refused."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect
from stored_run import RUN, save, store_in

from npl_reporting import __version__
from npl_reporting.errors import NplError
from npl_reporting.evidence import schema, tables

SHIPPED = schema.MIGRATIONS
NEXT = '''"""A later step."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("run", sa.Column("later", sa.String(), nullable=True))
'''


@pytest.fixture
def later_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make this a later version of the product, with one more step."""
    steps = tmp_path / "100%" / "migrations"
    shutil.copytree(SHIPPED, steps, ignore=shutil.ignore_patterns("__pycache__"))
    (steps / "versions" / "9999_later.py").write_text(NEXT)
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    return steps


def version(folder: Path) -> str:
    """The version that the store says it has."""
    with sqlite3.connect(folder / "npl.db") as connection:
        (row,) = connection.execute("SELECT version_num FROM alembic_version")
    return str(row[0])


def test_the_steps_lead_to_the_tables_that_the_product_uses(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'npl.db'}")
    with engine.begin() as connection:
        schema.upgrade(connection, "npl.db")
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_the_steps_make_the_same_keys_and_constraints(tmp_path: Path) -> None:
    migrated, declared = (create_engine(f"sqlite:///{tmp_path / name}") for name in ("a", "b"))
    with migrated.begin() as connection:
        schema.upgrade(connection, "a")
    tables.metadata.create_all(declared)
    for table in tables.metadata.tables:
        one, other = inspect(migrated), inspect(declared)
        assert one.get_pk_constraint(table) == other.get_pk_constraint(table)
        assert one.get_foreign_keys(table) == other.get_foreign_keys(table)
        assert one.get_unique_constraints(table) == other.get_unique_constraints(table)
        assert one.get_table_options(table) == other.get_table_options(table)


def test_a_store_of_a_newer_version_is_refused_in_words(tmp_path: Path) -> None:
    save(store_in(tmp_path))
    with sqlite3.connect(tmp_path / "npl.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'zzzz'")
    for use in (lambda: store_in(tmp_path).runs(), lambda: save(store_in(tmp_path))):
        with pytest.raises(NplError) as refused:
            use()
        assert refused.value.exit_code == 2
        assert str(refused.value) == (
            f"{tmp_path / 'npl.db'}: the store has version zzzz, made by a newer npl-reporting; "
            f"this is npl-reporting {__version__}, which knows stores up to version 0002; "
            "install the newer npl-reporting, or name another store with --store"
        )


def test_an_older_store_is_brought_up_when_it_is_next_used(
    tmp_path: Path, later_version: Path
) -> None:
    with pytest.MonkeyPatch.context() as earlier:
        earlier.setattr(schema, "MIGRATIONS", SHIPPED)
        save(store_in(tmp_path))
        assert version(tmp_path) == "0002"
    assert store_in(tmp_path).runs() == (RUN,)
    assert version(tmp_path) == "9999"


def test_a_step_that_fails_leaves_the_store_as_it_was(tmp_path: Path, later_version: Path) -> None:
    step = later_version / "versions" / "9999_later.py"
    with pytest.MonkeyPatch.context() as earlier:
        earlier.setattr(schema, "MIGRATIONS", SHIPPED)
        save(store_in(tmp_path))
    step.write_text(NEXT + "    raise RuntimeError\n")
    with pytest.raises(RuntimeError):
        store_in(tmp_path).runs()
    assert version(tmp_path) == "0002"
    step.write_text(NEXT)
    assert store_in(tmp_path).runs() == (RUN,)
