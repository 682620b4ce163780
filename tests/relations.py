"""A relation that reports can be computed over, made of a few figures, for published tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pyarrow as pa

from npl_reporting.engine import Engine
from npl_reporting.law.expressions import Kind, Scope

_SQL = {"money": "DECIMAL(18, 2)", "text": "VARCHAR", "boolean": "BOOLEAN", "date": "DATE"}


def declare(
    engine: Engine, name: str, scope: Scope, records: Sequence[Mapping[str, object]]
) -> None:
    """Make a relation with every name of a scope: as given, zero money, or missing."""
    here = {key for record in records for key in record}
    given = [{name: record.get(name) for name in sorted(here)} for record in records]
    engine.register("given", pa.Table.from_pylist(given))
    columns = [f'{_value(n, kind, here)} AS "{n}"' for n, kind in scope.kinds.items()]
    columns += [f'"{n}"' for n in sorted(here - {*scope.kinds})]
    engine.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT {', '.join(columns)} FROM given")


def _value(name: str, kind: Kind, given: Collection[str]) -> str:
    type_ = _SQL.get(kind, "DECIMAL(18, 6)")
    if name in given:
        return f'CAST(coalesce("{name}", 0) AS {type_})' if kind == "money" else f'"{name}"'
    return f"CAST({'0' if kind == 'money' else 'NULL'} AS {type_})"
