"""The dictionary of tape columns: what each means, its type, its unit, where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Literal

from npl_reporting.law.expressions import Kind
from npl_reporting.law.yamlfile import Name, Record, Text, load
from npl_reporting.resources import COLUMNS

ColumnType = Literal["text", "money", "date", "integer", "boolean", "rate"]
_KINDS: Mapping[ColumnType, Kind] = {"rate": "decimal"}


class Column(Record):
    """One tape column.

    `empty: zero_elapsed` says of a date that nothing has begun where it is empty, so that time
    counted from it is zero. `level: debtor` says that the value belongs to the debtor, and so is
    the same on all of the debtor's exposures. `values` closes the list of texts allowed. A run
    keeps what is `kept` for the next quarter's movement.
    """

    type: ColumnType
    meaning: Text
    source: str | None = None
    unit: str | None = None
    required: bool = False
    unique: bool = False
    values: tuple[str, ...] = ()
    level: Literal["exposure", "debtor"] = "exposure"
    empty: Literal["missing", "zero_elapsed"] = "missing"
    default: str | int | Decimal | bool | date | None = None
    kept: bool = False

    @property
    def kind(self) -> Kind:
        """The kind that expressions see."""
        return _KINDS.get(self.type) or self.type  # type: ignore[return-value]


class Dictionary(Record):
    """The file `rules/columns.yaml`."""

    columns: dict[Name, Column]


@cache
def column_dictionary() -> Mapping[str, Column]:
    """Every column that a tape may have without a rulebook declaring it, by name."""
    return load(COLUMNS, Dictionary).columns
